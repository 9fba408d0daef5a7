"""Put the exchanges and tasks of all members in order of time, and write them part by part."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from sim.arrays.columns import time_order
from sim.arrays.types import Ints
from sim.engine.merge import part_path
from sim.engine.run_context import peak_bytes
from sim.engine.time_grid import WINDOW_ROWS, TimeGrid, parts_of
from sim.errors import InvalidInputError
from sim.packs.actor_names import numbered
from sim.packs.member_rows import MemberRows
from sim.packs.pack_files import FORMAT, MEMBERS, PARTS
from sim.tables.formats import FileRecord, writing_table
from sim.tables.reading import Run
from sim.tables.schema import IN_PARTS, arrow_schema
from sim.tables.store import Store

LOG, TRUTH, TASKS = IN_PARTS
# The time by which the rows of a table are in order.
_TIMES = {LOG: "ts_start", TASKS: "started_at"}


@dataclass(frozen=True)
class Merge:
    """What is merged into one log; travels to workers.

    Attributes
    ----------
    place
        Path or URL of the pack, whose members are runs below it.
    members
        How many there are.
    opens_us, closes_us
        When the log opens and closes, in microseconds of Unix time.
    part_rows
        How many exchanges a part should have.
    identity
        Of the recipe, so that a process that made another pack in this place takes no notice of it.
    """

    place: str
    members: int
    opens_us: int
    closes_us: int
    part_rows: int
    identity: str

    def runs(self) -> list[Run]:
        """Return the finished runs of all members, in order of number."""
        return _runs(self)


class Stretch(NamedTuple):
    """Rows [first, last) of a member's exchanges or tasks."""

    first: int
    last: int


class Window(NamedTuple):
    """The rows of a window of time: of each member a stretch of exchanges and one of tasks."""

    exchanges: list[Stretch]
    tasks: list[Stretch]


class PartPlan(NamedTuple):
    """What is needed to write a part: its number from 0, its exchanges, and its windows."""

    number: int
    rows: int
    windows: list[Window]


@dataclass(frozen=True)
class PartRecord:
    """A part that is written: its files, one for each table, and the memory that it took."""

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
        """Return the path of the record within the pack."""
        return record_path(self.number)

    def is_sound(self) -> bool:
        """Whether its files are those of this part."""
        wanted = {part_path(stem, self.number, FORMAT) for stem in IN_PARTS}
        return {file.path for file in self.files} == wanted

    def fits(self, plan: PartPlan) -> bool:
        """Whether it has as many exchanges as a plan asks for."""
        rows = {file.path: file.rows for file in self.files}
        return all(rows.get(part_path(s, plan.number, FORMAT)) == plan.rows for s in (LOG, TRUTH))


def record_path(number: int) -> str:
    """Return where the record of a part lies."""
    return f"{PARTS}/{number:06d}.json"


@lru_cache(maxsize=1)
def _runs(merge: Merge) -> list[Run]:
    """Return the runs of the members; their manifests are read once a process."""
    members = Store(merge.place).below(MEMBERS)
    return [Run(members.below(str(number))) for number in range(1, merge.members + 1)]


# --- which rows a part has


def grid_of(merge: Merge) -> TimeGrid:
    """Return the cells of time in which rows are counted."""
    rows = sum(_rows_of(run, LOG) for run in merge.runs())
    return TimeGrid.of(merge.closes_us - merge.opens_us, rows, min(WINDOW_ROWS, merge.part_rows))


def rows_by_cell(merge: Merge, member: int, grid: TimeGrid) -> tuple[int, dict[str, Ints]]:
    """Return how many exchanges and tasks of a member lie in each cell, and its number.

    Only their times are read.

    Parameters
    ----------
    merge, member
        The pack, and which member of it.
    grid
        The cells of time.

    Returns
    -------
    tuple of int and dict
        The member, and by table its rows in each cell, shape (cells,).
    """
    run, counts = merge.runs()[member - 1], {}
    for stem, name in _TIMES.items():
        schema = arrow_schema({name: "time"})
        rows, reader = _rows_of(run, stem), MemberRows(run.store, _files(run, stem), schema)
        total = np.zeros(grid.cells, np.int64)
        for first in range(0, rows, WINDOW_ROWS):
            times = reader.take(min(WINDOW_ROWS, rows - first)).column(name).to_numpy()
            cells = grid.cell(times.astype(np.int64) - merge.opens_us)
            total += np.bincount(cells, minlength=grid.cells)
        counts[stem] = total
    return member, counts


