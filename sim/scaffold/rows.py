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
        A records, and one origin for each task that has any. Tokens are 0 where an attempt failed.
        Identifiers of exchanges are derived from the number of the task, the position in it, and
        `number`, that of the attempt in its call.
    """
    records = np.empty(len(read), EXCHANGE_RECORD)
    calls = _CallColumns(*map(for_loops, _call_columns(drawn)))
    made = Attempts(*map(for_loops, attempts))
    _fill_records(calls, made, for_loops(read), records)

    senders = _Senders(*map(for_loops, _senders(drawn, placement)))
    origin_of_task = np.full(len(senders.task_no), -1, np.int64)
    origins = np.empty(len(senders.task_no), ORIGIN_RECORD)
    used = _fill_origins(made.call, senders, records, origin_of_task, origins)
    return Exchanges(records, origins[:used])


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
        # tokens
        context=calls.context_tokens,
        left=calls.left_tokens,
        output=calls.output_tokens,
        reasoning=drawn.reasoning_tokens,
        shares_with=drawn.shares_with,
        shared=drawn.shared_tokens,
        # what request and answer hold
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


class _Senders(NamedTuple):
    """Who sends M calls of S sessions and T tasks, and what these are about; see `Placement`.

    `session` and `turn` have shape (M,), the others until `for_an_hour` shape (S,), then (T,).
    """

    session: Ints
    turn: Ints
    account: Ints
    person: Ints
    session_no: Ints
    template: Ints
    model: Ints
    kind: Ints
    language: Ints
    away: Bools
    batch: Bools
    for_an_hour: Bools
    task_no: Ints
    prompt: Ints
    topic: Ints
    content: Ints


def _senders(drawn: DrawnSessions, placement: Placement) -> _Senders:
    """Return who sends calls."""
    calls = drawn.calls
    return _Senders(
        session=calls.session,
        turn=drawn.turn,
        # by session
        account=placement.account,
        person=placement.person,
        session_no=placement.session_no,
        template=placement.template,
        model=placement.model,
        kind=placement.kind,
        language=placement.language,
        away=placement.away,
        batch=calls.batch,
        for_an_hour=calls.lifetime_us > LIFETIME_5M_US,
        # by task
        task_no=placement.task_no,
        prompt=placement.prompt,
        topic=placement.topic,
        content=placement.content.view(np.int64),
    )


@compiled
def _fill_origins(
    call_of_record: Ints,
    senders: _Senders,
    records: Records,
    origin_of_task: Ints,
    origins: Records,
) -> int:
    """Fill a record for each task that occurs, and have the exchanges refer to it.

    So far `origin` of an exchange is the number of its task. Returns how many tasks occur.
    """
    used = 0
    for i in range(len(records)):
        task = records[i]["origin"]
        if origin_of_task[task] < 0:
            origin_of_task[task] = used
            origin = origins[used]
            used += 1

            origin["task"] = senders.task_no[task]
            origin["prompt"] = senders.prompt[task]
            origin["topic"] = senders.topic[task]
            origin["content"] = senders.content[task]

            # all calls of a task are of one session and turn
            call = call_of_record[i]
            origin["turn"] = senders.turn[call]
            session = senders.session[call]
            origin["session"] = senders.session_no[session]
            origin["account"] = senders.account[session]
            origin["person"] = senders.person[session]
            origin["template"] = senders.template[session]
            origin["model"] = senders.model[session]
            origin["kind"] = senders.kind[session]
            origin["language"] = senders.language[session]
            origin["away"] = senders.away[session]
            origin["batch"] = senders.batch[session]
            origin["for_an_hour"] = senders.for_an_hour[session]
        records[i]["origin"] = origin_of_task[task]
    return used


def task_of(serial: Ints) -> Ints:
    """Return the task number in a serial number."""
    return serial >> POSITION_BITS


def position_of(serial: Ints) -> Ints:
    """Return the position in the task in a serial number."""
    return serial & ((1 << POSITION_BITS) - 1)
