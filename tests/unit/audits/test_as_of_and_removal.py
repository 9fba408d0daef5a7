"""T9 and T11: features and labels that look ahead, and rows that hang on who else there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.audits import audit
from sim.audits.as_of_features import labels_again, late_midnight
from sim.audits.context import Context
from sim.audits.removal import check, without_extraction
from sim.documents.strict_yaml import parse_yaml
from sim.engine.run import run
from sim.features.dials import FeatureDials
from sim.features.make import feature_tables
from sim.features.windows import windows_of
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant

DAYS = """\
version: 1
name: days
seed: 3
separability: 0
volume: 0.04
clock: {start: 2026-01-05, duration: 24 d}
actors:
  - {id: wombats, typology: L01, accounts: 30}
  - {id: dunnarts, typology: A15, accounts: 1, copies: 6}
  - {id: quokkas, typology: A16, accounts: 12, target_exchanges: 400}
"""
AGAIN = "features made again without what came later, values that differ"
LABELS = "labels made again without what came later, rows that differ"


@pytest.fixture(scope="module")
def days() -> Scenario:
    return scenario_of(parse_yaml(DAYS, "days.yaml"))


@pytest.fixture(scope="module")
def pack(days: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the features of a pack beside it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = tmp_path_factory.mktemp("days") / "run"
    run(days, out)
    tables = RunTables(out)
    day_us = 86_400_000_000
    windows = windows_of(
        tables.opens_us, tables.closes_us, cut_off_us=tables.opens_us + 4 * day_us, gap_us=day_us
    )
    (out / "features").mkdir()
    for stem, made in feature_tables(tables, FeatureDials(least_requests=2), windows):
        pq.write_table(
            made if isinstance(made, pa.Table) else made.read_all(), out / f"{stem}.parquet"
        )
    return out


@pytest.fixture
def opened(pack: Path, days: Scenario) -> RunTables:
    opens_us = round(days.clock.start.timestamp() * 1e6)
    return RunTables.over(pack, opens_us, opens_us + days.clock.duration_us)


def test_nothing_of_a_pack_looks_ahead(opened: RunTables) -> None:
    found = audit(opened, only=["T9"])
    assert [(f.title, f.status, f.figure) for f in found] == [
        (AGAIN, "passed", 0.0),
        (LABELS, "passed", 0.0),
    ]


@pytest.mark.parametrize(
    ("stem", "column"),
    [
        ("features/accounts", "exchanges"),
        pytest.param("features/account_days", "output_tokens_mean", marks=pytest.mark.verify),
        pytest.param("features/windows", "exchanges", marks=pytest.mark.verify),
    ],
)
def test_a_feature_that_looks_ahead_is_found(opened: RunTables, stem: str, column: str) -> None:
    """All that an account ever sends, in each of its windows."""
    view = opened.schemas[stem]
    column = column if column in view else next(n for n in view if n.endswith("mean"))
    opened.plant(
        stem,
        f"SELECT f.* REPLACE (n AS {column}) FROM {stem.replace('/', '_')} f JOIN"
        " (SELECT account_id, count(*) + 1000 AS n FROM log_exchanges GROUP BY 1)"
        " USING (account_id)",
    )
    (failed,) = audit(opened, only=["T9"]).failed
    assert (failed.title, failed.where) == (AGAIN, f"{stem}.{column}")


@pytest.mark.verify
def test_a_log_of_a_day_is_cut_in_the_middle(tables: RunTables) -> None:
    assert late_midnight(tables) == (tables.opens_us + tables.closes_us) // 2
    found = labels_again(Context(tables), late_midnight(tables))
    assert found.where == "no label is made that early"


def test_a_label_before_its_account_is_found(tables: RunTables) -> None:
    tables.plant(
        "labels_observed/labels",
        "SELECT account_id AS entity_id, created_at - INTERVAL 1 DAY AS created_at,"
        " created_at - INTERVAL 2 DAY AS valid_from FROM log_accounts",
    )
    tables.schemas["labels_observed/labels"] = {"entity_id": "id", "created_at": "time"}
    (failed,) = audit(tables, only=["T9"]).failed
    assert failed.title == "observed labels that come before what they are about"


def simulated(days: Scenario, pack: Path) -> Context:
    return Context(RunTables(pack), scenario=days, simulates=True)


def test_a_campaign_changes_nothing_of_others(days: Scenario, pack: Path) -> None:
    (found,) = check(simulated(days, pack))
    assert found.status == "passed"
    assert found.says.endswith("without 7 actors that extract")


def test_rows_that_hang_on_a_campaign_are_found(days: Scenario, pack: Path) -> None:
    context = simulated(days, pack)
    plant(context.simulate(context.small), "log/accounts", org_id="count(*) OVER ()")
    (found,) = check(context)
    assert (found.status, found.where) == ("failed", "log/accounts")


def test_there_must_be_a_campaign_to_take_out(days: Scenario, pack: Path) -> None:
    (found,) = check(simulated(without_extraction(days), pack))
    assert found.where == "nobody extracts: nothing to take out"
    (asked,) = audit(RunTables(pack), only=["T11"])
    assert asked.where == "needs a second simulation, and the scenario is not known"
