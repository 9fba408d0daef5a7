"""Stop runs at random points, go on with them, and compare the bytes.

    python -m tests.torture.interruptions --count 500 --seed 1 --workers 2

Most points are steps of one process: the files that it opens, writes, renames and removes are
counted, and at one of them it gets a signal or an error. The process is a fork of this one, so that
nothing is imported again. The others are moments: a signal comes from outside after a random time,
to a command with two workers, to one of its workers, or to a command with one.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sim.cli.main import main
from sim.tables.hashing_file import HashingFile
from tests.support.processes import descendants, start, workers_of
from tests.support.scenarios import digests

SCENARIO = """\
version: 1
name: torture
seed: 7
clock: {start: 2026-02-02, duration: 12 h}
tables: {part_rows: 250}
actors:
  - {id: coders, typology: L01, accounts: 8}
  - {id: others, typology: L01, accounts: 5}
  - {id: fleet, typology: L06, accounts: 1}
"""
SIGNALS = {"SIGKILL": -9, "SIGTERM": 143, "SIGINT": 130, "SIGHUP": 129}
ERRORS = {"full": errno.ENOSPC, "full once": errno.ENOSPC, "broken once": errno.EIO}
RUN = ("run", "torture.yaml", "-o", "out", "-q")
RESUME = ("run", "--resume", "out", "-q")
_CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
# What a run needs: the forks find it imported.
_IMPORTED = ("sim.engine.run", "pandas", "pyarrow.parquet")
_PATIENCE_S = 120


@dataclass(frozen=True)
class Stop:
    """How a command is stopped: `way`, at a step of it or after a time; by a worker, if any."""

    way: str
    step: int = 0
    after_s: float = 0.0
    at: str = "one process"


@dataclass(frozen=True)
class Point:
    """A run, what stops it, and how it is completed."""

    number: int
    stops: tuple[Stop, ...]
    by_resume: bool


@dataclass(frozen=True)
class Usual:
    """An undisturbed run: its files, and how many steps and seconds it takes."""

    files: dict[str, str]
    steps: int
    seconds: float
    seconds_of_two: float


class FailedError(Exception):
    """Something was not as it should be after a stop."""


# --- one process, stopped at a step ---------------------------------------------------------------


class Trap:
    """Counts the steps of this process that change files, and springs at one of them."""

    def __init__(self, stop: Stop) -> None:
        self.stop, self.steps = stop, 0

    def set(self) -> None:
        """From now on, for as long as this process lives."""
        sys.addaudithook(self._audit)
        write = HashingFile.write

        def counted(file: HashingFile, data: Any) -> int:
            self._step(writes=True)
            return write(file, data)

        HashingFile.write = counted  # type: ignore[method-assign,assignment]

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _CHANGES or not isinstance(args[0], str) or "/out" not in args[0]:
            return
        writes = event == "os.mkdir"
        if event == "open":
            writes = bool(args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        self._step(writes)

    def _step(self, writes: bool) -> None:
        self.steps += 1
        late = self.steps >= self.stop.step > 0
        if self.stop.way in SIGNALS:
            if late and self.steps == self.stop.step:
                os.kill(os.getpid(), getattr(signal, self.stop.way))
        elif late and writes and self.stop.way in ERRORS:
            number = ERRORS[self.stop.way]
            if self.stop.way.endswith(" once"):
                self.stop = replace(self.stop, step=0)
            raise OSError(number, os.strerror(number))


def forked(words: Sequence[str], folder: Path, stop: Stop) -> tuple[int, str]:
    """(exit code, stderr) of a command in a fork of this process, with a trap or a time to live."""
    pid = os.fork()
    if pid == 0:
        os._exit(_be_command(words, folder, stop))
    if stop.after_s:
        time.sleep(stop.after_s)
        os.kill(pid, getattr(signal, stop.way))
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), (folder / "stderr").read_text(encoding="utf-8")


def _be_command(words: Sequence[str], folder: Path, stop: Stop) -> int:
    """Become the command: its folder, its streams, its words, and nothing of what was before."""
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["sim", *words, "-j", "1"]
    trap = Trap(stop)
    trap.set()
    try:
        main()
    except SystemExit as ended:
        Path("steps").write_text(str(trap.steps), encoding="ascii")
        return int(ended.code or 0)
    return 99


# --- two workers, stopped at a moment -------------------------------------------------------------


def in_parallel(words: Sequence[str], folder: Path, stop: Stop) -> tuple[int, str]:
    """(exit code, stderr) of a command with two workers."""
    with start(*words, "-j", "2", folder=folder) as process:
        time.sleep(stop.after_s)
        begun = descendants(process.pid)
        number = getattr(signal, stop.way)
        workers = workers_of(process.pid)
        with contextlib.suppress(ProcessLookupError):
            if stop.at == "a worker":
                os.kill(workers[0] if workers else process.pid, signal.SIGKILL)
            elif stop.at == "all":
                os.killpg(process.pid, number)
            else:
                os.kill(process.pid, number)
        _, stderr = process.communicate(timeout=_PATIENCE_S)
    if stop.way != "SIGKILL":
        _expect_ended(begun)
    return process.returncode, stderr


def _expect_ended(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(_is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise FailedError("processes were left")
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return False


# --- a point --------------------------------------------------------------------------------------


def tried(point: Point, usual: Usual) -> dict[str, Any] | None:
    """What was wrong at a point, or None."""
    folder = Path(tempfile.mkdtemp(prefix="sim-torture-"))
    (folder / "torture.yaml").write_text(SCENARIO, encoding="utf-8")
    try:
        for stop in point.stops:
            _stopped(stop, folder, point.by_resume)
        _completed(folder, point.by_resume)
        if digests(folder / "out") != usual.files:
            raise FailedError("other bytes than an undisturbed run")
    except Exception as error:
        return {**asdict(point), "error": f"{type(error).__name__}: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _stopped(stop: Stop, folder: Path, by_resume: bool) -> None:
    words = _next(folder, by_resume)
    if words is None:
        return
    before = (folder / "out").exists()
    way: Callable[..., tuple[int, str]] = in_parallel if stop.at != "one process" else forked
    code, said = way(words, folder, stop)
    allowed = {SIGNALS.get(stop.way, 1), 0}
    if stop.at == "a worker":
        allowed = {0, 1, -9}
    elif stop.after_s:  # before the command has made its arrangements it ends as any other
        allowed.add(-getattr(signal, stop.way))
    if code not in allowed:
        raise FailedError(f"exit code {code} after {stop}: {said}")
    if code > 0:
        _expect_clear_words(said, folder, before)


def _is_kept(folder: Path) -> bool:
    return (folder / "out/.unfinished/run.json").exists()


def _expect_clear_words(said: str, folder: Path, before: bool) -> None:
    """No library speaks; something is kept if and only if it is said; nothing else is left."""
    out = folder / "out"
    kept = _is_kept(folder)
    if "Traceback" in said or "internal error" in said or "Warning" in said:
        raise FailedError(f"said {said}")
    says = "sim run --resume out" in said
    # a command that ends before it looks knows nothing of what one that was killed has left
    if before and not says:
        return
    if says is not kept and "Input/output error" not in said:
        raise FailedError(f"kept is {kept}, but said was {said}")
    if not kept and out.exists() and not (out / "manifest.json").exists():
        raise FailedError(f"left {sorted(digests(out))}")


def _completed(folder: Path, by_resume: bool) -> None:
    words = _next(folder, by_resume)
    if words is None:
        return
    code, said = forked(words, folder, Stop("not at all"))
    if code != 0:
        raise FailedError(f"could not be completed, exit code {code}: {said}")


def _next(folder: Path, by_resume: bool) -> Sequence[str] | None:
    """The command that goes on; None if all is done."""
    out = folder / "out"
    if _is_kept(folder):
        return RESUME if by_resume else RUN
    if not (out / "manifest.json").exists():
        return RUN
    return RESUME if (out / ".unfinished").exists() else None


# --- all points -----------------------------------------------------------------------------------


def undisturbed() -> Usual:
    with tempfile.TemporaryDirectory(prefix="sim-torture-") as name:
        folder = Path(name)
        (folder / "torture.yaml").write_text(SCENARIO, encoding="utf-8")
        begun = time.monotonic()
        code, said = forked(RUN, folder, Stop("not at all"))
        seconds = time.monotonic() - begun
        if code != 0:
            raise FailedError(f"an undisturbed run ended with {code}: {said}")
        files, steps = digests(folder / "out"), int((folder / "steps").read_text())
        shutil.rmtree(folder / "out")
        begun = time.monotonic()
        with start(*RUN, "-j", "2", folder=folder) as process:
            process.communicate(timeout=_PATIENCE_S)
        if digests(folder / "out") != files:
            raise FailedError("two workers make other bytes than one")
        return Usual(files, steps, seconds, time.monotonic() - begun)


def points(count: int, seed: int, usual: Usual) -> list[Point]:
    """Points: one in twenty with two workers, one in ten at a moment, the others at a step."""
    rng = random.Random(seed)
    return [
        Point(
            number,
            tuple(_stop(rng, number, usual) for _ in range(rng.choice((1, 1, 2, 3)))),
            rng.random() < 0.5,
        )
        for number in range(count)
    ]


def _stop(rng: random.Random, number: int, usual: Usual) -> Stop:
    way = rng.choice(list(SIGNALS))
    if number % 20 == 0:
        at = rng.choice(("all", "the command", "a worker"))
        return Stop(way, after_s=rng.uniform(0.2, 1) * usual.seconds_of_two, at=at)
    if number % 20 in (1, 11):
        return Stop(way, after_s=rng.random() * usual.seconds)
    return Stop(rng.choice([*SIGNALS, *ERRORS]), step=rng.randint(1, usual.steps))


def run(count: int, seed: int, workers: int) -> dict[str, Any]:
    """Try `count` points, `workers` at a time; how many passed, and what was wrong with others."""
    for name in _IMPORTED:
        importlib.import_module(name)
    usual = undisturbed()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        todo = points(count, seed, usual)
        found = list(pool.map(tried, todo, [usual] * count))
    failed = [wrong for wrong in found if wrong is not None]
    return {"tried": count, "passed": count - len(failed), "failed": failed}


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    made = run(given.count, given.seed, given.workers)
    json.dump(made, sys.stdout, indent=1)
    print()  # noqa: T201
    return 1 if made["failed"] else 0


if __name__ == "__main__":
    sys.exit(_main())
