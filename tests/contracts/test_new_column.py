"""A column of the log is one record: whoever adds one finds it in the files, types and docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.arrays.columns import Columns
from sim.engine.run import run
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import RowContext
from sim.scenario import load_scenario
from sim.streams import Ids, opaque_ids
from sim.tables.column import Column, TableSchema
from sim.tables.exchange_schema import EXCHANGES
from sim.tables.reading import open_run
from sim.tables.schema import TABLES, arrow_schema, column_named
from tools import generate_docs

SHOWN = Column(
    "attempt_number", "int32", "Which attempt of its call it is, from 0 on.", source="row.number"
)
MADE = Column("call_id", "id", "The call that it is an attempt at.", prefix="call_")


def call_id(context: RowContext, rows: Columns) -> Ids:
    """Return the identifier of the first attempt."""
    return opaque_ids(context.actor_key("exchange")[rows["actor"]], rows["serial"])


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two more columns: one that shows a field of the row, one that a function makes."""
    for name, value in vars(TableSchema([*EXCHANGES.columns, SHOWN, MADE])).items():
        monkeypatch.setattr(EXCHANGES, name, value)
    monkeypatch.setitem(EXCHANGE_LOG.makers, "call_id", call_id)
    column_named.cache_clear()
    yield
    column_named.cache_clear()


@pytest.mark.usefixtures("added")
def test_a_new_column_is_in_the_file_and_in_what_reads_it(tmp_path: Path) -> None:
    run(load_scenario("worked_example"), tmp_path / "run")
    [path] = (tmp_path / "run/log/exchanges").glob("*.parquet")
    schema = pq.read_schema(path)
    assert schema.names[-2:] == ["attempt_number", "call_id"]
    assert schema.field("attempt_number").type == pa.int32()
    assert not schema.field("call_id").nullable

    opened = open_run(tmp_path / "run")
    assert opened.columns("log/exchanges")["call_id"] == "id"
    log = opened.exchanges(["exchange_id", "attempt_number", "call_id"])
    first = log[log.attempt_number == 0]
    assert (first.exchange_id == first.call_id).all()
    assert len(first) == len(np.unique(log.call_id))


@pytest.mark.usefixtures("added")
def test_a_new_column_is_written_and_read_as_text(tmp_path: Path) -> None:
    scenario = load_scenario("worked_example", overrides=["tables.format=csv"])
    run(scenario, tmp_path / "run")
    [path] = (tmp_path / "run/log/exchanges").glob("*.csv")
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert head.endswith('"attempt_number","call_id"')
    assert all(',"call_' in line or ",call_" in line for line in lines)
    assert open_run(tmp_path / "run").exchanges(["call_id"]).call_id.dtype == np.int64


@pytest.mark.usefixtures("added")
def test_a_new_column_is_in_the_types_and_in_the_docs() -> None:
    assert TABLES["log/exchanges"]["attempt_number"] == "int32"
    assert arrow_schema(EXCHANGES).field("attempt_number").type == pa.int32()
    shown = generate_docs.columns_of("log/exchanges")()
    assert "| `attempt_number` | int32 |  |  | Which attempt of its call it is" in shown
    assert "| `call_id` | id |" in shown
