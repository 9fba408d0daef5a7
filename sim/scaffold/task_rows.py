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

FINISHED, GIVEN_UP, CUT_OFF, BARRED = 0, 1, 2, 3
TASK_STATES = ("finished", "given_up", "cut_off", "barred")

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
    task = for_loops(drawn.calls.task)
    tasks = len(placement.task_no)
    session, calls = np.zeros(tasks, np.int64), np.bincount(task, minlength=tasks)
    session[task] = drawn.calls.session

    rows = np.zeros(tasks, TASK_RECORD)
    rows["serial"], rows["item"], rows["round"] = placement.task_no, placement.item, placement.round
    rows["account"], rows["kind"] = placement.account[session], placement.kind[session]
    rows["calls"] = calls
    rows["start"], rows["end"] = FOREVER_US, NEVER_US

    # counted attempt by attempt
    chains_down = np.zeros(len(task), np.int64)
    outcome = _Outcomes(*(np.zeros(tasks, np.bool_) for _ in _Outcomes._fields))
    last_call = np.cumsum(calls) - 1
    made = Attempts(*map(for_loops, attempts))
    resumes = policy.resume_after_us is not None
    _add_attempts(made, task, last_call, resumes, horizon_us, chains_down, outcome, rows)

    ends_in_log = rows["end"] <= horizon_us
    rows["state"] = np.where(outcome.given_up & ends_in_log, GIVEN_UP, CUT_OFF)
    rows["state"][outcome.barred] = BARRED
    rows["state"][outcome.last_answered & ends_in_log] = FINISHED
    return rows[rows["logged"] > 0]


class _Outcomes(NamedTuple):
    """What became of tasks; arrays of bool, shape (T,).

    Tasks with a call that was given up, with an attempt that was barred, and whose last call was
    answered.
    """

    given_up: Bools
    barred: Bools
    last_answered: Bools


@compiled
def _add_attempts(
    attempts: Attempts,
    task_of_call: Ints,
    last_call: Ints,
    resumes: bool,
    horizon_us: int,
    chains_down: Ints,
    outcome: _Outcomes,
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
                outcome.last_answered[task] = True
        elif status == BLOCKED:
            outcome.barred[task] = True

        ends_chain = attempts.number[i] % (RETRIES + 1) == RETRIES and status != OK
        if ends_chain and _gives_up(status, call, resumes, chains_down):
            outcome.given_up[task] = True


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
