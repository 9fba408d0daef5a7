"""Sessions and queues under limits, event by event: exact, and only for those who hit one."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import FOREVER_US, NEVER_US, SECOND_US
from sim.world.attempts import (
    CLIENT_TIMEOUT,
    DOWN,
    OK,
    OVERLOADED,
    RATE_LIMIT,
    RETRIES,
    SERVER_ERROR,
    Attempts,
    CallConditions,
)
from sim.world.buckets import Buckets
from sim.world.calls import Shape
from sim.world.limits import Sizes

_LONGEST_RETRY_AFTER_S = 60
# Workers who get free at a microsecond come before the attempts of that time: first those who
# begin, by number, then the others, by the serial number of the call that has ended.
_BEGINNERS, _FREE = -(1 << 62), -(1 << 61)

OnEnd = Callable[[int], None]


class Work:
    """A shape whose calls are read session by session, and what came of it."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        columns = (
            shape.call,
            shape.task,
            shape.wait_us,
            shape.ttft_us,
            shape.generation_us,
            shape.context_tokens,
            shape.left_tokens,
            shape.epoch,
            shape.output_tokens,
            shape.asks_tokens,
        )
        self._calls = np.stack(columns, axis=1)
        self._ends = np.cumsum(shape.calls_per_session)
        self.rows: list[int] = []

    def rows_of(self, number: int) -> slice:
        """Where the calls of a session stand."""
        end = int(self._ends[number])
        return slice(end - int(self.shape.calls_per_session[number]), end)

    def calls(self, rows: slice) -> list[list[int]]:
        return self._calls[rows].tolist()  # type: ignore[no-any-return]

    def take(self) -> tuple[Attempts, NDArray[np.int64]]:
        """Return the attempts made since the last time, and what each read from the cache."""
        columns = np.array(self.rows, np.int64).reshape(-1, 7).T
        self.rows = []
        return Attempts(*columns[:6]), columns[6]


class _Session:
    """A session in progress; `place` is that of its next call, `n` the number of the attempt."""

    __slots__ = (
        "batch",
        "buckets",
        "calls",
        "down",
        "fate",
        "first",
        "key",
        "last_epoch",
        "last_left",
        "last_us",
        "lifetime_us",
        "n",
        "on_end",
        "place",
        "static",
        "work",
    )

    def __init__(
        self, work: Work, number: int, buckets: Buckets | None, on_end: OnEnd | None
    ) -> None:
        shape, rows = work.shape, work.rows_of(number)
        self.work, self.buckets, self.on_end = work, buckets, on_end
        self.calls, self.fate = work.calls(rows), shape.fate[rows].tolist()
        self.first, self.place, self.n, self.down = rows.start, 0, 0, 0
        self.key, self.batch = int(shape.key[number]), bool(shape.batch[number])
        self.lifetime_us = int(shape.lifetime_us[number])
        self.static = int(shape.static_tokens[number])
        self.last_us, self.last_left, self.last_epoch = NEVER_US, 0, -1


