"""Rows of the exchange log and of the task table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import HOUR_US, MINUTE_US
from sim.scaffold.exchange_records import EXCHANGE_ROW, unpacked
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import (
    Placement,
    exchange_rows,
    task_of,
)
from sim.scaffold.task_rows import TASK_RECORD, task_rows
from sim.tables.words import BARRED, CUT_OFF, FINISHED, GIVEN_UP, TASK_STATES
from sim.world.attempts import Attempts, RetryPolicy
from tests.unit.world.building import drawn_calls

# two sessions: tasks of two calls and of one, then a task of one call
CALLS = drawn_calls(
    [3, 1],
    task=np.array([0, 0, 1, 2]),
    serial=np.array([7 << 20, (7 << 20) + 1, 8 << 20, 9 << 20]),
    context_tokens=np.array([1_000, 2_000, 3_000, 4_000]),
    left_tokens=np.array([900, 1_900, 0, 3_900]),
    output_tokens=np.array([11, 12, 13, 14]),
    lifetime_us=np.array([5 * MINUTE_US, HOUR_US]),
    batch=np.array([False, True]),
)
DRAWN = DrawnSessions(
    calls=CALLS,
    position=np.array([0, 1, 0, 0]),
    finish=np.array([0, 1, 2, 5]),
    opens_turn=np.array([True, False, True, True]),
    turn=np.array([0, 0, 1, 0]),
    in_sub_agent=np.array([False, True, False, False]),
    shares_with=np.array([-1, 7 << 20, 7 << 20, -1]),
    shared_tokens=np.array([0, 400, 1_000, 0]),
    role=np.array([1, 0, 1, 2]),
    prewarm=np.array([False, False, False, True]),
    reasoning_tokens=np.array([1, 2, 3, 4]),
    choices=np.array([1, 1, 3, 1]),
    server_requests=np.array([0, 10, 0, 5]),
    category=np.array([4, 3, 2, 1]),
    n_messages=np.array([1, 3, 5, 1]),
    n_tool_results_in=np.array([0, 2, 0, 0]),
    n_tool_calls_out=np.array([2, 0, 1, 1]),
)
PLACEMENT = Placement(
    account=np.array([50, 60]),
    model=np.array([3, 4]),
    session_no=np.array([70, 80]),
    until_us=np.array([0, 0]),
    person=np.array([1, 2]),
    language=np.array([5, 6]),
    template=np.array([30, 31]),
    kind=np.array([0, 1]),
    away=np.array([False, True]),
    task_no=np.array([7, 8, 9]),
    prompt=np.array([101, 102, 103]),
    topic=np.array([21, 22, 23]),
    content=np.array([201, 202, 203], np.uint64),
    item=np.array([-1, 4, 5]),
    round=np.array([0, 1, 2]),
)


def attempts_of(*rows: tuple[int, int, int, int, int]) -> Attempts:
    """Attempts from (call, number, begin, end, status)."""
    call, number, begins_us, ends_us, status = np.array(rows, np.int64).T
    return Attempts(call, number, begins_us, begins_us * 0 + 3, ends_us, status)


# --- exchanges ----------------------------------------------------------------------------------

ATTEMPTS = attempts_of((0, 0, 10, 15, 200), (1, 4, 20, 29, 529), (3, 0, 30, 31, 200))
READ = np.array([600, 50, 1_000])
EXPECTED: dict[str, list[Any]] = {
    "ts": [10, 20, 30],
    "serial": [7 << 20, (7 << 20) + 1, 9 << 20],
    "prompt": [101, 101, 103],
    "session": [70, 70, 80],
    "content": [201, 201, 203],
    "account": [50, 50, 60],
    "person": [1, 1, 2],
    "template": [30, 30, 31],
    "topic": [21, 21, 23],
    "kind": [0, 0, 1],
    "language": [5, 5, 6],
    "away": [False, False, True],
    "duration": [5, 9, 1],
    "ttft": [3, -1, 3],
    "output": [11, 0, 14],
    "n_messages": [1, 3, 1],
    "n_results": [0, 2, 0],
    "n_calls": [2, 0, 1],
    "finish": [0, -1, 5],
    "model": [3, 3, 4],
    "status": [200, 529, 200],
    "number": [0, 4, 0],
    "reasoning": [1, 0, 4],
    "choices": [1, 1, 1],
    "server": [0, 0, 5],
    "category": [4, 3, 1],
    "user": [True, False, True],
    "role": [1, 0, 2],
    "sub": [False, True, False],
    "turn": [0, 0, 0],
    "shares_with": [-1, 7 << 20, -1],
    "shared": [0, 400, 0],
    "think": [1_000, 1_000, 1_000],
    "prewarm": [False, False, True],
    "batch": [False, False, True],
    # of the context 900 and 3,900 are left in the cache; what is not read of that is written
    "uncached": [100, 0, 100],
    "read": [600, 0, 1_000],
    "write_5m": [300, 0, 0],
    "write_1h": [0, 0, 2_900],
}


def test_a_row_says_of_an_attempt_who_made_it_and_what_became_of_it() -> None:
    rows = unpacked(exchange_rows(DRAWN, PLACEMENT, ATTEMPTS, READ))
    assert {name: values.tolist() for name, values in rows.items()} == EXPECTED


def test_rows_come_in_any_order_that_is_asked_for() -> None:
    made = exchange_rows(DRAWN, PLACEMENT, ATTEMPTS, READ)
    rows = unpacked(made, np.array([2, 0, 2]))
    expected = {name: [values[2], values[0], values[2]] for name, values in EXPECTED.items()}
    assert {name: values.tolist() for name, values in rows.items()} == expected
    assert {name: values.dtype for name, values in rows.items()} == {
        name: EXCHANGE_ROW[name] for name in EXCHANGE_ROW.names or ()
    }


def test_columns_of_any_type_make_the_same_rows() -> None:
    """Those of 32 bits, or that may not be written to, are copied before they are gone through."""
    calls = {name: getattr(DRAWN, name) for name in ("position", "finish", "category")}
    narrow = replace(DRAWN, **{name: values.astype(np.int32) for name, values in calls.items()})
    READ.setflags(write=False)
    rows = exchange_rows(narrow, PLACEMENT, ATTEMPTS, READ)
    READ.setflags(write=True)
    assert {name: values.tolist() for name, values in unpacked(rows).items()} == EXPECTED


def test_what_leaves_nothing_in_the_cache_writes_nothing() -> None:
    made = exchange_rows(DRAWN, PLACEMENT, attempts_of((2, 0, 1, 2, 200)), np.array([0]))
    rows = unpacked(made)
    assert [int(rows[name][0]) for name in ("uncached", "write_5m", "write_1h")] == [3_000, 0, 0]


def test_the_task_of_a_serial_number_whatever_the_position() -> None:
    serial = np.array([(7 << 20) + 5, 9 << 20])
    assert task_of(serial).tolist() == [7, 9]


# --- tasks --------------------------------------------------------------------------------------

HORIZON_US = 1_000
GIVES_UP, RESUMES = RetryPolicy(100, None), RetryPolicy(100, 5)


def tasks_of(attempts: Attempts, policy: RetryPolicy = GIVES_UP) -> dict[str, list[Any]]:
    rows = task_rows(DRAWN, PLACEMENT, attempts, policy, HORIZON_US)
    return {name: rows[name].tolist() for name in TASK_RECORD.names or ()}


def states(attempts: Attempts, policy: RetryPolicy = GIVES_UP) -> list[str]:
    return [TASK_STATES[state] for state in tasks_of(attempts, policy)["state"]]


def test_a_row_sums_up_the_attempts_of_a_task() -> None:
    tasks = tasks_of(
        attempts_of(
            (0, 0, -20, -10, 200),
            (1, 0, -5, 0, 529),
            (1, 1, 10, 30, 200),
            (3, 0, 50, 55, 500),
            (3, 1, 60, 90, 200),
            (3, 2, 1_000, 1_005, 200),
        )
    )
    assert tasks == {
        "serial": [7, 9],
        "account": [50, 60],
        "start": [-20, 50],
        "end": [30, 1_005],
        "calls": [2, 1],
        "exchanges": [3, 3],
        "logged": [1, 2],
        "answered": [1, 1],
        "kind": [0, 1],
        "item": [-1, 5],
        "round": [0, 2],
        "state": [FINISHED, CUT_OFF],
    }


def test_tasks_without_an_attempt_in_the_log_have_no_row() -> None:
    before = attempts_of((0, 0, -2, -1, 200), (1, 0, -1, 0, 200), (3, 0, 1_000, 1_001, 200))
    assert tasks_of(before)["serial"] == []
    at_the_edges = attempts_of((2, 0, 0, 1, 200), (3, 0, 999, 1_000, 200))
    assert tasks_of(at_the_edges)["serial"] == [8, 9]


def test_codes_of_states_have_names() -> None:
    codes = FINISHED, GIVEN_UP, CUT_OFF, BARRED
    assert [TASK_STATES[code] for code in codes] == ["finished", "given_up", "cut_off", "barred"]


@pytest.mark.parametrize(("end", "state"), [(1_000, "finished"), (1_001, "cut_off")])
def test_a_task_is_finished_if_its_last_call_was_answered_within_the_log(
    end: int, state: str
) -> None:
    assert states(attempts_of((2, 0, 1, end, 200))) == [state]
    assert states(attempts_of((0, 0, 1, end, 200))) == ["cut_off"]
    assert states(attempts_of((0, 0, 1, 2, 529), (1, 0, 5, end, 200))) == [state]


@pytest.mark.parametrize(("end", "state"), [(1_000, "given_up"), (1_001, "cut_off")])
def test_clients_that_give_up_do_so_after_the_third_failure(end: int, state: str) -> None:
    first = [(2, n, n, n + 1, 529) for n in range(2)]
    assert states(attempts_of(*first)) == ["cut_off"]
    assert states(attempts_of(*first, (2, 2, 5, end, 429))) == [state]
    assert states(attempts_of(*first, (2, 2, 5, end, 200))) == [
        "finished" if state == "given_up" else "cut_off"
    ]


def chains(count: int, status: int) -> list[tuple[int, int, int, int, int]]:
    """Chains of three attempts of a call, of which the last ends with the status."""
    return [(2, n, n, n + 1, status if n % 3 == 2 else 429) for n in range(3 * count)]


def test_clients_that_resume_give_up_after_a_timeout_or_sixty_chains_with_errors() -> None:
    assert states(attempts_of(*chains(1, 499)), RESUMES) == ["given_up"]
    for status in (529, 500):
        assert states(attempts_of(*chains(59, status)), RESUMES) == ["cut_off"]
        assert states(attempts_of(*chains(60, status)), RESUMES) == ["given_up"]
    assert states(attempts_of(*chains(70, 429)), RESUMES) == ["cut_off"]
    mixed = [*chains(59, 500), (2, 177, 500, 501, 429), (2, 178, 502, 503, 429)]
    assert states(attempts_of(*mixed, (2, 179, 504, 505, 429)), RESUMES) == ["cut_off"]


def test_a_task_is_barred_unless_it_was_finished_before() -> None:
    refused = (1, 0, 5, 6, 403)
    assert states(attempts_of((0, 0, 1, 2, 200), refused)) == ["barred"]
    given_up = [(0, n, n, n + 1, 529) for n in range(3)]
    assert states(attempts_of(*given_up, (1, 0, 8, 9, 403))) == ["barred"]
    assert states(attempts_of((0, 0, 1, 2, 403), (1, 0, 5, 6, 200))) == ["finished"]


def test_columns_of_accounts_belong_to_the_session_of_the_task() -> None:
    other = replace(PLACEMENT, account=np.array([51, 52]), kind=np.array([2, 1]))
    rows = task_rows(DRAWN, other, attempts_of((2, 0, 1, 2, 200), (3, 0, 1, 2, 200)), GIVES_UP, 9)
    assert rows["account"].tolist() == [51, 52]
    assert rows["kind"].tolist() == [2, 1]
