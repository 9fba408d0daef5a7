"""Accounts that work in sessions of user turns: people at an agent, and programs like them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US, rates_per_day
from sim.actors.arrivals.session_arrivals import OpenedShare
from sim.actors.context import ActorContext
from sim.actors.sessions.session_pieces import Piece, SessionPieces
from sim.actors.workload import Block
from sim.arrays.time import DAY_US
from sim.arrays.types import Ints
from sim.scaffold.rows import RowMaker, exchange_rows
from sim.world.attempts import Attempts


class SimulatedPiece(NamedTuple):
    """A piece, its attempts in order of time, and what each reads from the prompt cache."""

    piece: Piece
    attempts: Attempts
    read_tokens: Ints


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
        """Simulate all sessions to the end of the log, then yield their rows piece by piece."""
        for simulated in self.simulate():
            yield self._block(make, simulated)

    def pieces(self) -> list[Piece]:
        """Draw the sessions of the shard and what they are about; every call returns the same."""
        pieces = list(self._sessions.draw())
        self._sessions.hand_out_prompts(pieces)
        return pieces

    def simulate(self) -> list[SimulatedPiece]:
        """Draw all sessions, and return what becomes of them until the end of the log."""
        pieces = self.pieces()
        attempts, read = self._carry_out(pieces)
        return list(map(SimulatedPiece, pieces, attempts, read))

    def _carry_out(self, pieces: list[Piece]) -> tuple[list[Attempts], list[Ints]]:
        """Return the attempts of each piece, and what each of them reads from the cache.

        Sessions of an organisation share its limits and its prompt cache, and those of different
        organisations share nothing.
        """
        context = self._context
        organisation = context.accounts.organisation
        loop = context.service.event_loop(
            int(organisation.max()) + 1, context.draws.cache_keys, -SESSION_LEAD_US
        )
        loop.reserve([piece.drawn.calls for piece in pieces])
        for piece in pieces:
            who = piece.placement
            block = loop.add(piece.drawn.calls, who.until_us)
            # a session whose account is barred before it starts is not opened
            opened = np.flatnonzero(piece.start_us < who.until_us)
            group = organisation[who.account[opened] - context.first_account]
            loop.open(block, piece.start_us[opened], group, opened)

        # the loop numbers blocks from 0, and leaves out those without attempts
        loop.run()
        none = np.empty(0, np.int64)
        attempts, read = [Attempts(*[none] * 6)] * len(pieces), [none] * len(pieces)
        for block, made, tokens in loop.drain():
            attempts[block.number], read[block.number] = made, tokens
        return attempts, read

    def _block(self, make: RowMaker, simulated: SimulatedPiece) -> Block:
        """Make the rows of a piece: attempts in the log, and tasks that have some there."""
        context, (piece, attempts, read) = self._context, simulated
        tasks = context.service.task_rows(piece.drawn, piece.placement, attempts)
        logged = np.flatnonzero(context.is_in_log(attempts))
        rows = make(piece.drawn, piece.placement, attempts.pick(logged), read[logged])
        return Block(rows, tasks)
