"""Scenarios and places at the edge of what there is, as a user meets them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.engine.memory import accounts_bytes
from sim.engine.run_context import peak_bytes
from sim.scenario import load_scenario
from tests.support.commands import logged, refused, sim
from tests.support.processes import command, start, waited
from tests.support.scenarios import digests, read

EDGE = """\
version: 1
name: edge
seed: 7
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: coders, typology: L01, accounts: 1}
  - {id: laboratory, typology: L04, accounts: 1, benchmark: aime, agent: api-script,
     model: claude-haiku-4.5, runs: 1, workers: 1}
  - {id: pool, typology: A16, accounts: 1, target_exchanges: 20, agentic_share: 0}
"""
SECOND = (
    "out: another run is writing there (process {}); wait for its end, or choose another folder\n"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, holding `edge.yaml`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edge.yaml").write_text(EDGE, encoding="utf-8")
    return tmp_path


def unforeseen(stderr: str) -> list[str]:
    """What is said beside the overshoot of the pool, whose target is less than three tasks."""
    return [line for line in stderr.splitlines() if not line.startswith("warning: pool: ")]


def ran(*changes: str) -> dict[str, Any]:
    """What a run of the scenario with changes says; it is whole and can be read."""
    options = [word for change in changes for word in ("--set", change)]
    result = sim("run", "edge.yaml", "-o", "out", "--json", *options)
    assert result.exit_code == 0
    said: dict[str, Any] = json.loads(result.stdout)
    assert said["exchanges"] == logged(Path("out"))
    for verb in ("verify", "check-run", "counts"):
        assert sim(verb, "out").exit_code == 0, verb
    return said


# --- scenarios ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("place")
def test_one_account() -> None:
    assert ran()["exchanges"] > 0
    assert len(read(Path("out"), "truth/accounts")) == 3


@pytest.mark.parametrize("fmt", ["parquet", "csv", "jsonl"])
def test_no_exchange_is_expected(place: Path, fmt: str) -> None:
    """A run without rows is whole: all tables are there, and empty."""
    only = EDGE.partition("  - {id: lab")[0].replace(
        "accounts: 1}", "accounts: 3, exchanges_per_account_day: 1e-9}"
    )
    (place / "edge.yaml").write_text(only, encoding="utf-8")
    said = ran(f"tables.format={fmt}")
    assert (said["exchanges"], said["parts"]) == (0, 1)
    assert (said["actors"][0]["requested"], said["actors"][0]["shortfall"]) == (0, 0)
    assert len(read(Path("out"), "log/exchanges")) == len(read(Path("out"), "truth/tasks")) == 0
    assert (place / f"out/log/exchanges/part-00000.{fmt}").exists()
    assert len(read(Path("out"), "truth/accounts")) == 3
    nothing = sim("compare", "out", "--only", "odds")
    assert nothing.exit_code == 2
    assert nothing.stderr.endswith("no answered exchange in the log; there is nothing to compare\n")


def test_a_log_of_a_millisecond(place: Path) -> None:
    before = peak_bytes()  # other tests may have run in this process
    said = ran("clock.duration=1 ms", "actors.pool.target_exchanges=5e5")
    assert said["exchanges"] < 1_000
    assert said["actors"][2]["requested"] == 500_000
    assert said["peak_memory_bytes"] <= max(before, 1 << 30)
    assert (place / "out/manifest.json").exists()


@pytest.mark.usefixtures("place")
def test_everything_at_the_last_millisecond() -> None:
    said = ran("actors.pool.starts=86399999 ms", "actors.laboratory.starts=86399999 ms")
    assert said["actors"][0]["exchanges_in_log"] == said["exchanges"]


@pytest.mark.parametrize("starts", ["1 d", "25 h"])
@pytest.mark.parametrize("actor", ["pool", "laboratory"])
def test_an_actor_that_starts_after_the_end_is_refused(
    place: Path, actor: str, starts: str
) -> None:
    change = f"actors.{actor}.starts={starts}"
    assert refused(sim("run", "edge.yaml", "-o", "out", "--set", change)) == (
        f"--set {change}: actors.{actor}.starts: should be before the end of the clock, 1 d; "
        f"found '{starts}'\n"
    )
    assert not (place / "out").exists()


MILLION = """\
version: 1
name: million
seed: 7
clock: {start: 2026-02-02, duration: 1 h}
actors:
  - {id: people, typology: L01, accounts: 900_000, exchanges_per_account_day: 0.01}
  - {id: pool, typology: A16, accounts: 100_000, target_exchanges: 200, starts: 0 s, workers: 50}
