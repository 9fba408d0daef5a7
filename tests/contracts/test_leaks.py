"""Leaks of the label, where classes are hardest to tell apart: nothing but behaviour may tell it.

The names T1 to T14 are those of the audits; all twenty typologies are in one run at separability 0.
A gate on a statistic is widened by its standard error where a sample is small.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from sim.audits import audit
from sim.catalog import typologies
from sim.detectors.quality import auc_error
from sim.documents.strict_yaml import parse_yaml
from sim.engine.run import run
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables
from sim.tables.schema import TABLES
from tests.invariants.damage import assert_holds
from tests.support.scenarios import auc, log_with_truth, micros, read

# Many accounts that send little, and of those that send much as few as can be.
ALL = """\
version: 1
name: leaks
seed: {seed}
separability: 0
clock: {{start: 2026-01-05T12:00:00Z, duration: 3 h}}
actors:
  - {{id: wombats, typology: L01, accounts: 900}}
  - {{id: dingoes, typology: L02, accounts: 2, copies: 8}}
  - {{id: numbats, typology: L03, accounts: 2, copies: 8}}
  - id: bilbies
    typology: L04
    accounts: 3
    copies: 8
    benchmark: aime
    agent: api-script
    runs: 2
    workers: 4
  - {{id: gliders, typology: L05, accounts: 4, copies: 4}}
  - {{id: quolls, typology: L06, accounts: 2, copies: 8}}
  - {{id: potoroos, typology: L07, accounts: 2, copies: 8}}
  - {{id: bandicoots, typology: L08, accounts: 2, copies: 8}}
  - {{id: koalas, typology: L09, accounts: 60, copies: 10}}
  - {{id: possums, typology: L10, accounts: 2, copies: 8}}
  - {{id: wallabies, typology: L11, accounts: 4, copies: 8}}
  - {{id: emus, typology: G12, accounts: 4, copies: 30}}
  - {{id: magpies, typology: G13, accounts: 60, copies: 6}}
  - {{id: galahs, typology: G14, accounts: 10, copies: 3}}
  - {{id: dunnarts, typology: A15, accounts: 2, copies: 10}}
  - {{id: quokkas, typology: A16, accounts: 80, copies: 3, target_exchanges: 2_500}}
  - {{id: taipans, typology: A17, accounts: 60, copies: 4}}
  - {{id: goannas, typology: A18, accounts: 60, copies: 4}}
  - {{id: skinks, typology: A19, accounts: 40, copies: 2}}
  - {{id: cassowaries, typology: A20, accounts: 40, copies: 2}}
"""


def asked(text: str, **given: Any) -> Scenario:
    """A scenario without limits, under which the busiest accounts would queue for days."""
    made = scenario_of(parse_yaml(text.format(**given), "leaks.yaml"))
    actors = tuple(actor.model_copy(update={"tier": "none"}) for actor in made.actors)
    return made.model_copy(update={"actors": actors})


@pytest.fixture(scope="session")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All typologies, few of their accounts and organisations: enough where nothing is counted."""
    out = tmp_path_factory.mktemp("leaks") / "run"
    smaller = re.sub(r"copies: \d+", "copies: 2", ALL)
    run(asked(smaller.replace("seed: {seed}", "seed: {seed}\nscale: 0.2"), seed=41), out)
    return out


@pytest.fixture(scope="session")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("leaks") / "run"
    assert run(asked(ALL, seed=41), out).exchanges < 400_000
    return out


@pytest.fixture(scope="session")
def some_rows(some: Path) -> Any:
    return log_with_truth(some)


@pytest.fixture(scope="session")
def rows(everyone: Path) -> Any:
    frame = log_with_truth(everyone)
    kinds = frame["typology_id"].astype(str)
    frame["bad"] = kinds.map({k: t.is_extraction for k, t in typologies().items()}).astype(bool)
    return frame


def ids_of(frame: Any, names: list[str]) -> Any:
    for name in names:
        once = frame.dropna(subset=[name]).drop_duplicates(name)
        yield name, once[name].to_numpy(np.uint64), once["bad"].to_numpy(bool)


def assert_tells_nothing(name: str, value: Any, bad: NDArray[np.bool_]) -> None:
    found = auc(value[~bad], value[bad])
    error = auc_error(int((~bad).sum()), int(bad.sum()))
    assert abs(found - 0.5) <= max(0.02, 4 * error), (name, found, error)


@pytest.mark.verify
def test_identifiers_order_and_fractions_of_time_tell_nothing(everyone: Path, rows: Any) -> None:
    """T3."""
    of_log = [n for n, kind in TABLES["log/exchanges"].items() if kind.startswith("id")]
    shared = {
        "toolset_hash",
        "system_prompt_hash",
        "prompt_cluster",
        "prompt_simhash64",
        "ip24_hash",
    }
    for name, ids, bad in ids_of(rows, [n for n in of_log if n in rows and n not in shared]):
        text = [str(i) for i in ids.tolist()]
        looks = {
            "order": ids.astype(float),
            "last digit": (ids % np.uint64(10)).astype(float),
            "last byte": (ids % np.uint64(256)).astype(float),
            "digits": np.array([len(word) for word in text], float),
            "first digit": np.array([int(word[0]) for word in text], float),
        }
        for look, value in looks.items():
            assert_tells_nothing(f"{name}: {look}", value, bad)
    bad = rows["bad"].to_numpy()
    start = micros(rows["ts_start"])
    for unit in (1_000, 1_000_000):
        assert_tells_nothing(f"mod {unit} us", (start % unit).astype(float), bad)
    truth = read(everyone, "truth/accounts")
    extracts = (
        truth["typology_id"].astype(str).map({k: t.is_extraction for k, t in typologies().items()})
    )
    assert_tells_nothing(
        "row of accounts", np.arange(len(truth), dtype=float), extracts.to_numpy(bool)
    )


