"""The rate-limited loop: sessions under limits, event by event, for those who hit one."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.arrays.time import NEVER_US
from sim.arrays.types import Ints
from sim.world.attempt_outcome import AttemptRules
from sim.world.attempts import DOWN, OK, RATE_LIMIT, RETRIES, Attempts, CallConditions
from sim.world.buckets import Buckets
from sim.world.calls import DrawnCalls
from sim.world.limits import Sizes

# Workers who get free at a microsecond come before the attempts of that time: first those who
# begin, by number, then the others, by the serial number of the call that has ended.
_BEGINNERS, _FREE = -(1 << 62), -(1 << 61)
# Columns of a call in `Work`.
_SERIAL, _TASK, _WAIT_US = range(3)

OnEnd = Callable[[int], None]


class Work:
    """Calls that a `RateLimitedLoop` makes session by session, and the attempts that it made."""

    def __init__(self, drawn_calls: DrawnCalls) -> None:
        self.drawn_calls = drawn_calls
        columns = (
            drawn_calls.serial,
            drawn_calls.task,
            drawn_calls.wait_us,
            drawn_calls.ttft_us,
            drawn_calls.generation_us,
            drawn_calls.context_tokens,
            drawn_calls.left_tokens,
            drawn_calls.history,
            drawn_calls.output_tokens,
            drawn_calls.asks_tokens,
        )
        self._calls = np.stack(columns, axis=1)
        self._ends = np.cumsum(drawn_calls.calls_per_session)
        # the columns of `Attempts` and the tokens read, attempt after attempt
        self.attempts: list[int] = []

    def rows_of(self, session: int) -> slice:
        """Return the rows of the calls of a session."""
        end = int(self._ends[session])
        return slice(end - int(self.drawn_calls.calls_per_session[session]), end)

    def calls(self, rows: slice) -> list[list[int]]:
        """Return calls as plain numbers."""
        return self._calls[rows].tolist()  # type: ignore[no-any-return]

    def drain(self) -> tuple[Attempts, Ints]:
        """Return the attempts made since the last time, and what each read from the cache."""
        columns = np.array(self.attempts, np.int64).reshape(-1, 7).T
        self.attempts = []
        return Attempts(*columns[:6]), columns[6]


class _Session:
    """A session in progress.

    `position` is that of its current call, `n` the number of the attempt that comes next, and
    `chains_down` as in `RetryPolicy.pause_us`. Of each history `answered` has the last answered
    call, which later ones can read from the cache: when its attempt began, and what it left.
    """

    __slots__ = (
        "answered",
        "batch",
        "buckets",
        "calls",
        "chains_down",
        "failure_draw",
        "first_row",
        "key",
        "lifetime_us",
        "n",
        "on_end",
        "position",
        "static",
        "work",
    )

    def __init__(
        self, work: Work, number: int, buckets: Buckets | None, on_end: OnEnd | None
    ) -> None:
        drawn, rows = work.drawn_calls, work.rows_of(number)
        self.work, self.buckets, self.on_end = work, buckets, on_end
        self.calls, self.failure_draw = work.calls(rows), drawn.failure_draw[rows].tolist()
        self.first_row, self.position, self.n, self.chains_down = rows.start, 0, 0, 0
        self.key, self.batch = int(drawn.key[number]), bool(drawn.batch[number])
        self.lifetime_us = int(drawn.lifetime_us[number])
        self.static = int(drawn.static_tokens[number])
        self.answered: dict[int, tuple[int, int]] = {}


class RateLimitedLoop:
    """A discrete-event simulation of the organisations that share it, with limits and cache.

    Events are attempts, and callbacks at a time. In one microsecond what comes back to a bucket
    comes first, then callbacks, then attempts in the order of the serial numbers of their calls.

    This is an event loop on a heap of its own, and no SimPy environment, for two reasons. SimPy
    orders events of one time by when they were scheduled, and here the order must not depend on
    that. And a session is one event per attempt here, where a SimPy process takes two, and a
    generator to resume for each. `sim.reference` has the same rules as SimPy processes.

    Attributes
    ----------
    last_end_us : int
        When the last session ended, of those that have.
    """

    def __init__(self, sizes: list[Sizes | None], conditions: CallConditions, from_us: int) -> None:
        """Begin without sessions.

        Parameters
        ----------
        sizes : list of Sizes or None, length classes
            Sizes of the buckets by class of model, None for no limits. Bucket b is of class
            b % classes.
        conditions : CallConditions
            Attempts that would begin at `until_us` or later are not made.
        from_us : int
            Time of the first event at the earliest; buckets are full then.
        """
        provider = conditions.provider
        self._sizes, self._until_us = sizes, conditions.until_us
        self._rules = AttemptRules(conditions)
        # (time, order within the time, session or callback)
        self._heap: list[tuple[int, int, Any]] = []
        self._buckets: dict[int, Buckets] = {}
        # when the static prefix of each key was last touched
        self._touched_us: dict[int, int] = {}
        self._from_us = from_us
        self._segment = self._first_segment = provider.segment_scalar(from_us)
        self._ends_us: list[int] = provider.ends_us.tolist()
        self._up_front = provider.takes_output_up_front
        self.last_end_us = NEVER_US

    @property
    def repaid_us(self) -> int:
        """When nobody owes output any more, at the latest, if no session is opened after the last.

        From then on buckets hold nothing or more.
        """
        debts_us = (buckets.debt_us() for buckets in self._buckets.values())
        return self.last_end_us + max(debts_us, default=0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return not self._heap

    def open(self, work: Work, session: int, start_us: int, on_end: OnEnd | None = None) -> None:
        """Start a session of `work`; `on_end` is called with the time when its last call ends."""
        buckets = self._buckets_of(int(work.drawn_calls.bucket[session]))
        opened = _Session(work, session, buckets, on_end)
        self._attempt_at(start_us + opened.calls[0][_WAIT_US], opened)

    def call_at(self, at_us: int, number: int, action: OnEnd) -> None:
        """Call `action` at a time, before its attempts; in one microsecond by `number`."""
        heapq.heappush(self._heap, (at_us, _BEGINNERS + number, action))

    def end_at(self, at_us: int, serial: int, action: OnEnd) -> None:
        """Call `action` at the end of a session, by the serial number of its last call."""
        heapq.heappush(self._heap, (at_us, _FREE + serial, action))

    def run(self, until_us: int) -> None:
        """Carry out all events before `until_us`."""
        heap, pop, attempt = self._heap, heapq.heappop, self._attempt
        # a session has one event at a time, and calls that fail at most three in a second: the
        # three attempts of a chain have two pauses between them
        while heap and heap[0][0] < until_us:
            now_us, order, event = pop(heap)
            if order >= 0:
                attempt(now_us, event)
            else:
                event(now_us)

    def _attempt_at(self, at_us: int, session: _Session) -> None:
        if at_us < self._until_us:
            serial = session.calls[session.position][_SERIAL]
            heapq.heappush(self._heap, (at_us, serial, session))

    def _attempt(self, now_us: int, session: _Session) -> None:
        """Make the attempt of a session that is due, and schedule what follows."""
        while now_us >= self._ends_us[self._segment]:
            self._segment += 1
        position, n, buckets = session.position, session.n, session.buckets
        serial, _, _, ttft_us, generation_us, context, left, history, output, asks = session.calls[
            position
        ]
        read = self._read_tokens(now_us, session, left, history) if left else 0

        # limits, then the answer or an error
        lacking_us = 0
        if buckets is not None:
            lacking_us = buckets.ask(now_us, self._segment, context - read, asks)
        if lacking_us:
            status, ttft_us = RATE_LIMIT, 0
            end_us = now_us + self._rules.refusal_us(serial, n)
        else:
            status, ttft_us, duration_us = self._rules.attempt_outcome(
                serial,
                n,
                self._segment,
                ttft_us,
                generation_us,
                session.failure_draw[position],
                session.batch,
            )
            end_us = now_us + duration_us
            if buckets is not None:
                buckets.ends(end_us, output if status == OK else 0)
        row = session.first_row + position
        session.work.attempts += (row, n, now_us, ttft_us, end_us, status, read)

        # the next attempt of this call or of the next one
        if status != OK:
            self._retry(end_us, session, serial, status, lacking_us)
            return
        session.answered[history] = now_us, left
        if left:
            self._touched_us[session.key] = now_us
        session.position += 1
        session.n = session.chains_down = 0
        self._go_on(end_us, session)

    def _read_tokens(self, now_us: int, session: _Session, left: int, history: int) -> int:
        """Return what a call reads from the cache: context of its history, or static prefix."""
        lifetime_us = session.lifetime_us
        last_us, last_left = session.answered.get(history, (NEVER_US, 0))
        if last_left > 0 and now_us - last_us <= lifetime_us:
            return min(last_left, left)
        if now_us - self._touched_us.get(session.key, NEVER_US) <= lifetime_us:
            return min(session.static, left)
        return 0

    def _buckets_of(self, number: int) -> Buckets | None:
        sizes = self._sizes[number % len(self._sizes)] if number >= 0 else None
        if sizes is None:
            return None
        if number not in self._buckets:
            self._buckets[number] = Buckets(
                sizes, self._ends_us, self._first_segment, self._from_us, self._up_front
            )
        return self._buckets[number]

    def _retry(
        self, end_us: int, session: _Session, serial: int, status: int, lacking_us: int
    ) -> None:
        """Schedule the attempt after one that failed, or give the call up."""
        n = session.n
        session.n += 1
        if n % (RETRIES + 1) == RETRIES and status in DOWN:
            session.chains_down += 1
        pause_us = self._rules.pause_us(serial, n, status, session.chains_down, lacking_us)
        if pause_us is None:
            self._give_up(end_us, session)
        else:
            self._attempt_at(end_us + pause_us, session)

    def _give_up(self, end_us: int, session: _Session) -> None:
        """Leave the rest of the task."""
        calls, task = session.calls, session.calls[session.position][_TASK]
        session.n = session.chains_down = 0
        while session.position < len(calls) and calls[session.position][_TASK] == task:
            session.position += 1
        self._go_on(end_us, session)

    def _go_on(self, end_us: int, session: _Session) -> None:
        """Schedule the next call after its pause, or end the session."""
        if session.position < len(session.calls):
            self._attempt_at(end_us + session.calls[session.position][_WAIT_US], session)
            return
        self.last_end_us = max(self.last_end_us, end_us)
        if session.on_end is not None:
            self.end_at(end_us, session.calls[-1][_SERIAL], session.on_end)
