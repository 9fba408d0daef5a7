"""What is said of attempts."""

from __future__ import annotations

import numpy as np

from sim.world.attempts import ERROR_TYPES, Attempts


def test_resend_counts_within_a_chain() -> None:
    number = np.arange(7)
    attempts = Attempts(number, number, number, number, number, number)
    assert attempts.resend.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert attempts.pick(np.array([4, 2])).number.tolist() == [4, 2]


def test_every_status_of_a_failure_has_the_type_of_the_api() -> None:
    assert ERROR_TYPES == {
        403: "permission_error",
        429: "rate_limit_error",
        529: "overloaded_error",
        500: "api_error",
        499: "client_timeout",
    }
