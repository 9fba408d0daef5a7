"""The rules of docs/world.md as plain SimPy: a process per session, an event per request.

It is meant to be read beside that page. It shares the draws with the fast path (calls, start times,
tickets, keys of the uniforms) and nothing else, and takes no shortcut: every attempt of every
organisation is made at its own time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import simpy
from simpy.events import EventPriority

from tests.oracle.buckets import UNITS, Bucket
from tests.oracle.conditions import Skies

Process = Generator[simpy.Event, Any, Any]

OK, TOO_MANY, CLIENT_TIMEOUT, SERVER_ERROR, OVERLOADED = 200, 429, 499, 500, 529
TRIES = 3
_MOST_CHAINS = 60
_LONGEST_RETRY_AFTER_S = 60
_WORKERS_TURN, _ATTEMPTS_TURN = 2, 3  # priorities of SimPy: after everything else of a microsecond
_MASK = (1 << 64) - 1


class Call(NamedTuple):
    """One step of a task, as drawn; `left_tokens` is context less tail, 0 if nothing is cached."""

    serial: int
    wait_us: int
    ttft_us: int
    generation_us: int
    context_tokens: int
    left_tokens: int
    epoch: int
    output_tokens: int
    asks_tokens: int


@dataclass
class Session:
    """Calls by task, who makes them, and what the last answered one left in the cache."""

    tasks: list[list[Call]]
    key: int
    bucket: int
    lifetime_us: int
    static_tokens: int
    batch: bool
    last: Call | None = None
    last_began_us: int = 0


class Ticket(NamedTuple):
    """A task on a queue; the tickets of a round wait for the end of the round before."""

    session: Session
    release_us: int
    round: int


class Attempt(NamedTuple):
    """What the log says of one attempt; `read_tokens` is 0 unless it was answered."""

    call: int
    number: int
    begins_us: int
    ends_us: int
    status: int
    read_tokens: int


class Reply(NamedTuple):
    """How an attempt ends; `taken_units` were taken from the output bucket."""

    status: int
    lasts_us: int
    retry_after_s: int = 0
    taken_units: int = 0


class Fate(NamedTuple):
    """Keys of the uniforms by purpose."""

    failure: int
    error_time: int
    backoff: int


@dataclass(frozen=True)
class Rules:
    """`buckets` makes those for requests, input and output of a number, none if unlimited."""

    skies: Skies
    fate: Fate
    timeout_us: int
    resume_after_us: int | None
    buckets: Callable[[int], tuple[Bucket, ...]]


class TooManyError(Exception):
    """The scenario makes more attempts than a test should wait for."""


class Turn:
    """Lets those who come in one microsecond through by their number, after all else in it."""

    def __init__(self, env: simpy.Environment, priority: int) -> None:
        self._env, self._priority = env, priority
        self._waiting: list[tuple[int, simpy.Event]] = []

    def of(self, number: int) -> simpy.Event:
        if not self._waiting:
            opens = simpy.Event(self._env)
            opens._ok, opens._value = True, None
            opens.callbacks.append(self._open)
            self._env.schedule(opens, priority=EventPriority(self._priority))
        event = self._env.event()
        self._waiting.append((number, event))
        return event

    def _open(self, _: simpy.Event) -> None:
        waiting, self._waiting = sorted(self._waiting, key=lambda pair: pair[0]), []
        for _number, event in waiting:
            event.succeed()


class Provider:
    """Decides what becomes of an attempt at the moment it begins.

    `expired` counts those whose session had left something to read, but too long ago.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._buckets: dict[int, tuple[Bucket, ...]] = {}
        self._touched_us: dict[int, int] = {}
        self.expired = 0

    def begin(self, session: Session, call: Call, n: int, now_us: int) -> tuple[Reply, int]:
        """The reply, and the tokens that the attempt reads from the cache."""
        read = self._read_tokens(session, call, now_us)
        units = 0
        buckets = self._buckets_of(session, now_us)
        if buckets:
            asks = (1, call.context_tokens - read, call.asks_tokens)
            taken = [b.asked(tokens) for b, tokens in zip(buckets, asks, strict=True)]
            pairs = list(zip(buckets, taken, strict=True))
            if any(bucket.level_units < amount for bucket, amount in pairs):
                wait_s = max(1, *(b.seconds_until(amount) for b, amount in pairs))
                # the door says no before the client hangs up
                lasts_us = min(self._error_us(call, n), self._rules.timeout_us)
                return Reply(TOO_MANY, lasts_us, retry_after_s=wait_s), 0
            for bucket, amount in pairs:
                bucket.level_units -= amount
            units = taken[-1]
        reply = self._reply(session, call, n, now_us)._replace(taken_units=units)
        if reply.status != OK:
            return reply, 0
        session.last, session.last_began_us = call, now_us
        if call.left_tokens:
            self._touched_us[session.key] = now_us
        return reply, read

    def end(self, session: Session, call: Call, reply: Reply, now_us: int) -> None:
        """Give back what was taken for more output than there was."""
        buckets = self._buckets_of(session, now_us)
        if buckets and reply.status != TOO_MANY:
            output = call.output_tokens if reply.status == OK else 0
            buckets[-1].give_back(reply.taken_units - output * UNITS)

    def _buckets_of(self, session: Session, now_us: int) -> tuple[Bucket, ...]:
        if session.bucket not in self._buckets:
            self._buckets[session.bucket] = self._rules.buckets(session.bucket)
        for bucket in self._buckets[session.bucket]:
            bucket.refill(now_us)
        return self._buckets[session.bucket]

    def _reply(self, session: Session, call: Call, n: int, now_us: int) -> Reply:
        """Nobody hangs up on a batch; others do, on an error that takes too long as well."""
        reply = self._unhurried(session, call, n, now_us)
        if not session.batch and reply.lasts_us > self._rules.timeout_us:
            return Reply(CLIENT_TIMEOUT, self._rules.timeout_us)
        return reply

    def _unhurried(self, session: Session, call: Call, n: int, now_us: int) -> Reply:
        """What would come if the client waited for it."""
        conditions = self._rules.skies.at(now_us)
        u = uniform(self._rules.fate.failure, call.serial, n)
        if u < conditions.overload:
            return Reply(OVERLOADED, self._error_us(call, n))
        if u < conditions.overload + conditions.server_error:
            return Reply(SERVER_ERROR, self._error_us(call, n))
        if session.batch:
            return Reply(OK, call.ttft_us + call.generation_us)
        lasts_us = round(call.ttft_us * conditions.slowdown)
        return Reply(OK, lasts_us + round(call.generation_us * conditions.slowdown))

    def _error_us(self, call: Call, n: int) -> int:
        return round(50_000 + 450_000 * uniform(self._rules.fate.error_time, call.serial, n))

    def _read_tokens(self, session: Session, call: Call, now_us: int) -> int:
        last = session.last
        if not call.left_tokens:
            return 0
        if last is not None and last.left_tokens and last.epoch == call.epoch:
            if now_us - session.last_began_us <= session.lifetime_us:
                return min(last.left_tokens, call.left_tokens)
            self.expired += 1
        touched_us = self._touched_us.get(session.key)
        if touched_us is not None and now_us - touched_us <= session.lifetime_us:
            return min(session.static_tokens, call.left_tokens)
        return 0


