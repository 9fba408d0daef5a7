"""What a run would take: shards, exchanges, disk, memory and time, from a pilot of a few shards."""

from __future__ import annotations

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sim.engine.executors import WORTHWHILE, default_count
from sim.engine.memory import check_accounts, check_shards, needed_bytes
from sim.engine.merge import part_windows, plan_of, write_part
from sim.engine.run_context import RunContext, peak_bytes
from sim.engine.shards import Engine, Shard
from sim.engine.simulate import ShardRecord, simulate_shard
from sim.engine.spill_index import Index
from sim.scenario.resolved import Scenario
from sim.scenario.rounding import Rounded
from sim.tables.store import Store

# Actors whose shards are tried out, those with most exchanges first, and the largest shard tried
# as a whole.
_MOST_ACTORS = 8
_LARGEST_SHARD = 1_000_000
# Workers that share a machine slow each other down, and take a while to start.
_SHARED_SPEED, _START_S = 0.9, 1.0
# What is foreseen counts as much as so many exchanges of a pilot.
_DOUBT = 100.0
# From so many exchanges on, a pilot says what one takes; before that files are mostly frame. Then
# it is what `sim run reported_2026_02 --scale 0.1 -j 1` took: bytes set aside and bytes written of
# an exchange, seconds to simulate and to write it.
_ENOUGH = 1_000
_USUAL = (107.0, 1.6e-6, 98.0, 1.3e-6)


@dataclass(frozen=True)
class RunPlan:
    """What a run is expected to take; counts are C1.

    Attributes
    ----------
    shards, parts
        How many there are; parts as the expected exchanges fill them.
    exchanges
        Attempts in the log.
    disk_bytes
        What the finished run holds.
    peak_disk_bytes
        What it needs while it goes: spill files too.
    memory_bytes
        What each of `workers` processes needs.
    seconds
        How long it takes on this machine.
    workers
        How many processes.
    tried
        Numbers of the shards that were simulated to find out.
    not_tried
        The actors of which none was simulated as a whole: they are taken to send what they plan to,
        as far as the others do.
    rounded
        Numbers of actors that the scale of the scenario rounds by more than a fifth.
    """

    shards: int
    parts: int
    exchanges: int
    disk_bytes: int
    peak_disk_bytes: int
    memory_bytes: int
    seconds: float
    workers: int
    tried: tuple[int, ...]
    not_tried: tuple[str, ...]
    rounded: tuple[Rounded, ...] = ()


@dataclass(frozen=True)
class _Tried:
    """A shard that was simulated, as a whole or its beginning, and the seconds it took."""

    shard: Shard
    record: ShardRecord
    seconds: float
    is_whole: bool


def plan_run(scenario: Scenario, count: int | None = None, engine: Engine = "fast") -> RunPlan:
    """Simulate and write a few shards in a temporary folder, and conclude from them to all.

    A ratio estimate: what the pilots took for each exchange, times the exchanges that are expected,
    which are corrected by how many the pilots sent.

    Parameters
    ----------
    scenario
        What a run would carry out.
    count
        The number of worker processes; as many as `executors.workers` would use if left out.
    engine
        Which engine would carry it out; it is tried.

    Returns
    -------
    RunPlan
        Estimates; seconds are those of this machine, as busy as it is now.

    Raises
    ------
    InvalidInputError
        If the memory of this machine is too small: before accounts are made if they alone do not
        fit; or if the engine does not cover the scenario.
    """
    check_accounts(scenario)
    with tempfile.TemporaryDirectory(prefix="sim-plan-") as folder:
        context = RunContext(scenario, Store(str(Path(folder))), engine)
        context.check_engine()
        check_shards(context.population, context.shards)
        # sessions cannot be cut short: they are drawn before the first is simulated
        pilots = [s for s in _pilots(context.shards) if s.team or s.expected <= _LARGEST_SHARD]
        tried = [_try(context, shard) for shard in pilots]
        written, write_seconds = _write(context, tried)

    # exchanges first, then what each of them takes
    finished = [pilot for pilot in tried if pilot.is_whole]
    exchanges = _exchanges(context.shards, finished)
    workers = count or (default_count() if exchanges >= WORTHWHILE else 1)
    per_exchange = _per_exchange(context.shards, tried, written, write_seconds)
    spilled, simulating, disk, writing = (exchanges * n for n in per_exchange)
    longest = max(shard.expected for shard in context.shards) * per_exchange[1]
    seconds = _elapsed(simulating + writing, longest, workers)
    actors_tried = {pilot.shard.actor for pilot in finished}
    return RunPlan(
        shards=len(context.shards),
        parts=max(1, round(exchanges / scenario.tables.part_rows)),
        exchanges=round(exchanges),
        disk_bytes=round(disk),
        peak_disk_bytes=round(disk + spilled),
        memory_bytes=max(peak_bytes(), needed_bytes(context.population, context.shards)),
        seconds=seconds,
        workers=workers,
        tried=tuple(pilot.shard.number for pilot in tried),
        not_tried=tuple(a.id for k, a in enumerate(scenario.actors) if k not in actors_tried),
    )


