"""The verbs run, counts, compare and verify, as a user meets them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.cli import cli
from sim.counting import CONVENTIONS
from sim.tables.manifest import software
from tests.helpers import digests, hidden_files

TINY = """\
version: 1
name: tiny
seed: 7
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: coders, typology: L01, accounts: 20}
  - id: laboratory
    typology: L04
    accounts: 2
    benchmark: aime
    agent: api-script
    model: claude-haiku-4.5
    runs: 2
    workers: 4
  - {id: pool, typology: A16, accounts: 30, target_exchanges: 500}
"""
LOG = "log/exchanges/part-00000"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario and a run of it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    result = CliRunner().invoke(cli, ["run", str(folder / "tiny.yaml"), "-o", str(folder / "out")])
    assert (result.exit_code, result.stderr) == (0, "")
    return folder


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, holding `tiny.yaml` and a finished run `out`."""
    shutil.copytree(finished, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def sim(*args: str, **extra: Any) -> Result:
    return CliRunner().invoke(cli, args, **extra)


def refused(result: Result, code: int = 2) -> str:
    """The message of a command that failed, without anything on stdout."""
    assert (result.exit_code, result.stdout) == (code, "")
    return result.stderr


# run


def test_run_says_what_was_requested_and_achieved(here: Path) -> None:
    result = sim("run", "tiny.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    first, header, *rows = [line.split() for line in result.stdout.splitlines()]
    assert first[:3] == ["runs/tiny:", f"{logged(here / 'out'):,}", "exchanges"]
    assert first[3:] == ["(C1),", "seed", "7"]
    assert header[:5] == ["actor", "typology", "requested", "achieved", "of"]
    assert [row[0] for row in rows] == ["coders", "laboratory", "pool"]
    assert rows[1][1:5] == ["L04", "60", "60", "tasks"]
    assert rows[2][1:3] == ["A16", "500"]
    assert digests(here / "runs" / "tiny") == digests(here / "out")


def logged(run: Path) -> int:
    manifest = json.loads((run / "manifest.json").read_text())
    return sum(f["rows"] for f in manifest["files"] if f["path"].startswith("log/exchanges/"))


def test_run_json(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "again", "--json")
    said = json.loads(result.stdout)
    assert (said["run"], said["seed"], said["exchanges"]) == ("again", 7, logged(here / "out"))
    pool = said["actors"][2]
    assert (pool["unit"], pool["requested"], pool["shortfall"]) == ("exchanges", 500, 0)
    assert sum(actor["exchanges_in_log"] for actor in said["actors"]) == said["exchanges"]


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_text_formats_count_alike(here: Path, fmt: str) -> None:
    assert sim("run", "tiny.yaml", "-o", fmt, "--format", fmt).exit_code == 0
    assert (here / fmt / f"{LOG}.{fmt}").exists()
    assert not list((here / fmt).rglob("*.parquet"))
    assert sim("counts", fmt, "--json").stdout == sim("counts", "out", "--json").stdout


def test_csv_holds_names_and_readable_values(here: Path) -> None:
    sim("run", "tiny.yaml", "-o", "csv", "--format", "csv", "--columns", "core")
    text = (here / "csv" / f"{LOG}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == logged(here / "out")
    assert len(rows[0]) == 16
    assert rows[0]["exchange_id"].startswith("req_")
    assert rows[0]["ts_start"].startswith("2026-02-02T00:")
    assert rows[0]["ts_start"].endswith("Z")
    assert [row["ts_start"] for row in rows] == sorted(row["ts_start"] for row in rows)


def test_dry_run_writes_nothing(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-n", "-o", "new")
    assert result.stdout == "new: would hold 3 actors, 52 accounts, 1 d from 2026-02-02, seed 7\n"
    assert not (here / "new").exists()


def test_a_missing_seed_is_drawn_shown_and_recorded(here: Path) -> None:
    (here / "free.yaml").write_text(TINY.replace("seed: 7\n", ""), encoding="utf-8")
    result = sim("run", "free.yaml", "-o", "free", "--json")
    manifest = json.loads((here / "free" / "manifest.json").read_text())
    assert json.loads(result.stdout)["seed"] == manifest["seed"] == manifest["scenario"]["seed"]
    assert sim("verify", "free", "--rerun").exit_code == 0


def test_a_folder_that_holds_a_run_needs_force(here: Path) -> None:
    before = digests(here / "out")
    message = "out: folder is not empty; choose another, or replace a run with --force\n"
    assert refused(sim("run", "tiny.yaml", "-o", "out", "--seed", "8")) == message
    assert digests(here / "out") == before
    assert sim("run", "tiny.yaml", "-o", "out", "--seed", "8", "--force").exit_code == 0
    assert digests(here / "out") != before
    assert sim("verify", "out").exit_code == 0


def test_force_spares_what_is_no_run(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("precious")
    result = sim("run", "tiny.yaml", "-o", "mine", "--force")
    assert refused(result) == "mine: holds no run of sim; --force replaces only a run\n"
    assert (here / "mine" / "thesis.txt").read_text() == "precious"


def test_a_file_as_out_is_refused(here: Path) -> None:
    message = "tiny.yaml: is a file; give a folder for the run\n"
    assert refused(sim("run", "tiny.yaml", "-o", "tiny.yaml")) == message
    assert (here / "tiny.yaml").read_text() == TINY


def test_an_invalid_scenario_writes_nothing(here: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "new", "--set", "actors.pool.accounts=0")
    assert refused(result).startswith("--set actors.pool.accounts=0: actors.pool.accounts: should")
    assert not (here / "new").exists()


def test_out_comes_from_the_environment(here: Path) -> None:
    assert sim("run", "tiny.yaml", env={"SIM_OUT": "elsewhere"}).exit_code == 0
    assert (here / "elsewhere" / "manifest.json").exists()


@pytest.mark.usefixtures("here")
def test_an_impossible_target_warns_with_the_number_reached() -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "small", "--json"),
        *("--set", "actors.pool.workers=1", "--set", "actors.pool.target_exchanges=1e6"),
    )
    assert result.exit_code == 0
    pool = json.loads(result.stdout)["actors"][2]
    achieved = pool["achieved"]
    assert 0 < achieved < 100_000
    assert pool["shortfall"] == 1_000_000 - achieved
    assert result.stderr == (
        f"warning: pool: {achieved:,} of 1,000,000 exchanges requested ({achieved / 1e6:.1%}) were "
        "done when the log closed; give it more workers or a longer clock\n"
    )


@pytest.mark.usefixtures("here")
def test_more_runs_than_time_allows_warn_in_tasks() -> None:
    result = sim(
        *("run", "tiny.yaml", "-o", "small"),
        *("--set", "actors.laboratory.workers=1", "--set", "actors.laboratory.runs=1000"),
    )
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: laboratory: ")
    assert " of 30,000 tasks requested (" in result.stderr


def test_run_reads_standard_input(here: Path) -> None:
    assert sim("run", "-", "-o", "piped", input=TINY).exit_code == 0
    assert digests(here / "piped") == digests(here / "out")


# counts


def test_counts_of_a_run(here: Path) -> None:
    result = sim("counts", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    blocks = [block.splitlines() for block in result.stdout.split("\n\n")]
    titles = [block[0].split("  ")[0] for block in blocks]
    assert titles[0] == "total"
    assert titles[1].startswith("per account (")
    assert titles[2:] == ["by typology", "by actor", "by day"]
    total = {line.split()[0]: line.split()[1] for line in blocks[0][1:]}
    assert list(total) == list(CONVENTIONS)
    assert total["C1"] == total["C2"] == total["C3"] == f"{logged(here / 'out'):,}"


@pytest.mark.usefixtures("here")
def test_counts_json_adds_up() -> None:
    """Every way to group gives the same totals."""
    counted = json.loads(sim("counts", "out", "--json").stdout)
    assert counted["conventions"] == CONVENTIONS
    for group in ("by_day", "by_typology", "by_actor"):
        for convention, total in counted["total"].items():
            assert sum(c[convention] for c in counted[group].values()) == total


def test_counts_without_the_truth(here: Path) -> None:
    shutil.rmtree(here / "out" / "truth")
    counted = json.loads(sim("counts", "out", "--json").stdout)
    assert list(counted["total"]) == ["C1", "C2", "C3", "C4", "C5"]
    assert counted["by_actor"] == counted["by_typology"] == {}


# compare


def test_compare_without_a_run() -> None:
    result = sim("compare")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "counted under each convention" not in result.stdout


def test_compare_json_and_csv(here: Path) -> None:
    said = json.loads(sim("compare", "out", "--json").stdout)
    exchanges = {count["convention"]: count["exchanges"] for count in said["counts"]}
    assert exchanges["C1"] == logged(here / "out")
    rows = list(csv.DictReader(io.StringIO(sim("compare", "out", "--csv").stdout)))
    of_run = [row for row in rows if (row["section"], row["quantity"]) == ("run", "exchanges")]
    told = {row["convention"]: row["value"] for row in of_run}
    assert told == {convention: str(n) for convention, n in exchanges.items()}


def test_compare_draws_where_it_is_told(here: Path) -> None:
    result = sim("compare", "out", "--chart", "new/folder/fig.v1")
    stem = Path("new/folder")
    assert result.exit_code == 0
    assert result.stderr == f"chart: {stem / 'fig.v1.png'} and {stem / 'fig.v1.svg'}\n"
    assert (here / stem / "fig.v1.png").read_bytes()[1:4] == b"PNG"
    assert (here / stem / "fig.v1.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_compare_prints_one_format() -> None:
    message = refused(sim("compare", "--json", "--csv"))
    assert message.endswith("Error: --json and --csv exclude each other; give one of them\n")


# verify, and runs that are not whole


def test_verify_a_run(here: Path) -> None:
    files = len(list((here / "out").rglob("*.parquet")))
    assert sim("verify", "out").stdout == f"out: {files} files are as the manifest says\n"
    again = sim("verify", "out", "--rerun")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == (
        f"out: {files} files are as the manifest says, and a rerun gives the same bytes\n"
    )
    assert sorted(p.name for p in here.iterdir()) == ["out", "tiny.yaml"]
    assert sim("verify", "-q", "out").stdout == ""


def test_a_rerun_that_differs_is_found(here: Path) -> None:
    manifest = here / "out" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["scenario"]["seed"] = 8
    content["software"]["numpy"] = "1.0"
    manifest.write_text(json.dumps(content))
    result = sim("verify", "out", "--rerun")
    message = refused(result, 3).splitlines()
    assert message[0] == f"note: numpy 1.0 made the run, this is {software()['numpy']}"
    assert f"out/{LOG}.parquet: a rerun gives other bytes" in message
    assert sim("verify", "out").exit_code == 0


def _lose(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    os.truncate(path, 1000)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_lose, "is missing"),
        (_cut, "has 1,000 bytes, the manifest says "),
        (_alter, "has the right size but other bytes than the manifest says"),
    ],
)
def test_verify_finds_damage(here: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(here / "out" / f"{LOG}.parquet")
    assert refused(sim("verify", "out"), 3).startswith(f"out/{LOG}.parquet: {message}")


def test_verify_finds_files_that_do_not_belong(here: Path) -> None:
    (here / "out" / "log" / "notes.txt").write_text("mine")
    assert refused(sim("verify", "out"), 3) == "out/log/notes.txt: is not in the manifest\n"


def test_a_missing_or_damaged_part_is_named(here: Path) -> None:
    part = here / "out" / f"{LOG}.parquet"
    _cut(part)
    assert refused(sim("counts", "out")).startswith(f"out/{LOG}.parquet: cannot be read: ")
    part.unlink()
    message = f"out/{LOG}.parquet: is missing; `sim verify` lists what is damaged\n"
    assert refused(sim("counts", "out")) == refused(sim("compare", "out")) == message


@pytest.mark.parametrize("verb", ["counts", "verify"])
def test_what_is_no_run_is_refused(here: Path, verb: str) -> None:
    (here / "empty").mkdir()
    for name in ("nowhere", "empty"):
        assert refused(sim(verb, name)).startswith(f"{name}: ")
    assert "Directory 'tiny.yaml' is a file" in refused(sim(verb, "tiny.yaml"))
    (here / "out" / "manifest.json").write_text("{")
    assert refused(sim(verb, "out")).startswith("out/manifest.json: is damaged: ")
    (here / "out" / "manifest.json").write_text("[]")
    assert refused(sim(verb, "out")) == "out/manifest.json: is not the manifest of a run\n"


@pytest.mark.parametrize("verb", ["counts", "compare", "verify"])
def test_an_unfinished_run_is_refused(here: Path, verb: str) -> None:
    (here / "out" / "manifest.json").rename(here / "out" / ".unfinished.json")
    message = "out: the run is not finished; give the same `sim run` command again\n"
    assert refused(sim(verb, "out")) == message


# interrupted, and out of space


MANY = TINY.replace("target_exchanges: 500", "target_exchanges: 300_000")
SMALL_PARTS = (
    "import sys, sim.engine.windows, sim.tables.parts\n"
    "sim.engine.windows._WINDOW_ROWS = 10_000\n"
    "sim.tables.parts.PART_ROWS = int(sys.argv.pop(1))\n"
    "from sim.cli import main\n"
    "main()"
)


def many(part_rows: int, out: str) -> list[str]:
    """The command that runs `MANY` from standard input with parts of a given size."""
    return [sys.executable, "-c", SMALL_PARTS, str(part_rows), "run", "-", "-o", out]


def interrupt(command: list[str], folder: Path, when: Callable[[], bool]) -> tuple[int, str]:
    """Start a command, send SIGINT as soon as `when()` holds, return exit code and stderr."""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        process.stdin.write(MANY.encode())
        process.stdin.close()
        process.stdin = None
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr.decode()


def test_an_interrupted_run_is_completed_to_the_same_bytes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    parts = out / "log" / "exchanges"
    code, stderr = interrupt(
        many(20_000, "out"), tmp_path, lambda: (parts / "part-00001.parquet").exists()
    )
    assert code == 130
    assert stderr.splitlines() == [
        "out: finished parts are kept; the same command completes the run",
        "",
        "interrupted",
    ]
    assert not (out / "manifest.json").exists()
    assert hidden_files(out) == [".unfinished.json"]
    kept = {p: p.stat().st_mtime_ns for p in parts.iterdir()}
    subprocess.run(many(20_000, "out"), cwd=tmp_path, input=MANY.encode(), check=True)
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in kept.items())
    subprocess.run(many(20_000, "straight"), cwd=tmp_path, input=MANY.encode(), check=True)
    assert digests(out) == digests(tmp_path / "straight")
    assert len(kept) < len(list(parts.iterdir()))


def test_a_run_interrupted_before_its_first_part_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stderr = interrupt(many(10**9, "out"), tmp_path, out.exists)
    assert (code, stderr) == (130, "\ninterrupted\n")
    assert not out.exists()


def test_another_scenario_does_not_continue_an_interrupted_run(here: Path) -> None:
    progress = here / "out" / ".unfinished.json"
    (here / "out" / "manifest.json").rename(progress)
    message = "out: folder is not empty; choose another, or replace a run with --force\n"
    assert refused(sim("run", "tiny.yaml", "-o", "out", "--seed", "8")) == message
    assert sim("run", "tiny.yaml", "-o", "out", "--seed", "8", "--force").exit_code == 0


@pytest.fixture
def little_space(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs rights that this user has not")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_the_run_can_be_completed(
    little_space: Path, tmp_path: Path
) -> None:
    command = many(20_000, "disk/out")
    failed = subprocess.run(command, cwd=tmp_path, input=MANY.encode(), capture_output=True)
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert failed.stderr.decode() == (
        "disk/out: no space left on the device; finished parts are kept: "
        "free some space and give the same command again\n"
    )
    assert hidden_files(little_space) == [".unfinished.json"]
    subprocess.run(["mount", "-o", "remount,size=200m", str(little_space)], check=True)
    subprocess.run(command, cwd=tmp_path, input=MANY.encode(), check=True)
    assert sim("verify", str(little_space / "out")).exit_code == 0


# How it is started


def test_module_and_colour(here: Path) -> None:
    command = [sys.executable, "-m", "sim", "run", "tiny.yaml", "-o", "module"]
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1"}
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert digests(here / "module") == digests(here / "out")
