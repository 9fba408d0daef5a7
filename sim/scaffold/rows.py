"""Rows of the exchange log, from drawn calls and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.arrays.types import Bools, Ints
from sim.scaffold.fill import POSITION_BITS, DrawnSessions
from sim.streams import U64, Ids
from sim.world.attempts import OK, Attempts
from sim.world.cache import LIFETIME_5M_US

# In place of an index of `FINISH_REASONS` where no answer came.
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
        ("shares_with", np.int64),
        ("think", np.int64),
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
        ("turn", np.int32),
        ("shared", np.int32),
        ("server", np.int16),
        ("template", np.int16),
        ("topic", np.int16),
        ("finish", np.int8),
        ("model", np.int8),
        ("choices", np.int8),
        ("category", np.int8),
        ("kind", np.int8),
        ("language", np.int8),
        ("role", np.int8),
        ("away", np.bool_),
        ("user", np.bool_),
        ("sub", np.bool_),
        ("prewarm", np.bool_),
        ("batch", np.bool_),
    ]
)


@dataclass(frozen=True)
class Placement:
    """Who sends a block of sessions, and what it works on.

    Attributes
    ----------
    account, model : array of int, shape (S,)
        Number of the account in the scenario, and of the model.
    session_no : array of int, shape (S,)
        Number of the session within its actor.
    until_us : array of int, shape (S,)
        When the account may send no more.
    person, language, template : array of int, shape (S,)
        End user of the account, language, and prompt template.
    kind : array of int, shape (S,)
        Source of the prompts: own, list or cover.
    away : array of bool, shape (S,)
        Sessions from the second address of the account.
    task_no, item : array of int, shape (T,)
        Number of the task within its actor, and of its prompt in a list or benchmark, -1 for none.
    prompt, topic, content : array, shape (T,)
        Near-duplicate hash, topic and content of the prompt.
    round : array of int, shape (T,)
        Run of the benchmark, -1 for work that began before what the scenario asks for.
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


# Makes rows of drawn sessions, who sends them, attempts, and the tokens that each reads.
RowMaker = Callable[[DrawnSessions, Placement, Attempts, Ints], Columns]


def counting_rows(
    drawn: DrawnSessions, placement: Placement, attempts: Attempts, _read: Ints
) -> Columns:
    """Return of each row of `exchange_rows` only what the counting conventions ask for."""
    call = attempts.call
    answered = attempts.status == OK
    return {
        "account": placement.account[drawn.calls.session[call]],
        "status": attempts.status,
        "output": drawn.calls.output_tokens[call] * answered,
        "finish": drawn.finish[call],
        "choices": drawn.choices[call],
        "user": drawn.opens_turn[call],
    }


def exchange_rows(
    drawn: DrawnSessions, placement: Placement, attempts: Attempts, read: Ints
) -> Columns:
    """Return one row for each attempt, the fields of `EXCHANGE_RECORD`.

    Parameters
    ----------
    drawn : DrawnSessions
        The calls.
    placement : Placement
        Who sends them.
    attempts : Attempts
        A attempts of these calls.
    read : array of int, shape (A,)
        Tokens that each attempt reads from the cache.

    Returns
    -------
    Columns
        Arrays of shape (A,). Tokens are 0 where an attempt failed. `serial` is task number and
        position in the task in one number; identifiers of exchanges and tasks are derived from
        it, and from `number`, that of the attempt in its call.
    """
    calls, call = drawn.calls, attempts.call
    session, task = calls.session[call], calls.task[call]
    answered = attempts.status == OK
    left = calls.left_tokens[call]
    write = np.where(left > 0, left - read, 0)
    for_an_hour = calls.lifetime_us[session] > LIFETIME_5M_US

    def if_answered(values: Ints, kind: type = np.int32) -> NDArray[Any]:
        return np.asarray(values * answered, kind)

    return {
        "ts": attempts.begins_us,
        "serial": calls.serial[call],
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
        "output": if_answered(calls.output_tokens[call]),
        "n_messages": drawn.n_messages[call].astype(np.int16),
        "n_results": drawn.n_tool_results_in[call].astype(np.int16),
        "n_calls": if_answered(drawn.n_tool_calls_out[call], np.int16),
        "finish": np.where(answered, drawn.finish[call], NO_FINISH).astype(np.int8),
        "model": placement.model[session].astype(np.int8),
        "status": attempts.status.astype(np.int16),
        "number": attempts.number.astype(np.int32),
        "reasoning": if_answered(drawn.reasoning_tokens[call]),
        "choices": drawn.choices[call].astype(np.int8),
        "server": if_answered(drawn.server_requests[call], np.int16),
        "category": drawn.category[call].astype(np.int8),
        "user": drawn.opens_turn[call],
        "role": drawn.role[call].astype(np.int8),
        "sub": drawn.in_sub_agent[call],
        "turn": drawn.turn[call].astype(np.int32),
        "shares_with": drawn.shares_with[call],
        "shared": drawn.shared_tokens[call].astype(np.int32),
        "think": calls.wait_us[call],
        "prewarm": drawn.prewarm[call],
        "batch": calls.batch[session],
        "uncached": if_answered(calls.context_tokens[call] - read - write),
        "read": if_answered(read),
        "write_5m": if_answered(write * ~for_an_hour),
        "write_1h": if_answered(write * for_an_hour),
    }


def task_of(serial: Ints) -> Ints:
    """Return the task number in a serial number."""
    return serial >> POSITION_BITS


def position_of(serial: Ints) -> Ints:
    """Return the position in the task in a serial number."""
    return serial & ((1 << POSITION_BITS) - 1)