def test_nothing_is_drawn_from_what_the_log_shows(some: Path) -> None:
    """T22: no column tells of the chance that a reader of log and code makes of an identifier.

    Nor does an identifier follow from another, not even those of the attempts of one call, which
    only the truth brings together; nor one leg of a round trip from the other.
    """
    found = audit(RunTables(some), only=["T22"])
    assert [finding.status for finding in found] == ["passed"] * 3, found.to_text()


def test_legs_of_round_trips_have_a_noise_of_their_own(some_rows: Any) -> None:
    """Neither gives the other away; the encryption takes longer in every exchange."""
    seen = some_rows[some_rows["tcp_rtt_ms"].notna()]
    assert (seen["tls_rtt_ms"] > seen["tcp_rtt_ms"]).all()
    legs = seen.assign(beyond=seen["tls_rtt_ms"] - seen["tcp_rtt_ms"])
    of = legs.groupby(["account_id", "ip_hash"])[["tcp_rtt_ms", "beyond"]]
    ratio = (legs[["tcp_rtt_ms", "beyond"]] / of.transform("min"))[
        of.transform("size").to_numpy() > 50
    ]
    assert ((ratio >= 1) & (ratio < 1.151)).all(axis=None)
    assert abs(np.corrcoef(ratio["tcp_rtt_ms"], ratio["beyond"])[0, 1]) < 0.05


@pytest.mark.verify
def test_what_is_missing_tells_nothing(rows: Any) -> None:
    """T4: at most .60, by each column and by a model of all, on accounts it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    nullable = [n for n, kind in TABLES["log/exchanges"].items() if kind.endswith("?")]
    missing = rows[nullable].isna().astype(float)
    by_account = missing.groupby(rows["account_id"]).mean()
    bad = rows.groupby("account_id")["bad"].max().reindex(by_account.index).to_numpy(bool)
    for name in nullable:
        assert abs(auc(by_account[name][~bad], by_account[name][bad]) - 0.5) <= 0.10, name
    model = LogisticRegression(max_iter=500)
    score = cross_val_predict(model, by_account, bad, cv=5, method="predict_proba")[:, 1]
    assert auc(score[~bad], score[bad]) <= 0.60


def test_invariants_hold_for_everybody(some: Path) -> None:
    """T7."""
    assert_holds(some)


LEGIT = """\
version: 1
name: toggle
seed: 8
separability: {separability}
clock: {{start: 2026-01-05, duration: 12 h}}
actors:
  - {{id: wombats, typology: L01, accounts: 60}}
  - {{id: koalas, typology: L09, accounts: 40}}
  - {{id: magpies, typology: G13, accounts: 20}}
  - {{id: bilbies, typology: L04, accounts: 2, benchmark: aime, agent: api-script, workers: 2}}
"""
CAMPAIGN = """\
  - {{id: quokkas, typology: A16, accounts: 30, target_exchanges: 600}}
  - {{id: goannas, typology: A18, accounts: 20}}
"""


@pytest.mark.parametrize("separability", [0, pytest.param(1, marks=pytest.mark.verify)])
def test_a_campaign_changes_nothing_of_the_others(tmp_path: Path, separability: int) -> None:
    """T8, T11: all rows of others in log and truth are the same with it and without."""
    run(asked(LEGIT + CAMPAIGN, separability=separability), tmp_path / "with")
    run(asked(LEGIT, separability=separability), tmp_path / "without")
    mine = set(read(tmp_path / "without", "log/accounts")["account_id"])
    tables = [*(s for s in TABLES if s.startswith("log/")), "truth/tasks", "truth/accounts"]
    tables = [stem for stem in tables if "account_id" in TABLES[stem]]
    assert len(tables) >= 6
    for stem in tables:
        both = [read(tmp_path / name, stem) for name in ("with", "without")]
        kept = both[0][both[0]["account_id"].isin(mine)].reset_index(drop=True)
        assert len(kept) < len(both[0]) or stem == "log/enforcement_events"
        for column in kept:
            assert kept[column].astype(str).equals(both[1][column].astype(str)), (stem, column)
    orgs = [read(tmp_path / name, "log/orgs") for name in ("with", "without")]
    known = orgs[0][orgs[0]["org_id"].isin(orgs[1]["org_id"])].reset_index(drop=True)
    assert known.astype(str).equals(orgs[1].astype(str))


def test_nothing_of_the_truth_is_in_the_log(some: Path) -> None:
    """T14: neither a column, nor an identifier, nor a name."""
    own = {n for stem, columns in TABLES.items() if stem.startswith("truth/") for n in columns}
    secret_ids: set[int] = set()
    for stem, names in {
        "truth/campaigns": ("campaign_uid", "operator_uid"),
        "truth/accounts": ("operator_uid", "campaign_uid"),
        "truth/tasks": ("task_uid",),
    }.items():
        frame = read(some, stem)
        for name in names:
            secret_ids |= set(frame[name].dropna().tolist())
    secret = np.array(sorted(secret_ids), np.uint64)
    assert len(secret) > 1_000
    truth = read(some, "truth/accounts")
    words = {*truth["actor_id"].astype(str), *typologies(), "extraction", "campaign"}
    for path in sorted((some / "log").rglob("*.parquet")):
        table = pq.read_table(path, partitioning=None)
        assert own & set(table.column_names) <= {"exchange_id", "account_id"}
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.type == pa.uint64():
                values = column.drop_null().to_numpy()
                assert not np.isin(values, secret).any(), (path.name, name)
            elif pa.types.is_dictionary(column.type):
                assert not words & set(column.cast(pa.string()).to_pylist()), (
                    path.name,
                    name,
                )