def plans_of(merge: Merge, counts: list[dict[str, Ints]]) -> list[PartPlan]:
    """Return the plan of each part, in order; it depends on the rows alone.

    Parameters
    ----------
    merge
        The pack.
    counts
        Rows by cell of every member, in order of number; as of `rows_by_cell`.
    """
    exchanges = np.sum([count[LOG] for count in counts], axis=0)
    window_rows = min(WINDOW_ROWS, merge.part_rows)
    before = {
        stem: [np.concatenate([[0], np.cumsum(count[stem])]) for count in counts] for stem in _TIMES
    }

    def stretches(stem: str, first: int, last: int) -> list[Stretch]:
        """Return the rows of each member in cells [first, last)."""
        return [Stretch(int(rows[first]), int(rows[last])) for rows in before[stem]]

    plans = []
    for number, windows in enumerate(parts_of(exchanges, window_rows, merge.part_rows)):
        rows = int(exchanges[windows[0].first : windows[-1].last].sum())
        of_windows = [Window(stretches(LOG, *w), stretches(TASKS, *w)) for w in windows]
        plans.append(PartPlan(number, rows, of_windows))
    return plans


def _files(run: Run, stem: str) -> list[FileRecord]:
    records = {record.path: record for record in run.records}
    return [records[path] for path in run.files(stem)]


def _rows_of(run: Run, stem: str) -> int:
    return sum(record.rows for record in _files(run, stem))


# --- writing a part


def write_part(merge: Merge, plan: PartPlan) -> PartRecord:
    """Write one part of the log and of its truth; its record is written last.

    Whoever finds the record finds the files whole. At any time one window is in memory, and a
    batch of each member.

    Parameters
    ----------
    merge
        The pack.
    plan
        Where the rows of the part lie.

    Returns
    -------
    PartRecord
        What was written, as it stands in the place of the pack too.

    Raises
    ------
    InvalidInputError
        If a file of a member is missing or damaged.
    """
    out, columns = Store(merge.place), merge.runs()[0].columns
    schemas = {stem: arrow_schema(columns(stem)) for stem in IN_PARTS}
    readers = {
        stem: [
            MemberRows(run.store, _files(run, stem), schemas[stem], stretch.first)
            for run, stretch in zip(merge.runs(), _beginning(plan, stem), strict=True)
        ]
        for stem in IN_PARTS
    }

    with ExitStack() as stack:
        files = {
            stem: stack.enter_context(
                writing_table(out, part_path(stem, plan.number, FORMAT), schema, FORMAT)
            )
            for stem, schema in schemas.items()
        }
        for window in plan.windows:
            log, truth = (_taken(readers[stem], window.exchanges) for stem in (LOG, TRUTH))
            order = _order_of(log, "ts_start", "exchange_id")
            if not log.column("exchange_id").equals(truth.column("exchange_id")):
                raise InvalidInputError(f"{out}: truth and log of a member are not of one run")
            files[LOG].append(_in_order(log, order))
            files[TRUTH].append(_in_order(truth, order))
            tasks = _taken(readers[TASKS], window.tasks)
            files[TASKS].append(_in_order(tasks, _order_of(tasks, "started_at", "task_uid")))

    record = PartRecord(plan.number, [file.record for file in files.values()], peak_bytes())
    out.write_json(record_path(plan.number), record.to_dict())
    return record


def _beginning(plan: PartPlan, stem: str) -> list[Stretch]:
    """Return the first rows of a part, of each member."""
    return plan.windows[0].tasks if stem == TASKS else plan.windows[0].exchanges


def _taken(readers: list[MemberRows], stretches: list[Stretch]) -> Any:
    """Return the next rows of all members, one member's after the other's."""
    import pyarrow as pa

    tables = [
        numbered(reader.take(stretch.last - stretch.first), member)
        for member, (reader, stretch) in enumerate(zip(readers, stretches, strict=True), 1)
    ]
    return pa.concat_tables(tables)


def _order_of(table: Any, time: str, number: str) -> Ints:
    """Return the order by time and, within one microsecond, by an opaque number."""
    times = table.column(time).to_numpy().astype(np.int64)
    return time_order(times, table.column(number).to_numpy())


def _in_order(table: Any, order: Ints) -> Any:
    """Return the rows of a table in an order, in one piece."""
    return table.unify_dictionaries().combine_chunks().take(order)
