"""Put the rows of all shards in order of time, and write them part by part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from sim.arrays.columns import Columns, length, time_order
from sim.engine.exchange_order import OrderedExchanges, in_order
from sim.engine.run_context import RunContext, peak_bytes
from sim.engine.spill import EXCHANGES
from sim.engine.spill_index import (
    ExchangeSpans,
    Index,
    ReadAhead,
    Spans,
    read_exchanges,
    read_records,
)
from sim.engine.time_grid import Window, parts_of
from sim.tables.formats import FileRecord, writing_table
from sim.tables.schema import IN_PARTS, arrow_schema, exchange_columns, truth_columns
from sim.tables.store import Store
from sim.tables.truth_schema import TRUTH_TASKS

PARTS = ".unfinished/parts"
# Of a remote place; some 80 MB.
_WINDOWS_AT_ONCE = 4
LOG, TRUTH, TRUTH_OF_TASKS = PIECES = IN_PARTS


class WindowPlan(NamedTuple):
    """Where the rows of a window lie, over the spill files of all shards."""

    exchanges: ExchangeSpans
    tasks: Spans


class PartPlan(NamedTuple):
    """What is needed to write a part of every table that is written in parts.

    Attributes
    ----------
    number
        Which part it is, from 0.
    rows
        How many exchanges it has; its tasks are not counted.
    windows
        Where its rows lie, window by window in order of time.
    """

    number: int
    rows: int
    windows: list[WindowPlan]


@dataclass(frozen=True)
class PartRecord:
    """A part that is written: its files, one for each table, and the memory that it took.

    `peak_bytes` is the most that the process which wrote it ever held.
    """

    number: int
    files: list[FileRecord]
    peak_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> PartRecord:
        """Return the record that `to_dict` described; ValueError for anything else."""
        return TypeAdapter(cls).validate_python(values)

    @property
    def place(self) -> str:
        """Return the path of the record within the run."""
        return record_path(self.number)

    def is_sound(self) -> bool:
        """Whether its files are those of one part, in one format."""
        endings = {file.path.rpartition(".")[2] for file in self.files}
        wanted = {part_path(stem, self.number, e) for stem in PIECES for e in endings}
        paths = [file.path for file in self.files]
        return len(endings) == 1 and sorted(paths) == sorted(wanted)

    def fits(self, rows: int, fmt: str) -> bool:
        """Whether it is the part that is wanted: so many exchanges, in that format."""
        found = {file.path: file.rows for file in self.files}
        pieces = (part_path(stem, self.number, fmt) for stem in (LOG, TRUTH))
        return all(found.get(path) == rows for path in pieces)


def record_path(number: int) -> str:
    """Return where the record of a part lies."""
    return f"{PARTS}/{number:06d}.json"


def part_path(stem: str, number: int, fmt: str) -> str:
    """Return where a part of a table lies."""
    return f"{stem}/part-{number:05d}.{fmt}"


def part_windows(context: RunContext, index: Index) -> list[list[Window]]:
    """Return the windows of each part; they depend on the rows alone, not on who made them."""
    part_rows = context.scenario.tables.part_rows
    return parts_of(index.counts(EXCHANGES), context.window_rows, part_rows)


def rows_of_parts(index: Index, parts: list[list[Window]]) -> list[int]:
    """Return how many exchanges each part has, by the windows of each."""
    before = np.concatenate([[0], np.cumsum(index.counts(EXCHANGES))])
    return [int(sum(before[last] - before[first] for first, last in part)) for part in parts]


def plan_of(index: Index, number: int, windows: list[Window]) -> PartPlan:
    """Return what is needed to write part `number`, in a form that travels to a worker."""
    plans = [WindowPlan(index.exchanges(*window), index.tasks(*window)) for window in windows]
    rows = sum(int(plan.exchanges.records.rows.sum()) for plan in plans)
    return PartPlan(number, rows, plans)


def write_part(context: RunContext, plan: PartPlan) -> PartRecord:
    """Write one part of the log and of its truth; its record is written last.

    Whoever finds the record finds the files whole. At any time one window is in memory; on a remote
    place so many as are read together.

    Parameters
    ----------
    context
        The run; its renderer makes tables of rows.
    plan
        Where the rows of the part lie.

    Returns
    -------
    PartRecord
        What was written, as it stands on disk too.

    Raises
    ------
    SimError
        If a spill file ends too early, or the place fails.
    """
    fmt = context.scenario.tables.format
    with ExitStack() as stack:
        files = {
            stem: stack.enter_context(
                writing_table(context.out, part_path(stem, plan.number, fmt), schema, fmt)
            )
            for stem, schema in _schemas(context).items()
        }

        for window, source in _sources(context.out, plan.windows):
            rows, origins = exchanges_in(context, window, source)
            if length(rows):
                files[LOG].append(context.renderer.log(rows, origins))
                files[TRUTH].append(context.renderer.truth(rows, origins))
            tasks = tasks_in(context, window, source)
            if length(tasks):
                files[TRUTH_OF_TASKS].append(context.renderer.tasks(tasks))

    record = PartRecord(plan.number, [file.record for file in files.values()], peak_bytes())
    context.out.write_json(record_path(plan.number), record.to_dict())
    return record


def _sources(
    out: Store, windows: list[WindowPlan]
) -> Iterator[tuple[WindowPlan, Store | ReadAhead]]:
    """Yield each window with what its rows are read from: of a remote place several together."""
    if out.is_local:
        yield from ((window, out) for window in windows)
        return
    for first in range(0, len(windows), _WINDOWS_AT_ONCE):
        together = windows[first : first + _WINDOWS_AT_ONCE]
        spans = [
            spans
            for window in together
            for spans in (window.exchanges.records, window.exchanges.origins, window.tasks)
        ]
        source = ReadAhead(out, spans)
        yield from ((window, source) for window in together)


def _schemas(context: RunContext) -> dict[str, Any]:
    """Return the Arrow schema of each table that is written in parts."""
    tables = context.scenario.tables
    columns = {
        LOG: exchange_columns(tables.columns, vectors=tables.vectors),
        TRUTH: truth_columns(tables.columns),
        TRUTH_OF_TASKS: TRUTH_TASKS,
    }
    return {stem: arrow_schema(schema) for stem, schema in columns.items()}


def exchanges_in(
    context: RunContext, window: WindowPlan, source: Store | ReadAhead | None = None
) -> OrderedExchanges:
    """Read the exchanges of a window, in order of time.

    Parameters
    ----------
    context
        The run that they belong to.
    window
        Where they lie.
    source
        What they are read from; the place of the run if left out.
    """
    exchanges = read_exchanges(source or context.out, window.exchanges)
    return in_order(
        exchanges, context.population.actor_key("exchange"), context.population.actor_of_account
    )


def tasks_in(
    context: RunContext, window: WindowPlan, source: Store | ReadAhead | None = None
) -> Columns:
    """Read the tasks begun in a window, in order of time, then of account and number.

    They get no `actor` or `id`: their table looks these up. Parameters as of `exchanges_in`.
    """
    tasks = read_records(source or context.out, window.tasks)
    order = time_order(np.ascontiguousarray(tasks["start"]), tasks["account"], tasks["serial"])
    # `take` is some thirty times as fast as an index
    tasks = tasks.take(order)
    return {name: np.ascontiguousarray(tasks[name]) for name in tasks.dtype.names or ()}
