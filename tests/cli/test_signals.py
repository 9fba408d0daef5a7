"""How a command ends: by signals, by workers that die, with streams that are closed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from sim.cli.group import SimGroup
from sim.cli.options import WorkerOptions
from sim.cli.process import Stopped
from sim.cli.session import session
from sim.engine.executors import Workers, process_pool
from sim.errors import InvalidInputError, SimError
from tests.support.commands import TINY, refused, sim
from tests.support.paths import ROOT
from tests.support.processes import assert_ended, start, waited, workers_of
from tests.support.scenarios import digests
from tests.unit.engine.test_executors import DIED

RUN = ("run", "tiny.yaml", "-o", "out")
KEPT = "out: what is finished is kept; `sim run --resume out` completes the run\n"
SIGNALS = [
    (signal.SIGINT, 130, "interrupted"),
    (signal.SIGTERM, 143, "stopped by SIGTERM"),
    (signal.SIGHUP, 129, "stopped by SIGHUP"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the scenario alone."""
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stopping(number: int, after: int = 0) -> Callable[..., Any]:
    """A function that gets a signal when it is called, after it worked so often."""
    from sim.engine.simulate import simulate_shard

    left = [after]

    def stop(*args: Any, **_: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped(number)
        return simulate_shard(*args)

    return stop


# --- signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code", "says"), SIGNALS)
def test_a_signal_ends_a_run_that_can_be_resumed(
    place: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int, says: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sim.engine.run.simulate_claimed", stopping(number, after=1))
        assert refused(sim(*RUN), code) == f"{KEPT}\n{says}\n"
    assert sim("run", "--resume", "out").exit_code == 0
    assert digests(place / "out") == digests(tiny_run / "out")


@pytest.mark.parametrize(("number", "code", "says"), SIGNALS)
def test_a_signal_before_anything_is_finished_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int, says: str
) -> None:
    monkeypatch.setattr("sim.engine.run.simulate_claimed", stopping(number))
    assert refused(sim("run", "tiny.yaml", "-o", "deep/er/out"), code) == f"\n{says}\n"
    assert names(place) == ["tiny.yaml"]


@pytest.mark.usefixtures("place")
def test_the_hint_can_be_pasted_whatever_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.run.simulate_claimed", stopping(signal.SIGTERM, after=1))
    said = refused(sim("run", "tiny.yaml", "-o", "my $run"), 143)
    assert said.startswith(
        "my $run: what is finished is kept; `sim run --resume 'my $run'` completes the run\n"
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("sim.engine.plan.write_part", ("run", "-n", "tiny.yaml")),
        ("sim.engine.run.write_part", ("verify", "--rerun", "out")),
        ("sim.replicates.seeds.count_replicate", ("replicate", "tiny.yaml")),
        ("sim.comparison.analyse", ("compare", "out")),
    ],
)
def test_a_signal_leaves_no_files_of_other_verbs(
    here: Path, monkeypatch: pytest.MonkeyPatch, function: str, words: tuple[str, ...]
) -> None:
    temporary = here / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(function, stopping(signal.SIGTERM))
    before = digests(here)
    assert refused(sim(*words), 143) == "\nstopped by SIGTERM\n"
    assert digests(here) == before
    assert names(here) == ["out", "temporary", "tiny.yaml"]
    assert list(temporary.iterdir()) == []


