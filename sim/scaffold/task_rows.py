"""Rows of the task table, from drawn calls and what became of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Ints, for_loops
from sim.scaffold.exchange_records import Records
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.tables.words import BARRED, CUT_OFF, FINISHED, GIVEN_UP
from sim.world.attempts import (
    BLOCKED,
    CLIENT_TIMEOUT,
    DOWN,
    MOST_CHAINS,
    OK,
    RETRIES,
    Attempts,
    RetryPolicy,
)

TASK_RECORD = np.dtype(
    [
        ("serial", np.int64),
        ("start", np.int64),
        ("end", np.int64),
        ("item", np.int64),
        ("account", np.int32),
        ("calls", np.int32),
        ("exchanges", np.int32),
        ("logged", np.int32),
        ("answered", np.int32),
        ("round", np.int32),
        ("kind", np.int8),
        ("state", np.int8),
    ]
)


def no_tasks() -> Records:
    """Return no task."""
    return np.empty(0, TASK_RECORD)


def task_rows(
    drawn: DrawnSessions,
    placement: Placement,
    attempts: Attempts,
    policy: RetryPolicy,
    horizon_us: int,
) -> Records:
    """Return one row for each task with an attempt in the log, in order of task number.

    Parameters
    ----------
    drawn : DrawnSessions
        The calls of T tasks.
    placement : Placement
        Who sends them.
    attempts : Attempts
        All their attempts, also those outside the log.
    policy : RetryPolicy
        What the clients do after failures.
    horizon_us : int
        End of the log, which begins at 0.

    Returns
    -------
    array of TASK_RECORD
        `calls` is what the task would take if nothing failed, `exchanges` the attempts that it
        takes, `logged` those in the log, `answered` those of them that were answered, `state` an
        index of `TASK_STATES`.
    """
    task, tasks = for_loops(drawn.calls.task), len(placement.task_no)
    rows, last_call = np.zeros(tasks, TASK_RECORD), np.zeros(tasks, np.int64)
    names = ("task_no", "item", "round", "account", "kind")
    work = _Work(*(for_loops(getattr(placement, name)) for name in names))
    _begin_tasks(task, for_loops(drawn.calls.session), work, last_call, rows)

    made = Attempts(*map(for_loops, attempts))
    resumes = policy.resume_after_us is not None
    chains_down = np.zeros(len(task), np.int64)
    outcomes = _Outcomes(*(np.zeros(tasks, np.bool_) for _ in _Outcomes._fields))
    _add_attempts(made, task, last_call, resumes, horizon_us, chains_down, outcomes, rows)
    return rows[: _end_tasks(outcomes, horizon_us, rows)]


class _Work(NamedTuple):
    """What tasks work on, shape (T,), and for whom, shape (S,); see `Placement`."""

    task_no: Ints
    item: Ints
    round: Ints
    account: Ints
    kind: Ints


class _Outcomes(NamedTuple):
    """What became of tasks; arrays of bool, shape (T,).

    Tasks with a call that was given up, with an attempt that was barred, and whose last call was
    answered.
    """

    given_up: Bools
    barred: Bools
    last_answered: Bools


@compiled
def _begin_tasks(
    task_of_call: Ints, session_of_call: Ints, work: _Work, last_call: Ints, rows: Records
) -> None:
    """Begin the rows of tasks, which are zeros so far; `last_call` gets their last calls."""
    for call in range(len(task_of_call)):
        task, session = task_of_call[call], session_of_call[call]
        row = rows[task]
        row["calls"] += 1
        last_call[task] = call
        if row["calls"] == 1:
            row["serial"] = work.task_no[task]
            row["item"] = work.item[task]
            row["round"] = work.round[task]
            row["account"] = work.account[session]
            row["kind"] = work.kind[session]
            row["start"] = FOREVER_US
            row["end"] = NEVER_US


@compiled
def _add_attempts(
    attempts: Attempts,
    task_of_call: Ints,
    last_call: Ints,
    resumes: bool,
    horizon_us: int,
    chains_down: Ints,
    outcomes: _Outcomes,
    rows: Records,
) -> None:
    """Add attempts to the rows of their tasks, and note what became of these.

    `chains_down` counts the chains of each call that ended with the provider down.
    """
    for i in range(len(attempts.call)):
        call, status = attempts.call[i], attempts.status[i]
        task = task_of_call[call]
        row = rows[task]

        row["exchanges"] += 1
        row["start"] = min(row["start"], attempts.begins_us[i])
        row["end"] = max(row["end"], attempts.ends_us[i])
        if 0 <= attempts.begins_us[i] < horizon_us:
            row["logged"] += 1
            if status == OK:
                row["answered"] += 1

        if status == OK:
            if call == last_call[task]:
                outcomes.last_answered[task] = True
        elif status == BLOCKED:
            outcomes.barred[task] = True

        ends_chain = attempts.number[i] % (RETRIES + 1) == RETRIES and status != OK
        if ends_chain and _gives_up(status, call, resumes, chains_down):
            outcomes.given_up[task] = True


@compiled
def _gives_up(status: int, call: int, resumes: bool, chains_down: Ints) -> bool:
    """Whether a call is given up after a chain of attempts that ended with an error.

    Clients that resume give up only after a timeout, or when the provider is down for long.
    """
    if not resumes or status == CLIENT_TIMEOUT:
        return True
    if status in DOWN:
        chains_down[call] += 1
    return bool(chains_down[call] >= MOST_CHAINS)


@compiled
def _end_tasks(outcomes: _Outcomes, horizon_us: int, rows: Records) -> int:
    """Say how tasks ended, and move those with an attempt in the log to the front.

    Returns how many these are.
    """
    used = 0
    for task in range(len(rows)):
        row = rows[task]
        ends_in_log = row["end"] <= horizon_us
        if outcomes.last_answered[task] and ends_in_log:
            row["state"] = FINISHED
        elif outcomes.barred[task]:
            row["state"] = BARRED
        elif outcomes.given_up[task] and ends_in_log:
            row["state"] = GIVEN_UP
        else:
            row["state"] = CUT_OFF

        if row["logged"] > 0:
            rows[used] = row
            used += 1
    return used