def _per_exchange(
    shards: list[Shard], tried: list[_Tried], written: int, write_seconds: float
) -> tuple[float, ...]:
    """Return what an exchange takes.

    That is bytes set aside, seconds to simulate, bytes written and seconds to write. If the pilots
    sent too few exchanges to tell, and there are more shards than those, it is what is usual.
    """
    exchanges = sum(pilot.record.tally.exchanges for pilot in tried)
    if exchanges < _ENOUGH and len(tried) < len(shards):
        return _USUAL
    spilled = sum(pilot.record.file.bytes for pilot in tried)
    simulating = sum(pilot.seconds for pilot in tried)
    return tuple(n / max(exchanges, 1) for n in (spilled, simulating, written, write_seconds))


def _pilots(shards: list[Shard]) -> list[Shard]:
    """Return a shard from the middle of each of the actors with most exchanges.

    Those that are too large are left out, unless all are: then it is the one of the largest actor.
    """
    by_actor: dict[int, list[Shard]] = {}
    for shard in shards:
        by_actor.setdefault(shard.actor, []).append(shard)
    largest = sorted(by_actor.values(), key=lambda group: -sum(s.expected for s in group))
    middle = [group[len(group) // 2] for group in largest[:_MOST_ACTORS]]
    return [s for s in middle if s.expected <= _LARGEST_SHARD] or middle[:1]


def _try(context: RunContext, shard: Shard) -> _Tried:
    """Simulate a shard; of one that is too large, the first exchanges only."""
    is_whole = shard.expected <= _LARGEST_SHARD
    begun = time.perf_counter()
    record = simulate_shard(context, shard.number, math.inf if is_whole else _LARGEST_SHARD / 4)
    return _Tried(shard, record, time.perf_counter() - begun, is_whole)


def _write(context: RunContext, tried: list[_Tried]) -> tuple[int, float]:
    """Write what was simulated as parts; return their bytes and the seconds it took."""
    index = Index([pilot.record.file for pilot in tried], context.grid.cells)
    begun, written = time.perf_counter(), 0
    for number, windows in enumerate(part_windows(context, index)):
        record = write_part(context, plan_of(index, number, windows))
        written += sum(file.bytes for file in record.files)
    return written, time.perf_counter() - begun


def _exchanges(shards: list[Shard], finished: list[_Tried]) -> float:
    """Return the expected exchanges of all shards, corrected by what the pilots turned out.

    A pilot corrects its own actor by what was expected of it: a quiet one says little. Actors
    without one are corrected by all pilots together.
    """
    usual = _ratio(finished, 1.0)
    by_actor = {pilot.shard.actor: _ratio([pilot], usual) for pilot in finished}
    return sum(shard.expected * by_actor.get(shard.actor, usual) for shard in shards)


def _ratio(finished: list[_Tried], otherwise: float) -> float:
    """Return exchanges simulated per exchange expected; with few of them, about `otherwise`.

    The ratio is shrunk towards `otherwise`, as if a hundred more exchanges had been expected and
    had come at that ratio.
    """
    expected = sum(pilot.shard.expected for pilot in finished)
    simulated = sum(pilot.record.tally.exchanges for pilot in finished)
    return (simulated + _DOUBT * otherwise) / (expected + _DOUBT)


def _elapsed(total_s: float, longest_s: float, workers: int) -> float:
    """Return the seconds of a run; no worker can be done before the longest shard is."""
    if workers == 1:
        return total_s
    return max(total_s / workers / _SHARED_SPEED, longest_s) + _START_S
