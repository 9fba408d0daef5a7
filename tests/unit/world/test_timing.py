"""Timing of sessions without limits, against a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import MINUTE_US
from sim.world.timing import solve_timing
from tests.unit.world.building import (
    call_by_loop,
    conditions,
    drawn_calls,
    event,
    rows_of,
    sessions_by_loop,
)

# a change of conditions every minute or two, so that sessions cross several
EVENTS = (
    event("incident", 1, 4, slowdown=2.5, overload=0.3),
    event("incident", 2, 3, slowdown=1.3, server_error=0.5),
    event("incident", 5, 9, overload=0.7),
)
CASES: dict[str, dict[str, Any]] = {
    "give up": {},
    "resume": {"resume_after_s": 15.0},
    "hang up": {"timeout_s": 5.0, "resume_after_s": 5.0},
    "the log ends soon": {"resume_after_s": 5.0, "until_min": 4.5},
    "all fails": {"overload": 1.0},
}


def sessions_of(count: int, *, tasks: int) -> Any:
    rng = np.random.default_rng(3)
    per_session = rng.integers(1, 9, count)
    calls = int(per_session.sum())
    position = np.concatenate([np.arange(n) for n in per_session])
    session = np.repeat(np.arange(count), per_session)
    # tasks of one to three calls
    task = np.cumsum((position == 0) | ((position % 3 == 0) & (tasks > 1))) - 1
    return drawn_calls(
        per_session.tolist(),
        session=session,
        task=task,
        wait_us=rng.integers(0, 9_000_000, calls),
        ttft_us=rng.integers(1, 600_000, calls),
        generation_us=rng.integers(1, 9_000_000, calls),
        failure_draw=rng.random(calls),
        batch=rng.random(count) < 0.2,
    )


STARTS_US = np.random.default_rng(4).integers(0, 6 * MINUTE_US, 60)


@pytest.mark.parametrize("case", CASES)
def test_sessions_alone_are_those_of_a_loop_over_their_calls(case: str) -> None:
    rules = conditions(*EVENTS, **CASES[case])
    calls = sessions_of(60, tasks=3)
    solved = solve_timing(calls, STARTS_US, rules)
    ends, attempts = sessions_by_loop(calls, STARTS_US.tolist(), rules)
    assert rows_of(solved.attempts) == sorted(attempts)
    in_log = np.array(ends) < rules.until_us
    assert solved.session_ends_us[in_log].tolist() == np.array(ends)[in_log].tolist()
    assert (solved.session_ends_us[~in_log] >= rules.until_us).all()


def test_some_sessions_alone_are_as_among_all() -> None:
    rules = conditions(*EVENTS, resume_after_s=15.0)
    calls, chosen = sessions_of(60, tasks=3), np.array([3, 4, 17, 59])
    everybody = solve_timing(calls, STARTS_US, rules)
    some = solve_timing(calls, STARTS_US[chosen], rules, chosen)
    assert some.session_ends_us.tolist() == everybody.session_ends_us[chosen].tolist()
    of_chosen = np.isin(calls.session[everybody.attempts.call], chosen)
    assert rows_of(some.attempts) == rows_of(everybody.attempts.pick(of_chosen))


def test_sessions_end_beyond_the_log_as_if_each_call_were_tried_once() -> None:
    """After the log a call that fails ends when it would be tried again, and the next follows."""
    rules = conditions(until_min=1, overload=1.0, resume_after_s=5.0)
    calls = drawn_calls([3], wait_us=[0, 40 * 10**6, 1_000])
    solved = solve_timing(calls, np.array([59 * 10**6]), rules)
    now_us = 59 * 10**6
    for row, wait_us in enumerate(calls.wait_us.tolist()):
        now_us += wait_us
        outcome = call_by_loop(calls, row, now_us, rules)
        now_us = outcome.end_us
        assert outcome.attempts[-1][1] < rules.until_us or len(outcome.attempts) == 1
    assert solved.session_ends_us.tolist() == [now_us]
    assert set(solved.attempts.call.tolist()) == {0}


def test_attempts_read_what_their_own_history_left_and_no_static_prefix() -> None:
    calls = drawn_calls(
        [2, 2],
        history=[0, 0, 1, 2],
        left_tokens=[500, 900, 500, 900],
        lifetime_us=MINUTE_US,
        static_tokens=100,
    )
    solved = solve_timing(calls, np.zeros(2, np.int64), conditions())
    assert solved.attempts.call.tolist() == [0, 1, 2, 3]
    assert solved.read_tokens.tolist() == [0, 500, 0, 0]


def test_a_session_whose_account_is_barred_before_its_end_is_refused() -> None:
    calls = drawn_calls([2, 2, 2])
    until_us = np.array([0, 2_301_000, 9 * MINUTE_US])
    solved = solve_timing(calls, np.zeros(2, np.int64), conditions(), np.array([1, 2]), until_us)
    assert solved.refused.tolist() == [True, False]
    assert solved.attempts.status.tolist() == [200, 403, 200, 200]
