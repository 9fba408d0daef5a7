"""Simulate one shard: its rows into a spill file, and what it achieved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from sim.actors.workload import Block, HitsLimitError, Workload
from sim.engine.job import Job, peak_bytes
from sim.engine.shards import workload
from sim.engine.spill import EXCHANGES, TASKS, Chunk, SpillFile, SpillWriter
from sim.engine.tally import ShardTally
from sim.engine.usage import USAGE, Usage, added, usage_of
from sim.scaffold.rows import RowMaker, exchange_rows
from sim.tables.store import Store

SHARDS = ".unfinished/shards"

T = TypeVar("T")
# Blocks whose use by accounts is kept before it is added up.
_MOST_USED = 64


@dataclass(frozen=True)
class UsagePlace:
    """Where in its file the use by accounts lies: `rows` of them from byte `offset` on."""

    offset: int
    rows: int


@dataclass(frozen=True)
class ShardRecord:
    """A shard that was simulated: what it achieved, and the file that holds its rows."""

    number: int
    tally: ShardTally
    file: SpillFile
    peak_bytes: int
    usage: UsagePlace

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ShardRecord:
        file = dict(values["file"])
        file["chunks"] = [Chunk(**chunk) for chunk in file["chunks"]]
        tally = ShardTally(**values["tally"])
        usage = UsagePlace(**values["usage"])
        return cls(values["number"], tally, SpillFile(**file), values["peak_bytes"], usage)

    def is_whole(self, out: Store) -> bool:
        """Whether its file is there with the bytes that were written."""
        file = self.file
        return (
            out.is_file(file.path)
            and out.size(file.path) == file.bytes
            and out.sha256(file.path) == file.sha256
        )


def record_path(number: int) -> str:
    return f"{SHARDS}/{number:06d}.json"


def simulate_shard(job: Job, number: int) -> ShardRecord:
    """Simulate shard `number` into its spill file; its record is written last."""
    shard = job.shards[number]
    path = f"{SHARDS}/{number:06d}.rows"

    def attempt(blocks: Iterator[Block]) -> ShardRecord:
        tally = ShardTally.nothing()
        used: list[Usage] = []
        with job.out.writing(path) as file:
            spill = SpillWriter(file, job.grid)
            for block in blocks:
                spill.add(EXCHANGES, block.rows)
                spill.add(TASKS, block.tasks)
                tally = tally.with_block(block)
                used.append(usage_of(block.rows, job.cast.models))
                if len(used) > _MOST_USED:
                    used = [added(used)]
            spill.close()
            usage, place = added(used), file.bytes
            file.write(usage.view(np.uint8))
        tally = tally.with_usage(usage)
        written = SpillFile(path, file.bytes, file.sha256, spill.chunks)
        where = UsagePlace(place, len(usage))
        return ShardRecord(number, tally, written, peak_bytes(), where)

    record = until_right(workload(job.cast, shard), attempt)
    job.out.write_json(record_path(number), record.to_dict())
    return record


def until_right(
    work: Workload, attempt: Callable[[Iterator[Block]], T], make: RowMaker = exchange_rows
) -> T:
    """Make `attempt` of a workload's blocks until what it assumed of limits proves right."""
    while True:
        try:
            return attempt(work.blocks(make))
        except HitsLimitError:
            continue


def usage_in(out: Store, records: Iterable[ShardRecord]) -> Usage:
    """What the accounts of shards did, by account."""
    parts = []
    for record in records:
        part = np.empty(record.usage.rows, USAGE)
        raw = memoryview(part.view(np.uint8))  # type: ignore[arg-type]
        out.read_into([(record.file.path, record.usage.offset, raw)])
        parts.append(part)
    return added(parts)
