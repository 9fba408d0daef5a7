"""What accounts did is added up by account, at home and away."""

from __future__ import annotations

import numpy as np
import pytest

from sim.arrays.columns import Columns
from sim.arrays.types import Bools
from sim.output.account_usage import NEVER, USAGE, added, nothing, usage_of
from sim.output.prices import list_price_nano_usd
from sim.population.population import build_population
from sim.tables.words import PromptSource
from sim.world.models import ModelTable
from tests.support.scenarios import coders, scenario
from tests.unit.output.test_log_columns import rows_of

OWN, LIST, COVER = PromptSource


@pytest.fixture(scope="module")
def models() -> ModelTable:
    return build_population(scenario(coders(1))).models


def half(rows: Columns) -> Bools:
    """Which prompts are taken to be in the cluster: those with at least three tokens of output."""
    return np.asarray(rows["output"] >= 3)


def test_usage_is_summed_by_account(models: ModelTable) -> None:
    rows = rows_of(
        5,
        account=[9, 2, 9, 9, 2],
        ts=[50, 40, 30, 20, 10],
        away=[True, False, False, True, False],
        kind=[
            LIST,
            LIST,
            OWN,
            COVER,
            LIST,
        ],
        output=[1, 2, 3, 4, 5],
    )
    usage = usage_of(rows, models, half(rows))
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
    price = models.prices[0][4]
    assert usage["nano_usd"].tolist() == [7 * price, 8 * price]


def test_an_account_of_number_zero_counts(models: ModelTable) -> None:
    assert usage_of(rows_of(2, account=0), models, np.ones(2, bool))["exchanges"].tolist() == [2]


def test_parts_add_up_to_the_whole(models: ModelTable) -> None:
    rng = np.random.default_rng(1)
    n = 300
    rows = rows_of(
        n,
        account=rng.integers(0, 7, n),
        ts=rng.integers(0, 1_000, n),
        away=rng.random(n) < 0.5,
        kind=rng.integers(0, 3, n),
        output=rng.integers(0, 99, n),
    )
    parts = [{name: values[k::3] for name, values in rows.items()} for k in range(3)]
    summed = added([usage_of(part, models, half(part)) for part in parts])
    assert (summed == usage_of(rows, models, half(rows))).all()


def test_no_exchange_is_no_usage(models: ModelTable) -> None:
    assert len(usage_of({}, models, np.zeros(0, bool))) == len(added([])) == len(nothing()) == 0
    assert added([nothing()]).dtype == USAGE


def test_a_batch_costs_half_rounded_to_even(models: ModelTable) -> None:
    rows = rows_of(3, output=[1, 3, 3], batch=[False, True, False])
    single = models.prices[0][4]
    prices = list_price_nano_usd(rows, models)
    assert prices.tolist() == [single, round(1.5 * single), 3 * single]
    assert prices.dtype == np.int64
    assert list_price_nano_usd(rows_of(1, output=1, batch=False), models).tolist() == [single]
