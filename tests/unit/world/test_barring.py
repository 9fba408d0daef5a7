"""What becomes of attempts after an account may send no more."""

from __future__ import annotations

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US
from sim.world.attempts import Attempts
from sim.world.barring import refuse_barred
from tests.unit.world.building import conditions, drawn_calls

CALLS = drawn_calls([3, 2, 1])
BEGINS_US = np.array([10, 20, 30, 10, 20, 20])
ATTEMPTS = Attempts(
    call=np.arange(6),
    number=np.array([0, 1, 0, 0, 2, 0]),
    begins_us=BEGINS_US,
    ttft_us=np.full(6, 1),
    ends_us=BEGINS_US + 5,
    status=np.full(6, 200),
)


def test_only_the_first_attempt_after_the_bar_is_left_and_refused() -> None:
    refused = np.zeros(3, np.bool_)
    left, rows = refuse_barred(
        ATTEMPTS, CALLS, np.array([20, FOREVER_US, 21]), conditions(), refused
    )
    assert rows.tolist() == [0, 1, 3, 4, 5]
    assert left.call.tolist() == [0, 1, 3, 4, 5]
    assert left.status.tolist() == [200, 403, 200, 200, 200]
    error_us = conditions().failures.error_us_scalar(101, 1)
    assert left.ends_us.tolist() == [15, 20 + error_us, 15, 25, 25]
    assert refused.tolist() == [True, False, False]


def test_of_a_session_that_was_refused_before_nothing_is_left() -> None:
    refused = np.array([True, False, False])
    until_us = np.array([20, 20, 5])
    left, rows = refuse_barred(ATTEMPTS, CALLS, until_us, conditions(), refused)
    assert rows.tolist() == [0, 3, 4, 5]
    assert left.status.tolist() == [200, 200, 403, 403]
    assert refused.all()


def test_without_a_bar_everything_is_left() -> None:
    refused = np.zeros(3, np.bool_)
    left, rows = refuse_barred(ATTEMPTS, CALLS, np.full(3, 31), conditions(), refused)
    assert left is ATTEMPTS
    assert rows.tolist() == list(range(6))
    assert not refused.any()


@pytest.mark.parametrize("timeout_s", [0.06, 600.0])
def test_a_refusal_comes_before_the_client_hangs_up(timeout_s: float) -> None:
    rules = conditions(timeout_s=timeout_s)
    left, _ = refuse_barred(ATTEMPTS, CALLS, np.zeros(3, np.int64), rules, np.zeros(3, np.bool_))
    expected = [rules.failures.error_us_scalar(100 + k, n) for k, n in ((0, 0), (3, 0), (5, 0))]
    lasts = left.ends_us - left.begins_us
    assert lasts.tolist() == [min(error_us, round(timeout_s * 1e6)) for error_us in expected]
