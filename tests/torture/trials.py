"""Trials in processes of their own, each with a time limit, and the record of how they ended."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import click

# A process that has taken so many times its limit, by the clock on the wall, is killed.
_GRACE = 6


@dataclass(frozen=True)
class Trial:
    """How the trial of a seed ended: passed, refused or failed; `what` it tried it on."""

    seed: int
    ended: str
    message: str = ""
    what: str = ""
    seconds: float = 0.0


class TookTooLongError(BaseException):
    """Raised inside a trial at its time limit."""


def guarded(work: Callable[..., Trial], seed: int, limit_s: float, more: dict[str, Any]) -> Trial:
    """The trial of one seed; an error or the time limit makes it a failure."""
    begun = time.perf_counter()
    try:
        with time_limit(limit_s):
            trial = work(seed, **more)
    except TookTooLongError as error:
        trial = Trial(seed, "failed", str(error))
    except Exception:
        trial = Trial(seed, "failed", traceback.format_exc(limit=-4))
    return replace(trial, seconds=time.perf_counter() - begun)


@contextmanager
def time_limit(limit_s: float) -> Iterator[None]:
    """Raise `TookTooLongError` after so much time of the processor, as others may use it too.

    It is raised again at the end, whatever the block has made of it.
    """
    where: list[str] = []

    def ring(_signal: int, frame: Any) -> None:
        where.append(" < ".join(_frames(frame)))
        raise TookTooLongError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        if where:
            raise TookTooLongError(f"no end within {limit_s:g} s: {where[0]}")


def _frames(frame: Any) -> list[str]:
    stack = traceback.extract_stack(frame)
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(stack[-8:])]


def trials(
    work: Callable[..., Trial],
    seeds: Sequence[int],
    workers: int,
    limit_s: float,
    more: dict[str, Any],
) -> Iterator[Trial]:
    """Trials in the order in which they end; a process that does not answer is killed."""
    todo = list(reversed(seeds))
    crew = [_Worker(work, limit_s, more) for _ in range(min(workers, len(todo)))]
    try:
        for one in crew:
            one.begin(todo.pop())
        while busy := [one for one in crew if one.seed is not None]:
            ready = wait([one.pipe for one in busy], timeout=1)
            for one in busy:
                trial = one.result(one.pipe in ready)
                if trial is None:
                    continue
                yield trial
                if todo:
                    one.begin(todo.pop())
    finally:
        for one in crew:
            one.stop()


class _Worker:
    """A process that carries out one trial after the other."""

    def __init__(self, work: Callable[..., Trial], limit_s: float, more: dict[str, Any]) -> None:
        self._work, self._limit_s, self._more = work, limit_s, more
        self.seed: int | None = None
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        args = (theirs, self._work, self._limit_s, self._more)
        self._process: BaseProcess = context.Process(target=_serve, args=args, daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, seed: int) -> None:
        self.seed, self._begun = seed, time.monotonic()
        self.pipe.send(seed)

    def result(self, is_ready: bool) -> Trial | None:
        """The trial, if it has ended or has to be ended."""
        assert self.seed is not None
        seconds = time.monotonic() - self._begun
        if is_ready:
            try:
                trial: Trial = self.pipe.recv()
            except EOFError:
                trial = Trial(self.seed, "failed", "the process died", seconds=seconds)
                self._again()
        elif seconds > self._limit_s * _GRACE:
            trial = Trial(
                self.seed, "failed", f"no end within {seconds:.0f} s; killed", "", seconds
            )
            self._again()
        else:
            return None
        self.seed = None
        return trial

    def _again(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join()


def _serve(
    pipe: Connection, work: Callable[..., Trial], limit_s: float, more: dict[str, Any]
) -> None:
    while True:
        try:
            seed = pipe.recv()
        except EOFError:
            return
        pipe.send(guarded(work, seed, limit_s, more))


def record(part: str, ended: Sequence[Trial]) -> dict[str, Any]:
    """What a page may say of a part: how many were tried, and what failed."""
    count = Counter(trial.ended for trial in ended)
    return {
        "part": part,
        "tried": len(ended),
        "passed": count["passed"],
        "refused": count["refused"],
        "failed": [asdict(trial) for trial in ended if trial.ended == "failed"],
        "seconds": round(sum(trial.seconds for trial in ended), 1),
    }


def add_options(parser: argparse.ArgumentParser, count: int) -> None:
    """The options that all parts take."""
    parser.add_argument("--count", type=int, default=count, help=f"trials; {count} if left out")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first trial")
    parser.add_argument("--only", type=int, help="one seed alone, here, with tracebacks")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path, help="file for the record")


def carry_out(
    part: str,
    work: Callable[..., Trial],
    options: argparse.Namespace,
    limit_s: float,
    more: dict[str, Any],
) -> int:
    """Run the trials that were asked for, print what fails; 1 if anything does."""
    if options.only is not None:
        trial = guarded(work, options.only, limit_s, {**more, "debug": True})
        click.echo(trial.what)
        click.echo(f"{trial.seed}: {trial.ended} in {trial.seconds:.1f} s {trial.message}")
        return int(trial.ended == "failed")
    seeds = range(options.seed, options.seed + options.count)
    ended = []
    for trial in trials(work, seeds, options.workers, limit_s, more):
        ended.append(trial)
        if trial.ended == "failed":
            click.echo(f"{part} {trial.seed}: {trial.message}")
    made = record(part, sorted(ended, key=lambda trial: trial.seed))
    if options.json:
        options.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    counts = ", ".join(f"{made[key]} {key}" for key in ("tried", "passed", "refused"))
    click.echo(f"{part}: {counts}, {len(made['failed'])} failed")
    return int(bool(made["failed"]))
