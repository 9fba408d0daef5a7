"""The client: a session as a SimPy process, call after call, attempt after attempt."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import simpy

from sim.actors.context import ActorContext
from sim.reference.draws import Attempt, Call, FailureUniforms, Session
from sim.reference.ordering import Turnstile
from sim.reference.plain_provider import CLIENT_TIMEOUT, FORBIDDEN, OK, TOO_MANY, Provider, Reply

Process = Generator[simpy.Event, Any, Any]

ATTEMPTS_IN_CHAIN = 3
_MOST_CHAINS_DOWN = 60
_LONGEST_RETRY_AFTER_S = 60
_SECOND_US = 1_000_000
# Attempts come after everything else of their microsecond, in the order of their calls.
_ATTEMPTS_PRIORITY = 3


class Clients:
    """The clients of one shard of an actor, and the provider that they meet.

    `env` is the SimPy environment of the shard. Its clock counts whole microseconds from the
    opening of the log, so what happens before has negative times.
    """

    def __init__(self, context: ActorContext, opens_us: int) -> None:
        """`opens_us` is when the clock of the shard begins, before the log opens or later."""
        self.env = simpy.Environment(initial_time=opens_us)
        self._provider = Provider(context, opens_us)
        self._uniforms = FailureUniforms(context.streams, context.actor.id)
        actor = context.actor
        resumes = actor.on_failure == "resume"
        self._resume_after_us = round(actor.resume_after_s * _SECOND_US) if resumes else None
        self._turns = Turnstile(self.env, _ATTEMPTS_PRIORITY)

    def arrivals(self, sessions: Iterable[tuple[int, Session]]) -> Process:
        """Open each session at its start time, as a process of its own.

        Parameters
        ----------
        sessions
            (start in microseconds of the log, session) in order of time. None may start before the
            clock of the shard begins.

        Yields
        ------
        simpy.Event
            The waits between two sessions.
        """
        for start_us, session in sessions:
            yield self.env.timeout(start_us - self.env.now)
            self.env.process(self.session(session))

    def session(self, session: Session) -> Process:
        """Make the calls of a session that starts now.

        A call that is given up takes the rest of its task with it; the next task follows all the
        same. A barred account stops. The pause before the very first call is left out: the session
        starts with it.

        Parameters
        ----------
        session
            Its attempts are appended to `session.attempts`, in the order in which they begin.

        Yields
        ------
        simpy.Event
            The pauses before calls, and what happens during them.
        """
        is_first = True
        for task in session.tasks:
            for call in task:
                if not is_first:
                    yield self.env.timeout(call.wait_us)
                is_first = False
                status = yield from self._call(session, call)
                if status == FORBIDDEN:
                    return
                if status != OK:
                    break

    def _call(self, session: Session, call: Call) -> Process:
        """Try a call in chains of an attempt and its retries; return the last status.

        A chain has three attempts at most, with short pauses between them. After a chain that
        failed, the client gives up, or begins a new one after `resume_after_s` if its actor
        resumes. A call that the client itself hung up on is never resumed: it would take as long
        again.

        Chains that end with 529 or 500 are counted, because nobody waits forever for a provider
        that is down: after 60 the client gives up. Limits (429) let somebody through at all times,
        so chains that end with one are not counted.

        Attempts are numbered through all chains of a call, from 0.
        """
        number = chains_down = 0
        while True:
            for retry in range(ATTEMPTS_IN_CHAIN):
                reply = yield from self._attempt(session, call, number)
                if reply.status in (OK, FORBIDDEN):
                    return reply.status
                if retry < ATTEMPTS_IN_CHAIN - 1:
                    yield self.env.timeout(self._pause_us(call, number, retry, reply))
                number += 1

            chains_down += reply.status != TOO_MANY
            is_hopeless = reply.status == CLIENT_TIMEOUT or chains_down == _MOST_CHAINS_DOWN
            if self._resume_after_us is None or is_hopeless:
                return reply.status
            yield self.env.timeout(self._resume_after_us)

    def _attempt(self, session: Session, call: Call, number: int) -> Process:
        """Send a request, note what the log says of it, and wait for its end.

        The provider decides at once, when the attempt begins; the note is taken then, so an attempt
        that lasts beyond the end of the log has one too. Attempts that begin in the same
        microsecond go in the order of the serial numbers of their calls.
        """
        yield self._turns.turn_of(call.serial)
        begins_us = int(self.env.now)
        reply = self._provider.begin(session, call, number, begins_us)
        session.attempts.append(
            Attempt(
                row=call.row,
                number=number,
                begins_us=begins_us,
                ttft_us=reply.ttft_us,
                ends_us=begins_us + reply.lasts_us,
                status=reply.status,
                read_tokens=reply.read_tokens,
            )
        )

        yield self.env.timeout(reply.lasts_us)
        self._provider.end(session, call, reply, int(self.env.now))
        return reply

    def _pause_us(self, call: Call, number: int, retry: int, reply: Reply) -> int:
        """Obey `retry-after` if it is short, else back off, as client libraries do.

        Parameters
        ----------
        call, number
            The attempt that failed, numbered among all of the call.
        retry
            The retry that follows, numbered in its chain, from 0.
        reply
            How the attempt ended; `retry-after` is obeyed up to 60 seconds.

        Returns
        -------
        int
            The pause in microseconds.
        """
        if 0 < reply.retry_after_s <= _LONGEST_RETRY_AFTER_S:
            return reply.retry_after_s * _SECOND_US
        return self._uniforms.backoff_us(call, number, retry)
