"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import DAY_US, SESSION_LEAD_US, rates_per_day
from sim.actors.arrivals.session_arrivals import SessionArrivals, draw_arrivals
from sim.actors.arrivals.session_length import draw_turns, longest_us
from sim.actors.context import ActorContext
from sim.actors.prompts import NEVER_US, PromptSource, items_in_order
from sim.actors.sessions.busy_periods import BusyPeriods
from sim.actors.workload import TASKS_PER_SHARD_BITS, Block
from sim.arrays.ragged import starts_of
from sim.arrays.types import Bools, Ints
from sim.scaffold.fill import Drawn
from sim.scaffold.rows import Placement, RowMaker, exchange_rows
from sim.scaffold.turns import Turns, draw_tool_steps, draw_turns_of
from sim.streams import mixed
from sim.world.attempts import BLOCKED, Attempts
from sim.world.cache import session_read_tokens
from sim.world.limit_check import merge
from sim.world.rate_limited import Work

_BLOCK_ROWS = 65_536


@dataclass
class _Piece:
    """A block of sessions of one agent, settled as if nothing were limited."""

    drawn: Drawn
    placement: Placement
    start_us: Ints
    end_us: Ints
    organisation: Ints
    attempts: Attempts


class _Opened(NamedTuple):
    """Sessions of one agent with the turns that they will have; session arrays and turn arrays."""

    who: SessionArrivals
    per_session: Ints
    turns: Turns
    gap_us: Ints

    def pick(self, keep: Bools) -> _Opened:
        of_kept = np.repeat(keep, self.per_session)
        return _Opened(
            self.who.pick(keep),
            self.per_session[keep],
            self.turns.pick(of_kept),
            self.gap_us[of_kept],
        )


