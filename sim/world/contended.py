"""Sessions and queues under limits, event by event: exact, and only for those who hit one."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.world.attempts import (
    CLIENT_TIMEOUT,
    OK,
    OVERLOADED,
    RATE_LIMIT,
    RETRIES,
    SERVER_ERROR,
    Attempts,
    Fates,
    Policy,
)
from sim.world.cache import NEVER_US
from sim.world.limits import BucketSize, Sizes
from sim.world.shape import Shape
from sim.world.weather import Weather

_CORRECTION, _FREE, _ATTEMPT = 0, 1, 2
_SECOND_US = 1_000_000
_LONGEST_RETRY_AFTER_S = 60

OnEnd = Callable[[int], None]


class Bucket:
    """One token bucket, full at first; its size may change from segment to segment."""

    def __init__(
        self, sizes: list[BucketSize], weather: Weather, segment: int, now_us: int
    ) -> None:
        self._sizes, self._edges = sizes, weather.ends_us
        self._segment, self._at_us = segment, now_us
        self.level = sizes[segment].capacity

    def at(self, now_us: int, segment: int) -> BucketSize:
        """Refill up to `now_us` and return the size of the bucket then."""
        while self._segment < segment:
            self._refill(int(self._edges[self._segment]))
            self._segment += 1
            self.level = min(self.level, self._sizes[self._segment].capacity)
        self._refill(now_us)
        return self._sizes[segment]

    def _refill(self, now_us: int) -> None:
        size = self._sizes[self._segment]
        self.level = min(size.capacity, self.level + (now_us - self._at_us) * size.rate)
        self._at_us = now_us

    def lacking_us(self, units: int) -> int:
        """Microseconds until the bucket would hold `units`, at today's refill."""
        rate = self._sizes[self._segment].rate
        return max(0, -((self.level - units) // rate))


class Work:
    """A shape as plain lists, which Python reads faster than arrays, and what came of it."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.task = shape.task.tolist()
        self.call = shape.call.tolist()
        self.wait_us = shape.wait_us.tolist()
        self.ttft_us = shape.ttft_us.tolist()
        self.generation_us = shape.generation_us.tolist()
        self.context = shape.context_tokens.tolist()
        self.left: list[int] = shape.left_tokens.tolist()
        self.epoch = shape.epoch.tolist()
        self.output = shape.output_tokens.tolist()
        self.fate = shape.fate.tolist()
        self.key = shape.key.tolist()
        self.bucket = shape.bucket.tolist()
        self.lifetime_us = shape.lifetime_us.tolist()
        self.static: list[int] = shape.static_tokens.tolist()
        self.asks = shape.asks_tokens.tolist()
        self.batch = shape.batch.tolist()
        self.ends = np.cumsum(shape.calls_per_session).tolist()
        self.rows: list[tuple[int, int, int, int, int, int, int]] = []

    def take(self) -> tuple[Attempts, NDArray[np.int64]]:
        """Return the attempts made since the last time, and what each read from the cache."""
        columns = np.array(self.rows, np.int64).reshape(-1, 7).T
        self.rows = []
        return Attempts(*columns[:6]), columns[6]


@dataclass(slots=True)
class _Session:
    work: Work
    number: int
    end: int
    on_end: OnEnd | None
    call: int
    n: int = 0
    last_us: int = NEVER_US
    last_left: int = 0
    last_epoch: int = -1


class Contended:
    """A heap of events for the organisations that share it.

    Order of events of one microsecond: corrections, workers getting free, attempts in the order
    of their call's serial number.
    """

    def __init__(
        self,
        sizes: list[Sizes | None],
        weather: Weather,
        fates: Fates,
        policy: Policy,
        from_us: int,
        until_us: int,
    ) -> None:
        """`sizes` by class of model; bucket b is of class b % classes."""
        self._sizes, self._weather = sizes, weather
        self._fates, self._policy, self._until_us = fates, policy, until_us
        self._heap: list[tuple[int, int, int, int, Any]] = []
        self._order = 0
        self._buckets: dict[int, tuple[Bucket, Bucket, Bucket]] = {}
        self._touched: dict[int, int] = {}
        self._from_us = from_us
        self._segment = self._first_segment = weather.segment_scalar(from_us)
        self._ends_us = weather.ends_us.tolist()

    def open(self, work: Work, number: int, start_us: int, on_end: OnEnd | None = None) -> None:
        """Start a session; `on_end` is told when its last call has ended."""
        first = 0 if number == 0 else work.ends[number - 1]
        session = _Session(work, number, work.ends[number], on_end, first)
        self._attempt_at(start_us + work.wait_us[first], session)

    def call_at(self, at_us: int, number: int, action: OnEnd) -> None:
        """Have `action` called at a time, before the attempts of that time."""
        self._push(at_us, _FREE, number, action)

    def run(self, until_us: int) -> None:
        """Carry out all events before `until_us`."""
        heap = self._heap
        while heap and heap[0][0] < until_us:
            now, kind, _, _, what = heapq.heappop(heap)
            if kind == _ATTEMPT:
                self._attempt(now, what)
            elif kind == _FREE:
                what(now)
            else:
                bucket, units = what
                size = bucket.at(now, self._segment_of(now))
                bucket.level = min(size.capacity, bucket.level + units)

    def _push(self, at_us: int, kind: int, serial: int, what: object) -> None:
        self._order += 1
        heapq.heappush(self._heap, (at_us, kind, serial, self._order, what))

    def _attempt_at(self, at_us: int, session: _Session) -> None:
        if at_us < self._until_us:
            self._push(at_us, _ATTEMPT, session.work.call[session.call], session)

    def _segment_of(self, now_us: int) -> int:
        while now_us >= self._ends_us[self._segment]:
            self._segment += 1
        return self._segment

    def _attempt(self, now: int, session: _Session) -> None:
        work, k, n = session.work, session.call, session.n
        segment = self._segment_of(now)
        read = self._read(now, session)
        refused, output_taken = self._admit(now, segment, session, read)
        if refused is not None:
            status, ttft, end = RATE_LIMIT, 0, now + self._fates.error_us_of(work.call[k], n)
        else:
            status, ttft, end = self._answer(now, segment, session)
        if output_taken is not None:
            bucket, units, per_token = output_taken
            kept = work.output[k] * per_token if status == OK else 0
            self._push(end, _CORRECTION, work.call[k], (bucket, units - min(kept, units)))
        work.rows.append((k, n, now, ttft, end, status, read))
        if status == OK:
            self._remember(now, session)
            self._next_call(end, session, given_up=False)
        else:
            self._again(end, session, status, refused)

    def _read(self, now: int, session: _Session) -> int:
        work, k = session.work, session.call
        left, s = work.left[k], session.number
        if not left:
            return 0
        lifetime = work.lifetime_us[s]
        same = session.last_epoch == work.epoch[k] and session.last_left > 0
        if same and now - session.last_us <= lifetime:
            return min(session.last_left, left)
        if now - self._touched.get(work.key[s], NEVER_US) <= lifetime:
            return min(work.static[s], left)
        return 0

    def _remember(self, now: int, session: _Session) -> None:
        work, k = session.work, session.call
        session.last_us, session.last_left = now, work.left[k]
        session.last_epoch = work.epoch[k]
        if work.left[k]:
            self._touched[work.key[session.number]] = now

    def _admit(
        self, now: int, segment: int, session: _Session, read: int
    ) -> tuple[int | None, tuple[Bucket, int, int] | None]:
        """Return (retry-after in seconds if refused, what was taken of the output bucket)."""
        work, k = session.work, session.call
        number = work.bucket[session.number]
        sizes = self._sizes[number % len(self._sizes)] if number >= 0 else None
        if sizes is None:
            return None, None
        if number not in self._buckets:
            opens = (self._first_segment, self._from_us)
            made = [Bucket(size, self._weather, *opens) for size in sizes]
            self._buckets[number] = (made[0], made[1], made[2])
        asked = (1, work.context[k] - read, work.asks[k])
        wanted: list[tuple[Bucket, int, int]] = []
        lacking = 0
        for bucket, tokens in zip(self._buckets[number], asked, strict=True):
            size = bucket.at(now, segment)
            units = min(tokens, size.tokens) * size.per_token
            wanted.append((bucket, units, size.per_token))
            lacking = max(lacking, bucket.lacking_us(units))
        if lacking:
            return max(1, -(-lacking // _SECOND_US)), None
        for bucket, units, _ in wanted:
            bucket.level -= units
        return None, wanted[2]

    def _answer(self, now: int, segment: int, session: _Session) -> tuple[int, int, int]:
        """Return (status, time to first token, end) of an admitted attempt."""
        work, k, n = session.work, session.call, session.n
        batch = work.batch[session.number]
        slowdown, overload, server_error = self._weather.of_segment(segment)
        slowdown = 1.0 if batch else slowdown
        ttft = round(work.ttft_us[k] * slowdown)
        u = self._fates.failure_of(work.call[k], n) if n else work.fate[k]
        if u < overload + server_error:
            status = OVERLOADED if u < overload else SERVER_ERROR
            return status, ttft, now + self._fates.error_us_of(work.call[k], n)
        duration = ttft + round(work.generation_us[k] * slowdown)
        if duration > self._policy.timeout_us and not batch:
            return CLIENT_TIMEOUT, ttft, now + self._policy.timeout_us
        return OK, ttft, now + duration

    def _again(self, end: int, session: _Session, status: int, retry_after_s: int | None) -> None:
        call, retry = session.work.call[session.call], session.n % (RETRIES + 1)
        if retry < RETRIES:
            if retry_after_s is not None and retry_after_s <= _LONGEST_RETRY_AFTER_S:
                pause = retry_after_s * _SECOND_US
            else:
                pause = self._fates.backoff_us_of(call, session.n, retry)
        elif self._policy.resume_after_us is None or status == CLIENT_TIMEOUT:
            self._next_call(end, session, given_up=True)
            return
        else:
            pause = self._policy.resume_after_us
        session.n += 1
        self._attempt_at(end + pause, session)

    def _next_call(self, end: int, session: _Session, *, given_up: bool) -> None:
        work, task = session.work, session.work.task[session.call]
        session.call += 1
        session.n = 0
        while given_up and session.call < session.end and work.task[session.call] == task:
            session.call += 1
        if session.call < session.end:
            self._attempt_at(end + work.wait_us[session.call], session)
        elif session.on_end is not None:
            self._push(end, _FREE, work.call[session.call - 1], session.on_end)
