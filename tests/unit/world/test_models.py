"""The table of models: numbers, speed, delay of batches, and cost."""

from __future__ import annotations

import numpy as np
import pytest

from sim.catalog import models
from sim.distributions import Distribution, Lognormal
from sim.errors import InvalidInputError
from sim.world.models import ModelTable

SONNET, OPUS = models()["claude-sonnet-4.5"], models()["claude-opus-4.5"]
FIXED = SONNET.model_copy(
    update={
        "ttft_s": Distribution(constant=0.5),
        "output_tokens_per_s": Distribution(constant=40.0),
    }
)
TABLE = ModelTable([SONNET, FIXED, OPUS])


def test_models_are_numbered_in_order() -> None:
    table = ModelTable([OPUS, SONNET])
    assert table.ids == (OPUS.id, SONNET.id)
    assert [table.number(m) for m in (OPUS.id, SONNET.id, "of nobody")] == [0, 1, -1]
    assert table.window_tokens.tolist() == [m.context_window_tokens for m in (OPUS, SONNET)]
    assert table.min_cacheable_tokens.tolist() == [m.min_cacheable_tokens for m in (OPUS, SONNET)]


def test_classes_are_sorted_and_shared() -> None:
    assert TABLE.classes == tuple(sorted({SONNET.model_class, OPUS.model_class}))
    of_model = [TABLE.classes[k] for k in TABLE.class_of.tolist()]
    assert of_model == [m.model_class for m in (SONNET, FIXED, OPUS)]


def test_a_table_may_be_empty() -> None:
    assert ModelTable([]).prices.shape == (0, 5)


def test_prices_are_billionths_of_a_dollar_a_token() -> None:
    base, output = SONNET.input_usd_per_mtok * 1_000, SONNET.output_usd_per_mtok * 1_000
    factors = SONNET.cache_read_factor, SONNET.cache_write_5m_factor, SONNET.cache_write_1h_factor
    expected = [base, *(base * factor for factor in factors), output]
    assert TABLE.prices[0].tolist() == [round(x) for x in expected]


def test_every_kind_of_token_has_its_price() -> None:
    assert len(set(TABLE.prices[0].tolist())) == 5
    for kind in range(5):
        tokens = [np.array([1_000 * (k == kind)]) for k in range(5)]
        cost = TABLE.cost_nano_usd(np.array([0]), *tokens)
        assert cost.tolist() == [1_000 * TABLE.prices[0, kind]]


def test_a_constant_speed_gives_constant_times() -> None:
    rng = np.random.default_rng(1)
    ttft_us, generation_us = TABLE.latency(np.array([1, 1]), np.array([80, 0]), rng)
    assert ttft_us.tolist() == [500_000, 500_000]
    assert generation_us.tolist() == [2_000_000, 0]


def test_times_are_lognormal_with_the_parameters_of_the_model() -> None:
    size = 20_000
    model = np.repeat([0, 2], size)
    rng = np.random.default_rng(2)
    ttft_us, generation_us = TABLE.latency(model, np.full(2 * size, 1_000_000), rng)
    for half, of_model in ((slice(0, size), SONNET), (slice(size, None), OPUS)):
        ttft, speed = of_model.ttft_s.lognormal, of_model.output_tokens_per_s.lognormal
        assert ttft is not None
        assert speed is not None
        logs = np.log(ttft_us[half] / 1e6), np.log(1e12 / generation_us[half])
        for log, expected in zip(logs, (ttft, speed), strict=True):
            assert log.mean() == pytest.approx(np.log(expected.median), abs=0.03)
            assert log.std() == pytest.approx(expected.sigma, rel=0.03)


def test_answers_of_a_batch_take_an_hour_in_the_median_and_a_day_at_most() -> None:
    hours = TABLE.batch_delay_us(20_000, np.random.default_rng(3)) / 3.6e9
    assert np.median(hours) == pytest.approx(1.0, rel=0.03)
    assert np.log(hours).std() == pytest.approx(1.0, rel=0.03)
    assert hours.max() == 24.0


@pytest.mark.parametrize(
    "speed",
    [
        Distribution(lognormal=Lognormal(median=1.0, sigma=1.0, max=2.0)),
        Distribution(mixture=()),
    ],
)
def test_a_speed_of_another_shape_is_refused(speed: Distribution) -> None:
    with pytest.raises(InvalidInputError, match="an uncapped lognormal"):
        ModelTable([SONNET.model_copy(update={"ttft_s": speed})])
