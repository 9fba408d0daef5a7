"""A run as its users read it: pandas, pyarrow datasets and SQL, with truth when it is asked for."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import sim
from sim.tables.exchange_schema import EXCHANGES
from sim.tables.schema import TABLES, arrow_schema, exchange_columns, truth_columns
from sim.tables.truth_schema import TRUTH_EXCHANGES
from tests.support.commands import TINY
from tests.support.damage import put_table

Runs = dict[str, sim.Run]
FORMATS = ("parquet", "csv", "jsonl")
OF_A16 = """
    SELECT typology_id, count(*) AS n, sum(output_tokens) AS tokens
    FROM exchanges JOIN truth_exchanges USING (exchange_id)
    WHERE typology_id = 'A16' AND error_type IS NULL GROUP BY ALL
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The same run in every format, its log in two parts."""
    folder = tmp_path_factory.mktemp("reading")
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    made = {}
    for fmt in FORMATS:
        changes = [f"tables.format={fmt}", "tables.part_rows=400"]
        scenario = sim.load_scenario(folder / "tiny.yaml", overrides=changes)
        made[fmt] = sim.run(scenario, folder / fmt)
    return made


@pytest.fixture
def unlabelled(runs: Runs, tmp_path: Path) -> sim.Run:
    """A run whose truth was taken away."""
    copy = tmp_path / "unlabelled"
    shutil.copytree(runs["parquet"].store.folder, copy)
    shutil.rmtree(copy / "truth")
    return sim.open_run(copy)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Words as text, because the order of categories is that of the files."""
    words = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(words, "str"))


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(sim.InvalidInputError) as caught:
        ask()
    return str(caught.value)


# what there is


def test_a_run_sums_up_what_it_holds(runs: Runs) -> None:
    run = runs["parquet"]
    summary = run.summary
    assert summary["exchanges"] == len(run.exchanges())
    assert summary["bytes"] == sum(
        path.stat().st_size for path in run.store.folder.rglob("*.parquet")
    )
    assert (summary["seed"], summary["format"]) == (7, "parquet")
    assert summary["files"] == len(run.records)
    assert [actor["actor"] for actor in summary["actors"]] == [a.id for a in run.scenario.actors]


def test_a_run_shows_its_actors_in_a_notebook(runs: Runs) -> None:
    run = runs["parquet"]
    html = run._repr_html_()
    assert html.startswith(f"<p>&lt;Run {run.store}")
    for actor in run.manifest["actors"]:
        cells = f"<td>{actor['requested']:,}</td><td>{actor['achieved']:,}</td>"
        assert f"<tr><td>{actor['actor']}</td>" in html
        assert cells in html


@pytest.mark.parametrize("fmt", FORMATS)
def test_exchanges_can_be_asked_for_by_a_condition(runs: Runs, fmt: str) -> None:
    """The condition may name columns, of the truth too, that are not shown."""
    everything = runs[fmt].exchanges(truth=True)
    where = (pc.field("http_status") == 200) & (pc.field("typology_id") == "A16")
    some = runs[fmt].exchanges(["output_tokens", "exchange_id"], where, truth=True)
    wanted = everything[(everything.http_status == 200) & (everything.typology_id == "A16")]
    assert 0 < len(wanted) < len(everything)
    assert some.exchange_id.tolist() == wanted.exchange_id.tolist()
    assert list(some) == ["output_tokens", "exchange_id"]


def test_a_run_says_what_it_is(runs: Runs) -> None:
    run = runs["parquet"]
    assert repr(run) == f"<Run {run.store}: {len(run.pandas()):,} exchanges in parquet, seed 7>"
    assert run.names == tuple(TABLES)
    assert abs(len(run.files("log/exchanges")) - len(run.pandas()) / 400) < 1


def test_columns_are_those_of_the_profile(runs: Runs, tmp_path: Path) -> None:
    assert list(runs["csv"].columns("log/exchanges")) == list(EXCHANGES)
    scenario = sim.load_scenario("worked_example", overrides=["tables.columns=core"])
    core = sim.run(scenario, tmp_path / "core")
    assert tuple(core.columns("log/exchanges")) == tuple(exchange_columns("core"))
    assert core.dataset().schema.names == list(core.pandas()) == list(exchange_columns("core"))
    assert core.sql("FROM exchanges").columns == list(exchange_columns("core"))
    assert tuple(core.columns("truth/exchanges")) == tuple(TRUTH_EXCHANGES)
    core.expect_core_columns()


