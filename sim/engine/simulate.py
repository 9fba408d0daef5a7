"""Simulate one shard: its rows into a spill file, and what it achieved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from sim.actors.workload import Block
from sim.engine.run_context import RunContext, peak_bytes
from sim.engine.shards import workload
from sim.engine.spill import EXCHANGES, ORIGINS, RECORDS, TASKS, SpillFile, SpillWriter
from sim.engine.time_grid import TimeGrid
from sim.output.account_usage import USAGE, Usage, UsageOfAccounts, added
from sim.output.achieved import ShardTally
from sim.output.log_content import clusters_of
from sim.scaffold.exchange_records import Exchanges
from sim.tables.hashing_file import Crc32
from sim.tables.store import Store

SHARDS = ".unfinished/shards"

# Usage is added up when so many rows are there: blocks may be small.
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class UsagePlace:
    """Where the usage of accounts lies in its file: `rows` of them from byte `offset` on."""

    offset: int
    rows: int


@dataclass(frozen=True)
class ShardRecord:
    """A shard that was simulated: what it achieved, and the file that holds its rows.

    Attributes
    ----------
    number
        Which shard it is.
    tally
        What it did, in the log.
    file
        Its spill file: chunks of rows, then the usage of its accounts.
    peak_bytes
        The most memory that the process which simulated it ever held.
    usage
        Where the usage of its accounts lies in the file.
    """

    number: int
    tally: ShardTally
    file: SpillFile
    peak_bytes: int
    usage: UsagePlace

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> ShardRecord:
        """Return the record that `to_dict` described; ValueError for anything else."""
        return TypeAdapter(cls).validate_python(values)

    @property
    def place(self) -> str:
        """Return the path of the record within the run."""
        return record_path(self.number)

    def is_sound(self) -> bool:
        """Whether its numbers agree: chunks fill the file up to the usage, which ends it."""
        # chunks lie end to end from the beginning on
        at, before, rows = 0, "", dict.fromkeys(RECORDS, 0)
        for chunk in self.file.chunks:
            has_counts = min(chunk.counts, default=-1) >= 0
            if chunk.table not in RECORDS or chunk.offset != at or not has_counts:
                return False
            # exchanges have their origins before them, and nothing else has
            if (before == ORIGINS) != (chunk.table == EXCHANGES):
                return False
            rows[chunk.table] += sum(chunk.counts)
            at, before = at + chunk.bytes, chunk.table

        # the usage of accounts follows, and the tally says how many rows there are
        end = self.usage.offset + self.usage.rows * USAGE.itemsize
        return (
            self.file.path == rows_path(self.number)
            and (self.usage.offset, end) == (at, self.file.bytes)
            and min(astuple(self.tally)) >= 0 <= self.usage.rows
            and (rows[EXCHANGES], rows[TASKS]) == (self.tally.exchanges, self.tally.tasks)
            and before != ORIGINS
        )

    def fits(self, grid: TimeGrid) -> bool:
        """Whether its rows lie in the cells of a grid."""
        ends = [chunk.first + len(chunk.counts) for chunk in self.file.chunks]
        first = min((chunk.first for chunk in self.file.chunks), default=0)
        return first >= 0 and max(ends, default=0) <= grid.cells

    def is_whole(self, out: Store) -> bool:
        """Whether its file is there with the bytes that were written."""
        file = self.file
        return (
            out.is_file(file.path)
            and out.size(file.path) == file.bytes
            and out.crc32(file.path) == file.crc32
        )


def record_path(number: int) -> str:
    """Return where the record of a shard lies."""
    return f"{SHARDS}/{number:06d}.json"


def rows_path(number: int) -> str:
    """Return where the spill file of a shard lies."""
    return f"{SHARDS}/{number:06d}.rows"


def simulate_shard(context: RunContext, number: int, most: float = math.inf) -> ShardRecord:
    """Simulate shard `number` into its spill file; its record is written last.

    Parameters
    ----------
    context
        The run that the shard belongs to.
    number
        Which shard it is.
    most
        After so many exchanges the rest is left out, to find out what a run would take.

    Returns
    -------
    ShardRecord
        What was set aside, as it stands on disk too.
    """
    work = workload(context.population, context.shards[number], context.engine)
    record = _write_spill(context, number, most, work.blocks())
    context.out.write_json(record_path(number), record.to_dict())
    return record


def _write_spill(
    context: RunContext, number: int, most: float, blocks: Iterator[Block]
) -> ShardRecord:
    """Write blocks to the spill file of a shard, and the usage of accounts behind them."""
    path = rows_path(number)
    population, tally = context.population, ShardTally()
    waiting, rows_waiting = list[Exchanges](), 0
    usages = UsageOfAccounts(population.models.prices, len(population.actor_of_account))
    with context.out.writing(path, Crc32()) as file:
        spill = SpillWriter(file, context.grid)
        for block in blocks:
            spill.add_exchanges(block.rows)
            spill.add_tasks(block.tasks)
            tally = tally.with_block(block)

            waiting.append(block.rows)
            rows_waiting += len(block.rows)
            if rows_waiting >= _ROWS_AT_ONCE:
                _add_usage(usages, context, waiting)
                waiting, rows_waiting = [], 0
            if tally.exchanges >= most:
                break

        spill.close()
        _add_usage(usages, context, waiting)
        usage = usages.in_order()
        place = UsagePlace(file.bytes, len(usage))
        file.write(usage.view(np.uint8))

    rows = SpillFile(path, file.bytes, file.digest, spill.chunks)
    return ShardRecord(number, tally.with_usage(usage), rows, peak_bytes(), place)


def _add_usage(usages: UsageOfAccounts, context: RunContext, blocks: list[Exchanges]) -> None:
    """Add what accounts did in some blocks."""
    origins = np.concatenate([Exchanges.none().origins, *(block.origins for block in blocks)])
    contents = {name: origins[name] for name in ("content", "template")}
    own_cluster = context.main_clusters[origins["account"]]
    in_cluster = clusters_of(context.population, contents) == own_cluster

    begin = 0
    for block in blocks:
        end = begin + len(block.origins)
        usages.add(block, in_cluster[begin:end])
        begin = end


def usage_in(out: Store, records: Iterable[ShardRecord]) -> Usage:
    """Read what the accounts of shards did, in order of account.

    Parameters
    ----------
    out
        Where the spill files lie.
    records
        The shards. If an account sent in several of them, its usage is added up.

    Returns
    -------
    Usage
        One row for each account that sent anything.
    """
    parts = []
    for record in records:
        part = np.empty(record.usage.rows, USAGE)
        raw = memoryview(part.view(np.uint8))  # type: ignore[arg-type]
        out.read_into([(record.file.path, record.usage.offset, raw)])
        parts.append(part)
    return added(parts)
