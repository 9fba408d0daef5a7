"""Where each call of a block of sessions stands: its turn, its agent, its history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints
from sim.scaffold.turns import Turns

# In place of a row where there is none.
NO_ROW = -1


class CallRows(NamedTuple):
    """Where each call of a block stands; arrays of shape (M,).

    Attributes
    ----------
    session, task, position : array of int
        Numbers of session and task in the block, and position in the task, all from 0.
    turn : array of int
        Number of the task in its session, from 0.
    context : array of int
        Number of the context that the call adds to: of the session, of a turn that begins without
        what was said before, or of the sub-agent of a turn.
    last : array of bool
        Calls whose answer is the last of their agent in the task.
    prewarm : array of bool
        Calls that only fill the cache.
    opens_turn : array of bool
        Calls that a person or program opens a turn with: the pre-warming one, and the first that
        asks for more.
    server : array of bool
        Calls whose tools run at the provider.
    in_sub_agent : array of bool
        Calls of a sub-agent.
    begins : array of bool
        Calls that begin a context of the main agent.
    compaction : array of bool
        Calls that ask for a summary of their whole context.
    """

    session: Ints
    task: Ints
    position: Ints
    turn: Ints
    context: Ints
    last: Bools
    prewarm: Bools
    opens_turn: Bools
    server: Bools
    in_sub_agent: Bools
    begins: Bools
    compaction: Bools

    @classmethod
    def from_turns(cls, turns: Turns, turns_per_session: Ints, forgetful: Bools) -> CallRows:
        """Lay out the calls that turns ask for.

        Parameters
        ----------
        turns : Turns
            The turns, session after session.
        turns_per_session : array of int, shape (S,)
            How many of them belong to each session.
        forgetful : array of bool, shape (S,)
            Sessions whose client sends each question without what was said before.
        """
        rows = cls._empty(int(turns.calls.sum()))
        _lay_out(turns, turns_per_session, forgetful, rows)
        return rows

    @classmethod
    def _empty(cls, calls: int) -> CallRows:
        """Return rows of so many calls, with values of no meaning."""
        session, task, position, turn, context = np.empty((5, calls), np.int64)
        return cls(session, task, position, turn, context, *np.empty((7, calls), np.bool_))

    def with_compactions(self, before: Bools) -> AllCalls:
        """Put a compaction before each flagged call."""
        count = len(before) + int(np.count_nonzero(before))
        if count == len(before):
            return AllCalls(self, np.arange(count), self)
        rows, source = self._empty(count), np.empty(count, np.int64)
        _put_compactions(self, before, rows, source)
        return AllCalls(rows, source, self)


class AllCalls(NamedTuple):
    """The M calls that turns ask for with the compactions between them, N in all.

    Attributes
    ----------
    rows : CallRows
        All calls.
    source : array of int, shape (N,)
        The planned call that each of them comes from; a compaction comes from that behind it.
    planned : CallRows
        Those that turns ask for.
    """

    rows: CallRows
    source: Ints
    planned: CallRows


@compiled
def _lay_out(turns: Turns, turns_per_session: Ints, forgetful: Bools, rows: CallRows) -> None:
    """Write the rows of the calls that turns ask for, session by session, turn by turn."""
    sessions, tasks = len(turns_per_session), len(turns.calls)
    row = task = 0
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
                rows.session[row] = session
                rows.task[row] = task
                rows.position[row] = position
                rows.turn[row] = turn
                rows.context[row] = sessions + task if in_sub_agent else context
                rows.last[row] = position == calls - 1 or (in_sub_agent and position == until)
                rows.prewarm[row] = prewarm
                rows.opens_turn[row] = prewarm or position == int(turns.prewarmed[task])
                rows.server[row] = turns.server_steps[task] > 0
                rows.in_sub_agent[row] = in_sub_agent
                rows.begins[row] = position == 0 and (turn == 0 or forgets)
                rows.compaction[row] = False
                row += 1
            task += 1


@compiled
def _put_compactions(planned: CallRows, before: Bools, rows: CallRows, source: Ints) -> None:
    """Write the planned rows again, with a compaction before each one that is flagged."""
    row = position = 0
    for call in range(len(before)):
        if planned.position[call] == 0:
            position = 0
        # a compaction stands where its call does, but it opens and ends nothing
        for compaction in range(int(before[call]), -1, -1):
            ordinary = compaction == 0
            rows.session[row] = planned.session[call]
            rows.task[row] = planned.task[call]
            rows.position[row] = position
            rows.turn[row] = planned.turn[call]
            rows.context[row] = planned.context[call]
            rows.last[row] = planned.last[call] and ordinary
            rows.prewarm[row] = planned.prewarm[call] and ordinary
            rows.opens_turn[row] = planned.opens_turn[call] and ordinary
            rows.server[row] = planned.server[call] and ordinary
            rows.in_sub_agent[row] = planned.in_sub_agent[call]
            rows.begins[row] = planned.begins[call] and position == 0
            rows.compaction[row] = not ordinary
            source[row] = call
            row += 1
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
        calls = len(rows.session)
        histories = cls(
            number=np.empty(calls, np.int64),
            opens=np.empty(calls, np.bool_),
            before=np.empty(calls, np.int64),
            shares_with=np.empty(calls, np.int64),
            resumes=np.empty(calls, np.bool_),
            messages=np.empty(calls, np.int64),
        )
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
    for row in range(len(rows.session)):
        if row > 0 and rows.session[row] != rows.session[row - 1]:
            main = NO_ROW
        if row > 0 and rows.task[row] != rows.task[row - 1]:
            sub = NO_ROW
        in_sub_agent = rows.in_sub_agent[row]
        before = sub if in_sub_agent else main
        opens = before == NO_ROW or rows.compaction[before] or rows.begins[row]
        resumes = rows.server[row] and not rows.opens_turn[row] and not opens

        if opens:
            histories.number[row], messages = count, 1
            count += 1
        else:
            histories.number[row], messages = histories.number[before], histories.messages[before]
            # an answer that is resumed is the last message already
            messages += 1 - int(histories.resumes[before]) + int(not resumes)
        histories.opens[row] = opens
        histories.before[row] = before
        histories.shares_with[row] = row - 1 if in_sub_agent and before == NO_ROW else before
        histories.resumes[row] = resumes
        histories.messages[row] = messages
        if in_sub_agent:
            sub = row
        else:
            main = row
