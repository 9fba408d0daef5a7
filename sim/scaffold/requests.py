"""What requests hold beside new input: whose message is last, results of tools, shared prefixes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.scaffold.call_rows import NO_ROW, AllCalls, Histories
from sim.tables.words import ASSISTANT, TOOL, USER
from sim.world.calls import DrawnCalls

# In place of a serial number where there is no call.
NO_CALL = -1


class Requests(NamedTuple):
    """Requests of calls; arrays of shape (N,).

    Attributes
    ----------
    role : array of int
        Whose the last message is, index in `ROLES`: who opens a history asks as a user.
    tool_results : array of int
        Results of tools, as many as the answer before in the history called for.
    shares_with : array of int
        Serial number of the earlier call that it shares a prefix with, `NO_CALL` for none.
    shared_tokens : array of int
        Length of that prefix.
    """

    role: Ints
    tool_results: Ints
    shares_with: Ints
    shared_tokens: Ints


def no_requests(count: int) -> Requests:
    """Return so many requests of which nothing is asked: 0 everywhere."""
    return Requests(*[np.zeros(count, np.int64)] * 4)


def requests_of(
    calls: DrawnCalls, placed: AllCalls, histories: Histories, tool_calls: Ints
) -> Requests:
    """Return what the requests of N calls hold.

    Parameters
    ----------
    calls, placed, histories : DrawnCalls, AllCalls and Histories
        The calls.
    tool_calls : array of int, shape (N,)
        Tools that each answer calls for.
    """
    requests = Requests(*np.empty((4, len(calls.serial)), np.int64))
    of_calls = calls.serial, calls.context_tokens, calls.static_tokens
    _describe(placed, histories, tool_calls, *of_calls, requests)
    return requests


@compiled
def _describe(
    placed: AllCalls,
    histories: Histories,
    tool_calls: Ints,
    serial: Ints,
    context: Ints,
    static: Ints,
    requests: Requests,
) -> None:
    """Write what each request holds."""
    for call in range(len(serial)):
        row, opens = placed.rows[call], histories.opens[call]
        if row["opens_turn"] or row["compaction"] or opens:
            requests.role[call] = USER
        else:
            requests.role[call] = ASSISTANT if histories.resumes[call] else TOOL

        # a compaction waits with the results that its call waits with
        waits = not opens and not placed.planned[placed.source[call]]["opens_turn"]
        requests.tool_results[call] = tool_calls[histories.before[call]] if waits else 0

        # who opens a history shares the static prefix alone
        other, shared = histories.shares_with[call], 0
        if other != NO_ROW:
            shared = min(context[call], context[other])
            if opens:
                shared = min(shared, static[row["session"]])
        requests.shared_tokens[call] = shared
        requests.shares_with[call] = NO_CALL if other == NO_ROW else serial[other]
