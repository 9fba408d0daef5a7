"""Where each call of a block of sessions stands: its turn, its agent, its history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import cumulate_in, position_in, starts_of
from sim.arrays.types import Bools, Ints
from sim.scaffold.turns import Turns


@dataclass(frozen=True)
class CallRows:
    """Where each call of a block stands; arrays of shape (M,).

    Attributes
    ----------
    session, task, position : array of int
        Numbers of session and task in the block, and position in the task, all from 0.
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
    compaction : array of bool
        Calls that ask for a summary of their whole context.
    forgets : array of bool
        Calls of turns, but the first of a session, that begin without what was said before.
    """

    session: Ints
    task: Ints
    position: Ints
    last: Bools
    prewarm: Bools
    opens_turn: Bools
    server: Bools
    in_sub_agent: Bools
    compaction: Bools
    forgets: Bools

    @classmethod
    def from_turns(cls, turns: Turns, per_session: Ints, forgetful: Bools) -> CallRows:
        """Lay out the calls that turns ask for.

        Parameters
        ----------
        turns : Turns
            The turns, session after session.
        per_session : array of int, shape (S,)
            How many of their calls belong to each session.
        forgetful : array of bool, shape (S,)
            Sessions whose client sends each question without what was said before.
        """
        task = np.repeat(np.arange(len(turns.calls)), turns.calls)
        position, calls = position_in(turns.calls), turns.calls[task]
        prewarmed = turns.prewarmed[task]
        prewarm = prewarmed & (position == 0)
        # a sub-agent does the middle half of the calls
        before, until = calls // 4, calls // 4 + calls // 2
        in_sub_agent = turns.sub_agent[task] & (position > before) & (position <= until)
        session = np.repeat(np.arange(len(per_session)), per_session)
        first_task = task[starts_of(per_session)][session]
        return cls(
            session=session,
            task=task,
            position=position,
            last=(position == calls - 1) | (in_sub_agent & (position == until)),
            prewarm=prewarm,
            opens_turn=prewarm | (position == prewarmed),
            server=turns.server_steps[task] > 0,
            in_sub_agent=in_sub_agent,
            compaction=np.zeros(len(task), np.bool_),
            forgets=forgetful[session] & (task > first_task),
        )

    @property
    def agent(self) -> Ints:
        """Number of the agent that makes each call: the main one of a session, or a sub-agent."""
        return np.where(self.in_sub_agent, self.session[-1] + 1 + self.task, self.session)

    @property
    def context(self) -> Ints:
        """Number of the context that each call adds to: of its agent, or of a turn that forgets."""
        sessions, tasks = self.session[-1] + 1, self.task[-1] + 1
        own = self.forgets & ~self.in_sub_agent
        return np.where(own, sessions + tasks + self.task, self.agent)

    @property
    def begins(self) -> Bools:
        """Calls that begin a context of the main agent."""
        first_of_session = np.diff(self.session, prepend=-1) != 0
        return np.asarray(first_of_session | (self.forgets & (self.position == 0)))

    def with_compactions(self, before: Bools) -> tuple[CallRows, Ints]:
        """Put a compaction before each flagged call.

        Returns
        -------
        rows : CallRows
            All calls.
        source : array of int
            The row here that each of them comes from; a compaction comes from that behind it.
        """
        source = np.repeat(np.arange(len(before)), 1 + before)
        compaction = np.zeros(len(source), np.bool_)
        compaction[(np.arange(len(before)) + np.cumsum(before) - before)[before]] = True

        columns = {name: getattr(self, name)[source] for name in _COLUMNS}
        for name in ("last", "prewarm", "opens_turn", "server"):
            columns[name] &= ~compaction
        columns["position"] = position_in(np.bincount(columns["task"]))
        columns["compaction"] = compaction
        return CallRows(**columns), source


_COLUMNS = tuple(f.name for f in fields(CallRows))


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
        Row of the call before of the same agent, -1 for the first.
    resumes : array of bool
        Calls that have the provider go on with an answer that paused.
    messages : array of int
        Messages in the request.
    """

    number: Ints
    opens: Bools
    before: Ints
    resumes: Bools
    messages: Ints

    @classmethod
    def of(cls, rows: CallRows) -> Histories:
        """Return the numbers of the histories of calls, and count their messages.

        A request has one message more than the one before it in its history had, for the answer,
        and one for what is new. Whoever resumes a paused answer sends that answer last, and
        nothing new: two messages of a question stay two, however often its answer pauses.
        """
        order = np.argsort(rows.agent, kind="stable")
        agent = rows.agent[order]
        is_first = np.diff(agent, prepend=-1) != 0
        before = np.where(is_first, -1, np.roll(order, 1))
        opens = is_first | rows.compaction[before] | rows.begins[order]
        goes_on = (rows.server & ~rows.opens_turn)[order]
        resumes = goes_on & ~opens

        number = np.cumsum(opens) - 1
        asked = cumulate_in((~resumes).astype(np.int64), np.bincount(number))
        columns = (number, opens, before, resumes, 2 * asked - 1 + resumes)
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return cls(*(column[back] for column in columns))

    def shared_with(self, rows: CallRows) -> Ints:
        """Return the row of the earlier call that each shares a prefix with, -1 for none.

        It is the call before of the same agent; for the first of a sub-agent, the call that
        spawned it.
        """
        spawned = rows.in_sub_agent & (self.before < 0)
        return np.where(spawned, np.arange(len(spawned)) - 1, self.before)


def turn_in_session(rows: CallRows, per_session: Ints) -> Ints:
    """Return the number of each call's turn in its session, from 0, shape (M,)."""
    first = rows.task[starts_of(per_session)]
    return rows.task - first[rows.session]
