"""Random numbers of attempts."""

from __future__ import annotations

import numpy as np
import pytest

from sim.streams import Streams, mixed_one
from sim.world.failures import FailureDraws

DRAWS = FailureDraws(Streams(1), "actor")
SERIAL = np.arange(20_000)


def test_failure_draws_are_uniform() -> None:
    draws = DRAWS.failure(SERIAL, 0)
    assert ((draws >= 0) & (draws < 1)).all()
    assert np.quantile(draws, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_draws_of_calls_attempts_purposes_and_actors_differ() -> None:
    other = FailureDraws(Streams(1), "another actor")
    for draws in (
        (DRAWS.failure(SERIAL, 0), DRAWS.failure(SERIAL + 1, 0)),
        (DRAWS.failure(SERIAL, 0), DRAWS.failure(SERIAL, 1)),
        (DRAWS.failure(SERIAL, 0), DRAWS.error_us(SERIAL, 0)),
        (DRAWS.error_us(SERIAL, 0), DRAWS.backoff_us(SERIAL, 0, 0)),
        (DRAWS.failure(SERIAL, 0), DRAWS.backoff_us(SERIAL, 0, 0)),
        (DRAWS.failure(SERIAL, 0), other.failure(SERIAL, 0)),
        (DRAWS.error_us(SERIAL, 0), other.error_us(SERIAL, 0)),
        (DRAWS.backoff_us(SERIAL, 0, 0), other.backoff_us(SERIAL, 0, 0)),
    ):
        assert abs(np.corrcoef(*draws)[0, 1]) < 0.04


def test_errors_come_after_50_to_500_ms() -> None:
    error_us = DRAWS.error_us(SERIAL, 3)
    assert (error_us.min(), error_us.max()) == pytest.approx((50_000, 500_000), abs=200)
    assert np.median(error_us) == pytest.approx(275_000, abs=6_000)


@pytest.mark.parametrize(("retry", "most_us"), [(0, 500_000), (1, 1_000_000), (9, 8_000_000)])
def test_the_backoff_doubles_up_to_8_s_and_is_up_to_a_quarter_shorter(
    retry: int, most_us: int
) -> None:
    pause_us = DRAWS.backoff_us(SERIAL, 5, retry)
    assert (pause_us.min(), pause_us.max()) == pytest.approx((0.75 * most_us, most_us), rel=1e-3)


def test_draws_of_one_attempt_are_those_of_arrays() -> None:
    for serial in range(50):
        one = np.array([serial])
        for n in range(4):
            assert DRAWS.failure_scalar(serial, n) == DRAWS.failure(one, n)[0]
            assert DRAWS.error_us_scalar(serial, n) == DRAWS.error_us(one, n)[0]
            for retry in (0, 1, 9):
                pause_us = DRAWS.backoff_us(one, n, retry)[0]
                assert DRAWS.backoff_us_scalar(serial, n, retry) == pause_us


def test_draws_are_the_numbers_of_the_documented_formula() -> None:
    def uniform(purpose: str, serial: int, n: int) -> float:
        key = Streams(1).key("actor", purpose)
        return (mixed_one(mixed_one(key, serial), n) >> 11) / 2**53

    for serial, n in ((0, 0), (7, 1), (123_456, 5)):
        assert DRAWS.failure_scalar(serial, n) == uniform("failure", serial, n)
        error_us = round(50_000 + 450_000 * uniform("error time", serial, n))
        assert DRAWS.error_us_scalar(serial, n) == error_us
        for retry, longest_s in ((0, 0.5), (1, 1.0), (4, 8.0), (5, 8.0)):
            pause_s = longest_s * (1 - 0.25 * uniform("backoff", serial, n))
            assert DRAWS.backoff_us_scalar(serial, n, retry) == round(pause_s * 10**6)
