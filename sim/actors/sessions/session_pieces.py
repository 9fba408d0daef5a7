"""Draw the sessions of a shard piece by piece, and say what their tasks are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.session_arrivals import OpenedShare, SessionArrivals, draw_arrivals
from sim.actors.arrivals.session_length import longest_us
from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource, items_in_order
from sim.actors.session_draws import SessionPlan
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.time import DAY_US, FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Ints
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.scaffold.session_turns import SessionTurns, draw_session_turns
from sim.world.attempts import BLOCKED, Attempts
from sim.world.timing import solve_timing

_BLOCK_ROWS = 65_536


@dataclass
class Piece:
    """A block of sessions of one agent, before anything happens to them.

    Attributes
    ----------
    drawn
        Their calls.
    placement
        Who sends them. What their tasks are about is known once `hand_out_prompts` was called.
    start_us
        When each session starts, shape (sessions,).
    """

    drawn: DrawnSessions
    placement: Placement
    start_us: Ints


class _OpenedSessions(NamedTuple):
    """Sessions of one agent with the turns that they will have."""

    arrivals: SessionArrivals
    asked: SessionTurns

    def pick(self, keep: Bools) -> _OpenedSessions:
        """Return some of the sessions with their turns."""
        return _OpenedSessions(self.arrivals.pick(keep), self.asked.pick(keep))


class SessionPieces:
    """Draws the sessions of one shard, in pieces of one agent and about `_BLOCK_ROWS` calls."""

    def __init__(
        self,
        context: ActorContext,
        shard: int,
        shards: int,
        slots: range,
        opened_share: OpenedShare | None = None,
    ) -> None:
        """Prepare shard number `shard` of `shards` of the actor; see `draw_arrivals`."""
        self._context, self._shard, self._shards, self._slots = context, shard, shards, slots
        self._opened_share = opened_share
        self._session_count = self._task_count = 0

    def draw(self) -> Iterator[Piece]:
        """Open sessions, and fill those that may matter to the log; every call draws the same."""
        self._session_count = self._task_count = 0
        arrivals = draw_arrivals(self._context, self._shard, self._slots, self._opened_share)
        agent = self._context.accounts.agent[arrivals.account]
        for number in np.unique(agent).tolist():
            opened = self._draw_turns(number, arrivals.pick(agent == number))
            calls = opened.asked.calls_per_session
            block = (np.cumsum(calls) - calls) // _BLOCK_ROWS if len(calls) else calls
            for k in np.unique(block).tolist():
                yield self._fill(number, k, opened.pick(block == k))

    def _draw_turns(self, agent: int, arrivals: SessionArrivals) -> _OpenedSessions:
        """Draw the turns of sessions, and keep those sessions that may reach into the log."""
        context = self._context
        account = arrivals.account
        asked = draw_session_turns(
            context.behaviour_of_agent[agent],
            context.agents[agent],
            context.draws.windows(account),
            context.streams.rng(context.actor.id, self._shard, agent, "turns"),
            context.world.streams,
        )
        batch_us = np.where(context.accounts.batches[account], DAY_US, 0)
        lasts_us = longest_us(asked.human_gap_us, asked.turns.calls, asked.per_session) + batch_us
        return _OpenedSessions(arrivals, asked).pick(arrivals.start_us + lasts_us >= 0)

    def _fill(self, agent: int, block: int, opened: _OpenedSessions) -> Piece:
        """Draw the calls of a block of sessions."""
        context, arrivals, asked = self._context, opened.arrivals, opened.asked
        account = arrivals.account
        session_no, task_no = self._next_numbers(len(account), len(asked.human_gap_us))
        listed = arrivals.prompt_source == PromptSource.LIST
        variant = context.templates.variant(account, arrivals.variant_pick, listed)

        plan = SessionPlan(
            account,
            variant,
            arrivals.start_us,
            arrivals.moves_at,
            asked.per_session,
            asked.turns,
            asked.human_gap_us,
            task_no,
            asked.recorded,
        )
        sessions = context.draws.sessions(plan)
        drawn = context.draws.calls(sessions, agent, context.actor.id, self._shard, block, agent)

        template = context.templates.number[account, variant].astype(np.int64)
        placement = self._place(arrivals, template, sessions.model, session_no, drawn.task_no)
        # a session that its window ends has lost its last turns
        placement = replace(placement, item=asked.item[drawn.task_no - task_no[0]])
        return Piece(drawn, placement, arrivals.start_us)

    def _place(
        self,
        arrivals: SessionArrivals,
        template: Ints,
        model: Ints,
        session_no: Ints,
        task_no: Ints,
    ) -> Placement:
        """Say who sends a block of sessions; what its tasks are about is not known yet."""
        zeros = np.zeros(len(task_no), np.int64)
        return Placement(
            account=self._context.first_account + arrivals.account,
            model=model,
            session_no=session_no,
            until_us=arrivals.until_us,
            person=arrivals.person,
            language=arrivals.language,
            template=template,
            kind=arrivals.prompt_source,
            away=arrivals.away,
            task_no=task_no,
            topic=zeros,
            content=zeros.view(np.uint64),
            prompt=zeros,
            item=zeros - 1,
            # work on a benchmark in sessions belongs to no run
            round=zeros - (self._context.actor.source == "benchmark"),
        )

    def hand_out_prompts(self, pieces: list[Piece]) -> None:
        """Say what the tasks of all pieces are about; `placement` is changed.

        A list is handed out prompt by prompt, in the order in which tasks would begin if nothing
        were limited: a refusal does not change who gets which prompt. One whose task was barred
        comes back, and goes to the next task that begins.
        """
        if not pieces:
            return
        source_of_task = [p.placement.kind[session_of_task(p.drawn)] for p in pieces]
        source = np.concatenate(source_of_task)
        item = np.full(len(source), -1)
        if (source == PromptSource.LIST).any():
            self._hand_out_list(source, item, pieces)

        edges = np.cumsum([len(s) for s in source_of_task])[:-1]
        for piece, items, sources in zip(
            pieces, np.split(item, edges), source_of_task, strict=True
        ):
            piece.placement = self._with_prompts(piece, items, sources)

    def _hand_out_list(self, source: Ints, item: Ints, pieces: list[Piece]) -> None:
        """Fill in the `item` of those tasks of all pieces that are from the list and begin."""
        times = [_task_times(piece.drawn, self._unlimited(piece)) for piece in pieces]
        begins_us, barred_us = (np.concatenate(column) for column in zip(*times, strict=True))
        listed = np.flatnonzero((source == PromptSource.LIST) & (begins_us < FOREVER_US))
        item[listed] = items_in_order(
            begins_us[listed], barred_us[listed], self._shard, self._shards
        )

    def _unlimited(self, piece: Piece) -> Attempts:
        """Return the attempts that the sessions of a piece would make if nothing were limited."""
        until_us = piece.placement.until_us
        opened = np.flatnonzero(piece.start_us < until_us)
        conditions = self._context.service.conditions
        starts_us = piece.start_us[opened]
        return solve_timing(piece.drawn.calls, starts_us, conditions, opened, until_us).attempts

    def _with_prompts(self, piece: Piece, item: Ints, source: Ints) -> Placement:
        """Return the placement of a piece with what its tasks are about."""
        context, placement = self._context, piece.placement
        item = np.where(source == PromptSource.LIST, item, placement.item)
        session = session_of_task(piece.drawn)
        account = placement.account[session] - context.first_account
        content = context.prompts.choose(
            context.accounts.account_id[account],
            context.accounts.mode[account],
            placement.person[session],
            source,
            item,
            placement.template[session],
            placement.task_no,
        )
        return replace(placement, item=item, **content._asdict())

    def _next_numbers(self, sessions: int, tasks: int) -> tuple[Ints, Ints]:
        """Return numbers for the next sessions and tasks of the shard."""
        base = self._shard << TASKS_PER_SHARD_BITS
        session_no = base + self._session_count + np.arange(sessions)
        task_no = base + self._task_count + np.arange(tasks)
        self._session_count += sessions
        self._task_count += tasks
        return session_no, task_no


def _task_times(drawn: DrawnSessions, attempts: Attempts) -> tuple[Ints, Ints]:
    """Return (begin of each task, when it was barred).

    `FOREVER_US` stands for a task that did not begin, `NEVER_US` for one that was not barred.
    """
    tasks = int(drawn.calls.task[-1]) + 1
    task = drawn.calls.task[attempts.call]
    begins_us, barred_us = np.full(tasks, FOREVER_US), np.full(tasks, NEVER_US)
    np.minimum.at(begins_us, task, attempts.begins_us)
    refused = attempts.status == BLOCKED
    barred_us[task[refused]] = attempts.begins_us[refused]
    return begins_us, barred_us


def session_of_task(drawn: DrawnSessions) -> Ints:
    """Return the session of each task, shape (tasks,)."""
    return np.asarray(drawn.calls.session[drawn.position == 0])
