"""The two baselines of a pack: what they learn, from whom, and what they cannot do."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.arrays.types import Bools, Floats
from sim.detectors import baselines
from sim.detectors.baselines import Seen, alone, by_marginals, by_relations, seen
from sim.detectors.quality import quality
from sim.engine.run import run
from sim.errors import InvalidInputError
from sim.scenario.load import load_scenario
from sim.tables.account_features import INSTRUMENTS, SIGN_UP, TOGETHER, USED, used
from sim.tables.database import RunTables
from sim.tables.feature_schema import ACCOUNT_FEATURES

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
    every = tables.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
    noise = np.random.default_rng(5).standard_normal(len(every))
    frame = pd.DataFrame({"x": noise + rings(len(every))}, index=pd.Index(every))
    return seen(tables, frame)


def rings(accounts: int) -> Bools:
    """Of each account whether it is sought: every third ring of eight, in order of identifier."""
    return np.asarray(np.arange(accounts) // 8 % 3 == 0)


def area(score: Floats, sought: Bools) -> float:
    return quality(score, sought).auc


def with_cards(accounts: Seen) -> Seen:
    """The same accounts; those of a ring pay with one card."""
    place = "row_number() OVER (ORDER BY account_id) - 1"
    ring = f"SELECT account_id, 7000 + ({place}) // 8 AS ring FROM log_accounts"
    accounts.tables.plant(
        "log/account_payment",
        f"SELECT p.* REPLACE (ring AS instrument_hash) FROM log_account_payment p"
        f" JOIN ({ring}) USING (account_id)",
    )
    return accounts


def test_neighbours_tell_what_accounts_do_not_show(accounts: Seen) -> None:
    """Whole rings are on one side, so that none is known from what it was learned from."""
    accounts, sought = with_cards(accounts), rings(len(accounts.features))
    first = np.arange(len(sought)) // 24 % 2 == 0
    sides = accounts.pick(first), sought[first], accounts.pick(~first)
    single, related = by_marginals(*sides), by_relations(*sides)
    assert area(related, sought[~first]) > area(single, sought[~first]) + 0.1

    again = by_marginals(*sides), by_relations(*sides)
    assert np.array_equal(again, (single, related))


def test_two_logs_are_two_graphs(accounts: Seen, folder: Path) -> None:
    """What is learned in one log is asked in another, whose accounts are nobody's neighbours."""
    accounts, sought = with_cards(accounts), rings(len(accounts.features))
    other = with_cards(seen(RunTables(folder), accounts.features))
    assert area(by_relations(accounts, sought, other), sought) > 0.8


def test_marginals_see_nothing_that_counts_others() -> None:
    wide = ["accounts.signup_ip_hash degree", "exchanges.ip_hash most"]
    ready = ["template_accounts", "instrument_organisations", "prompt_rare_share", "together_mean"]
    names = ["a q0.5", *wide, "b", *ready, "exchanges"]
    assert list(alone(pd.DataFrame(columns=names))) == ["a q0.5", "b", "exchanges"]


def test_counts_of_others_are_told_by_their_names() -> None:
    """Remedy for a new feature of `features/accounts` that counts others: a name such as these."""
    counting = {c.name for c in TOGETHER}
    counting |= {c.name for word in USED for c in used(word)[1:]}
    others = re.compile("accounts|organisations|degree")
    counting |= {c.name for c in (*SIGN_UP, *INSTRUMENTS) if others.search(c.source)}
    every = pd.DataFrame(columns=list(ACCOUNT_FEATURES))
    assert set(every) - set(alone(every)) == counting


def test_a_pack_has_the_features_of_the_whole_log(accounts: Seen) -> None:
    tables = accounts.tables
    tables.plant(
        "features/accounts",
        f"SELECT 1 AS example_id, account_id, to_timestamp(x / 1e6) AS window_from,"
        f" to_timestamp({tables.closes_us} / 1e6) AS window_to, x AS feature"
        f" FROM log_accounts, (VALUES ({tables.opens_us}), ({tables.opens_us + 1})) AS v(x)",
    )
    found = baselines.seen_in_pack(tables)
    assert list(found.features) == ["feature"]
    assert len(found.features) == 200
    assert (found.features["feature"] == tables.opens_us).all()


def test_parts_keep_groups_whole_and_are_dealt_evenly() -> None:
    group = np.repeat(np.arange(50), 3)
    part = baselines._parts(group)
    assert all(len(set(part[group == g])) == 1 for g in range(50))
    assert np.bincount(part).tolist() == [30] * 5


@pytest.mark.parametrize("score", [by_marginals, by_relations])
@pytest.mark.parametrize("everybody", [False, True])
def test_where_all_are_alike_all_have_one_score(
    score: Callable[..., Floats], everybody: bool, accounts: Seen
) -> None:
    """So a pack without positives is no error."""
    sought = np.full(len(accounts.features), everybody)
    found = score(accounts, sought, accounts)
    assert found.tolist() == sought.astype(float).tolist()


def test_nobody_asked_gets_no_score(accounts: Seen) -> None:
    sought = rings(len(accounts.features))
    assert by_marginals(accounts, sought, accounts.pick(sought & ~sought)).shape == (0,)


def test_relations_without_prompts_say_what_is_missing(accounts: Seen) -> None:
    accounts.tables.plant("log/exchanges", "SELECT * EXCLUDE (prompt_simhash64) FROM log_exchanges")
    with pytest.raises(InvalidInputError) as caught:
        by_relations(accounts, rings(len(accounts.features)), accounts)
    assert str(caught.value) == (
        "the baseline of relations compares prompts, and log/exchanges has no prompt_simhash64; "
        "make the log with all columns (tables: {columns: full})"
    )


def test_without_the_extra_the_remedy_is_named(
    accounts: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(InvalidInputError, match=r"pip install 'llm-traffic-sim\[detect\]'"):
        by_marginals(accounts, rings(len(accounts.features)), accounts)
