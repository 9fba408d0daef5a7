"""Carry out a scenario into a folder: log, truth, and the manifest last."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.engine import checkpoint
from sim.engine.executors import (
    InProcess,
    LostWorkerError,
    Workers,
    in_process,
    map_unordered,
)
from sim.engine.memory import expect_memory
from sim.engine.merge import LOG, part_windows, plan_of, rows_of_parts, write_part
from sim.engine.progress import Observer, Progress
from sim.engine.run_context import RunContext, peak_bytes
from sim.engine.run_files import LOCK
from sim.engine.run_lock import locked
from sim.engine.run_summary import RunSummary
from sim.engine.shards import Engine
from sim.engine.simulate import ShardRecord, simulate_shard, usage_in
from sim.engine.spill_index import Index
from sim.errors import DISK_FULL, InvalidInputError, SimError
from sim.output.account_usage import Usage
from sim.output.achieved import ActorSummary, Tally
from sim.output.entity_tables import entity_tables
from sim.output.truth_tables import truth_accounts, truth_campaigns, truth_links
from sim.scenario.resolved import Scenario
from sim.tables.formats import FileRecord, writing_table
from sim.tables.manifest import read_manifest, records_of, write_manifest
from sim.tables.remote_errors import PassingError
from sim.tables.store import Store

# Simulating takes so much of the time of a run, writing the rest.
_SIMULATING = 0.55


def run(
    scenario: Scenario,
    out: Store | Path | str,
    *,
    force: bool = False,
    workers: Workers | None = None,
    observe: Observer | None = None,
    engine: Engine = "fast",
) -> RunSummary:
    """Simulate a scenario into a folder or another place.

    Whatever ends the run, shards and parts that are whole stay, and of a run that finished nothing
    no trace.

    Parameters
    ----------
    scenario
        What is simulated.
    out
        A folder, or a URL such as `s3://bucket/run`. One that holds something is refused, but for
        an interrupted run of the same scenario, which is completed.
    force
        Whether a run that is there may be replaced.
    workers
        Who carries it out; this process if left out. They do not change a byte.
    observe
        Called with the progress, now and then.
    engine
        "fast", or "reference" for the plain SimPy model of `sim.reference`, which writes the same
        bytes.

    Returns
    -------
    RunSummary
        What the finished run holds.

    Raises
    ------
    InvalidInputError
        If the place cannot be used, the memory of this machine is too small, or the engine does not
        cover the scenario.
    SimError
        If the disk is full or a worker died.
    """
    out = reached_by(workers, Store.of(out))
    with _with_remedies(out):
        expect_usable(scenario, out, force=force)
        with locked(out):
            if out.is_local:  # another run may have been there since
                checkpoint.check(scenario, out, force=force)
            context = RunContext(scenario, out, engine)
            # what cannot be begun fails now, and leaves what was there before
            context.check_engine()
            expect_memory(context, workers)
            checkpoint.claim(scenario, out)
            return _carry_out(context, workers, observe)


def expect_usable(scenario: Scenario, out: Store | Path | str, *, force: bool) -> None:
    """Raise InvalidInputError if `run` would refuse `out`, and touch nothing there.

    Parameters
    ----------
    scenario, out, force
        As of `run`.
    """
    out = Store.of(out)
    if not (out.is_local and out.is_file(LOCK)):  # else another run may be at work, says its lock
        checkpoint.check(scenario, out, force=force)


def run_within(
    scenario: Scenario, out: Store, workers: Workers | None, observe: Observer | None = None
) -> RunSummary:
    """Simulate into a folder that is the caller's own: it is not locked, and gives no remedies.

    What an earlier session left there of the same run is gone on with: a run that is whole stays as
    it is, what is missing or damaged in it is made again, and anything else gives way. The fast
    engine carries the scenario out.
    """
    with contextlib.suppress(InvalidInputError):
        if not checkpoint.is_unfinished(out) and checkpoint.resumable(out) == scenario:
            if all(file.is_whole(out) for file in records_of(read_manifest(out))):
                return _as_it_is(scenario, out)
            checkpoint.reopen(out)

    context = RunContext(scenario, out)
    expect_memory(context, workers)
    checkpoint.claim(scenario, out)
    return _carry_out(context, workers, observe)


def resume(
    out: Store | Path | str,
    *,
    workers: Workers | None = None,
    observe: Observer | None = None,
    engine: Engine = "fast",
) -> RunSummary:
    """Complete an interrupted run, or make again what is missing or damaged in a finished one.

    A finished run that is whole is left as it is.

    Parameters
    ----------
    out
        Where the run lies.
    workers, observe
        As of `run`.
    engine
        Need not be the one that began the run, because both write the same bytes.

    Raises
    ------
    InvalidInputError
        If there is no run, if other software made it, or if the engine does not cover it.
    """
    out = reached_by(workers, Store.of(out))
    scenario = checkpoint.resumable(out)
    with _with_remedies(out), locked(out):
        context = RunContext(scenario, out, engine)
        context.check_engine()
        if not checkpoint.is_unfinished(out):
            if all(file.is_whole(out) for file in records_of(read_manifest(out))):
                return _as_it_is(scenario, out)
            checkpoint.reopen(out)
        expect_memory(context, workers)
        return _carry_out(context, workers, observe)


def _as_it_is(scenario: Scenario, out: Store) -> RunSummary:
    """Return the summary of a finished run, from its manifest."""
    manifest = read_manifest(out)
    actors = tuple(ActorSummary(**actor) for actor in manifest["actors"])
    files = tuple(records_of(manifest))
    return RunSummary(
        out=out,
        exchanges=sum(actor.exchanges_in_log for actor in actors),
        actors=actors,
        files=files,
        shards=len(RunContext(scenario, out).shards),
        parts=sum(file.path.startswith(f"{LOG}/") for file in files),
        workers=0,
        peak_bytes=peak_bytes(),
    )


def reached_by(workers: Workers | None, out: Store) -> Store:
    """Return the place; refuse one in the memory of this process if other processes do the work.

    Parameters
    ----------
    workers
        Who does the work; this process if None.
    out
        Where it goes.
    """
    here = workers is None or isinstance(workers.executor, InProcess)
    if not out.is_shared and not here:
        raise InvalidInputError(
            f"{out}: lies in the memory of one process; give it one worker, or another place"
        )
    return out


def _carry_out(
    context: RunContext, workers: Workers | None, observe: Observer | None
) -> RunSummary:
    """Carry a run out; whatever ends it, leave what is whole for another session."""
    out = context.out
    with contextlib.ExitStack() as stack:
        workers = workers or stack.enter_context(in_process())
        try:
            return _Attempt(context, workers, observe or (lambda _: None)).carry_out()

        except PassingError as error:
            checkpoint.give_up(out)
            if not checkpoint.is_kept(out, if_unknown=True):
                raise
            remedy = f"what is finished is kept: try again with `{checkpoint.resuming(out)}`"
            raise PassingError(error.url, error.reason, remedy) from error
        except BaseException:
            checkpoint.give_up(out)
            raise


class _Attempt:
    """One session of work on a run: what it finds finished, it does not do again.

    `_shards` and `_parts` hold the records of what is done, by number; both are full in the end.
    Parts depend on the rows of all shards, so none is begun before the last shard is done.
    """

    def __init__(self, context: RunContext, workers: Workers, observe: Observer) -> None:
        """Find out what is finished; one process is enough where more are not worthwhile."""
        self._context, self._workers, self._observe = context, workers, observe
        if sum(shard.expected for shard in context.shards) < workers.worthwhile:
            self._workers = Workers(InProcess(), 1)

        context.out.remove_temporary()
        self._parts = checkpoint.parts_done(context.out)
        done = checkpoint.shards_done(context.out)
        self._shards = {
            shard.number: done[shard.number]
            for shard in context.shards
            if shard.number in done and done[shard.number].fits(context.grid)
        }
        self._peak_bytes = peak_bytes()

    def carry_out(self) -> RunSummary:
        """Simulate the shards, write the parts, then the other tables, and the manifest last."""
        context = self._context
        self._simulate()
        tally = Tally(context.population)
        for shard in context.shards:
            tally.add(shard.actor, self._shards[shard.number].tally)

        self._write()
        usage = usage_in(context.out, self._shards.values())
        files = [file for part in self._parts.values() for file in part.files]
        files += self._single_tables(tally, usage)
        files.sort(key=lambda file: file.path)

        write_manifest(context.scenario, context.out, files, tally.summaries())
        checkpoint.end(context.out)
        return RunSummary(
            out=context.out,
            exchanges=tally.exchanges,
            actors=tally.summaries(),
            files=tuple(files),
            shards=len(context.shards),
            parts=len(self._parts),
            workers=self._workers.count,
            peak_bytes=max(self._peak_bytes, peak_bytes()),
        )

    def _simulate(self) -> None:
        """Simulate the shards that are left, the longest first, and tell of each that is done."""
        shards = self._context.shards
        todo = [shard for shard in shards if shard.number not in self._shards]
        # the longest first, so that no worker is left alone with one at the end
        todo.sort(key=lambda shard: -shard.expected)
        total = sum(shard.expected for shard in shards) or 1.0
        done = total - sum(shard.expected for shard in todo)
        expected = {shard.number: shard.expected for shard in todo}
        self._tell(_SIMULATING * done / total)

        calls = [(self._context, shard.number) for shard in todo]
        for record in map_unordered(self._workers, simulate_claimed, calls):
            self._shards[record.number] = record
            self._peak_bytes = max(self._peak_bytes, record.peak_bytes)
            done += expected[record.number]
            self._tell(_SIMULATING * done / total)

    def _write(self) -> None:
        """Write the parts that are left; a part that does not fit its windows is written again.

        The plan of a part is made when its turn comes: those of all parts of a large run name
        millions of spans.
        """
        context, fmt = self._context, self._context.scenario.tables.format
        files = [self._shards[shard.number].file for shard in context.shards]
        index = Index(files, context.grid.cells)
        windows = part_windows(context, index)
        rows = rows_of_parts(index, windows)

        self._parts = {
            number: record
            for number, record in self._parts.items()
            if number < len(rows) and record.fits(rows[number], fmt)
        }
        total = sum(rows) or 1
        done = sum(rows[number] for number in self._parts)

        todo = [number for number in range(len(rows)) if number not in self._parts]
        calls = ((context, plan_of(index, number, windows[number])) for number in todo)
        for record in map_unordered(self._workers, write_part, calls):
            self._parts[record.number] = record
            self._peak_bytes = max(self._peak_bytes, record.peak_bytes)
            done += rows[record.number]
            self._tell(_SIMULATING + (1 - _SIMULATING) * done / total)

    def _single_tables(self, tally: Tally, usage: Usage) -> list[FileRecord]:
        """Write the tables that are one file each; they are made anew in every session."""
        context = self._context
        fmt, records = context.scenario.tables.format, []
        for stem, table in _tables_of(context, tally, usage):
            with writing_table(context.out, f"{stem}.{fmt}", table.schema, fmt) as file:
                file.append(table)
            records.append(file.record)
        return records

    def _tell(self, share: float) -> None:
        """Tell the observer how far the run is, as a share of all the work."""
        exchanges = sum(record.tally.exchanges for record in self._shards.values())
        doing = "simulates" if share < _SIMULATING else "writes"
        self._observe(Progress(doing, share, exchanges, self._peak_bytes))


def simulate_claimed(context: RunContext, number: int) -> ShardRecord:
    """Simulate a shard into the spill file of a run that has been claimed.

    Raises
    ------
    InvalidInputError
        If this process does not see the claim: it is on another machine than the folder.
    """
    if not checkpoint.is_unfinished(context.out):
        raise InvalidInputError(
            f"{context.out}: the worker on {platform.node()} does not see this folder; give one "
            "that all machines share, or a URL such as s3://bucket/run"
        )
    return simulate_shard(context, number)


def _tables_of(context: RunContext, tally: Tally, usage: Usage) -> Iterator[tuple[str, Any]]:
    """Yield the tables that are one file each, made one after the other to save memory."""
    for name, table in entity_tables(context.population, usage):
        yield f"log/{name}", table
    yield "truth/accounts", truth_accounts(context.population, usage)
    yield "truth/campaigns", truth_campaigns(context.population, tally, usage)
    yield "truth/links", truth_links(context.population)
    yield "truth/actors", tally.table()


@contextlib.contextmanager
def _with_remedies(out: Store) -> Iterator[None]:
    """Say with what ended a run whether something of it is kept, and how to go on."""
    try:
        yield
    except LostWorkerError as error:
        raise SimError(f"{out}: {_after_a_loss(out, error)}") from error
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        remedy = "free some space or choose another folder"
        if checkpoint.is_kept(out):
            remedy = (
                "finished shards and parts are kept: "
                f"free some space and give `{checkpoint.resuming(out)}`"
            )
        raise SimError(f"{out}: no space left on the device; {remedy}") from error


def _after_a_loss(out: Store, lost: LostWorkerError) -> str:
    """Return what to do after workers were lost; it depends on whether something was finished."""
    if not checkpoint.is_kept(out):
        return f"{lost.what} before anything was finished; run it again {lost.remedy}"
    again = checkpoint.resuming(out)
    return f"{lost.what}; shards and parts that are finished are kept: give `{again}`"
