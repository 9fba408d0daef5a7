"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.actors.population import session_starts
from sim.actors.rhythm import Intensity
from sim.actors.stretches import Stretches
from sim.actors.volume import DAY_US, LEAD_US, mean_exchanges, mean_per_day
from sim.actors.workload import TASKS_PER_SHARD_BITS, Block, Stage
from sim.scaffold.fill import Drawn
from sim.scaffold.ragged import starts_of
from sim.scaffold.rows import Placement, RowMaker, exchange_rows
from sim.scaffold.turns import Turns, draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Actor
from sim.streams import opaque_ids
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.contended import Work
from sim.world.gateway import merge
from sim.world.load import activity

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LONG_CALL_US = 60_000_000
_LONG_PAUSE_US = 2 * 3_600_000_000
_BLOCK_ROWS = 65_536


class _Piece(NamedTuple):
    """A block of sessions of one agent, settled as if nothing were limited."""

    drawn: Drawn
    placement: Placement
    start_us: Ints
    end_us: Ints
    organisation: Ints
    attempts: Attempts


class _Opened(NamedTuple):
    """Sessions of one agent with the turns that they will have; session arrays and turn arrays."""

    start_us: Ints
    account: Ints
    per_session: Ints
    turns: Turns
    gap_us: Ints

    def pick(self, keep: Bools) -> _Opened:
        of_kept = np.repeat(keep, self.per_session)
        return _Opened(
            self.start_us[keep],
            self.account[keep],
            self.per_session[keep],
            self.turns.pick(of_kept),
            self.gap_us[of_kept],
        )


