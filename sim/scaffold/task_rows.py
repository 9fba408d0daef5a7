"""Rows of the task table, from drawn calls and what became of them."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.ragged import starts_of
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Ints
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


def task_rows(
    drawn: DrawnSessions,
    placement: Placement,
    attempts: Attempts,
    policy: RetryPolicy,
    horizon_us: int,
) -> Columns:
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
    Columns
        The fields of `TASK_RECORD`. `calls` is what the task would take if nothing failed,
        `exchanges` the attempts that it takes, `logged` those in the log, `answered` those of
        them that were answered, `state` an index of `TASK_STATES`.
    """
    calls, tasks = drawn.calls, len(placement.task_no)
    task = calls.task[attempts.call]
    in_log = (attempts.begins_us >= 0) & (attempts.begins_us < horizon_us)
    answered_in_log = in_log & (attempts.status == OK)

    calls_per_task = np.bincount(calls.task, minlength=tasks)
    session = calls.session[starts_of(calls_per_task)]
    start_us, end_us = np.full(tasks, FOREVER_US), np.full(tasks, NEVER_US)
    np.minimum.at(start_us, task, attempts.begins_us)
    np.maximum.at(end_us, task, attempts.ends_us)

    gave_up = _tasks_with(_last_of_call(drawn, attempts, policy), task, tasks)
    barred = _tasks_with(attempts.status == BLOCKED, task, tasks)
    finished = _last_call_answered(drawn, attempts, calls_per_task) & (end_us <= horizon_us)
    state = np.where(gave_up & (end_us <= horizon_us), GIVEN_UP, CUT_OFF)
    state[barred] = BARRED
    state[finished] = FINISHED

    logged = np.bincount(task[in_log], minlength=tasks)
    seen = logged > 0
    columns = {
        "serial": placement.task_no,
        "account": placement.account[session],
        "start": start_us,
        "end": end_us,
        "calls": calls_per_task,
        "exchanges": np.bincount(task, minlength=tasks),
        "logged": logged,
        "answered": np.bincount(task[answered_in_log], minlength=tasks),
        "kind": placement.kind[session],
        "item": placement.item,
        "round": placement.round,
        "state": state,
    }
    return {name: values[seen] for name, values in columns.items()}


def _last_call_answered(drawn: DrawnSessions, attempts: Attempts, calls_per_task: Ints) -> Bools:
    """Tell of which tasks the last call was answered."""
    answered = np.zeros(len(drawn.calls.serial), np.bool_)
    answered[attempts.call[attempts.status == OK]] = True
    of_last_call: Bools = answered[np.cumsum(calls_per_task) - 1]
    return of_last_call


def _last_of_call(drawn: DrawnSessions, attempts: Attempts, policy: RetryPolicy) -> Bools:
    """Tell which attempts ended a chain after which their call was given up."""
    last_of_chain: Bools = (attempts.resend == RETRIES) & (attempts.status != OK)
    if policy.resume_after_us is None:
        return last_of_chain
    # clients that resume give up only after a timeout, or when the provider is down for long
    down = last_of_chain & np.isin(attempts.status, DOWN)
    chains_down = np.bincount(attempts.call[down], minlength=len(drawn.calls.serial))
    is_down_for_long = chains_down[attempts.call] >= MOST_CHAINS
    last_of_chain &= (attempts.status == CLIENT_TIMEOUT) | is_down_for_long
    return last_of_chain


def _tasks_with(flags: Bools, task: Ints, tasks: int) -> Bools:
    """Tell which tasks have a flagged attempt."""
    some = np.zeros(tasks, np.bool_)
    some[task[flags]] = True
    return some