class RateLimitedLoop:
    """A heap of events for the organisations that share it.

    Order of events of one microsecond: corrections, workers getting free, attempts in the order
    of their call's serial number.
    """

    def __init__(self, sizes: list[Sizes | None], conditions: CallConditions, from_us: int) -> None:
        """`sizes` by class of model; bucket b is of class b % classes."""
        provider = conditions.provider
        self._sizes, self._provider = sizes, provider
        self._failures, self._policy = conditions.failures, conditions.policy
        self._until_us = conditions.until_us
        self._heap: list[tuple[int, int, Any]] = []
        self._buckets: dict[int, Buckets] = {}
        self._touched: dict[int, int] = {}
        self._from_us = from_us
        self._segment = self._first_segment = provider.segment_scalar(from_us)
        self._ends_us: list[int] = provider.ends_us.tolist()
        self.last_end_us = NEVER_US

    @property
    def is_idle(self) -> bool:
        """Whether all that was opened has ended, the last of it at `last_end_us`."""
        return not self._heap

    def open(self, work: Work, number: int, start_us: int, on_end: OnEnd | None = None) -> None:
        """Start a session; `on_end` is told when its last call has ended."""
        buckets = self._buckets_of(int(work.shape.bucket[number]))
        session = _Session(work, number, buckets, on_end)
        self._attempt_at(start_us + session.calls[0][2], session)

    def call_at(self, at_us: int, number: int, action: OnEnd) -> None:
        """Have `action` called at a time, before the attempts of that time."""
        heapq.heappush(self._heap, (at_us, _BEGINNERS + number, action))

    def end_at(self, at_us: int, call: int, action: OnEnd) -> None:
        """Have `action` called when a session ends, whose last call is known to end then."""
        heapq.heappush(self._heap, (at_us, _FREE + call, action))

    def run(self, until_us: int) -> None:
        """Carry out all events before `until_us`."""
        heap, pop, attempt = self._heap, heapq.heappop, self._attempt
        # a session has one event at a time, and calls that fail at most three in a second: the
        # three attempts of a chain have two pauses between them
        while heap and heap[0][0] < until_us:
            now, key, what = pop(heap)
            if key >= 0:
                attempt(now, what)
            else:
                what(now)

    def _attempt_at(self, at_us: int, session: _Session) -> None:
        if at_us < self._until_us:
            heapq.heappush(self._heap, (at_us, session.calls[session.place][0], session))

    def _attempt(self, now: int, session: _Session) -> None:
        while now >= self._ends_us[self._segment]:
            self._segment += 1
        call = session.calls[session.place]
        context, left, epoch, output, asks = call[5:]
        read = self._read(now, session, left, epoch) if left else 0
        lacking, buckets = 0, session.buckets
        if buckets is not None:
            lacking = buckets.ask(now, self._segment, context - read, asks)
        if lacking:
            status, ttft = RATE_LIMIT, 0
            error_us = self._failures.error_us_of(call[0], session.n)
            end = now + min(error_us, self._policy.timeout_us)
        else:
            status, ttft, end = self._answer(now, session, call)
            if buckets is not None:
                buckets.ends(end, output if status == OK else 0)
        row = session.first + session.place
        session.work.rows += (row, session.n, now, ttft, end, status, read)
        if status != OK:
            self._again(end, session, status, lacking)
            return
        session.last_us, session.last_left, session.last_epoch = now, left, epoch
        if left:
            self._touched[session.key] = now
        session.place += 1
        session.n = session.down = 0
        self._go_on(end, session)

    def _read(self, now: int, session: _Session, left: int, epoch: int) -> int:
        lifetime = session.lifetime_us
        same = session.last_epoch == epoch and session.last_left > 0
        if same and now - session.last_us <= lifetime:
            return min(session.last_left, left)
        if now - self._touched.get(session.key, NEVER_US) <= lifetime:
            return min(session.static, left)
        return 0

    def _buckets_of(self, number: int) -> Buckets | None:
        sizes = self._sizes[number % len(self._sizes)] if number >= 0 else None
        if sizes is None:
            return None
        if number not in self._buckets:
            opens = (self._first_segment, self._from_us)
            self._buckets[number] = Buckets(sizes, self._ends_us, *opens)
        return self._buckets[number]

    def _answer(self, now: int, session: _Session, call: list[int]) -> tuple[int, int, int]:
        """Return (status, time to first token, end) of an admitted attempt."""
        n = session.n
        slowdown, overload, server_error = self._provider.of_segment(self._segment)
        patience = self._policy.timeout_us
        if session.batch:
            slowdown, patience = 1.0, FOREVER_US
        ttft = round(call[3] * slowdown)
        u = self._failures.failure_of(call[0], n) if n else session.fate[session.place]
        if u < overload + server_error:
            status = OVERLOADED if u < overload else SERVER_ERROR
            duration = self._failures.error_us_of(call[0], n)
        else:
            status, duration = OK, ttft + round(call[4] * slowdown)
        if duration > patience:
            return CLIENT_TIMEOUT, ttft, now + patience
        return status, ttft, now + duration

    def _again(self, end: int, session: _Session, status: int, lacking_us: int) -> None:
        n, call = session.n, session.calls[session.place]
        session.n += 1
        retry = n % (RETRIES + 1)
        session.down += retry == RETRIES and status in DOWN
        if retry < RETRIES:
            retry_after_s = -(-lacking_us // SECOND_US)
            if 0 < retry_after_s <= _LONGEST_RETRY_AFTER_S:
                pause = retry_after_s * SECOND_US
            else:
                pause = self._failures.backoff_us_of(call[0], n, retry)
        elif (resumed := self._policy.pause_us(status, session.down)) is not None:
            pause = resumed
        else:
            self._give_up(end, session)
            return
        self._attempt_at(end + pause, session)

    def _give_up(self, end: int, session: _Session) -> None:
        """Leave the rest of the task."""
        calls, task = session.calls, session.calls[session.place][1]
        session.n = session.down = 0
        while session.place < len(calls) and calls[session.place][1] == task:
            session.place += 1
        self._go_on(end, session)

    def _go_on(self, end: int, session: _Session) -> None:
        """Make the next call after its pause, or end the session."""
        if session.place < len(session.calls):
            self._attempt_at(end + session.calls[session.place][2], session)
            return
        self.last_end_us = max(self.last_end_us, end)
        if session.on_end is not None:
            self.end_at(end, session.calls[-1][0], session.on_end)
