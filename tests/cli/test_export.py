"""`sim export`: what it prints, where it writes, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sim as front
from sim._front.exports import FORMATS
from sim.exports.registry import EXPORTS
from tests.support.commands import refused, sim

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


def refusal(*options: str, run: str = "out") -> str:
    """What is said of an export of azure into a file that is not there."""
    message = refused(sim("export", run, "--to", "azure", *(options or ("-o", "a.csv"))))
    assert not Path("a.csv").exists()
    return message


def test_an_export_is_printed_with_what_is_left_out(here: Path) -> None:
    result = sim("export", "out", "--to", "azure", "-o", "traces/a.csv")
    data = (here / "traces" / "a.csv").read_bytes()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "traces/a.csv: 1,121 lines of 1,157 exchanges (C1), as azure\n"
        f"  {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}\n"
        "  left out: answers without tokens (1), failed attempts (35)\n"
    )
    assert data.startswith(AZURE.encode())
    assert data.count(b"\n") == 1 + 1_121


def test_json_says_the_same_as_python(here: Path) -> None:
    shown = json.loads(sim("export", "out", "--to", "weka", "-o", "a.jsonl", "--json").stdout)
    made = front.export("out", "weka", here / "b.jsonl").to_dict()
    assert {**made, "place": "a.jsonl"} == shown
    assert (shown["exchanges"], shown["of"]) == (1_157, "sessions")
    assert shown["sessions"] == shown["records"] == len((here / "a.jsonl").read_text().splitlines())


def test_standard_output_has_the_export_and_nothing_else(here: Path) -> None:
    options = ("export", "out", "--to", "azure", "-o", "-", "--sessions", "2")
    result = sim(*options)
    assert result.stdout.startswith(AZURE)
    assert result.stderr.startswith("-: 2 lines of 2 exchanges (C1), as azure\n")
    assert sim(*options, "-q").stderr == ""
    shown = sim(*options, "-q", "--json")
    digest = hashlib.sha256(result.stdout.encode()).hexdigest()
    assert json.loads(shown.stderr)["sha256"] == digest
    assert (shown.stdout, sorted(here.iterdir())) == (
        result.stdout,
        [here / "out", here / "tiny.yaml"],
    )


def test_a_folder_has_a_file_a_session(here: Path) -> None:
    sim("export", "out", "--to", "weka", "-o", "one.jsonl", "--sessions", "3")
    shown = json.loads(
        sim("export", "out", "--to", "weka", "-o", "each", "--sessions", "3", "--json").stdout
    )
    files = sorted((here / "each").iterdir())
    assert [path.name for path in files] == [f"0000000{number}.json" for number in range(3)]
    assert b"".join(x.read_bytes() for x in files) == (here / "one.jsonl").read_bytes()
    listed = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files
    )
    assert shown["sha256"] == hashlib.sha256(listed.encode()).hexdigest()
    assert (shown["files"], shown["bytes"]) == (3, sum(path.stat().st_size for path in files))
    message = refused(sim("export", "out", "--to", "weka", "-o", "each", "--force"))
    assert message == ("each: is a folder with something in it; remove it, or give another name\n")


def test_an_export_that_is_there_is_kept_without_force(here: Path) -> None:
    (here / "a.csv").write_text("mine")
    options = ("export", "out", "--to", "azure", "-o", "a.csv")
    assert refused(sim(*options)) == "a.csv: is there already; --force replaces it\n"
    assert (here / "a.csv").read_text() == "mine"
    assert sim(*options, "--force", "-q").exit_code == 0
    assert (here / "a.csv").read_text().startswith(AZURE)


@pytest.mark.usefixtures("here")
def test_an_export_may_lie_at_a_url() -> None:
    place = "memory://exports-of-tests/a.csv"
    options = ("export", "out", "--to", "azure", "-o", place)
    assert sim(*options).stdout.startswith(f"{place}: 1,121 lines")
    assert refused(sim(*options)) == f"{place}: is there already; --force replaces it\n"
    assert refused(sim("export", "out", "--to", "pyg", "-o", "memory://graph")) == (
        "memory://graph: this export is a folder; give a folder on this machine\n"
    )


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("out/log/a.csv", "lies in the run that is exported, which holds nothing but what was "
         "simulated; choose another place"),
        ("out", "lies in the run that is exported, which holds nothing but what was simulated; "
         "choose another place"),
        ("tiny.yaml/a.csv", "{here}/tiny.yaml is a file, not a folder"),
        ("folder", "is a folder, not a file; give another name, or - for standard output"),
        ("folder/", "is a folder; azure is one file, such as folder/calls.csv"),
        ("/dev/null", "is a device, not a file; give another name, or - for standard output"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_refused(here: Path, place: str, why: str) -> None:
    (here / "folder").mkdir()
    assert refusal("-o", place, "--force") == f"{place}: {why.format(here=here)}\n"


@pytest.mark.usefixtures("here")
def test_an_empty_place_and_a_folder_on_stdout_are_refused() -> None:
    assert refusal("-o", "") == "the place of the export is empty; give a file, or - for stdout\n"
    assert refused(sim("export", "out", "--to", "pyg", "-o", "-")) == (
        "-: pyg is a folder of files; give the name of a folder\n"
    )


def test_links_lead_to_the_folder_that_is_written_and_files_do_not_replace_them(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "link").symlink_to("empty")
    (here / "dangling").symlink_to("made")
    assert refusal("-o", "link", "--force").startswith("link: is a folder, not a file; ")
    for link, folder in (("link", "empty"), ("dangling", "made")):
        assert sim("export", "out", "--to", "pyg", "-o", link).exit_code == 0
        assert (here / link).is_symlink()
        assert (here / folder / "nodes" / "account.csv").is_file()


def test_what_came_to_a_place_meanwhile_is_kept(here: Path) -> None:
    def write_there(_: object) -> None:
        (here / "graph").mkdir(exist_ok=True)
        (here / "graph" / "mine").touch()

    with pytest.raises(front.SimError) as raised:
        front.export("out", "pyg", "graph", observe=write_there)
    assert str(raised.value) == (
        "graph: something else was written there meanwhile; give another name"
    )
    assert sorted(path.name for path in here.iterdir()) == ["graph", "out", "tiny.yaml"]
    assert [path.name for path in (here / "graph").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("fmt", "place", "why"),
    [
        ("pyg", "/", "is a folder with something in it; remove it, or give another name"),
        ("pyg", "new/..", "is a folder with something in it; remove it, or give another name"),
        ("azure", "a" * 250, "is too long a name; give a shorter one"),
        ("azure", "new/" + "a" * 256 + "/a.csv", "is too long a name; give a shorter one"),
        ("azure", "memory://x/", "is a folder; azure is one file, such as memory://x/calls.csv"),
        ("azure", "memory://x", "names no file; give one, such as memory://x/calls.csv"),
    ],
)  # fmt: skip
def test_a_place_is_refused_before_anything_is_read(
    here: Path, fmt: str, place: str, why: str
) -> None:
    assert refused(sim("export", "out", "--to", fmt, "-o", place)) == f"{place}: {why}\n"
    assert sorted(path.name for path in here.iterdir()) == ["out", "tiny.yaml"]


@pytest.mark.parametrize("fmt", ["azure", "pyg"])
def test_folders_that_were_made_for_nothing_are_gone(here: Path, fmt: str) -> None:
    (here / "old").mkdir()
    nothing = ("--actor", "pool", "--from", "5 h", "--until", "5 h 1 ms")
    for place in ("new/folder/a.x", "old/folder/a.x"):
        refused(sim("export", "out", "--to", fmt, "-o", place, *nothing))
    assert sorted(str(path.relative_to(here)) for path in here.rglob("*") if path.is_dir() and
                  "out" not in path.parts) == ["old"]  # fmt: skip


def test_a_stream_that_takes_a_part_gets_the_rest(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output without a buffer, as PYTHONUNBUFFERED has it, may take less than it gets."""
    taken = bytearray()

    class Narrow(io.RawIOBase):
        def write(self, data: Any) -> int:
            taken.extend(data[:1000])
            return min(len(data), 1000)

    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=Narrow()))
    made = front.export(here / "out", "azure", "-")
    assert hashlib.sha256(taken).hexdigest() == made.sha256


