"""A queue: a SimPy process for each worker, and the tickets that they take in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sim.actors.queue.ticket_queue import TicketQueue
from sim.actors.queue.tickets import Tickets
from sim.reference.client import Clients, Process
from sim.reference.draws import DrawnBlock, Session
from sim.reference.ordering import Turnstile

# Workers who get free come before the attempts of that microsecond.
_WORKERS_PRIORITY = 2


class Ticket(NamedTuple):
    """A task on a queue; the tickets of a round wait for the end of the round before.

    Attributes
    ----------
    session
        The calls of the task, and the account that makes them.
    release_us
        No worker begins it before, in microseconds of the log.
    round
        The run that it belongs to, from 0; earlier work is all of run 0.
    """

    session: Session
    release_us: int
    round: int


class TicketLine:
    """The tickets of a queue in order: those of earlier work, then those that were asked for.

    Tickets are drawn by the block when their turn comes; `blocks` are those so far.
    """

    def __init__(self, queue: TicketQueue, *, in_progress: bool) -> None:
        """`in_progress`: there is earlier work, which goes on until the log opens."""
        self._queue = queue
        self._earlier: Iterator[Tickets] | None = queue.source.lead() if in_progress else None
        self._asked_for = queue.source.main()
        self._ready: list[Ticket] = []
        self.blocks: list[DrawnBlock] = []

    def first(self, now_us: int) -> Ticket | None:
        """Return the ticket at the head of the line, None if there is no more work.

        It stays at the head until `take_first`. Earlier work ends when the log opens, whatever is
        left of it, and also when its tickets run out or nobody can take them.

        Parameters
        ----------
        now_us
            When a worker asks, in microseconds of the log; never before an earlier time.
        """
        if now_us >= 0:
            self._leave_earlier_work()
        while not self._ready:
            # an account must be there, now or later, for somebody to take a ticket
            from_us = self._queue.takeable_us(now_us)
            tickets = None if from_us is None else self._next(from_us)
            if from_us is not None and tickets is not None:
                self._ready = self._drawn(tickets, from_us)
            elif self._earlier is not None:
                self._leave_earlier_work()
            else:
                return None
        return self._ready[0]

    def take_first(self) -> None:
        """Take the head of the line off."""
        self._ready.pop(0)

    def _leave_earlier_work(self) -> None:
        """Drop what is left of earlier work, drawn or not; without earlier work do nothing."""
        if self._earlier is not None:
            self._earlier, self._ready = None, []

    def _next(self, from_us: int) -> Tickets | None:
        """Return the next tickets from the list that is being worked off, None if it has no more.

        Earlier work has none from the opening of the log on.
        """
        if self._earlier is None:
            return next(self._asked_for, None)
        return next(self._earlier, None) if from_us < 0 else None

    def _drawn(self, tickets: Tickets, from_us: int) -> list[Ticket]:
        """Draw all that is inside tickets, and leave out those that nobody can take.

        May return none although there are more tickets in the queue; then ask for the next ones.
        """
        filled = self._queue.add(tickets, from_us)
        if filled is None:
            return []
        block = DrawnBlock(filled.drawn, filled.placement)
        self.blocks.append(block)
        pairs = zip(block.sessions, filled.release_us.tolist(), strict=True)
        return [Ticket(session, release_us, filled.round) for session, release_us in pairs]


class Workers:
    """The workers of a queue: first come, first served, one ticket at a time.

    A worker that gets free takes its ticket before the attempts of the same microsecond; workers
    that get free in one microsecond go in the order of their numbers.
    """

    def __init__(self, clients: Clients, line: TicketLine) -> None:
        """Let workers take tickets from a line and send by the clients of its shard."""
        self._clients, self._line, self._env = clients, line, clients.env
        self._turns = Turnstile(self._env, _WORKERS_PRIORITY)
        self._round = self._busy = 0
        self._round_over = self._env.event()

    def worker(self, number: int, from_us: int) -> Process:
        """Take tickets from `from_us` on, until there are none.

        A worker that is free takes the next ticket even before its release, and waits for that.
        Between two rounds a worker waits until nobody works on the one before.

        Parameters
        ----------
        number
            The worker's number in the queue, from 0.
        from_us
            When it begins, in microseconds of the log.

        Yields
        ------
        simpy.Event
            The waits for a turn, for releases and for rounds, and what happens during sessions.
        """
        yield self._env.timeout(from_us - self._env.now)
        while True:
            yield self._turns.turn_of(number)
            ticket = self._line.first(int(self._env.now))
            if ticket is None:
                return
            if ticket.round != self._round and self._busy:
                yield self._round_over
                continue

            self._line.take_first()
            self._round = ticket.round
            self._busy += 1
            yield self._env.timeout(max(0, ticket.release_us - int(self._env.now)))
            yield from self._clients.session(ticket.session)
            self._busy -= 1
            if not self._busy:
                self._round_over.succeed()
                self._round_over = self._env.event()
