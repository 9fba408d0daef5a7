"""Rows of the exchange log, from drawn calls and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints, for_loops
from sim.scaffold.exchange_records import (
    EXCHANGE_RECORD,
    NO_FINISH,
    NO_TTFT,
    ORIGIN_RECORD,
    Exchanges,
    Records,
)
from sim.scaffold.fill import POSITION_BITS, DrawnSessions
from sim.streams import U64, Ids
from sim.world.attempts import OK, Attempts
from sim.world.cache import LIFETIME_5M_US


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
RowMaker = Callable[[DrawnSessions, Placement, Attempts, Ints], Exchanges]


def exchange_rows(
    drawn: DrawnSessions, placement: Placement, attempts: Attempts, read: Ints
) -> Exchanges:
    """Return one row for each attempt, in their order.

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
    Exchanges
        A records, and one origin for each task of the calls. Tokens are 0 where an attempt failed.
        Identifiers of exchanges are derived from the number of the task, the position in it, and
        `number`, that of the attempt in its call.
    """
    records = np.empty(len(read), EXCHANGE_RECORD)
    calls = _CallColumns(*map(for_loops, _call_columns(drawn)))
    made = Attempts(*map(for_loops, attempts))
    _fill_records(calls, made, for_loops(read), records)
    return Exchanges(records, _origins(drawn, placement))


class _CallColumns(NamedTuple):
    """What rows show of M calls; arrays of shape (M,)."""

    task: Ints
    position: Ints
    wait_us: Ints
    context: Ints
    left: Ints
    output: Ints
    reasoning: Ints
    shares_with: Ints
    shared: Ints
    n_messages: Ints
    n_results: Ints
    n_calls: Ints
    server: Ints
    finish: Ints
    choices: Ints
    category: Ints
    role: Ints
    user: Bools
    sub: Bools
    prewarm: Bools


def _call_columns(drawn: DrawnSessions) -> _CallColumns:
    """Return what rows show of calls."""
    calls = drawn.calls
    return _CallColumns(
        task=calls.task,
        position=drawn.position,
        wait_us=calls.wait_us,
        context=calls.context_tokens,
        left=calls.left_tokens,
        output=calls.output_tokens,
        reasoning=drawn.reasoning_tokens,
        shares_with=drawn.shares_with,
        shared=drawn.shared_tokens,
        n_messages=drawn.n_messages,
        n_results=drawn.n_tool_results_in,
        n_calls=drawn.n_tool_calls_out,
        server=drawn.server_requests,
        finish=drawn.finish,
        choices=drawn.choices,
        category=drawn.category,
        role=drawn.role,
        user=drawn.opens_turn,
        sub=drawn.in_sub_agent,
        prewarm=drawn.prewarm,
    )


@compiled
def _fill_records(calls: _CallColumns, attempts: Attempts, read: Ints, records: Records) -> None:
    """Fill a record for each attempt."""
    for i in range(len(records)):
        call, row = attempts.call[i], records[i]
        answered = attempts.status[i] == OK

        # what is left in the cache and was not there before is written
        write = calls.left[call] - read[i] if calls.left[call] > 0 else 0
        row["uncached"] = calls.context[call] - read[i] - write if answered else 0
        row["read"] = read[i] if answered else 0
        row["write"] = write if answered else 0

        # the attempt
        row["ts"] = attempts.begins_us[i]
        row["number"] = attempts.number[i]
        row["duration"] = attempts.ends_us[i] - attempts.begins_us[i]
        row["status"] = attempts.status[i]
        row["ttft"] = attempts.ttft_us[i] if answered else NO_TTFT
        row["finish"] = calls.finish[call] if answered else NO_FINISH
        row["output"] = calls.output[call] if answered else 0
        row["reasoning"] = calls.reasoning[call] if answered else 0
        row["n_calls"] = calls.n_calls[call] if answered else 0
        row["server"] = calls.server[call] if answered else 0

        # its call
        row["origin"] = calls.task[call]
        row["position"] = calls.position[call]
        row["shares_with"] = calls.shares_with[call]
        row["shared"] = calls.shared[call]
        row["think"] = calls.wait_us[call]
        row["n_messages"] = calls.n_messages[call]
        row["n_results"] = calls.n_results[call]
        row["choices"] = calls.choices[call]
        row["category"] = calls.category[call]
        row["role"] = calls.role[call]
        row["user"] = calls.user[call]
        row["sub"] = calls.sub[call]
        row["prewarm"] = calls.prewarm[call]


def _origins(drawn: DrawnSessions, placement: Placement) -> Records:
    """Return what the exchanges of each task share, shape (T,)."""
    calls, tasks = drawn.calls, len(placement.task_no)
    # all calls of a task are of one session and turn
    session, turn = np.zeros(tasks, np.int64), np.zeros(tasks, np.int64)
    session[calls.task], turn[calls.task] = calls.session, drawn.turn

    origins = np.empty(tasks, ORIGIN_RECORD)
    origins["task"] = placement.task_no
    origins["turn"] = turn
    for name in ("prompt", "topic", "content"):
        origins[name] = getattr(placement, name)

    origins["session"] = placement.session_no[session]
    for name in ("account", "person", "template", "model", "kind", "language", "away"):
        origins[name] = getattr(placement, name)[session]
    origins["batch"] = calls.batch[session]
    origins["for_an_hour"] = calls.lifetime_us[session] > LIFETIME_5M_US
    return origins


def task_of(serial: Ints) -> Ints:
    """Return the task number in a serial number."""
    return serial >> POSITION_BITS


def position_of(serial: Ints) -> Ints:
    """Return the position in the task in a serial number."""
    return serial & ((1 << POSITION_BITS) - 1)
