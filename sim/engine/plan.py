"""What a run would take: shards, exchanges, disk, memory and time, from a pilot of a few shards."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from sim.engine.executors import WORTHWHILE, default_count
from sim.engine.job import Job, peak_bytes
from sim.engine.merge import part_windows, plan_of, write_part
from sim.engine.shards import Shard
from sim.engine.simulate import ShardRecord, simulate_shard
from sim.engine.spill import Index
from sim.scenario.resolved import Scenario
from sim.tables.store import Store

# Actors whose shards are tried out, those with most exchanges first, and the largest shard tried.
_MOST_ACTORS = 8
_LARGEST_SHARD = 1_000_000
# Processes that share a machine slow each other down, and take a while to start.
_SHARED_SPEED, _START_S = 0.9, 1.0


@dataclass(frozen=True)
class RunPlan:
    """What a run is expected to take; counts are C1.

    `disk_bytes` is what the finished run holds, `peak_disk_bytes` what it needs while it goes;
    `memory_bytes` is for each of `workers` processes. `tried` are the shards simulated to find
    out.
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


@dataclass(frozen=True)
class _Tried:
    """A shard that was simulated, and the seconds it took."""

    shard: Shard
    record: ShardRecord
    seconds: float


def plan_run(scenario: Scenario, count: int | None = None) -> RunPlan:
    """Simulate and write a few shards in a temporary folder, and conclude from them to all.

    `count` is the number of worker processes; None is as many as `executors.workers` would use.
    """
    with tempfile.TemporaryDirectory(prefix="sim-plan-") as folder:
        job = Job(scenario, Store(str(Path(folder))))
        tried = [_try(job, shard) for shard in _pilots(job.shards)]
        written, write_seconds = _write(job, tried)
    exchanges = _exchanges(job.shards, tried)
    workers = count or (default_count() if exchanges >= WORTHWHILE else 1)
    seen = sum(one.record.tally.exchanges for one in tried)
    per_exchange = [
        sum(one.record.file.bytes for one in tried) / max(seen, 1),
        sum(one.seconds for one in tried) / max(seen, 1),
        written / max(seen, 1),
        write_seconds / max(seen, 1),
    ]
    spilled, simulating, disk, writing = (exchanges * n for n in per_exchange)
    seconds = _elapsed(simulating + writing, _longest(job.shards, tried), workers)
    return RunPlan(
        shards=len(job.shards),
        parts=max(1, round(exchanges / scenario.tables.part_rows)),
        exchanges=round(exchanges),
        disk_bytes=round(disk),
        peak_disk_bytes=round(disk + spilled),
        memory_bytes=peak_bytes(),
        seconds=seconds,
        workers=workers,
        tried=tuple(one.shard.number for one in tried),
    )


def _pilots(shards: list[Shard]) -> list[Shard]:
    """One shard in the middle of each of the actors with most exchanges."""
    by_actor: dict[int, list[Shard]] = {}
    for shard in shards:
        by_actor.setdefault(shard.actor, []).append(shard)
    largest = sorted(by_actor.values(), key=lambda own: -sum(s.expected for s in own))
    middle = [own[len(own) // 2] for own in largest[:_MOST_ACTORS]]
    return [s for s in middle if s.expected <= _LARGEST_SHARD] or middle[:1]


def _try(job: Job, shard: Shard) -> _Tried:
    begun = time.perf_counter()
    record = simulate_shard(job, shard.number)
    return _Tried(shard, record, time.perf_counter() - begun)


def _write(job: Job, tried: list[_Tried]) -> tuple[int, float]:
    """Write what was simulated as parts; return their bytes and the seconds it took."""
    index = Index([one.record.file for one in tried], job.grid.cells)
    begun, written = time.perf_counter(), 0
    for number, windows in enumerate(part_windows(job, index)):
        record = write_part(job, plan_of(index, number, windows))
        written += sum(file.bytes for file in record.files)
    return written, time.perf_counter() - begun


def _exchanges(shards: list[Shard], tried: list[_Tried]) -> float:
    """Expected exchanges of all shards, corrected by what those of the same actor turned out."""
    turned_out = {one.shard.actor: _ratio(one) for one in tried}
    usual = fmean(turned_out.values()) if turned_out else 1.0
    return sum(shard.expected * turned_out.get(shard.actor, usual) for shard in shards)


def _ratio(one: _Tried) -> float:
    return one.record.tally.exchanges / one.shard.expected if one.shard.expected else 1.0


def _longest(shards: list[Shard], tried: list[_Tried]) -> float:
    """Seconds that the largest shard takes, which nobody can help with."""
    speed = sum(one.seconds for one in tried) / max(sum(one.shard.expected for one in tried), 1)
    return max(shard.expected for shard in shards) * speed


def _elapsed(total_s: float, longest_s: float, workers: int) -> float:
    if workers == 1:
        return total_s
    return max(total_s / workers / _SHARED_SPEED, longest_s) + _START_S
