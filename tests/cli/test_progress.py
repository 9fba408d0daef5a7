"""What a run says while it goes: bars on a terminal, nothing elsewhere, one object of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import logged, sim
from tests.support.paths import ROOT
from tests.support.processes import command, start

FIELDS = ROOT / "docs" / "reference" / "cli.md"


@pytest.fixture
def place(here: Path) -> Path:
    return here


def on_terminal(folder: Path, *options: str) -> tuple[int, str, str]:
    """(exit code, stdout, what a terminal shows as stderr) of a run."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment |= {"TERM": "xterm", "COLUMNS": "120", "SIM_WORKERS": "2"}
    shown = b""
    with start(
        *("run", "tiny.yaml", "-o", "new", *options), folder=folder, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        # a terminal whose last writer is gone gives an error and no end of file
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 1 << 16):
                shown += piece
        stdout, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, stdout, shown.decode()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize(
    "options", [pytest.param((), marks=pytest.mark.verify), ("-j", "1", "--json")]
)
def test_a_terminal_shows_bars(place: Path, options: tuple[str, ...]) -> None:
    code, stdout, shown = on_terminal(place, *options)
    assert code == 0
    line = re.compile(
        r"(simulates|writes) +━*[╸╺]?━* +(\d+) % +([\d,]+) exchanges +([\d,]+)/s +"
        r"(-:--:--|\d:\d\d:\d\d) +([\d,]+) MiB"
    )
    frames = [match.groups() for match in line.finditer(plain(shown))]
    doing, share, exchanges, rate, _, memory = frames[-1]
    assert (doing, share) == ("writes", "100")
    assert int(exchanges.replace(",", "")) == logged(place / "new")
    assert int(rate.replace(",", "")) > 0
    assert 50 < int(memory.replace(",", "")) < 2_000
    shares = [int(frame[1]) for frame in frames]
    assert shares == sorted(shares)
    # the bars are taken away at the end
    assert plain(shown.rpartition("MiB")[2]).strip() == ""
    assert ("━" in stdout, "exchanges" in stdout) == (False, True)


@pytest.mark.parametrize(
    "options", [("-q", "-j", "1"), pytest.param(("-q", "--json"), marks=pytest.mark.verify)]
)
def test_quiet_shows_no_bar_on_a_terminal(place: Path, options: tuple[str, ...]) -> None:
    code, stdout, shown = on_terminal(place, *options)
    assert (code, shown) == (0, "")
    assert "exchanges" in stdout


@pytest.mark.parametrize(
    "options",
    [
        ("-j", "1"),
        pytest.param(("-j", "2"), marks=pytest.mark.verify),
        pytest.param(("-j", "2", "--dask", "local"), marks=pytest.mark.verify),
    ],
)
def test_elsewhere_nothing_is_said_while_it_goes(place: Path, options: tuple[str, ...]) -> None:
    code, stdout, stderr = command("run", "tiny.yaml", "-o", "new", *options, folder=place)
    assert (code, stderr) == (0, "")
    assert stdout.startswith("new: ")


def test_json_is_one_object_with_the_fields_that_are_documented(place: Path) -> None:
    result = sim("run", "tiny.yaml", "-o", "new", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    said: dict[str, Any] = json.loads(result.stdout)
    described = re.findall(r"^\| `([\w.]+)` \| ", FIELDS.read_text(encoding="utf-8"), re.MULTILINE)
    of_actors = [f"actors.{name}" for name in said["actors"][0]]
    assert described == [*said, *of_actors]
    assert said["run"] == "new"
    assert (said["seed"], said["workers"], said["shards"], said["parts"]) == (7, 1, 3, 1)
    manifest = json.loads((place / "new/manifest.json").read_text())
    assert said["bytes"] == sum(file["bytes"] for file in manifest["files"])
    assert said["exchanges"] == sum(actor["exchanges_in_log"] for actor in said["actors"])
    assert said["peak_memory_bytes"] > 50 << 20


@pytest.mark.usefixtures("here")
def test_a_small_run_is_done_before_more_workers_have_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SIM_WORKERS")
    monkeypatch.setattr("sim.engine.executors.default_count", lambda: 4)
    said = json.loads(sim("run", "tiny.yaml", "-o", "default", "--json").stdout)
    assert said["workers"] == 1
