"""Leaks of the label in what accounts are and share, at separability 0; each proven by a plant.

A small run for every commit; five pairs of seeds of one world with `make verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sim.audits import leaks
from sim.detectors.accounts import Accounts
from sim.engine.run import run
from sim.features.marginals import ENTITIES
from sim.scenario import load_scenario
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables, name_of
from tests.contracts.test_leaks import asked

SEEDS = (41, 42, 43, 44, 45)
WEEKS = """\
version: 1
name: weeks
seed: {seed}
separability: 0
clock: {{start: 2026-01-05, duration: 28 d}}
actors:
  - {{id: wombats, typology: L01, accounts: 500, exchanges_per_account_day: 0.3}}
  - {{id: koalas, typology: L09, accounts: 60, copies: 3, exchanges_per_account_day: 0.3}}
  - {{id: magpies, typology: G13, accounts: 60, copies: 2, exchanges_per_account_day: 0.3}}
  - {{id: quokkas, typology: A16, accounts: 60, copies: 2, target_exchanges: 500}}
  - {{id: goannas, typology: A18, accounts: 40, copies: 2, exchanges_per_account_day: 0.3}}
"""


def with_vectors(made: Scenario, out: Path) -> Path:
    """A run of a scenario with the vectors of prompts."""
    made = made.model_copy(update={"tables": made.tables.model_copy(update={"vectors": True})})
    run(made, out)
    return out


def everybody(seed: int, duration: str, scale: float) -> Scenario:
    """All typologies, about an eighth of the accounts abusive: what the gates are stated for."""
    asked_for = [f"clock.duration={duration}", f"scale={scale}", "separability=0"]
    return load_scenario("separability", seed=seed, overrides=asked_for)


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All typologies for a minute: accounts are what is asked about."""
    return with_vectors(everybody(41, "1 min", 0.3), tmp_path_factory.mktemp("few") / "run")


