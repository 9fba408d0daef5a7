"""What accounts did is added up by account, at home and away."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.output.account_usage import NEVER, USAGE, Usage, UsageOfAccounts, added, nothing
from sim.output.prices import list_price_nano_usd
from sim.population.population import build_population
from sim.scaffold.exchange_records import (
    EXCHANGE_RECORD,
    ORIGIN_RECORD,
    Exchanges,
    unpacked,
)
from sim.tables.words import PromptSource
from sim.world.models import ModelTable
from tests.support.scenarios import coders, scenario
from tests.unit.output.test_log_columns import rows_of

OWN, LIST, COVER = PromptSource


PRICES = np.array([[5, 1, 6, 10, 25], [3, 2, 4, 6, 15]], np.int64)
ACCOUNTS = 10


def exchanges_of(count: int, **fields: Any) -> Exchanges:
    """Exchanges of one task each, zero where nothing is said."""
    records, origins = np.zeros(count, EXCHANGE_RECORD), np.zeros(count, ORIGIN_RECORD)
    records["origin"] = np.arange(count)
    for name, values in fields.items():
        (records if name in (EXCHANGE_RECORD.names or ()) else origins)[name] = values
    return Exchanges(records, origins)


def usage_of(*parts: Exchanges) -> Usage:
    """The usage of exchanges, where the prompts of template 1 are in the cluster."""
    sums = UsageOfAccounts(PRICES, ACCOUNTS)
    for part in parts:
        sums.add(part, part.origins["template"] == 1)
    return sums.in_order()


def test_usage_is_summed_by_account() -> None:
    usage = usage_of(
        exchanges_of(
            5,
            account=[9, 2, 9, 9, 2],
            ts=[50, 40, 30, 20, 10],
            away=[True, False, False, True, False],
            kind=[LIST, LIST, OWN, COVER, LIST],
            output=[1, 2, 3, 4, 5],
            template=[0, 0, 1, 1, 1],
        )
    )
    assert usage["account"].tolist() == [2, 9]
    assert usage["exchanges"].tolist() == [2, 3]
    assert usage["listed"].tolist() == [2, 1]
    assert usage["away"].tolist() == [0, 2]
    assert usage["first"].tolist() == [10, 30]
    assert usage["last"].tolist() == [40, 30]
    assert usage["away_first"].tolist() == [NEVER, 20]
    assert usage["away_last"].tolist() == [-NEVER, 50]
    assert usage["in_cluster"].tolist() == [1, 2]
    assert usage["cluster_first"].tolist() == [10, 20]
    assert usage["cluster_last"].tolist() == [10, 30]
    assert usage["nano_usd"].tolist() == [7 * 25, 8 * 25]


def test_exchanges_of_one_task_share_its_account() -> None:
    records, origins = np.zeros(3, EXCHANGE_RECORD), np.zeros(2, ORIGIN_RECORD)
    records["origin"], origins["account"] = [1, 0, 1], [4, 0]
    usage = usage_of(Exchanges(records, origins))
    assert usage["account"].tolist() == [0, 4]
    assert usage["exchanges"].tolist() == [2, 1]


def test_prices_are_those_of_the_rows_of_the_log() -> None:
    """By kind of token, lifetime in the cache, model, and batch, of which a half is rounded."""
    rng, n = np.random.default_rng(5), 200
    tokens = {name: rng.integers(0, 9, n) for name in ("uncached", "read", "write", "output")}
    flags = {name: rng.random(n) < 0.5 for name in ("batch", "for_an_hour")}
    made = exchanges_of(n, model=rng.integers(0, 2, n), **tokens, **flags)
    models: Any = ModelTable([])
    models.prices = PRICES
    expected = list_price_nano_usd(unpacked(made), models)
    assert expected.min() >= 0
    assert usage_of(made)["nano_usd"].tolist() == [expected.sum()]


def test_parts_add_up_to_the_whole() -> None:
    rng, n = np.random.default_rng(1), 300
    whole = exchanges_of(
        n,
        account=rng.integers(0, 7, n),
        ts=rng.integers(0, 1_000, n),
        away=rng.random(n) < 0.5,
        kind=rng.integers(0, 3, n),
        output=rng.integers(0, 99, n),
        template=rng.integers(0, 3, n),
    )
    parts = [Exchanges(whole.records[k::3].copy(), whole.origins) for k in range(3)]
    assert (usage_of(*parts) == usage_of(whole)).all()
    assert (added([usage_of(part) for part in parts]) == usage_of(whole)).all()


def test_no_exchange_is_no_usage() -> None:
    assert len(usage_of(exchanges_of(0))) == len(added([])) == len(nothing()) == 0
    assert added([nothing()]).dtype == USAGE


def test_a_batch_costs_half_rounded_to_even() -> None:
    models = build_population(scenario(coders(1))).models
    rows = rows_of(3, output=[1, 3, 3], batch=[False, True, False])
    single = models.prices[0][4]
    prices = list_price_nano_usd(rows, models)
    assert prices.tolist() == [single, round(1.5 * single), 3 * single]
    assert prices.dtype == np.int64
    assert list_price_nano_usd(rows_of(1, output=1, batch=False), models).tolist() == [single]