class Simulator:
    """Sessions and workers, each a process; `attempts` fills as they are made."""

    def __init__(self, rules: Rules, opens_us: int, at_most: int) -> None:
        """`at_most`: TooManyError is raised by a run of more attempts."""
        self._at_most = at_most
        self.env = simpy.Environment(initial_time=opens_us)
        self.attempts: list[Attempt] = []
        self._rules, self._provider = rules, Provider(rules)
        self._attempts_turn = Turn(self.env, _ATTEMPTS_TURN)
        self._workers_turn = Turn(self.env, _WORKERS_TURN)
        self._round = self._in_work = 0
        self._round_over = self.env.event()

    @property
    def expired(self) -> int:
        """Attempts that came too late for what their session had left in the cache."""
        return self._provider.expired

    def sessions(self, sessions: Iterable[tuple[Session, int]], until_us: int) -> list[Attempt]:
        """All attempts begun before `until_us` of sessions with their start times."""
        for session, start_us in sessions:
            self.env.process(self._session(session, start_us))
        self.env.run(until=until_us)
        return self.attempts

    def queue(
        self,
        ticket_at: Callable[[int], Ticket | None],
        take: Callable[[], None],
        workers_from_us: list[int],
        until_us: int,
    ) -> list[Attempt]:
        """The same of a queue. `ticket_at(now)` shows the next ticket, `take` takes it off."""
        for number, from_us in enumerate(workers_from_us):
            self.env.process(self._worker(number, from_us, ticket_at, take))
        self.env.run(until=until_us)
        return self.attempts

    def _worker(
        self,
        number: int,
        from_us: int,
        ticket_at: Callable[[int], Ticket | None],
        take: Callable[[], None],
    ) -> Process:
        yield self.env.timeout(from_us - self.env.now)
        while True:
            yield self._workers_turn.of(number)
            ticket = ticket_at(int(self.env.now))
            if ticket is None:
                return
            if ticket.round != self._round and self._in_work:
                yield self._round_over
                continue
            take()
            self._round = ticket.round
            self._in_work += 1
            yield from self._session(ticket.session, max(int(self.env.now), ticket.release_us))
            self._in_work -= 1
            if not self._in_work:
                self._round_over.succeed()
                self._round_over = self.env.event()

    def _session(self, session: Session, start_us: int) -> Process:
        yield self.env.timeout(start_us - self.env.now)
        for number, task in enumerate(session.tasks):
            for position, call in enumerate(task):
                if number or position:
                    yield self.env.timeout(call.wait_us)
                answered = yield from self._call(session, call)
                if not answered:
                    break

    def _call(self, session: Session, call: Call) -> Process:
        n = chains_down = 0
        while True:
            for retry in range(TRIES):
                reply = yield from self._attempt(session, call, n)
                if reply.status == OK:
                    return True
                if retry < TRIES - 1:
                    yield self.env.timeout(self._pause_us(call, n, retry, reply))
                n += 1
            if self._rules.resume_after_us is None or reply.status == CLIENT_TIMEOUT:
                return False
            chains_down += reply.status != TOO_MANY
            if chains_down == _MOST_CHAINS:
                return False
            yield self.env.timeout(self._rules.resume_after_us)

    def _attempt(self, session: Session, call: Call, n: int) -> Process:
        yield self._attempts_turn.of(call.serial)
        if len(self.attempts) == self._at_most:
            raise TooManyError
        now = int(self.env.now)
        reply, read = self._provider.begin(session, call, n, now)
        self.attempts.append(Attempt(call.serial, n, now, now + reply.lasts_us, reply.status, read))
        yield self.env.timeout(reply.lasts_us)
        self._provider.end(session, call, reply, int(self.env.now))
        return reply

    def _pause_us(self, call: Call, n: int, retry: int, reply: Reply) -> int:
        if 0 < reply.retry_after_s <= _LONGEST_RETRY_AFTER_S:
            return reply.retry_after_s * 1_000_000
        jitter = 1 - 0.25 * uniform(self._rules.fate.backoff, call.serial, n)
        return round(min(0.5 * 2.0**retry, 8.0) * jitter * 1_000_000)


def uniform(key: int, call: int, n: int) -> float:
    return (mix(mix(key, call), n) >> 11) / 2**53


def mix(key: int, counter: int) -> int:
    """The output function of splitmix64 at state key + golden * counter."""
    z = (key + 0x9E3779B97F4A7C15 * counter) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
