"""Where each call of a block of sessions stands: its turn, its agent, its history."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints
from sim.scaffold.turns import Turns

# In place of a row where there is none.
NO_ROW = -1


CALL_ROW = np.dtype(
    [
        # numbers of session and task in the block, all from 0; the position in the task, and the
        # number of the task in its session
        ("session", np.int64),
        ("task", np.int64),
        ("position", np.int64),
        ("turn", np.int64),
        # number of the context that the call adds to: of the session, of a turn that begins
        # without what was said before, or of the sub-agent of a turn
        ("context", np.int64),
        # the answer is the last of its agent in the task
        ("last", np.bool_),
        # it only fills the cache
        ("prewarm", np.bool_),
        # a person or program opens a turn with it: the pre-warming call, and the first that asks
        # for more
        ("opens_turn", np.bool_),
        # its tools run at the provider
        ("server", np.bool_),
        ("in_sub_agent", np.bool_),
        # it begins a context of the main agent
        ("begins", np.bool_),
        # it asks for a summary of its whole context
        ("compaction", np.bool_),
    ],
    align=True,
)
"""Where a call of a block stands."""

CallRows = NDArray[Any]


class AllCalls(NamedTuple):
    """The M calls that turns ask for with the compactions between them, N in all.

    Attributes
    ----------
    rows : array of CALL_ROW, shape (N,)
        All calls.
    source : array of int, shape (N,)
        The planned call that each of them comes from; a compaction comes from that behind it.
    planned : array of CALL_ROW, shape (M,)
        Those that turns ask for.
    """

    rows: CallRows
    source: Ints
    planned: CallRows


def rows_of_turns(turns: Turns, turns_per_session: Ints, forgetful: Bools) -> CallRows:
    """Lay out the calls that turns ask for.

    Parameters
    ----------
    turns : Turns
        The turns, session after session.
    turns_per_session : array of int, shape (S,)
        How many of them belong to each session.
    forgetful : array of bool, shape (S,)
        Sessions whose client sends each question without what was said before.

    Returns
    -------
    array of CALL_ROW, shape (M,)
        One row for each call.
    """
    rows = np.empty(int(turns.calls.sum()), CALL_ROW)
    _lay_out(turns, turns_per_session, forgetful, rows)
    return rows


@compiled
def _lay_out(turns: Turns, turns_per_session: Ints, forgetful: Bools, rows: CallRows) -> None:
    """Write the rows of the calls that turns ask for, session by session, turn by turn."""
    sessions, tasks = len(turns_per_session), len(turns.calls)
    call = task = 0
    for session in range(sessions):
        for turn in range(turns_per_session[session]):
            calls = turns.calls[task]
            # a sub-agent does the middle half of the calls
            before, until = calls // 4, calls // 4 + calls // 2
            forgets = forgetful[session] and turn > 0
            context = sessions + tasks + task if forgets else session

            for position in range(calls):
                in_sub_agent = turns.sub_agent[task] and before < position <= until
                prewarm = turns.prewarmed[task] and position == 0
                row = rows[call]
                row["session"], row["task"] = session, task
                row["position"], row["turn"] = position, turn
                row["context"] = sessions + task if in_sub_agent else context
                row["last"] = position == calls - 1 or (in_sub_agent and position == until)
                row["prewarm"] = prewarm
                row["opens_turn"] = prewarm or position == int(turns.prewarmed[task])
                row["server"] = turns.server_steps[task] > 0
                row["in_sub_agent"] = in_sub_agent
                row["begins"] = position == 0 and (turn == 0 or forgets)
                row["compaction"] = False
                call += 1
            task += 1


def with_compactions(planned: CallRows, before: Bools) -> AllCalls:
    """Put a compaction before each flagged call; `planned` and `before` have the shape (M,)."""
    count = len(before) + int(np.count_nonzero(before))
    if count == len(before):
        return AllCalls(planned, np.arange(count), planned)
    rows, source = np.empty(count, CALL_ROW), np.empty(count, np.int64)
    _put_compactions(planned, before, rows, source)
    return AllCalls(rows, source, planned)


@compiled
def _put_compactions(planned: CallRows, before: Bools, rows: CallRows, source: Ints) -> None:
    """Write the planned rows again, with a compaction before each one that is flagged."""
    number = position = 0
    for call in range(len(before)):
        if planned[call]["position"] == 0:
            position = 0
        # a compaction stands where its call does, but it opens and ends nothing
        for compaction in range(int(before[call]), -1, -1):
            rows[number] = planned[call]
            row = rows[number]
            row["position"] = position
            row["begins"] = row["begins"] and position == 0
            if compaction:
                row["last"] = row["prewarm"] = row["opens_turn"] = row["server"] = False
                row["compaction"] = True
            source[number] = call
            number += 1
            position += 1


class Histories(NamedTuple):
    """The history of messages that each call continues or opens; arrays of shape (M,).

    Attributes
    ----------
    number : array of int
        Number of the history in the block.
    opens : array of bool
        Calls that open a history: the first of an agent, of a turn that forgets, and the first
        after a compaction.
    before : array of int
        Row of the call before of the same agent, `NO_ROW` for the first.
    shares_with : array of int
        Row of the earlier call that it shares a prefix with, `NO_ROW` for none: the call before
        of the same agent; for the first of a sub-agent, the call that spawned it.
    resumes : array of bool
        Calls that have the provider go on with an answer that paused.
    messages : array of int
        Messages in the request.
    """

    number: Ints
    opens: Bools
    before: Ints
    shares_with: Ints
    resumes: Bools
    messages: Ints

    @classmethod
    def of(cls, rows: CallRows) -> Histories:
        """Return the histories of calls, and count their messages."""
        calls = len(rows)
        number, before, shares_with, messages = np.empty((4, calls), np.int64)
        opens, resumes = np.empty((2, calls), np.bool_)
        histories = cls(number, opens, before, shares_with, resumes, messages)
        _follow_histories(rows, histories)
        return histories


@compiled
def _follow_histories(rows: CallRows, histories: Histories) -> None:
    """Go through the calls of each agent.

    A request has one message more than the one before it in its history had, for the answer,
    and one for what is new. Whoever resumes a paused answer sends that answer last, and
    nothing new: two messages of a question stay two, however often its answer pauses.
    """
    count = 0
    # the latest call of the main agent of the session, and of the sub-agent of the turn
    main = sub = NO_ROW
    for call in range(len(rows)):
        row = rows[call]
        if row["position"] == 0:
            sub = NO_ROW
            if row["turn"] == 0:
                main = NO_ROW
        before = sub if row["in_sub_agent"] else main
        opens = before == NO_ROW or rows[before]["compaction"] or row["begins"]
        resumes = row["server"] and not row["opens_turn"] and not opens

        if opens:
            number, messages = count, 1
            count += 1
        else:
            number, messages = histories.number[before], histories.messages[before]
            # an answer that is resumed is the last message already
            messages += 1 - int(histories.resumes[before]) + int(not resumes)
        histories.number[call], histories.messages[call] = number, messages
        histories.opens[call], histories.resumes[call] = opens, resumes
        histories.before[call] = histories.shares_with[call] = before
        if row["in_sub_agent"]:
            if before == NO_ROW:
                histories.shares_with[call] = call - 1
            sub = call
        else:
            main = call
