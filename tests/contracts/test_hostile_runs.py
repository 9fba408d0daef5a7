"""Runs that somebody made to do harm: every verb refuses them in words, and harms nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sim as package
from sim.output.achieved import ActorSummary
from sim.scenario import load_scenario, shipped_scenarios
from sim.scenario.resolved_checks import problems_of
from sim.tables.formats import FileRecord
from sim.tables.manifest_form import FORMAT, ActorForm, FileForm
from tests.support.commands import LOG, refused, sim
from tests.support.damage import forge, put_table, record
from tests.support.paths import CASES
from tests.torture import damage, hostile_runs

VERBS = (
    ("counts",),
    ("compare",),
    ("report", "--html", "page.html"),
    ("verify",),
    ("check-run",),
    ("run", "--resume"),
)
ORGS = "log/orgs.parquet"
Manifest = dict[str, Any]


# --- what a manifest may say


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(seed=8), "seed: should be 7, that of its scenario; found 8"),
        (lambda m: m.update(surprise=1), "unknown key 'surprise'; allowed: actors, fi"),
        (lambda m: m["software"].pop("numpy"), "software: missing key 'numpy'"),
        (lambda m: m.pop("format"), "missing key 'format'"),
        (lambda m: m["actors"].reverse(), "actors: should be those of its scenario, in the same"),
        (lambda m: m["files"][0].update(rows=-1), "files[0].rows: should be at least 0, found"),
        (lambda m: m["files"][0].update(bytes=2**70), "files[0].bytes: should be at most 9007"),
        (
            lambda m: m["files"][0].update(rows="9"),
            "files[0].rows: should be a whole number",
        ),
        (lambda m: m["files"][0].update(sha256="F" * 64), "files[0].sha256: "),
        (lambda m: m["files"][0].update(path="/etc/passwd"), "files[0].path: "),
        (lambda m: m["files"][0].update(path="log/../../x.parquet"), "files[0].path: "),
        (lambda m: m.update(files=[]), f"files: {ORGS} is missing; a run has every table, or no"),
        (lambda m: m.update(files=m["files"] * 2), f"files.{ORGS}: is there twice"),
        (
            lambda m: record(m, ORGS).update(path="log/org.parquet"),
            "files.log/org.parquet: is no",
        ),
        (
            lambda m: record(m, f"{LOG}.parquet").update(path="log/exchanges/part-00001.parquet"),
            f"files: {LOG}.parquet is missing",
        ),
        (
            lambda m: record(m, ORGS).update(rows=10**9),
            f"files.{ORGS}.rows: should be at most its bytes",
        ),
        (
            lambda m: m["scenario"]["actors"][2].update(agents={}),
            "scenario.actors.pool.agents: the shares should add up to 1, found 0",
        ),
        (
            lambda m: m["scenario"]["actors"][0].update(accounts=0),
            "scenario.actors.coders.accounts: should be at least 1, found 0",
        ),
        (
            lambda m: m["scenario"]["actors"][0].update(hosting_share=1.5),
            "scenario.actors.coders.hosting_share: should be at most 1, found 1.5",
        ),
        (
            lambda m: m["scenario"]["actors"][1].update(items=10**6),
            "scenario.actors.laboratory.items: should be 1 to ",
        ),
        (
            lambda m: m["scenario"]["clock"].update(duration_us=-5),
            "scenario.clock.duration: should be a duration with its unit",
        ),
        (
            lambda m: m["scenario"]["world"].update(timeout_us=10**18),
            "scenario.world.timeout: ",
        ),
        (
            lambda m: m["scenario"]["tables"].update(part_rows=0),
            "scenario.tables.part_rows: ",
        ),
    ],
)
def test_a_manifest_is_checked_as_a_scenario_is(
    here: Path, change: Callable[[Manifest], Any], message: str
) -> None:
    forge(here / "out", change)
    said = refused(sim("counts", "out"))
    assert f"out/manifest.json: {message}" in said
    assert all(line.startswith(("out/manifest.json: ", "... and ")) for line in said.splitlines())
    for verb in VERBS[1:]:
        assert refused(sim(*verb, "out")) == said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 10_000, "is nested too deeply"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "is nested too deeply"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b'{"files": [], "files": []}', "has the key 'files' twice"),
        (b'{"files": NaN}', "NaN is no number of JSON"),
        (b'{"files": "\xff"}', "is not UTF-8: byte 11 is 0xff"),
        (b'{"files": %s}' % (b"9" * 5_000), "holds a number of more than 40 digits"),
        (b"[" + b"1," * 4_000_001 + b"1]", "holds more than 4,000,000 values"),
        (b'{"files": }', "line 1, column 11: Expecting value"),
    ],
)
def test_json_of_a_run_is_read_strictly(here: Path, text: bytes, message: str) -> None:
    (here / "out" / "manifest.json").write_bytes(text)
    assert refused(sim("verify", "out")) == f"out/manifest.json: is damaged: {message}\n"


def test_a_huge_manifest_is_not_read(here: Path) -> None:
    os.truncate(here / "out" / "manifest.json", 1 << 40)
    said = "out/manifest.json: is damaged: has 1,099,511,627,776 bytes, more than 67,108,864\n"
    assert refused(sim("counts", "out")) == said


def test_forms_have_the_fields_of_what_is_written() -> None:
    assert list(FileForm.model_fields) == [field.name for field in fields(FileRecord)]
    assert list(ActorForm.model_fields) == [field.name for field in fields(ActorSummary)]


@pytest.mark.parametrize(
    "scale", [None, *(pytest.param(scale, marks=pytest.mark.verify) for scale in (0.01, 3.0))]
)
def test_every_scenario_that_can_be_made_passes_the_check_of_manifests(
    scale: float | None,
) -> None:
    valid = sorted((CASES / "scenarios" / "valid").glob("*.yaml"))
    for name in map(str, (*shipped_scenarios(), *valid)):
        assert problems_of(load_scenario(name, scale=scale), "here") == []


# --- later versions


def test_what_a_later_minor_version_adds_is_read_over(here: Path) -> None:
    whole = sim("counts", "out").stdout

    def later(content: Manifest) -> None:
        content.update(format="1.7", signature="abc")
        content["scenario"]["actors"][0]["mood"] = {"bright": 1}
        content["files"][0]["blake3"] = "0"
        content["files"].append(content["files"][0] | {"path": "log/refunds.parquet"})

    forge(here / "out", later)
    (here / "out/log/refunds.parquet").write_bytes(b"not read")
    assert sim("counts", "out").stdout == whole
    said = "out/manifest.json: has the format 1.7, and this version of sim makes 1.0; "
    assert (
        refused(sim("verify", "out", "--rerun"))
        == f"{said}rerun it with the version that made it\n"
    )
    assert (
        refused(sim("run", "--resume", "out")) == f"{said}resume it with the version that made it\n"
    )


def test_a_later_major_version_is_refused(here: Path) -> None:
    forge(here / "out", lambda content: content.update(format="2.0", files={}))
    for verb in VERBS:
        assert refused(sim(*verb, "out")) == (
            "out/manifest.json: has the format 2.0, and this version of sim reads 1.x; read it "
            "with a version that does, `pip install --upgrade sim`\n"
        )
    assert FORMAT == "1.0"


# --- what lies in the place of a file


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _zeros(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _elsewhere(path: Path) -> None:
    other = path.parents[2] / "elsewhere"
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_pipe, "is a named pipe, not a file"),
        (_folder, "is a folder, not a file"),
        (_zeros, "leads out of the folder of the run"),
        (_elsewhere, "leads out of the folder of the run"),
    ],
)
def test_what_is_no_file_of_the_run_is_not_read(
    here: Path, harm: Callable[[Path], None], message: str
) -> None:
    harm(here / "out" / ORGS)
    said = f"out/{ORGS}: {message}\n"
    assert refused(sim("verify", "out"), 3).startswith(said)
    assert refused(sim("check-run", "out")) == said
    run = package.open_run("out")
    for ask in (run.pandas, run.dataset, lambda table: run.table(table, run.columns(table))):
        with pytest.raises(package.InvalidInputError) as raised:
            ask("log/orgs")
        assert f"{raised.value}\n" == said
    harm(here / "out" / "manifest.json")
    for verb in VERBS:
        assert refused(sim(*verb, "out")) == f"out/manifest.json: {message}\n"


def test_a_folder_that_is_a_link_out_of_the_run_is_not_read(here: Path) -> None:
    (here / "out/log").rename(here / "log")
    (here / "out/log").symlink_to(here / "log")
    assert f"out/{LOG}.parquet: leads out of the" in refused(sim("verify", "out"), 3)
    assert (
        refused(sim("counts", "out"))
        == "out/log/model_catalog.parquet: leads out of the folder of the run\n"
    )


def test_nothing_outside_is_written_by_way_of_links(here: Path) -> None:
    (here / "mine").write_text("mine")
    (here / "out/.unfinished").mkdir()
    (here / "out/.unfinished/lock").symlink_to(here / "mine")
    said = "out/.unfinished/lock: leads out of the folder of the run; remove it\n"
    assert refused(sim("run", "--resume", "out")) == said
    assert (here / "mine").read_text() == "mine"


def test_links_in_circles_end(here: Path) -> None:
    for name in ("a", "b"):
        (here / "out/log" / name).symlink_to(here / "out")
    lines = [f"out/log/{name}: is not in the manifest" for name in ("a", "b")]
    assert refused(sim("verify", "out"), 3).splitlines() == lines


# --- what is printed of a run


def test_names_of_files_cannot_move_the_cursor(here: Path) -> None:
    (here / "out/log/\x1b[2J\n\u202e").write_text("mine")
    said = "out/log/\\x1b[2J\\n\\u202e: is not in the manifest"
    assert refused(sim("verify", "out"), 3) == f"{said}\n"
    said = f"{said}; move it elsewhere, then resume the run\n"
    assert refused(sim("run", "--resume", "out")) == said


def test_words_of_tables_and_manifests_cannot_either(here: Path) -> None:
    table = package.open_run("out").table(
        "truth/tasks", package.open_run("out").columns("truth/tasks")
    )
    at = table.schema.names.index("typology_id")

    words = pa.array(["\x1b[2J\nx"] * len(table)).dictionary_encode()
    put_table(
        here / "out",
        "truth/tasks/part-00000.parquet",
        table.set_column(at, table.schema[at], words),
    )
    assert "\\x1b[2J\\nx" in sim("counts", "out").stdout
    for options in ((), ("--json",)):
        assert "\x1b" not in sim("counts", "out", *options).stdout
    forge(here / "out", lambda m: m["scenario"]["actors"][0].update(id="\x1b[2J\n"))
    assert "found '\\x1b[2J\\n'" in refused(sim("counts", "out"))


@pytest.mark.parametrize(
    ("path", "column", "message"),
    [
        ("truth/exchanges", "typology_id", "out: its truth names typology \\x1b[2J, its scenario"),
        ("log/exchanges", "ts_start", "out: log/exchanges has rows outside of the clock of its"),
    ],
)
def test_compare_refuses_cells_that_no_run_has(
    here: Path, path: str, column: str, message: str
) -> None:
    file = f"{path}/part-00000.parquet"
    table = pq.read_table(here / "out" / file, partitioning=None)
    at = table.schema.names.index(column)
    odd: Any = "\x1b[2J" if column == "typology_id" else 0
    kind = pa.string() if column == "typology_id" else pa.int64()
    cells = pa.array([odd] * len(table), kind)
    cells = (
        cells.dictionary_encode() if column == "typology_id" else cells.cast(table.schema[at].type)
    )
    put_table(here / "out", file, table.set_column(at, table.schema.field(at), cells))
    assert refused(sim("compare", "out")).startswith(message)


def test_show_prints_no_controls_either(here: Path) -> None:
    text = (here / "tiny.yaml").read_text() + 'title: "a\u202eb\\e[2J"\n'
    (here / "odd.yaml").write_text(text, encoding="utf-8")
    for options in ((), ("--json",)):
        shown = sim("show", "odd.yaml", *options).stdout
        assert not {"\u202e", "\x1b"} & set(shown)


# --- truth, and what --resume makes of a run


def test_truth_is_taken_away_as_a_whole_or_not_at_all(here: Path) -> None:
    (here / "out/truth/links.parquet").unlink()
    said = "out/truth/links.parquet: is missing; `sim verify` lists what is damaged\n"
    assert refused(sim("counts", "out")) == refused(sim("check-run", "out")) == said
    shutil.rmtree(here / "out/truth")
    assert sim("counts", "out").exit_code == sim("check-run", "out").exit_code == 0
    kept = [f for f in package.open_run("out").manifest["files"] if f["path"].startswith("log/")]
    forge(here / "out", lambda content: content.update(files=kept))
    assert sim("verify", "out").exit_code == sim("counts", "out").exit_code == 0


def test_resume_refuses_what_verify_refuses(here: Path) -> None:
    (here / "out/log/notes.txt").write_text("mine")
    said = "out/log/notes.txt: is not in the manifest"
    assert refused(sim("verify", "out"), 3) == f"{said}\n"
    assert refused(sim("run", "--resume", "out")).startswith(said)


# --- a dozen or two of what `make torture` tries


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_runs.made_run(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("seed", range(len(hostile_runs.KINDS)))
def test_some_hostile_folders(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    hostile_runs.make(whole, tmp_path / "hostile", seed)
    monkeypatch.chdir(tmp_path / "hostile")
    for verb in (("counts",), ("verify",), ("check-run",)):
        result = sim(*verb, "run")
        assert hostile_runs.faults(result.output, result.exit_code, tmp_path / "hostile") == []


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return damage.made_runs(tmp_path_factory.mktemp("pair"))


@pytest.mark.parametrize("harm", [d.__name__ for d in damage.DAMAGES])
@pytest.mark.parametrize("large", [False, True])
def test_damage_is_seen_by_readers(
    pair: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
    large: bool,
) -> None:
    if large:  # as if no file were small enough to be hashed whole
        monkeypatch.setattr("sim.tables.integrity.SMALL_BYTES", 0)
    table = "log/exchanges"  # `make torture` tries every table
    for reader in ("table", "dataset", "sql") if large else damage.READERS:
        if table in damage.READERS[reader][1]:
            place = tmp_path / "damaged"
            assert damage.attempt(pair, place, table, harm, reader, 3) is None, reader


@pytest.mark.parametrize("stem", ["log/accounts", "truth/accounts", "truth/tasks", "log/orgs"])
def test_a_table_without_rows_is_no_internal_error(
    tiny_run: Path, tmp_path: Path, stem: str
) -> None:
    run = Path(shutil.copytree(tiny_run / "out", tmp_path / "run"))
    for path in sorted((run / stem).glob("*.parquet")) or [run / f"{stem}.parquet"]:
        table = pq.read_table(path, partitioning=None)
        put_table(run, path.relative_to(run).as_posix(), table.slice(0, 0))
    result = sim("check-run", str(run))
    assert result.exit_code in (0, 2, 3)
    assert "internal error" not in result.stderr
