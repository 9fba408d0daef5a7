"""Rows of the log and of the task table, from calls and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.arrays.ragged import starts_of
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Ints
from sim.scaffold.fill import POSITION_BITS, Drawn
from sim.streams import U64, Ids
from sim.world.attempts import (
    BLOCKED,
    CLIENT_TIMEOUT,
    DOWN,
    MOST_CHAINS,
    OK,
    RETRIES,
    Attempts,
    Policy,
)
from sim.world.cache import LIFETIME_5M_US

_POSITION_MASK = (1 << POSITION_BITS) - 1

FINISHED, GIVEN_UP, CUT_OFF, BARRED = 0, 1, 2, 3
TASK_STATES = ("finished", "given_up", "cut_off", "barred")
NO_FINISH = -1


EXCHANGE_RECORD = np.dtype(
    [
        ("ts", np.int64),
        ("serial", np.int64),
        ("prompt", np.int64),
        ("session", np.int64),
        ("duration", np.int64),
        ("ttft", np.int64),
        ("content", np.uint64),
        ("account", np.int32),
        ("person", np.int32),
        ("output", np.int32),
        ("reasoning", np.int32),
        ("uncached", np.int32),
        ("read", np.int32),
        ("write_5m", np.int32),
        ("write_1h", np.int32),
        ("n_messages", np.int16),
        ("n_results", np.int16),
        ("n_calls", np.int16),
        ("status", np.int16),
        ("number", np.int32),
        ("server", np.int16),
        ("template", np.int16),
        ("topic", np.int16),
        ("finish", np.int8),
        ("model", np.int8),
        ("choices", np.int8),
        ("category", np.int8),
        ("kind", np.int8),
        ("language", np.int8),
        ("away", np.bool_),
        ("user", np.bool_),
        ("prewarm", np.bool_),
        ("batch", np.bool_),
    ]
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


@dataclass(frozen=True)
class Placement:
    """Who sends a block of sessions, and what it works on.

    Session arrays have shape (S,), task arrays (T,). `account` is the number in the scenario;
    `away` says that it sends from its second address, `until_us` when it may send no more.
    `round` is -1 for work that began before what the scenario asked for.
    """

    account: Ints
    model: Ints
    session_no: Ints
    until_us: Ints
    person: Ints
    language: Ints
    template: Ints
    kind: Ints
    away: Bools
    task_no: Ints
    prompt: Ids
    topic: Ints
    content: U64
    item: Ints
    round: Ints


RowMaker = Callable[[Drawn, Placement, Attempts, Ints], Columns]


def counting_rows(drawn: Drawn, placement: Placement, attempts: Attempts, _read: Ints) -> Columns:
    """Of each row of `exchange_rows` what the counting conventions ask for."""
    call = attempts.call
    answered = attempts.status == OK
    return {
        "account": placement.account[drawn.shape.session[call]],
        "status": attempts.status,
        "output": drawn.shape.output_tokens[call] * answered,
        "finish": drawn.finish[call],
        "choices": drawn.choices[call],
        "user": drawn.from_user[call],
    }


def exchange_rows(drawn: Drawn, placement: Placement, attempts: Attempts, read: Ints) -> Columns:
    """One row per attempt, `read` of its tokens from the cache; nothing counts if it failed.

    `serial` is task number and position in the task in one whole number; identifiers of
    exchanges and tasks are derived from it and from `number`, the attempt's in its call.
    """
    shape, call = drawn.shape, attempts.call
    session, task = shape.session[call], shape.task[call]
    answered = attempts.status == OK
    left = shape.left_tokens[call]
    write = np.where(left > 0, left - read, 0)
    hour = shape.lifetime_us[session] > LIFETIME_5M_US

    def counted(values: Ints, kind: type = np.int32) -> NDArray[Any]:
        return np.asarray(values * answered, kind)

    return {
        "ts": attempts.begins_us,
        "serial": shape.call[call],
        "prompt": placement.prompt[task],
        "session": placement.session_no[session],
        "content": placement.content[task],
        "account": placement.account[session].astype(np.int32),
        "person": placement.person[session].astype(np.int32),
        "template": placement.template[session].astype(np.int16),
        "topic": placement.topic[task].astype(np.int16),
        "kind": placement.kind[session].astype(np.int8),
        "language": placement.language[session].astype(np.int8),
        "away": placement.away[session],
        "duration": attempts.ends_us - attempts.begins_us,
        "ttft": np.where(answered, attempts.ttft_us, -1),
        "output": counted(shape.output_tokens[call]),
        "n_messages": drawn.n_messages[call].astype(np.int16),
        "n_results": drawn.n_tool_results_in[call].astype(np.int16),
        "n_calls": counted(drawn.n_tool_calls_out[call], np.int16),
        "finish": np.where(answered, drawn.finish[call], NO_FINISH).astype(np.int8),
        "model": placement.model[session].astype(np.int8),
        "status": attempts.status.astype(np.int16),
        "number": attempts.number.astype(np.int32),
        "reasoning": counted(drawn.reasoning_tokens[call]),
        "choices": drawn.choices[call].astype(np.int8),
        "server": counted(drawn.server_requests[call], np.int16),
        "category": drawn.category[call].astype(np.int8),
        "user": drawn.from_user[call],
        "prewarm": drawn.prewarm[call],
        "batch": shape.batch[session],
        "uncached": counted(shape.context_tokens[call] - read - write),
        "read": counted(read),
        "write_5m": counted(write * ~hour),
        "write_1h": counted(write * hour),
    }


def task_rows(
    drawn: Drawn, placement: Placement, attempts: Attempts, policy: Policy, horizon_us: int
) -> Columns:
    """One row per task with an attempt in the log, in order of task number.

    `calls` is what the task would have taken, `exchanges` the attempts it did take, `logged`
    those inside [0, horizon). A task is finished when its last call was answered within the log,
    given up when a call was, barred when its account was closed, and cut off when the log closed
    over it.
    """
    shape, tasks = drawn.shape, len(placement.task_no)
    task = shape.task[attempts.call]
    begins, ends = attempts.begins_us, attempts.ends_us
    inside = (begins >= 0) & (begins < horizon_us)
    start = np.full(tasks, FOREVER_US)
    end = np.full(tasks, NEVER_US)
    np.minimum.at(start, task, begins)
    np.maximum.at(end, task, ends)
    calls = np.bincount(shape.task, minlength=tasks)
    last_call = np.cumsum(calls) - 1
    answered = np.zeros(len(shape.call), np.bool_)
    answered[attempts.call[attempts.status == OK]] = True
    done = answered[last_call] & (end <= horizon_us)
    gave_up = np.zeros(tasks, np.bool_)
    last_try = (attempts.resend == RETRIES) & (attempts.status != OK)
    if policy.resume_after_us is not None:
        down = last_try & np.isin(attempts.status, DOWN)
        chains = np.bincount(attempts.call[down], minlength=len(shape.call))
        last_try &= (attempts.status == CLIENT_TIMEOUT) | (chains[attempts.call] >= MOST_CHAINS)
    gave_up[task[last_try]] = True
    state = np.where(done, FINISHED, np.where(gave_up & (end <= horizon_us), GIVEN_UP, CUT_OFF))
    barred = np.zeros(tasks, np.bool_)
    barred[task[attempts.status == BLOCKED]] = True
    state = np.where(barred & ~done, BARRED, state)
    logged = np.bincount(task[inside], minlength=tasks)
    session = shape.session[starts_of(calls)]
    seen = logged > 0
    return {
        "serial": placement.task_no[seen],
        "account": placement.account[session][seen],
        "start": start[seen],
        "end": end[seen],
        "calls": calls[seen],
        "exchanges": np.bincount(task, minlength=tasks)[seen],
        "logged": logged[seen],
        "answered": np.bincount(task[inside & (attempts.status == OK)], minlength=tasks)[seen],
        "kind": placement.kind[session][seen],
        "item": placement.item[seen],
        "round": placement.round[seen],
        "state": state[seen],
    }


def task_of(serial: Ints) -> Ints:
    return serial >> POSITION_BITS


def position_of(serial: Ints) -> Ints:
    return serial & _POSITION_MASK
