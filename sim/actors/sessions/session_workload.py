"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US, rates_per_day
from sim.actors.arrivals.session_arrivals import OpenedShare
from sim.actors.context import ActorContext
from sim.actors.sessions.busy_periods import BusyPeriods, forget_us
from sim.actors.sessions.session_pieces import Piece, SessionPieces
from sim.actors.workload import Block
from sim.arrays.time import DAY_US
from sim.arrays.types import Bools, Ints
from sim.scaffold.rows import RowMaker, exchange_rows
from sim.world.attempt_stream import merge_attempts
from sim.world.attempts import Attempts
from sim.world.cache import session_read_tokens
from sim.world.rate_limited import Work


class SessionWorkload:
    """The slots of one shard whose accounts open sessions.

    It begins so long before the log opens that sessions of every age are in progress at the
    opening, at most `SESSION_LEAD_US`. Sessions longer than that are missing; with the default
    parameters they hold less than one exchange in ten thousand. Sessions that must end before the
    opening are not filled.
    """

    def __init__(
        self,
        context: ActorContext,
        shard: int,
        shards: int,
        slots: range,
        opened_share: OpenedShare | None = None,
    ) -> None:
        """Prepare shard number `shard` of `shards` of the actor; nothing is drawn yet.

        `opened_share` decides what holidays leave of the sessions; see `draw_arrivals`.
        """
        self._context, self._shard, self._slots = context, shard, slots
        self._sessions = SessionPieces(context, shard, shards, slots, opened_share)
        self.rows_per_us = float(rates_per_day(context, slots).sum() / DAY_US)

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Yield the rows of all sessions; it never raises HitsLimitError.

        All sessions are put on the clock as if nothing were limited. Busy periods in which an
        organisation may hit a limit are then simulated again event by event.
        """
        pieces = self.pieces()
        if not pieces:
            return

        context = self._context
        periods = BusyPeriods(
            np.concatenate([p.organisation for p in pieces]),
            np.concatenate([p.start_us for p in pieces]),
            np.concatenate([p.end_us for p in pieces]),
            forget_us(context.accounts, context.service),
        )
        edges = np.cumsum([len(p.start_us) for p in pieces])[:-1]
        period_of_session = np.split(periods.period_of_session, edges)

        limited, read_tokens = self._check_limits(pieces, period_of_session, periods)
        works = _PieceWorks(pieces)
        simulated = periods.simulate(
            limited, context.service.rate_limited_loop, works.of_session, context.horizon_us
        )

        # the sessions that met no limit, then those simulated
        for piece, period, read in zip(pieces, period_of_session, read_tokens, strict=True):
            session = piece.drawn.calls.session[piece.attempts.call]
            unlimited = ~simulated[period][session]
            yield self._block(make, piece, piece.attempts, read, unlimited)
        for piece, work in works.in_order():
            attempts, read = work.drain()
            refused = np.zeros(len(piece.start_us), np.bool_)
            until_us = piece.placement.until_us
            attempts, rows = context.service.bar(piece.drawn, until_us, attempts, refused)
            everything = np.ones(len(rows), np.bool_)
            yield self._block(make, piece, attempts, read[rows], everything)

    def pieces(self) -> list[Piece]:
        """Return all that is drawn about the sessions, and what their tasks are about."""
        return self._sessions.draw()

    def _check_limits(
        self, pieces: list[Piece], period_of_session: list[Ints], periods: BusyPeriods
    ) -> tuple[Bools, list[Ints]]:
        """Return (which busy periods may hit a limit, what each attempt of each piece reads)."""
        context, classes = self._context, len(self._context.service.limits)
        shapes = [piece.drawn.calls for piece in pieces]
        parts = [
            (shape, piece.attempts, session_read_tokens(shape, piece.attempts))
            for shape, piece in zip(shapes, pieces, strict=True)
        ]
        # every period has buckets of its own, which are full when it begins
        buckets = [
            np.where(shape.bucket < 0, -1, period * classes + shape.bucket % classes)
            for shape, period in zip(shapes, period_of_session, strict=True)
        ]

        stream, order = merge_attempts(parts, buckets)
        read_in_order = context.draws.prefix_cache().read_tokens(stream)
        check = context.service.limit_check(len(periods), -SESSION_LEAD_US)
        check.add(stream, read_in_order)
        limited = np.asarray(check.overdrawn.reshape(-1, classes).any(axis=1))
        limited |= periods.run_into_next(check.repaid_us().reshape(-1, classes).max(axis=1))

        read = np.empty(len(order), np.int64)
        read[order] = read_in_order
        return limited, np.split(read, np.cumsum([len(p.attempts.call) for p in pieces])[:-1])

    def _block(
        self, make: RowMaker, piece: Piece, attempts: Attempts, read: Ints, chosen: Bools
    ) -> Block:
        """Make the rows of the `chosen` attempts of a piece."""
        context = self._context
        tasks = context.service.task_rows(piece.drawn, piece.placement, attempts.pick(chosen))
        logged = np.flatnonzero(chosen & context.is_in_log(attempts))
        logged = logged[np.argsort(attempts.begins_us[logged])]
        rows = make(piece.drawn, piece.placement, attempts.pick(logged), read[logged])
        return Block(rows, tasks)


class _PieceWorks:
    """The work of the event loop, made for those pieces that it needs."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._first = np.cumsum([0, *(len(piece.start_us) for piece in pieces)])
        self._works: dict[int, Work] = {}

    def of_session(self, number: int) -> tuple[Work, int]:
        """Return the work that holds a session, and its number there."""
        piece = int(np.searchsorted(self._first, number, side="right")) - 1
        if piece not in self._works:
            self._works[piece] = Work(self._pieces[piece].drawn.calls)
        return self._works[piece], number - int(self._first[piece])

    def in_order(self) -> Iterator[tuple[Piece, Work]]:
        """Yield the pieces with work, in their order."""
        for number, work in sorted(self._works.items()):
            yield self._pieces[number], work
