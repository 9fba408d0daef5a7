"""Timing of sessions without limits, as a fixed point and call by call, against a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.arrays.time import MINUTE_US
from sim.world.timing import solve_timing
from sim.world.timing_scalar import end_of_task
from tests.unit.world.building import (
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
def test_the_fixed_point_is_the_schedule_of_a_loop_over_the_calls(case: str) -> None:
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


@pytest.mark.parametrize("case", CASES)
def test_the_end_of_a_task_is_that_of_a_loop_over_its_calls(case: str) -> None:
    rules = conditions(*EVENTS, **CASES[case])
    calls = sessions_of(60, tasks=1)
    starts = STARTS_US.tolist()
    expected, _ = sessions_by_loop(calls, starts, rules)
    for session, (start_us, end_us) in enumerate(zip(starts, expected, strict=True)):
        ends_us = end_of_task(calls, session, start_us, rules)
        assert ends_us == end_us or min(ends_us, end_us) >= rules.until_us