"""


@pytest.mark.verify
def test_a_million_accounts(place: Path) -> None:
    (place / "million.yaml").write_text(MILLION, encoding="utf-8")
    began = time.monotonic()
    code, stdout, _ = command(
        *("run", "million.yaml", "-o", "out", "-j", "2", "--json"), folder=place
    )
    assert code == 0
    assert time.monotonic() - began < 60
    said = json.loads(stdout)
    assert 100 < said["exchanges"] < 5_000
    assert said["peak_memory_bytes"] < accounts_bytes(load_scenario(place / "million.yaml"))
    manifest = json.loads((place / "out/manifest.json").read_text())
    rows = {f["path"]: f["rows"] for f in manifest["files"]}
    assert rows["log/accounts.parquet"] == rows["truth/accounts.parquet"] == 1_000_000


# --- seeds --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("place")
def test_seeds_from_end_to_end_give_runs_of_their_own() -> None:
    found = set()
    for seed in (0, 1, 2**63 - 1, 2**63, 2**64 - 1):
        result = sim("run", "edge.yaml", "-o", f"of-{seed}", "--seed", str(seed), "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["seed"] == seed
        assert json.loads(Path(f"of-{seed}/manifest.json").read_text())["seed"] == seed
        found.add(digests(Path(f"of-{seed}"))["log/accounts.parquet"])
    assert len(found) == 5
    assert sim("verify", f"of-{2**63}", "--rerun").exit_code == 0


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (-1, "should be at least 0, found -1"),
        (2**64, "should be at most 18446744073709551615, found 18446744073709551616"),
    ],
)
def test_other_seeds_are_refused(place: Path, seed: int, message: str) -> None:
    for options, where in (
        (("--seed", str(seed)), f"--seed {seed}"),
        (("--set", f"seed={seed}"), f"--set seed={seed}"),
    ):
        said = refused(sim("run", "edge.yaml", "-o", "out", *options))
        assert said == f"{where}: seed: {message}\n"
    (place / "other.yaml").write_text(EDGE.replace("seed: 7", f"seed: {seed}"), encoding="utf-8")
    assert refused(sim("run", "other.yaml", "-o", "out")) == f"other.yaml:3:7: seed: {message}\n"
    assert not (place / "out").exists()


# --- places -------------------------------------------------------------------------------------


SECONDS = [
    ("run", "edge.yaml", "-o", "out"),
    ("run", "edge.yaml", "-o", "out", "--force"),
    ("run", "edge.yaml", "-o", "out", "--seed", "8"),
    ("run", "--resume", "out"),
]


def test_of_two_runs_at_once_the_second_is_refused(place: Path) -> None:
    others = "".join(f"  - {{id: more-{k}, typology: L01, accounts: 40}}\n" for k in range(6))
    (place / "edge.yaml").write_text(EDGE + others, encoding="utf-8")
    with start("run", "edge.yaml", "-o", "out", "-j", "1", folder=place) as first:
        waited(lambda: list(place.glob("out/.unfinished/shards/*.json")))
        first.send_signal(signal.SIGSTOP)
        try:
            for second in SECONDS:
                assert refused(sim(*second)) == SECOND.format(first.pid)
                assert not (place / "out/manifest.json").exists()
        finally:
            first.send_signal(signal.SIGCONT)
        _, stderr = first.communicate(timeout=60)
    assert (first.returncode, unforeseen(stderr)) == (0, [])
    assert sim("run", "edge.yaml", "-o", "alone").exit_code == 0
    assert digests(place / "out") == digests(place / "alone")


@pytest.fixture
def read_only(place: Path) -> Iterator[tuple[str, str]]:
    """A folder that cannot be written to, and what the system says of it."""
    folder, mount = place / "sealed", shutil.which("mount") or "mount"
    folder.mkdir()
    sealed = [mount, "-t", "tmpfs", "-o", "ro", "none", str(folder)]
    if not subprocess.run(sealed, capture_output=True).returncode:
        yield "sealed", "Read-only file system"
        subprocess.run(["umount", str(folder)], check=True)
    elif os.geteuid():
        folder.chmod(0o500)
        yield "sealed", "Permission denied"
    else:
        yield "/sys", "Operation not permitted"


@pytest.mark.parametrize("below", ["", "/deep/run"])
def test_a_target_that_is_read_only_is_one_clear_line(
    read_only: tuple[str, str], below: str
) -> None:
    folder, reason = read_only
    target = folder + (below or "/run")
    said = refused(sim("run", "edge.yaml", "-o", target), 1)
    assert said == f"{target}: cannot be written to: {reason}; choose another folder\n"


def test_a_target_below_a_file_is_one_clear_line(place: Path) -> None:
    said = refused(sim("run", "edge.yaml", "-o", "edge.yaml/run"), 1)
    assert said == "edge.yaml/run: cannot be written to: Not a directory; choose another folder\n"
    assert (place / "edge.yaml").read_text() == EDGE


@pytest.mark.verify
def test_any_name_of_a_folder_will_do_for_workers(place: Path) -> None:
    """In processes whose words and names of files come from the system."""
    name = "数据/ünï [1] #2 100 % *, 2. Versuch"
    code, _, stderr = command(*("run", "edge.yaml", "-o", name, "-j", "2"), folder=place)
    assert (code, unforeseen(stderr)) == (0, [])
    assert sim("run", "edge.yaml", "-o", "plain").exit_code == 0
    assert digests(place / name) == digests(place / "plain")


@pytest.mark.parametrize("name", ["数据/ünï [1] #2 100 % *, 2. Versuch", "-dash~"])
def test_any_name_of_a_folder_will_do(place: Path, name: str) -> None:
    made = sim("run", "edge.yaml", "-o", f"./{name}")
    assert (made.exit_code, unforeseen(made.stderr)) == (0, [])
    assert made.stdout.startswith(f"./{name}: ")
    assert sim("run", "edge.yaml", "-o", "plain").exit_code == 0
    assert digests(place / name) == digests(place / "plain")
    for verb in ("verify", "check-run", "counts"):
        assert sim(verb, f"./{name}").exit_code == 0, verb
    (place / name / "log/exchanges/part-00000.parquet").unlink()
    assert refused(sim("verify", f"./{name}"), 3) == (
        f"./{name}/log/exchanges/part-00000.parquet: is missing\n"
    )
    assert sim("run", "--resume", f"./{name}").exit_code == 0
    assert digests(place / name) == digests(place / "plain")


def test_a_scenario_of_any_name_will_do(place: Path) -> None:
    strange = place / "数据 ünï.yaml"
    (place / "edge.yaml").rename(strange)
    assert sim("run", strange.name, "-o", "out").exit_code == 0
    strange.write_text(EDGE.replace("accounts: 1}", "accounts: 0}"), encoding="utf-8")
    assert refused(sim("check", strange.name)).startswith("数据 ünï.yaml:6:")