@contextlib.contextmanager
def hangup(disposition: signal.Handlers) -> Iterator[None]:
    """Begin processes that ignore SIGHUP, as `nohup` has it, or do not."""
    before = signal.signal(signal.SIGHUP, disposition)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def signalled(place: Path, number: int, *options: str) -> tuple[int, str, list[int]]:
    """(exit code, stderr, workers) of a run of two processes that gets a signal in the middle."""
    with start(*RUN, "-j", "2", *options, folder=place) as process:
        shards = place / "out/.unfinished/shards"
        waited(lambda: list(shards.glob("*.json")) or process.poll() is not None)
        workers = workers_of(process.pid)
        os.killpg(process.pid, number)
        stdout, stderr = process.communicate(timeout=60)
    assert stdout == "" or process.returncode == 0
    return process.returncode, stderr, workers


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.verify)]
)
def test_workers_end_with_the_command_and_say_nothing(place: Path, number: int) -> None:
    """All processes get the signal, as from `systemctl stop` or a terminal that is closed."""
    several = TINY.replace("accounts: 20", "accounts: 6_000")
    (place / "tiny.yaml").write_text(several, encoding="utf-8")
    with hangup(signal.SIG_DFL):
        code, stderr, workers = signalled(place, number)
    assert stderr == f"{KEPT}\nstopped by {signal.Signals(number).name}\n"
    assert (code, len(workers)) == (128 + number, 1)
    assert_ended(workers)
    assert not list(place.glob("out/**/.*.tmp"))


@pytest.mark.parametrize(("came", "raises"), [([signal.SIGTERM], Stopped), ([], SimError)])
def test_a_signal_that_raised_nothing_ends_the_command_with_its_workers(
    place: Path, monkeypatch: pytest.MonkeyPatch, came: list[signal.Signals], raises: type
) -> None:
    monkeypatch.setattr("sim.cli.process._come", came)
    with pytest.raises(raises), session([str(place / "out")], WorkerOptions(1, None), True):
        raise SimError("a worker process died")


HANGS_UP = """
import os, signal, sys
from sim.engine import run
def hang_up(*_): os.kill(os.getpid(), signal.SIGHUP)
run.write_manifest, write = hang_up, run.write_manifest
sys.argv = ["sim", *sys.argv[1:]]
from sim.cli.main import main
main()
"""


def test_an_error_while_a_command_ends_is_not_what_ended_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal may come in the middle of an import, and leave a module that is half there."""

    def half_there(*_: Any) -> None:
        raise AttributeError("partially initialized module")

    monkeypatch.setattr("sim.engine.run.simulate_claimed", stopping(signal.SIGTERM, after=1))
    monkeypatch.setattr("sim.engine.checkpoint.is_kept", half_there)
    assert refused(sim(*RUN), 143) == "stopped by SIGTERM\n"
    assert (place / "out/.unfinished/run.json").exists()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("ignored", [pytest.param(False, marks=pytest.mark.verify), True])
def test_who_is_told_to_ignore_a_hangup_ignores_it(ignored: bool) -> None:
    """As `nohup` does."""
    with hangup(signal.SIG_IGN if ignored else signal.SIG_DFL):
        done = subprocess.run(
            [sys.executable, "-c", HANGS_UP, *RUN, "-q", "-j", "1"],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == (0 if ignored else 129)


@pytest.mark.verify
def test_workers_of_who_ignores_a_hangup_ignore_it(place: Path) -> None:
    """The terminal of a run that `nohup` began is closed: all its processes get the signal."""
    several = TINY.replace("accounts: 20", "accounts: 3_000")
    (place / "tiny.yaml").write_text(several, encoding="utf-8")
    with hangup(signal.SIG_IGN):
        code, stderr, workers = signalled(place, signal.SIGHUP, "-q")
    assert (code, stderr, len(workers)) == (0, "", 1)
    assert (place / "out/manifest.json").exists()


@pytest.mark.parametrize("said", ["Query interrupted", "INTERRUPT Error: Interrupted!"])
def test_an_interrupted_query_is_an_interrupt(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB raises an error of its own when Ctrl-C comes while it is at work."""

    @click.command(cls=SimGroup, invoke_without_command=True)
    def ends() -> None:
        try:
            raise RuntimeError(said)
        except RuntimeError as error:
            raise InvalidInputError("no table") from error

    with pytest.raises(SystemExit, match="130"):
        ends([])
    assert capsys.readouterr().err == "interrupted\n"