class SessionWorkload:
    """The accounts of one shard of a population.

    It begins so long before the log opens that sessions of every age are in progress at the
    opening, `SESSION_LEAD_US` at most. Only sessions longer than the lead are missing from it: with
    the default dials they hold less than one exchange in ten thousand. Sessions that must end before
    the opening are not filled.
    """

    def __init__(self, context: ActorContext, shard: int, shards: int, places: range) -> None:
        self._context, self._shard, self._shards, self._slots = context, shard, shards, places
        self.rows_per_us = float(rates_per_day(context, places).sum() / DAY_US)
        self._opened = self._tasks = 0

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Stretches of work in which an organisation hits a limit are simulated event by event."""
        pieces = list(self._pieces())
        if not pieces:
            return
        self._hand_out_items(pieces)
        stretches = BusyPeriods(
            np.concatenate([p.organisation for p in pieces]),
            np.concatenate([p.start_us for p in pieces]),
            np.concatenate([p.end_us for p in pieces]),
            self._context.forget_us,
        )
        edges = np.cumsum([len(p.start_us) for p in pieces])[:-1]
        of_session = np.split(stretches.of_session, edges)
        limited, read = self._through_gateway(pieces, of_session, len(stretches))
        works = _Works(pieces)
        again = stretches.simulate(
            limited, self._context.event_loop, works.of_session, self._context.horizon_us
        )
        for piece, stretch, own_read in zip(pieces, of_session, read, strict=True):
            session = piece.drawn.shape.session[piece.attempts.call]
            yield self._block(make, piece, piece.attempts, own_read, ~again[stretch][session])
        for piece, work in works.made():
            made, taken = work.take()
            told = np.zeros(len(piece.start_us), np.bool_)
            attempts, kept = self._context.cut(piece.drawn, piece.placement.until_us, made, told)
            everything = np.ones(len(kept), np.bool_)
            yield self._block(make, piece, attempts, taken[kept], everything)

    def _through_gateway(
        self, pieces: list[_Piece], stretch: list[Ints], stretches: int
    ) -> tuple[Bools, list[Ints]]:
        """Return (which stretches hit a limit, what each attempt of each piece reads)."""
        context, classes = self._context, len(self._context.sizes)
        shapes = [piece.drawn.shape for piece in pieces]
        parts = [
            (shape, piece.attempts, session_read_tokens(shape, piece.attempts))
            for shape, piece in zip(shapes, pieces, strict=True)
        ]
        # every stretch has buckets of its own: they are full when it begins
        buckets = [
            np.where(shape.bucket < 0, -1, number * classes + shape.bucket % classes)
            for shape, number in zip(shapes, stretch, strict=True)
        ]
        stream, order = merge(parts, buckets)
        in_order = context.prefix_cache().read_tokens(stream)
        check = context.limit_check(stretches, -SESSION_LEAD_US)
        check.add(stream, in_order)
        read = np.empty(len(order), np.int64)
        read[order] = in_order
        limited = np.asarray(check.overdrawn.reshape(-1, classes).any(axis=1))
        return limited, np.split(read, np.cumsum([len(p.attempts.call) for p in pieces])[:-1])

    def _block(
        self, make: RowMaker, piece: _Piece, attempts: Attempts, read: Ints, mine: Bools
    ) -> Block:
        tasks = self._context.tasks(piece.drawn, piece.placement, attempts.pick(mine))
        kept = np.flatnonzero(mine & self._context.is_in_log(attempts))
        kept = kept[np.argsort(attempts.begins_us[kept])]
        rows = make(piece.drawn, piece.placement, attempts.pick(kept), read[kept])
        return Block(rows, tasks)

    def _pieces(self) -> Iterator[_Piece]:
        """Open sessions, and fill those that may matter to the log, block by block."""
        self._opened = self._tasks = 0
        who = draw_arrivals(self._context, self._shard, self._slots)
        agent = self._context.accounts.agent[who.account]
        for k in np.unique(agent).tolist():
            opened = self._draw(k, who.pick(agent == k))
            calls = np.add.reduceat(opened.turns.calls, starts_of(opened.per_session))
            block = (np.cumsum(calls) - calls) // _BLOCK_ROWS if len(calls) else calls
            for number in np.unique(block).tolist():
                yield self._fill(k, number, opened.pick(block == number))

    def _draw(self, agent: int, who: SessionArrivals) -> _Opened:
        """Draw the turns of sessions, and keep those sessions that may reach into the log."""
        context = self._context
        behaviour = context.behaviour_of_agent[agent]
        rng = context.streams.rng(context.actor.id, self._shard, agent, "turns")
        turns = draw_turns(behaviour, len(who.start_us), rng)
        total = int(turns.sum())
        asked = draw_turns_of(behaviour, draw_tool_steps(behaviour, total, rng), rng)
        gap = np.rint(behaviour.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
        opened = _Opened(who, turns, asked, gap)
        longest = longest_us(gap, asked.calls, turns) + np.where(
            context.accounts.batches[who.account], DAY_US, 0
        )
        return opened.pick(who.start_us + longest >= 0)

    def _fill(self, agent: int, block: int, opened: _Opened) -> _Piece:
        context, actor, who = self._context, self._context.actor, opened.who
        account, turns = who.account, opened.turns
        session_no, task_no = self._number(len(account), len(turns.calls))
        variant = context.templates.variant(account, who.choice, who.kind == PromptSource.LIST)
        sessions = context.sessions(
            account,
            variant,
            who.start_us,
            who.moves_at,
            opened.per_session,
            turns,
            opened.gap_us,
            task_no,
        )
        drawn = context.fill(sessions, agent, actor.id, self._shard, block, agent)
        task_no = drawn.task_no
        nothing = np.zeros(len(task_no), np.int64)
        placement = Placement(
            account=context.first_account + account,
            model=sessions.model,
            session_no=session_no,
            until_us=who.until_us,
            person=who.person,
            language=who.language,
            template=context.templates.number[account, variant].astype(np.int64),
            kind=who.kind,
            away=who.away,
            task_no=task_no,
            topic=nothing,
            content=nothing.view(np.uint64),
            prompt=nothing,
            item=nothing - 1,
            # work on a benchmark in sessions belongs to no run
            round=nothing - (actor.source == "benchmark"),
        )
        settled = context.settle(drawn, who.start_us)
        silent = who.until_us <= who.start_us
        attempts, _ = context.cut(drawn, who.until_us, settled.attempts, silent.copy())
        # who sends nothing meets no limit
        organisation = np.where(silent, context.nobody, context.accounts.organisation[account])
        ends_us = settled.session_ends_us
        return _Piece(drawn, placement, who.start_us, ends_us, organisation, attempts)

    def _hand_out_items(self, pieces: list[_Piece]) -> None:
        """Say what tasks are about, in the order in which they begin.

        A list is handed out prompt by prompt; one whose task was barred comes back, and goes to the
        next task that begins.
        """
        begun = [_begun(piece.drawn, piece.attempts) for piece in pieces]
        kinds = [p.placement.kind[session_of_task(p.drawn)] for p in pieces]
        kind = np.concatenate(kinds)
        begins, barred = (np.concatenate(column) for column in zip(*begun, strict=True))
        item = np.full(len(kind), -1)
        listed = np.flatnonzero((kind == PromptSource.LIST) & (begins < NEVER_US))
        item[listed] = items_in_order(begins[listed], barred[listed], self._shard, self._shards)
        edges = np.cumsum([len(k) for k in kinds])[:-1]
        for piece, own, mine in zip(pieces, np.split(item, edges), kinds, strict=True):
            piece.placement = self._with_content(piece, own, mine)

    def _with_content(self, piece: _Piece, item: Ints, kind: Ints) -> Placement:
        context, placement = self._context, piece.placement
        session = session_of_task(piece.drawn)
        if context.actor.cover == "benchmark" or context.actor.source == "benchmark":
            draw = mixed(context.streams.key(context.actor.id, "cover"), placement.task_no)
            covers = (draw % np.uint64(max(context.actor.items, 1))).astype(np.int64)
            item = np.where(kind == PromptSource.LIST, item, covers)
        account = placement.account[session] - context.first_account
        about = context.prompts.choose(
            context.accounts.account_id[account],
            placement.person[session],
            kind,
            item,
            placement.template[session],
            placement.task_no,
        )
        return replace(placement, item=item, **about._asdict())

    def _number(self, sessions: int, tasks: int) -> tuple[Ints, Ints]:
        base = self._shard << TASKS_PER_SHARD_BITS
        session_no = base + self._opened + np.arange(sessions)
        task_no = base + self._tasks + np.arange(tasks)
        self._opened += sessions
        self._tasks += tasks
        return session_no, task_no


class _Works:
    """What the event loop works on, made for those pieces that it needs."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self._first = np.cumsum([0, *(len(piece.start_us) for piece in pieces)])
        self._works: dict[int, Work] = {}

    def of_session(self, number: int) -> tuple[Work, int]:
        """The work that holds a session, and its number there."""
        piece = int(np.searchsorted(self._first, number, side="right")) - 1
        if piece not in self._works:
            self._works[piece] = Work(self._pieces[piece].drawn.shape)
        return self._works[piece], number - int(self._first[piece])

    def made(self) -> Iterator[tuple[_Piece, Work]]:
        for number, work in sorted(self._works.items()):
            yield self._pieces[number], work


def _begun(drawn: Drawn, attempts: Attempts) -> tuple[Ints, Ints]:
    """(begin of each task, when it was barred), `NEVER_US` and its negative where it was not."""
    tasks = int(drawn.shape.task[-1]) + 1
    task = drawn.shape.task[attempts.call]
    begins, barred = np.full(tasks, NEVER_US), np.full(tasks, -NEVER_US)
    np.minimum.at(begins, task, attempts.begins_us)
    refused = attempts.status == BLOCKED
    barred[task[refused]] = attempts.begins_us[refused]
    return begins, barred


def session_of_task(drawn: Drawn) -> Ints:
    """The session of each task, shape (tasks,)."""
    return np.asarray(drawn.shape.session[drawn.position == 0])
