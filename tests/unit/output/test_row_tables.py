"""Every column of a table of rows has one origin: a field that it shows, or a function."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.output.exchange_log import Renderer
from sim.output.exchange_truth import EXCHANGE_TRUTH
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import ASKED_OF_TASK, RowContext, RowTable
from sim.output.task_truth import TASK_TRUTH
from sim.population.population import build_population
from sim.scaffold.exchange_records import EXCHANGE_ROW, ORIGIN_RECORD
from sim.scaffold.fill import POSITION_BITS
from sim.scaffold.task_rows import TASK_RECORD
from sim.streams import opaque_ids
from sim.tables.column import Column, TableSchema
from sim.tables.exchange_schema import PROMPT_VECTOR
from tests.support.statistics import loaded

TABLES = {
    "log/exchanges": (EXCHANGE_LOG, {*(EXCHANGE_ROW.names or ()), "id", "actor"}),
    "truth/exchanges": (EXCHANGE_TRUTH, {*(EXCHANGE_ROW.names or ()), "id", "actor"}),
    "truth/tasks": (TASK_TRUTH, set(TASK_RECORD.names or ())),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_column_shows_a_field_that_is_there_or_has_a_maker(name: str) -> None:
    table, fields = TABLES[name]
    there = {
        "row": fields,
        "task": fields,
        "account": set(Accounts.__dataclass_fields__),
        "client": set(pools.Clients.__dataclass_fields__),
    }
    assert Renderer is not None  # whose module registers all makers of the log
    made = set(table.makers) - {PROMPT_VECTOR.name}
    assert made == {column.name for column in table.schema.columns if not column.source}
    for column in table.schema.columns:
        if column.source:
            owner, field = column.source.split(".")
            assert field in there[owner], column.name


@pytest.fixture(scope="module")
def context() -> RowContext:
    return RowContext(build_population(loaded("L01", accounts=3)))


def test_columns_come_from_row_account_client_and_function(context: RowContext) -> None:
    schema = TableSchema(
        [
            Column("seen", "int16", "", source="row.number"),
            Column("account_id", "id", "", source="account.account_id"),
            Column("os", "word", "", source="client.os"),
            Column("doubled", "int64", ""),
        ]
    )
    table = RowTable(schema)

    @table.column
    def doubled(_: RowContext, rows: dict[str, np.ndarray]) -> np.ndarray:
        return rows["number"] * 2

    rows = {"number": np.array([5, 7]), "account": np.array([2, 0], np.int32)}
    rendered = table.render(context, rows)
    accounts, clients = context.population.accounts, context.population.clients
    assert rendered.column("seen").to_pylist() == [5, 7]
    assert rendered.column("seen").type == pa.int16()
    assert rendered.column("account_id").to_pylist() == accounts.account_id[[2, 0]].tolist()
    assert rendered.column("os").to_pylist() == [clients.os[k] for k in accounts.client[[2, 0]]]
    assert rendered.column("doubled").to_pylist() == [10, 14]
    only = table.render(context, rows, TableSchema(schema.columns[:1]))
    assert only.column_names == ["seen"]


def test_what_windows_share_is_computed_once(context: RowContext) -> None:
    calls = []

    def compute(population: object) -> int:
        calls.append(population)
        return 3

    assert [context.once(compute), context.once(compute)] == [3, 3]
    assert calls == [context.population]
    assert context.actor_key("task") is context.actor_key("task")
    assert (context.actor_key("task") != context.actor_key("exchange")).all()


def test_times_of_rows_count_from_the_opening(context: RowContext) -> None:
    start = context.population.scenario.clock.start
    assert context.times(np.array([0])).to_pylist() == [start]
    assert context.opening_us == start.timestamp() * 1e6


@pytest.mark.parametrize("name", ["log/exchanges", "truth/exchanges"])
def test_columns_are_the_same_whether_tasks_stand_beside_exchanges_or_in_them(
    context: RowContext, name: str
) -> None:
    """So a column that is made once for each task does not ask for what differs within one."""
    rng, exchanges, tasks = np.random.default_rng(3), 500, 60
    origin = rng.integers(0, tasks, exchanges)
    of_tasks = {
        field: rng.integers(0, 3, tasks).astype(EXCHANGE_ROW[field])
        for field in ORIGIN_RECORD.names or ()
        if field in (EXCHANGE_ROW.names or ())
    }
    of_tasks |= {"actor": np.zeros(tasks, np.int64), "serial": np.arange(tasks) << POSITION_BITS}
    rows = {
        field: rng.integers(0, 3, exchanges).astype(EXCHANGE_ROW[field])
        for field in EXCHANGE_ROW.names or ()
        if field not in of_tasks
    }
    rows["serial"] = of_tasks["serial"][origin] + rng.integers(0, 5, exchanges)
    rows |= {"id": opaque_ids(1, np.arange(exchanges)), "origin": origin}
    rows["status"][:] = 200

    table, _ = TABLES[name]
    joined = {field: values[origin] for field, values in of_tasks.items()} | rows
    asked = {field: joined[field] for field in (*rows, *ASKED_OF_TASK)}
    flat = table.render(context, joined)
    assert table.render(context, asked, origins=of_tasks).equals(flat)
    shared = {column.name for column in table.schema.columns if table.is_of_task(column)}
    assert shared
    assert shared < set(table.schema)
