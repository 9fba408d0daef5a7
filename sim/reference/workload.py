"""Shards as the reference engine works them: the draws of the fast engine, simulated anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.context import ActorContext
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.tickets import Team
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import Block
from sim.reference.client import Clients
from sim.reference.draws import DrawnBlock
from sim.reference.plain_growth import plain_growth
from sim.reference.plain_releases import PlainReleases, opened_share
from sim.reference.queue import TicketLine, Workers
from sim.scaffold.rows import RowMaker, exchange_rows


def with_plain_rules(context: ActorContext) -> ActorContext:
    """Return the same context, in which rules of the reference engine act on what is drawn.

    They say who moves to a new model, how contexts grow and when they are compacted. The draws of
    the fast engine ask the context for it, so they need not know of the engine.
    """
    service = context.service
    releases = PlainReleases(context.world, service.models.ids)
    return replace(context, service=replace(service, releases=releases), grow=plain_growth)


class ReferenceSessions:
    """The accounts of one shard of a population, each session a process.

    A `Workload` as `SessionWorkload` is, with the same rows. `rows_per_us` is the rate of exchanges
    that is expected of it.
    """

    def __init__(self, context: ActorContext, shard: int, shards: int, slots: range) -> None:
        """`shard` of `shards` of the actor has the accounts in `slots`."""
        self._context = with_plain_rules(context)
        self._draws = SessionWorkload(self._context, shard, shards, slots, opened_share)
        self.rows_per_us = self._draws.rows_per_us

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Simulate all sessions to the end of the log, then yield their rows block by block.

        All attempts are in memory before the first block comes. Sessions begin long before the log
        opens, so that the log finds everything in progress.

        Parameters
        ----------
        make
            Makes the rows of exchanges from calls and their attempts.

        Yields
        ------
        Block
            As many as the fast engine yields, with the same rows.
        """
        pieces = self._draws.pieces()
        drawn = [DrawnBlock(piece.drawn, piece.placement) for piece in pieces]
        starts_us = [start for piece in pieces for start in piece.start_us.tolist()]
        sessions = [session for block in drawn for session in block.sessions]

        # a session whose slot nobody holds was drawn but is not opened
        opened = [
            (start_us, session)
            for start_us, session in zip(starts_us, sessions, strict=True)
            if start_us < session.until_us
        ]
        clients = Clients(self._context, -SESSION_LEAD_US)
        clients.env.process(clients.arrivals(sorted(opened, key=lambda pair: pair[0])))
        clients.env.run(until=self._context.horizon_us)

        for block in drawn:
            yield block.rows(make, self._context)


class ReferenceQueue:
    """One team of a queue, each of its workers a process.

    A `Workload` as `QueueWorkload` is, with the same rows. `rows_per_us` is the rate of exchanges
    that is expected of it.
    """

    def __init__(self, context: ActorContext, team: Team) -> None:
        """`team` is the part of the queue that the shard works off."""
        self._context = with_plain_rules(context)
        self._draws = QueueWorkload(self._context, team)
        self.rows_per_us = self._draws.rows_per_us

    def blocks(self, make: RowMaker = exchange_rows) -> Iterator[Block]:
        """Simulate all tickets to the end of the log, then yield their rows block by block.

        A queue without a start has been worked before the log opens; then the workers are busy with
        earlier work at first.

        Parameters
        ----------
        make
            Makes the rows of exchanges from calls and their attempts.

        Yields
        ------
        Block
            The rows of each block of tickets, in the order in which they were drawn.
        """
        in_progress = self._context.actor.starts_us is None
        clients = Clients(self._context, self._draws.opens_us)
        line = TicketLine(self._draws.ticket_queue(), in_progress=in_progress)

        workers = Workers(clients, line)
        for number, from_us in enumerate(self._draws.workers_from_us):
            clients.env.process(workers.worker(number, from_us))
        clients.env.run(until=self._context.horizon_us)

        for block in line.blocks:
            yield block.rows(make, self._context)