def test_a_lean_run_has_few_columns_of_the_log_and_of_its_truth(tmp_path: Path) -> None:
    scenario = sim.load_scenario("worked_example", overrides=["tables.columns=lean"])
    lean = sim.run(scenario, tmp_path / "lean")
    log, truth = exchange_columns("lean"), truth_columns("lean")
    assert len(log) < len(exchange_columns("core")) < len(EXCHANGES)
    assert len(truth) < len(TRUTH_EXCHANGES)
    assert lean.dataset().schema.names == list(lean.pandas()) == list(log)
    assert lean.dataset("truth/exchanges").schema.names == list(truth)
    assert list(lean.pandas(truth=True)) == list(dict.fromkeys([*log, *truth]))
    with pytest.raises(sim.InvalidInputError, match="lean has too few columns for this; run the"):
        lean.expect_core_columns()
    for refused in (sim.check_run, sim.audit):
        with pytest.raises(sim.InvalidInputError, match="--columns core or full"):
            refused(lean)


# pandas


def test_pandas_holds_all_parts_in_order(runs: Runs) -> None:
    log = runs["parquet"].pandas()
    assert list(log) == list(EXCHANGES)
    assert log.ts_start.is_monotonic_increasing
    assert str(log.ts_start.dtype) == "datetime64[us, UTC]"
    assert str(log.exchange_id.dtype) == "int64"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("fmt", FORMATS[1:])
def test_text_gives_the_same_frames(runs: Runs, fmt: str, table: str) -> None:
    truth = table in ("log/exchanges", "log/accounts")
    expected = runs["parquet"].pandas(table, truth=truth)
    assert_frame_equal(plain(runs[fmt].pandas(table, truth=truth)), plain(expected))


def test_columns_come_in_the_order_asked_for(runs: Runs) -> None:
    log = runs["jsonl"].pandas(columns=["output_tokens", "exchange_id"])
    assert list(log) == ["output_tokens", "exchange_id"]


def test_truth_stands_beside_the_rows_that_it_is_about(runs: Runs) -> None:
    run = runs["parquet"]
    log, truth = run.pandas(), run.pandas("truth/exchanges")
    joined = log.merge(truth, on="exchange_id", validate="one_to_one")
    assert_frame_equal(plain(run.pandas(truth=True)), plain(joined))
    some = run.pandas(columns=["typology_id", "cost_usd"], truth=True)
    assert_frame_equal(plain(some), plain(joined[["typology_id", "cost_usd"]]))


def test_accounts_have_their_truth(runs: Runs) -> None:
    run = runs["parquet"]
    joined = run.pandas("log/accounts").merge(run.pandas("truth/accounts"), on="account_id")
    assert_frame_equal(plain(run.pandas("log/accounts", truth=True)), plain(joined))


def test_labels_come_only_when_asked_for(runs: Runs) -> None:
    run = runs["parquet"]
    assert not set(run.pandas()) & (set(TRUTH_EXCHANGES) - {"exchange_id"})
    said = refusal(lambda: run.pandas(columns=["typology_id"]))
    assert said == f"{run.store}: typology_id is truth; give truth=True"
    said = refusal(lambda: run.sql("SELECT * FROM truth_tasks"))
    assert said == f"{run.store}: truth_tasks: truth comes with truth=True"


# pyarrow datasets


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("fmt", FORMATS)
def test_datasets_have_the_types_of_the_schema(runs: Runs, fmt: str, table: str) -> None:
    dataset = runs[fmt].dataset(table)
    assert dataset.schema.equals(arrow_schema(TABLES[table]))
    assert dataset.count_rows() == len(runs["parquet"].pandas(table))


def test_a_dataset_of_parquet_reads_what_a_scan_needs(runs: Runs) -> None:
    run = runs["parquet"]
    dataset = run.dataset()
    assert dataset.files == [str(run.store.folder / path) for path in run.files("log/exchanges")]
    haiku = dataset.to_table(
        columns=["cost_usd"], filter=pc.field("model_served") == "claude-haiku-4.5"
    )
    served = run.pandas(columns=["model_served"]).model_served
    assert (haiku.num_rows, haiku.column_names) == (sum(served == "claude-haiku-4.5"), ["cost_usd"])


# SQL


