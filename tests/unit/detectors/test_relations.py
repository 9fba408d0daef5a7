"""The baseline of relations: what it learns, from whom, and what it cannot do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.arrays.types import Bools, Floats
from sim.detectors import relations
from sim.detectors.marginals import by_marginals
from sim.detectors.quality import quality
from sim.detectors.relations import by_relations
from sim.detectors.seen import Seen
from sim.engine.run import run
from sim.errors import InvalidInputError
from sim.scenario.load import load_scenario
from sim.tables.database import RunTables

SCENARIO = {
    "version": 1,
    "name": "two-hundred",
    "seed": 3,
    "clock": {"start": "2026-02-02", "duration": "6 h"},
    "actors": [{"id": "coders", "typology": "L01", "accounts": 200, "lifetime_days": 1000}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("detectors") / "run"
    run(load_scenario(SCENARIO), out)
    return out


@pytest.fixture
def accounts(folder: Path) -> Seen:
    """All accounts, with one feature that tells a little of whether an account is sought."""
    tables = RunTables(folder)
    every = tables.rows("SELECT account_id, org_id FROM log_accounts ORDER BY 1")
    noise = np.random.default_rng(5).standard_normal(len(every))
    frame = pd.DataFrame({"x": noise + rings(len(every))}, index=pd.Index(every["account_id"]))
    return Seen(tables, frame, every["org_id"].to_numpy(), tables.opens_us, tables.closes_us)


def rings(accounts: int) -> Bools:
    """Of each account whether it is sought: every third ring of eight, in order of identifier."""
    return np.asarray(np.arange(accounts) // 8 % 3 == 0)


def area(score: Floats, sought: Bools) -> float:
    return quality(score, sought).auc


def with_cards(accounts: Seen) -> Seen:
    """The same accounts; those of a ring pay with one card."""
    place = "row_number() OVER (ORDER BY account_id) - 1"
    ring = f"SELECT account_id, 7000 + ({place}) // 8 AS ring FROM log_accounts"
    accounts.log.plant(
        "log/account_payment",
        f"SELECT p.* REPLACE (ring AS instrument_hash) FROM log_account_payment p"
        f" JOIN ({ring}) USING (account_id)",
    )
    return accounts


def test_neighbours_tell_what_accounts_do_not_show(accounts: Seen) -> None:
    """Whole rings are on one side, so that none is known from what it was learned from."""
    accounts, sought = with_cards(accounts), rings(len(accounts))
    first = np.arange(len(sought)) // 24 % 2 == 0
    learned, asked = accounts.pick(first), accounts.pick(~first)
    related = by_relations(learned, sought[first], asked)
    single = by_marginals(learned.features, sought[first], asked.features)
    assert area(related, sought[~first]) > area(single, sought[~first]) + 0.04
    assert np.array_equal(by_relations(learned, sought[first], asked), related)


def test_two_logs_are_two_graphs(accounts: Seen, folder: Path) -> None:
    """What is learned in one log is asked in another, whose accounts are nobody's neighbours."""
    accounts, sought = with_cards(accounts), rings(len(accounts))
    tables = RunTables(folder)
    ends = tables.opens_us, tables.closes_us
    other = with_cards(Seen(tables, accounts.features, accounts.group, *ends))
    assert area(by_relations(accounts, sought, other), sought) > 0.8


def test_parts_keep_groups_whole_and_are_dealt_evenly() -> None:
    group = np.repeat(np.arange(50), 3)
    part = relations._parts(group)
    assert all(len(set(part[group == g])) == 1 for g in range(50))
    assert np.bincount(part).tolist() == [30] * 5


@pytest.mark.parametrize("everybody", [False, True])
def test_where_all_are_alike_all_have_one_score(everybody: bool, accounts: Seen) -> None:
    """So a pack without positives is no error."""
    sought = np.full(len(accounts), everybody)
    assert by_relations(accounts, sought, accounts).tolist() == sought.astype(float).tolist()


def test_relations_without_prompts_say_what_is_missing(accounts: Seen) -> None:
    accounts.log.plant("log/exchanges", "SELECT * EXCLUDE (prompt_simhash64) FROM log_exchanges")
    with pytest.raises(InvalidInputError) as caught:
        by_relations(accounts, rings(len(accounts)), accounts)
    assert str(caught.value) == (
        "the baseline of relations compares prompts, and log/exchanges has no prompt_simhash64; "
        "make the log with all columns (tables: {columns: full})"
    )
