"""Random numbers of attempts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.types import Floats
from sim.streams import Streams, mixed
from sim.world.failures import FailureDraws, backoff_us, error_us, uniform

DRAWS = FailureDraws(Streams(1), "actor")
SERIAL = np.arange(20_000)


def test_failure_draws_are_uniform() -> None:
    draws = DRAWS.failure(SERIAL, 0)
    assert ((draws >= 0) & (draws < 1)).all()
    assert np.quantile(draws, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def numbers(step: Any, key: int, *more: int, first: int = 0, n: int = 0) -> Floats:
    """What a compiled step says of many calls, one after the other."""
    key_ = np.uint64(key)
    return np.array([step(key_, k, n, *more) for k in range(first, first + 5_000)])


def test_draws_of_calls_attempts_purposes_and_actors_differ() -> None:
    other = FailureDraws(Streams(1), "another actor")
    draws = numbers(uniform, DRAWS.failure_key)
    for others in (
        numbers(uniform, DRAWS.failure_key, first=1),
        numbers(uniform, DRAWS.failure_key, n=1),
        numbers(uniform, DRAWS.error_key),
        numbers(uniform, DRAWS.backoff_key),
        numbers(uniform, other.failure_key),
    ):
        assert abs(np.corrcoef(draws, others)[0, 1]) < 0.06


def test_errors_come_after_50_to_500_ms() -> None:
    after_us = numbers(error_us, DRAWS.error_key, n=3)
    assert (after_us.min(), after_us.max()) == pytest.approx((50_000, 500_000), abs=500)
    assert np.median(after_us) == pytest.approx(275_000, abs=9_000)


@pytest.mark.parametrize(("retry", "most_us"), [(0, 500_000), (1, 1_000_000), (9, 8_000_000)])
def test_the_backoff_doubles_up_to_8_s_and_is_up_to_a_quarter_shorter(
    retry: int, most_us: int
) -> None:
    pause_us = numbers(backoff_us, DRAWS.backoff_key, retry, n=5)
    assert (pause_us.min(), pause_us.max()) == pytest.approx((0.75 * most_us, most_us), rel=1e-3)


def test_draws_of_one_attempt_are_those_of_arrays() -> None:
    key = np.uint64(DRAWS.failure_key)
    for n in range(4):
        one_by_one = [uniform(key, serial, n) for serial in range(50)]
        assert one_by_one == DRAWS.failure(SERIAL[:50], n).tolist()


def test_draws_are_the_numbers_of_the_documented_formula() -> None:
    def by_formula(purpose: str, serial: int, n: int) -> float:
        key = Streams(1).key("actor", purpose)
        return float(mixed(mixed(key, np.array([serial])), n)[0] >> np.uint64(11)) / 2**53

    for serial, n in ((0, 0), (7, 1), (123_456, 5)):
        assert uniform(np.uint64(DRAWS.failure_key), serial, n) == by_formula("failure", serial, n)
        after_us = round(50_000 + 450_000 * by_formula("error time", serial, n))
        assert error_us(np.uint64(DRAWS.error_key), serial, n) == after_us
        for retry, longest_s in ((0, 0.5), (1, 1.0), (4, 8.0), (5, 8.0)):
            pause_us = round(longest_s * (1 - 0.25 * by_formula("backoff", serial, n)) * 10**6)
            assert backoff_us(np.uint64(DRAWS.backoff_key), serial, n, retry) == pause_us