@pytest.mark.usefixtures("here")
def test_a_moment_may_be_that_of_a_row() -> None:
    row = next(iter(front.stream("out", offset=700, limit=1)))
    made = front.export("out", "ocsf", "a.jsonl", since=row["ts_start"])
    assert made.exchanges == 1_157 - 700
    east = datetime.fromisoformat(row["ts_start"]).astimezone(timezone(timedelta(hours=5.5)))
    for since in (east, str(east)):
        assert front.export("out", "ocsf", "b.jsonl", since=since, force=True).sha256 == made.sha256
    assert refusal("--from", "9999-12-31T23:59-05:00", "-o", "a.csv").startswith(
        "out: --from: should be a moment"
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"actors": None}, TypeError, "actors are texts, one or several; found NoneType"),
        ({"actors": [5]}, TypeError, "an actor is a text; found int"),
        ({"sessions": "3"}, TypeError, "sessions is a whole number; found str"),
        ({"since": 5}, TypeError, "since is a text, a datetime or None; found int"),
        ({"until": datetime(2026, 2, 2, 5)}, front.InvalidInputError,
         "--until: should be a datetime with a time zone, such as UTC; found 2026-02-02 05:00:00"),
        ({"to": None}, TypeError, "to is a text; found NoneType"),
        ({"out": b"a.csv"}, TypeError, "out is a text; found bytes"),
    ],
)  # fmt: skip
def test_python_says_what_is_wanted(
    wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    arguments: dict[str, Any] = {"run": "out", "to": "azure", "out": "a.csv"}
    with pytest.raises(error, match=said):
        front.export(**(arguments | wrong))


@pytest.mark.usefixtures("here")
def test_everything_that_is_wrong_with_a_selection_is_said() -> None:
    where = ("-o", "a.csv", "--from", "3 d", "--until", "x\n", "--actor", "poo", "--actor", "zzz")
    assert refusal(*where) == (
        "out: --from: 2026-02-05T00:00:00Z lies outside the clock of the run, "
        "2026-02-02T00:00:00Z to 2026-02-03T00:00:00Z; give a moment in between, or a time from "
        "its opening up to '1 d'\n"
        "out: --until: should be a moment such as 2026-02-05 or 2026-02-05T08:00Z (UTC), or a "
        r"time from the opening of the log such as '2 d'; found 'x\n'" + "\n"
        "out: --actor: there is no actor 'poo'; there are pool\n"
        "out: --actor: there is no actor 'zzz'; there are coders, laboratory, pool\n"
    )
    assert refusal("-o", "a.csv", "--from", "5 h", "--until", "4 h") == (
        "out: --until: should be later than --from; found 2026-02-02T04:00:00Z, and "
        "2026-02-02T05:00:00Z of --from\n"
    )
    with pytest.raises(front.InvalidInputError, match="--sessions: should be 1 or more"):
        front.export("out", "azure", "a.csv", sessions=0)


def test_a_selection_that_finds_nothing_is_refused(here: Path) -> None:
    at = ("--actor", "pool", "--from", "5 h", "--until", "5 h 1 ms")
    assert refusal("-o", "a.csv", *at) == (
        "out: has no exchanges of pool from 2026-02-02T05:00:00Z to "
        "2026-02-02T05:00:00.001000Z; select more\n"
    )
    for fmt in ("weka", "mooncake", "pyg"):
        assert refused(sim("export", "out", "--to", fmt, "-o", "a.x", *at)).startswith(
            "out: has no exchanges of pool"
        )
    assert sorted(path.name for path in here.iterdir()) == ["out", "tiny.yaml"]


@pytest.mark.usefixtures("here")
def test_what_is_no_run_and_no_format_is_refused() -> None:
    assert refusal("-o", "a.csv", run="nowhere") == "nowhere: no such folder\n"
    assert "'azur' is not one of" in refused(sim("export", "out", "--to", "azur", "-o", "a.csv"))
    with pytest.raises(front.InvalidInputError) as raised:
        front.export("out", "azur", "a.csv")
    assert str(raised.value) == "--to: there is no format 'azur'; there are azure"


def test_the_list_says_what_stands_behind_each_field() -> None:
    records = {x["id"]: x for x in json.loads(sim("list", "exports", "--json").stdout)}
    assert tuple(records) == FORMATS == tuple(EXPORTS)
    assert not records["azure"]["needs_truth"]
    assert not records["otlp"]["needs_truth"]
    assert records["weka"]["needs_truth"]
    kinds = {field["kind"] for record in records.values() for field in record["fields"]}
    assert kinds == {"exact", "derived", "not there"}
    shown = " ".join(sim("list", "exports").stdout.split())
    assert "exact: TIMESTAMP, ContextTokens, GeneratedTokens" in shown