def test_the_end_of_a_file_is_no_control_c(capsys: pytest.CaptureFixture[str]) -> None:
    """Click takes it for the end of standard input, and that for Ctrl-C."""

    @click.command(cls=SimGroup, invoke_without_command=True)
    def ends() -> None:
        raise EOFError("no more data")

    with pytest.raises(SystemExit, match="1"):
        ends([])
    assert "EOFError: no more data" in capsys.readouterr().err


# --- closed streams -----------------------------------------------------------------------------


def closed(words: str, closed: str) -> subprocess.CompletedProcess[str]:
    line = f'"{sys.executable}" -m sim {words} {closed}'
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True)


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.verify)])
def test_a_run_with_closed_streams_is_a_run(place: Path, tiny_run: Path, workers: str) -> None:
    assert closed(" ".join((*RUN, "-j", workers)), "<&- >&- 2>&-").returncode == 0
    assert digests(place / "out") == digests(tiny_run / "out")


VALID = (
    "tiny.yaml: ok: 3 actors, 52 accounts, 1 d from 2026-02-02; "
    "limits as of 2026-02-02, output counted as generated\n"
)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "stream", "said"),
    [
        ("check tiny.yaml", ">&-", (0, "", "")),
        pytest.param("check tiny.yaml", "2>&-", (0, VALID, ""), marks=pytest.mark.verify),
        ("check none.yaml", ">&-", (2, "", "none.yaml: no such file\n")),
        ("check none.yaml", "2>&-", (2, "", "")),
    ],
)
def test_what_is_said_to_a_closed_stream_is_dropped(
    words: str, stream: str, said: tuple[int, str, str]
) -> None:
    done = closed(words, stream)
    assert (done.returncode, done.stdout, done.stderr) == said


@pytest.mark.verify  # one who reads nothing: test_a_closed_pipe_is_quiet
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    line = f'set -o pipefail; "{sys.executable}" -m sim list | head -n 1'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("scenarios:\n", "")


# --- workers that die ---------------------------------------------------------------------------


def die(*_: Any) -> None:
    """What becomes of a worker that the system kills for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextlib.contextmanager
def apart(count: int) -> Iterator[Workers]:
    """A pool in which the main process, that of the tests, makes no calls itself."""
    with process_pool(count) as pool:
        yield replace(pool, takes_part=False)


@pytest.mark.parametrize(
    ("function", "words", "says"),
    [
        (
            "sim.engine.run.simulate_claimed",
            RUN,
            f"out: {DIED} before anything was finished; run it again with fewer workers (-j)\n",
        ),
        pytest.param(
            "sim.replicates.seeds.count_replicate",
            ("replicate", "tiny.yaml"),
            f"{DIED}; run it again with fewer workers (-j)\n",
            marks=pytest.mark.verify,
        ),
    ],
)
def test_a_worker_that_dies_early(
    place: Path, monkeypatch: pytest.MonkeyPatch, function: str, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.setattr("sim.engine.executors.process_pool", apart)
    monkeypatch.setattr(function, die)
    assert refused(sim(*words, "-j", "2"), 1) == says
    assert names(place) == ["tiny.yaml"]


@pytest.mark.verify
def test_a_worker_that_dies_in_a_rerun(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.executors.process_pool", apart)
    monkeypatch.setattr("sim.engine.run.simulate_claimed", die)
    said = refused(sim("verify", "--rerun", "out", "-j", "2"), 1)
    assert said == f"{DIED}; run it again with fewer workers (-j)\n"
    assert names(here) == ["out", "tiny.yaml"]


def test_output_waits_for_its_reader_whatever_was_set() -> None:
    """A program that shares a pipe may have set that writing to it does not wait."""
    read, written = os.pipe()
    os.set_blocking(written, False)
    code = "from sim.cli.process import own_process\nwith own_process():\n    pass"
    subprocess.run([sys.executable, "-c", code], stdout=written, check=True)
    assert os.get_blocking(written)
    os.close(read)
    os.close(written)