class SessionWorkload:
    """The accounts of one shard of a population.

    It begins `LEAD_US` before the log opens, so that sessions of every age are in progress at
    the opening. Only sessions longer than the lead are missing from it: with the default dials
    they hold less than one exchange in ten thousand. Sessions that must end before the opening
    are not filled.
    """

    def __init__(self, stage: Stage, shard: int, accounts: range) -> None:
        self._stage, self._shard, self._accounts = stage, shard, accounts
        volume = stage.accounts.volume[accounts.start : accounts.stop]
        self.rows_per_us = float(mean_per_day(stage.actor) * volume.sum() / DAY_US)
        self._opened = self._tasks = 0

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Stretches of work in which an organisation hits a limit are simulated event by event."""
        pieces = list(self._pieces())
        if not pieces:
            return
        stretches = Stretches(
            np.concatenate([p.organisation for p in pieces]),
            np.concatenate([p.start_us for p in pieces]),
            np.concatenate([p.end_us for p in pieces]),
            self._stage.forget_us,
        )
        edges = np.cumsum([len(p.start_us) for p in pieces])[:-1]
        of_session = np.split(stretches.of_session, edges)
        limited, read = self._through_gateway(pieces, of_session, len(stretches))
        works = _Works(pieces)
        again = stretches.simulate(
            limited, self._stage.event_loop, works.of_session, self._stage.horizon_us
        )
        for piece, stretch, own_read in zip(pieces, of_session, read, strict=True):
            session = piece.drawn.shape.session[piece.attempts.call]
            yield self._block(make, piece, piece.attempts, own_read, ~again[stretch][session])
        for piece, work in works.made():
            attempts, taken = work.take()
            yield self._block(make, piece, attempts, taken, np.ones(len(taken), np.bool_))

    def _through_gateway(
        self, pieces: list[_Piece], stretch: list[Ints], stretches: int
    ) -> tuple[Bools, list[Ints]]:
        """Return (which stretches hit a limit, what each attempt of each piece reads)."""
        stage, classes = self._stage, len(self._stage.sizes)
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
        in_order = stage.prefix_cache().read_tokens(stream)
        check = stage.limit_check(stretches, -LEAD_US)
        check.add(stream, in_order)
        read = np.empty(len(order), np.int64)
        read[order] = in_order
        limited = np.asarray(check.overdrawn.reshape(-1, classes).any(axis=1))
        return limited, np.split(read, np.cumsum([len(p.attempts.call) for p in pieces])[:-1])

    def _block(
        self, make: RowMaker, piece: _Piece, attempts: Attempts, read: Ints, mine: Bools
    ) -> Block:
        tasks = self._stage.tasks(piece.drawn, piece.placement, attempts.pick(mine))
        kept = np.flatnonzero(mine & self._stage.is_in_log(attempts))
        kept = kept[np.argsort(attempts.begins_us[kept])]
        rows = make(piece.drawn, piece.placement, attempts.pick(kept), read[kept])
        return Block(rows, tasks)

    def _pieces(self) -> Iterator[_Piece]:
        """Open sessions, and fill those that may matter to the log, block by block."""
        self._opened = self._tasks = 0
        start, account = self._at_work(*self._starts())
        agent = self._stage.accounts.agent[account]
        for k in np.unique(agent).tolist():
            mine = agent == k
            opened = self._draw(k, start[mine], account[mine])
            calls = np.add.reduceat(opened.turns.calls, starts_of(opened.per_session))
            block = (np.cumsum(calls) - calls) // _BLOCK_ROWS if len(calls) else calls
            for number in np.unique(block).tolist():
                yield self._fill(k, number, opened.pick(block == number))

    def _starts(self) -> tuple[Ints, Ints]:
        stage, actor = self._stage, self._stage.actor
        own = slice(self._accounts.start, self._accounts.stop)
        offset = stage.accounts.utc_offset_h[own]
        sessions_per_day = stage.accounts.volume[own] * mean_per_day(actor) / mean_exchanges(actor)
        start, account = session_starts(
            DAY_US / sessions_per_day,
            offset,
            {h: Intensity(actor.rhythm, stage.clock.start, h) for h in np.unique(offset).tolist()},
            stage.streams.rng(actor.id, self._shard, "arrivals"),
            -LEAD_US,
            stage.horizon_us,
        )
        return start, account + self._accounts.start

    def _at_work(self, start: Ints, account: Ints) -> tuple[Ints, Ints]:
        """Leave out the sessions that a holiday keeps from being opened.

        A Poisson process thinned at random is one of the lower rate.
        """
        share = activity(self._stage.world, start)
        if share.min(initial=1) == 1:
            return start, account
        rng = self._stage.streams.rng(self._stage.actor.id, self._shard, "holidays")
        opened = rng.random(len(start)) < share
        return start[opened], account[opened]

    def _draw(self, agent: int, start: Ints, account: Ints) -> _Opened:
        """Draw the turns of sessions, and keep those sessions that may reach into the log."""
        actor = self._stage.actor
        rng = self._stage.streams.rng(actor.id, self._shard, agent, "turns")
        turns = draw_turns(actor, len(start), rng)
        total = int(turns.sum())
        asked = draw_turns_of(actor, draw_tool_steps(actor, total, rng), rng)
        gap = np.rint(actor.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
        opened = _Opened(start, account, turns, asked, gap)
        longest = _longest_us(opened) + np.where(self._stage.accounts.batches[account], DAY_US, 0)
        return opened.pick(start + longest >= 0)

    def _fill(self, agent: int, block: int, opened: _Opened) -> _Piece:
        stage, actor = self._stage, self._stage.actor
        name = (actor.id, self._shard, block, agent)
        account, turns = opened.account, opened.turns
        session_no, task_no = self._number(len(account), len(turns.calls))
        sessions = stage.sessions(
            account,
            opened.start_us,
            stage.accounts.moves_at[account],
            opened.per_session,
            turns,
            opened.gap_us,
            task_no,
        )
        drawn = stage.fill(sessions, agent, *name)
        task_no = drawn.task_no
        placement = Placement(
            account=stage.first_account + account,
            model=sessions.model,
            session_no=session_no,
            task_no=task_no,
            prompt=opaque_ids(stage.streams.key(actor.id, "prompts"), task_no),
            item=np.full(len(task_no), -1),
            round=np.zeros(len(task_no), np.int64),
        )
        settled = stage.settle(drawn, opened.start_us)
        organisation, ends_us = stage.accounts.organisation[account], settled.session_ends_us
        return _Piece(drawn, placement, opened.start_us, ends_us, organisation, settled.attempts)

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


def _longest_us(opened: _Opened) -> Ints:
    """A time that sessions hardly ever exceed: their pauses, two hours, and a minute a call."""
    turns_us = opened.gap_us + opened.turns.calls * _LONG_CALL_US
    return _LONG_PAUSE_US + np.add.reduceat(turns_us, starts_of(opened.per_session))


def draw_turns(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """User turns of `size` sessions, at least 1."""
    dial = actor.turns_per_session
    more = np.maximum(np.rint(dial.more.sample(rng, size)), 1)
    return np.where(rng.random(size) < dial.single_share, 1, more).astype(np.int64)
