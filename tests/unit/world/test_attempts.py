"""Attempts of calls without limits, as arrays and one by one, against a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import MINUTE_US, SECOND_US
from sim.world.attempt_outcome import AttemptRules
from sim.world.attempts import (
    ERROR_TYPES,
    Attempts,
    CallConditions,
    RetryPolicy,
    make_attempts,
)
from tests.unit.world.building import (
    call_by_loop,
    conditions,
    drawn_calls,
    event,
    rows_of,
)

BAD = event("incident", 2, 7, overload=0.45, server_error=0.3, slowdown=1.7)
CASES: dict[str, dict[str, Any]] = {
    "give up": {},
    "resume": {"resume_after_s": 30.0},
    "hang up": {"timeout_s": 3.2, "resume_after_s": 1.0},
    "hang up before an error comes": {"timeout_s": 0.3, "resume_after_s": 1.0},
    "the log ends soon": {"resume_after_s": 20.0, "until_min": 6.01},
}


def calls_of(count: int, **columns: Any) -> Any:
    rng = np.random.default_rng(7)
    defaults = {
        "ttft_us": rng.integers(1, 600_000, count),
        "generation_us": rng.integers(1, 4_000_000, count),
        "failure_draw": rng.random(count),
        "batch": rng.random(count) < 0.2,
    }
    return drawn_calls([1] * count, **{**defaults, **columns})


@pytest.mark.parametrize("case", CASES)
def test_attempts_of_many_calls_are_those_of_a_loop_over_each(case: str) -> None:
    rules = conditions(BAD, **CASES[case])
    calls = calls_of(300)
    requested_us = np.random.default_rng(1).integers(0, 8 * MINUTE_US, 300)
    ends_us, given_up, by_number = make_attempts(calls.at_normal_speed, requested_us, rules)
    expected = [call_by_loop(calls, k, at, rules) for k, at in enumerate(requested_us.tolist())]
    attempts = Attempts(*(np.concatenate(column) for column in zip(*by_number, strict=True)))
    assert rows_of(attempts) == sorted(
        (k, *row) for k, outcome in enumerate(expected) for row in outcome.attempts
    )
    assert ends_us.tolist() == [outcome.end_us for outcome in expected]
    assert given_up.tolist() == [outcome.given_up for outcome in expected]
    assert [set(attempts.number.tolist()) for attempts in by_number] == [
        {n} for n in range(len(by_number))
    ]


def test_requests_are_left_as_they_were() -> None:
    requested_us = np.array([0, 5])
    make_attempts(calls_of(2).at_normal_speed, requested_us, conditions(overload=1.0))
    assert requested_us.tolist() == [0, 5]


def test_a_call_is_given_up_after_sixty_chains_with_errors() -> None:
    rules = conditions(overload=1.0, resume_after_s=1.0)
    [ends_us], [given_up], by_number = make_attempts(
        drawn_calls([1]).at_normal_speed, np.array([0]), rules
    )
    assert given_up
    assert len(by_number) == 180
    assert ends_us == by_number[-1].ends_us[0]


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


# --- one attempt --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_the_outcome_of_one_attempt_is_that_of_arrays(case: str) -> None:
    rules = conditions(BAD, **CASES[case])
    calls = calls_of(100)
    one_by_one = AttemptRules(rules)
    for segment in (0, 1):
        at_us = int(rules.provider.starts_us[segment])
        for k in range(100):
            expected = call_by_loop(calls, k, at_us, rules)
            for n, begins_us, ttft_us, ends_us, status in expected.attempts[:2]:
                if rules.provider.segment_scalar(begins_us) == segment:
                    assert one_by_one.attempt_outcome(
                        int(calls.serial[k]),
                        n,
                        segment,
                        int(calls.ttft_us[k]),
                        int(calls.generation_us[k]),
                        float(calls.failure_draw[k]),
                        bool(calls.batch[k]),
                    ) == (status, ttft_us, ends_us - begins_us)


def rules_with(timeout_s: float = 600.0, resume_after_s: float | None = 30.0) -> CallConditions:
    return conditions(timeout_s=timeout_s, resume_after_s=resume_after_s)


@pytest.mark.parametrize(
    ("lacking_us", "pause_s"),
    [(1, 1), (SECOND_US, 1), (SECOND_US + 1, 2), (59 * SECOND_US + 1, 60), (60 * SECOND_US, 60)],
)
def test_clients_wait_whole_seconds_as_they_are_told(lacking_us: int, pause_s: int) -> None:
    rules = AttemptRules(rules_with())
    for n in (0, 1, 3):
        assert rules.pause_us(5, n, 429, 0, lacking_us) == pause_s * SECOND_US


def test_clients_told_to_wait_more_than_a_minute_take_their_own_pause() -> None:
    asked = rules_with()
    for n, retry in ((0, 0), (1, 1), (3, 0), (4, 1)):
        own = asked.failures.backoff_us_scalar(5, n, retry)
        assert AttemptRules(asked).pause_us(5, n, 429, 0, 60 * SECOND_US + 1) == own
        assert AttemptRules(asked).pause_us(5, n, 529, 0) == own


def test_the_pause_after_a_chain_is_that_of_the_policy_whatever_the_provider_says() -> None:
    rules = AttemptRules(rules_with())
    for n in (2, 5):
        assert rules.pause_us(5, n, 429, 0, lacking_us=SECOND_US) == 30 * SECOND_US
        assert rules.pause_us(5, n, 500, 59) == 30 * SECOND_US
        assert rules.pause_us(5, n, 500, 60) is None
        assert rules.pause_us(5, n, 499, 1) is None
    assert AttemptRules(rules_with(resume_after_s=None)).pause_us(5, 2, 500, 1) is None


def test_a_refusal_is_heard_after_the_error_time_but_before_the_client_hangs_up() -> None:
    patient, hasty = (AttemptRules(rules_with(timeout_s=s)) for s in (600.0, 0.2))
    for serial in range(30):
        error_us = rules_with().failures.error_us_scalar(serial, 1)
        assert patient.refusal_us(serial, 1) == error_us
        assert hasty.refusal_us(serial, 1) == min(error_us, 200_000)


def test_a_policy_stops_after_a_timeout_or_sixty_chains() -> None:
    policy = RetryPolicy(timeout_us=1, resume_after_us=7)
    assert policy.pause_us(429, 0) == policy.pause_us(500, 59) == 7
    assert policy.pause_us(499, 0) is policy.pause_us(529, 60) is None