@pytest.fixture
def tables(few: Path) -> RunTables:
    """That run, opened anew for each test, so that leaks can be planted."""
    return RunTables(few)


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All typologies for an hour, under five seeds of one world."""
    out = tmp_path_factory.mktemp("five")
    return [with_vectors(everybody(seed, "1 h", 1.0), out / str(seed)) for seed in SEEDS]


def entities(tables: RunTables) -> Accounts:
    """Accounts with what their entities show, and nothing of what they sent."""
    return Accounts(tables, [stem for stem in ENTITIES if stem in tables.schemas])


def each_learns_from_another(accounts: Sequence[Accounts]) -> list[tuple[Accounts, Accounts]]:
    """Every run is asked once, by what the one before it taught."""
    return [(accounts[k - 1], accounts[k]) for k in range(len(accounts))]


@pytest.mark.parametrize(
    "sought", [leaks.one_owner, leaks.labels_spread, leaks.creation, leaks.lengths]
)
def test_accounts_give_nothing_away(tables: RunTables, sought: Callable[..., list[str]]) -> None:
    assert sought(tables) == []


def test_no_typology_alone_has_a_word_or_is_without(tables: RunTables) -> None:
    assert leaks.words([tables]) == []


# What is planted: a table, a column, and what becomes of it, where `kind` is the typology and
# `actor_id` the actor of a row's account; and how what is found begins.
PLANTS = {
    "one_owner": (
        "log/accounts",
        "signup_ip_hash",
        "(hash(actor_id, signup_ip_hash) // 2)::BIGINT",
        "address: 1.000 of",
    ),
    "labels_spread": (
        "log/accounts",
        "signup_ip24, 0 AS signup_ip_hash",
        "IF(kind < 'L', hash(actor_id) % 1000, 0)::BIGINT",
        "union-find: precision",
    ),
    "creation": (
        "log/accounts",
        "created_at",
        "TIMESTAMPTZ '2025-12-24'",
        "1.0000 of the accounts signed up in the same microsecond",
    ),
    "lengths": (
        "log/exchanges",
        "prompt_emb",
        "IF(kind = 'L01', [x * 1.1 FOR x IN prompt_emb], prompt_emb)",
        "L01: length of vectors",
    ),
    "words": (
        "log/exchanges",
        "os",
        "CASE kind WHEN 'L09' THEN 'inferno' WHEN 'L01' THEN 'linux' ELSE 'plan9' END",
        "log/exchanges.os: L09 alone has inferno",
    ),
}


@pytest.mark.parametrize("sought", PLANTS)
def test_a_planted_leak_is_found(tables: RunTables, sought: str) -> None:
    stem, column, value, begins = PLANTS[sought]
    own = ", ".join(f"t.{name}" for name in tables.schemas[stem])
    tables.plant(
        stem,
        f"SELECT * EXCLUDE (actor_id, kind) REPLACE ({value} AS {column}) FROM ("
        f"SELECT {own}, u.actor_id, u.typology_id AS kind FROM {name_of(stem)} t"
        " JOIN truth_accounts u USING (account_id))",
    )
    if sought == "labels_spread":
        tables.plant("log/account_payment", "SELECT * FROM log_account_payment WHERE false")
    look = getattr(leaks, sought)
    found = look([tables] if sought == "words" else tables)
    assert [line for line in found if line.startswith(begins)], found
    if sought == "words":
        assert "log/exchanges.os: L01 never has plan9" in found


def test_an_organisation_of_constant_size_is_found(tables: RunTables) -> None:
    """What A16 has is neither small nor large among the sizes of L09, and yet always the same."""
    tables.plant(
        "log/accounts",
        "WITH ranked AS (SELECT a.*, typology_id AS kind,"
        " row_number() OVER (PARTITION BY typology_id ORDER BY account_id) - 1 AS k"
        " FROM log_accounts a JOIN truth_accounts USING (account_id))"
        " SELECT * EXCLUDE (kind, k) REPLACE (CASE kind WHEN 'A16' THEN k // 3 + 1000"
        " WHEN 'L09' THEN floor(sqrt(8 * k + 1) / 2)::BIGINT % 8 * 5000 + k % 500"
        " ELSE org_id END AS org_id) FROM ranked",
    )
    tables.connection.execute(
        "CREATE OR REPLACE VIEW log_orgs AS SELECT DISTINCT org_id, to_timestamp(0) AS created_at,"
        " 'US' AS declared_country, 'verified' AS kyc_level FROM log_accounts"
    )
    accounts = entities(tables)
    found = leaks.twins([(accounts, accounts)])
    assert any(line.startswith("A16 and L09: accounts.org_id") for line in found), found


def test_what_accounts_show_by_themselves_is_found_if_planted(tables: RunTables) -> None:
    """A17 signs up at one hour, as no other does."""
    tables.plant(
        "log/accounts",
        "SELECT a.* REPLACE (IF(typology_id = 'A17', date_trunc('day', a.created_at),"
        " a.created_at) AS created_at) FROM log_accounts a JOIN truth_accounts USING (account_id)",
    )
    accounts = entities(tables)
    found = leaks.alone([accounts, accounts])
    assert [line for line in found if line.startswith("A17: AUC ")], found


@pytest.mark.verify
def test_what_accounts_show_by_themselves_hardly_tells(five: list[Path]) -> None:
    """T1."""
    assert leaks.alone([Accounts(run_) for run_ in five]) == []


@pytest.mark.verify
def test_no_single_feature_tells_twins_apart(five: list[Path]) -> None:
    accounts = [Accounts(run_) for run_ in five]
    assert leaks.twins(each_learns_from_another(accounts)) == []


@pytest.mark.verify
def test_no_entity_tells_twins_apart(five: list[Path]) -> None:
    accounts = [entities(RunTables(run_)) for run_ in five]
    assert leaks.twins(each_learns_from_another(accounts)) == []


@pytest.mark.verify
def test_five_seeds_give_nothing_away(five: list[Path]) -> None:
    runs = [RunTables(run_) for run_ in five]
    looks = (leaks.one_owner, leaks.labels_spread, leaks.creation, leaks.lengths)
    assert [line for tables in runs for look in looks for line in look(tables)] == []
    assert leaks.words(runs) == []


@pytest.mark.verify
def test_everybody_signs_up_inside_the_log(tmp_path: Path) -> None:
    """At least 2 % in four weeks; those that extract at most three times as often as others."""
    for seed in SEEDS:
        tables = RunTables(with_vectors(asked(WEEKS, seed=seed), tmp_path / str(seed)))
        assert leaks.born(tables, 0.02, 3.0) == []