@pytest.mark.parametrize("fmt", FORMATS)
def test_sql_joins_log_and_truth(runs: Runs, fmt: str) -> None:
    row = runs[fmt].sql(OF_A16, truth=True).fetchall()
    log = runs["parquet"].pandas(truth=True)
    log = log[(log.typology_id == "A16") & log.error_type.isna()]
    assert row == [("A16", len(log), log.output_tokens.sum())]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_queried(runs: Runs, table: str) -> None:
    view = table.removeprefix("log/").replace("/", "_")
    rows = runs["parquet"].sql(f"SELECT count(*) FROM {view}", truth=True).fetchall()
    assert rows == [(len(runs["parquet"].pandas(table)),)]


def test_a_relation_outlives_its_run_and_knows_utc(runs: Runs) -> None:
    first = sim.open_run(runs["parquet"]).sql("SELECT min(ts_start) FROM exchanges")
    ((time,),) = first.fetchall()
    assert (time.utcoffset().total_seconds(), time) == (0, runs["parquet"].pandas().ts_start[0])


# refusals


def test_unknown_names_are_refused(runs: Runs) -> None:
    run, tables = runs["parquet"], ", ".join(TABLES)
    for ask in (run.pandas, run.dataset, run.columns):
        said = refusal(lambda ask=ask: ask("log/exchange"))  # type: ignore[misc]
        assert said == f"{run.store}: there is no table log/exchange; there are {tables}"
    assert refusal(lambda: run.pandas(columns=["model_servd"])) == (
        f"{run.store}: log/exchanges has no column model_servd; it has model_served, "
        "model_requested"
    )
    assert refusal(lambda: run.pandas("log/orgs", ["zzz"])) == (
        f"{run.store}: log/orgs has no column zzz; it has org_id, created_at, declared_country, "
        "kyc_level"
    )
    assert refusal(lambda: run.pandas("log/orgs", truth=True)) == (
        f"{run.store}: log/orgs has no truth of its rows; log/exchanges and log/accounts have"
    )


def test_a_wrong_query_is_refused(runs: Runs) -> None:
    run = runs["parquet"]
    for query in ("SELEC 1", "SELECT nothing FROM exchanges", "SELECT * FROM run"):
        said = refusal(lambda query=query: run.sql(query))  # type: ignore[misc]
        assert said.startswith(f"{run.store}: DuckDB: ")


def test_truth_that_was_taken_away_is_missed_by_name(unlabelled: sim.Run) -> None:
    where = str(unlabelled.store)
    assert unlabelled.names == tuple(name for name in TABLES if name.startswith("log/"))
    gone = f"{where}: its truth was taken away: truth/exchanges is not there"
    assert refusal(lambda: unlabelled.pandas(truth=True)) == gone
    assert refusal(lambda: unlabelled.dataset("truth/exchanges")) == gone
    said = refusal(lambda: unlabelled.sql("FROM exchanges", truth=True))
    assert said == f"{where}: its truth was taken away; ask without truth"
    assert len(unlabelled.pandas()) == unlabelled.sql("FROM exchanges").df().shape[0]


def test_a_missing_part_is_named(unlabelled: sim.Run) -> None:
    part = unlabelled.store.folder / unlabelled.files("log/exchanges")[1]
    part.unlink()
    said = f"{part}: is missing; `sim verify` lists what is damaged"
    assert refusal(unlabelled.dataset) == refusal(unlabelled.pandas) == said


def test_truth_of_another_log_is_refused(runs: Runs, tmp_path: Path) -> None:
    copy = tmp_path / "mixed"
    shutil.copytree(runs["parquet"].store.folder, copy)
    path = "truth/exchanges/part-00001.parquet"
    part = pq.read_table(copy / path, partitioning=None)
    put_table(copy, path, part.take(list(range(len(part)))[::-1]))
    said = refusal(lambda: sim.open_run(copy).pandas(truth=True))
    assert said == f"{copy}: truth/exchanges belongs to another log"


def test_sql_without_duckdb_says_what_to_install(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    said = refusal(lambda: runs["parquet"].sql("FROM exchanges"))
    assert said == "sql needs duckdb; `pip install 'llm-traffic-sim[sql]'` brings it"


def test_what_is_no_run_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    assert refusal(lambda: sim.open_run(tmp_path / "file")) == (
        f"{tmp_path / 'file'}: is a file; give the folder of a run"
    )
    assert refusal(lambda: sim.open_run(tmp_path)) == (
        f"{tmp_path}: holds no run: manifest.json is missing"
    )
