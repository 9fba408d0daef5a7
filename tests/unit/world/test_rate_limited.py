"""The rate-limited loop, against a search for the next attempt among all sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import MINUTE_US, NEVER_US, SECOND_US
from sim.world.attempts import CallConditions
from sim.world.buckets import Buckets
from sim.world.calls import DrawnCalls
from sim.world.limits import BucketSize, Sizes
from sim.world.rate_limited import RateLimitedLoop, Work
from sim.world.timing import solve_timing
from tests.unit.world.building import (
    AS_GENERATED,
    attempt_by_rules,
    conditions,
    drawn_calls,
    event,
    rows_of,
)

BAD = event("incident", 1, 3, overload=0.3, server_error=0.2, slowdown=1.5)
TIGHT = event("limits", 2, 4, factor=0.4)


def sizes_in(rules: CallConditions, *limits: tuple[int, int, int] | None) -> list[Sizes | None]:
    """Sizes of the classes of models, whose limits are per minute."""
    factors = rules.provider.limits.tolist()
    return [
        None if limit is None else Sizes(*(BucketSize.series(n, factors, 1.0) for n in limit))
        for limit in limits
    ]


def sessions_of(count: int, **columns: Any) -> DrawnCalls:
    rng = np.random.default_rng(5)
    per_session = rng.integers(1, 7, count)
    calls = int(per_session.sum())
    position = np.concatenate([np.arange(n) for n in per_session])
    defaults: dict[str, Any] = {
        "task": np.cumsum((position == 0) | (position == 3)) - 1,
        "serial": rng.permutation(calls),
        "wait_us": rng.integers(0, 4_000_000, calls),
        "ttft_us": rng.integers(1, 600_000, calls),
        "generation_us": rng.integers(1, 3_000_000, calls),
        "context_tokens": rng.integers(500, 1_000, calls),
        "left_tokens": rng.choice([0, 300, 450], calls),
        "history": 2 * np.repeat(np.arange(count), per_session) + rng.integers(0, 2, calls),
        "output_tokens": rng.integers(1, 60, calls),
        "failure_draw": rng.random(calls),
        "key": rng.integers(0, 3, count),
        "bucket": rng.integers(-1, 4, count),
        "batch": rng.random(count) < 0.1,
        "lifetime_us": rng.choice([0, 3 * SECOND_US, MINUTE_US], count),
        "static_tokens": rng.choice([100, 400], count),
    }
    return drawn_calls(per_session.tolist(), **{**defaults, **columns})


@dataclass
class State:
    """A session between two attempts.

    `last` is by history when the last answered call began, and which that was.
    """

    at_us: int
    call: int
    end: int
    n: int = 0
    chains_down: int = 0
    last: dict[int, tuple[int, int]] = field(default_factory=dict)


class Search:
    """All sessions, of which the one with the earliest attempt goes on."""

    def __init__(
        self, calls: DrawnCalls, starts: list[int], rules: CallConditions, sizes: list[Any]
    ) -> None:
        self.calls, self.rules, self.sizes = calls, rules, sizes
        self.buckets: dict[int, Buckets] = {}
        self.touched: dict[int, int] = {}
        self.attempts: list[tuple[int, ...]] = []
        ends = np.cumsum(calls.calls_per_session).tolist()
        self.sessions = [
            State(start + int(calls.wait_us[first]), first, end)
            for start, first, end in zip(starts, [0, *ends[:-1]], ends, strict=True)
        ]

    def run(self) -> list[tuple[int, ...]]:
        serial, until_us = self.calls.serial, self.rules.until_us
        while True:
            due = [s for s in self.sessions if s.call < s.end and s.at_us < until_us]
            if not due:
                return self.attempts
            self.attempt(min(due, key=lambda s: (s.at_us, serial[s.call])))

    def attempt(self, s: State) -> None:
        calls, now_us = self.calls, s.at_us
        session = int(calls.session[s.call])
        read, lacking_us = self.read_tokens(s, session), 0
        if (buckets := self.buckets_of(int(calls.bucket[session]))) is not None:
            segment = self.rules.provider.segment_scalar(now_us)
            asks = int(calls.context_tokens[s.call]) - read, int(calls.asks_tokens[s.call])
            lacking_us = buckets.ask(now_us, segment, *asks)
        if lacking_us:
            one = calls.serial[s.call : s.call + 1]
            error_us = int(self.rules.failures.error_us(one, s.n)[0])
            status, ttft_us = 429, 0
            lasts_us = min(error_us, self.rules.policy.timeout_us)
        else:
            status, ttft_us, lasts_us = attempt_by_rules(calls, s.call, s.n, now_us, self.rules)
            if buckets is not None:
                output = int(calls.output_tokens[s.call]) if status == 200 else 0
                buckets.ends(now_us + lasts_us, output)
        end_us = now_us + lasts_us
        self.attempts.append((s.call, s.n, now_us, ttft_us, end_us, status, read))
        if status == 200:
            s.last[int(self.calls.history[s.call])] = now_us, s.call
            if calls.left_tokens[s.call]:
                self.touched[int(calls.key[session])] = now_us
            self.next_call(s, end_us, s.call + 1)
        else:
            self.again(s, end_us, status, lacking_us)

    def again(self, s: State, end_us: int, status: int, lacking_us: int) -> None:
        calls, rules = self.calls, self.rules
        lacking_s = -(-lacking_us // SECOND_US)
        if s.n % 3 < 2:
            one = calls.serial[s.call : s.call + 1]
            pause_us = int(rules.failures.backoff_us(one, s.n, s.n % 3)[0])
            s.at_us = end_us + (lacking_s * SECOND_US if 0 < lacking_s <= 60 else pause_us)
            s.n += 1
            return
        s.chains_down += status in (529, 500)
        if status == 499 or s.chains_down == 60 or rules.policy.resume_after_us is None:
            task = calls.task[s.call]
            after = [k for k in range(s.call, s.end) if calls.task[k] != task]
            self.next_call(s, end_us, after[0] if after else s.end)
            return
        s.at_us = end_us + rules.policy.resume_after_us
        s.n += 1

    def next_call(self, s: State, end_us: int, call: int) -> None:
        s.call, s.n, s.chains_down = call, 0, 0
        if call < s.end:
            s.at_us = end_us + int(self.calls.wait_us[call])

    def read_tokens(self, s: State, session: int) -> int:
        calls = self.calls
        left, lifetime_us = int(calls.left_tokens[s.call]), int(calls.lifetime_us[session])
        if not left:
            return 0
        if int(calls.history[s.call]) in s.last:
            at_us, last = s.last[int(calls.history[s.call])]
            if calls.left_tokens[last] > 0 and s.at_us - at_us <= lifetime_us:
                return min(int(calls.left_tokens[last]), left)
        touched_us = self.touched.get(int(calls.key[session]))
        if touched_us is not None and s.at_us - touched_us <= lifetime_us:
            return min(int(calls.static_tokens[session]), left)
        return 0

    def buckets_of(self, number: int) -> Buckets | None:
        sizes = self.sizes[number % len(self.sizes)] if number >= 0 else None
        if sizes is None:
            return None
        if number not in self.buckets:
            provider = self.rules.provider
            up_front = provider.takes_output_up_front
            self.buckets[number] = Buckets(sizes, provider.ends_us.tolist(), 0, 0, up_front)
        return self.buckets[number]


CASES: dict[str, dict[str, Any]] = {
    "give up": {},
    "resume": {"resume_after_s": 10.0},
    "hang up": {"timeout_s": 2.0, "resume_after_s": 5.0},
    "the log ends soon": {"resume_after_s": 5.0, "until_min": 1.5},
    "counted as generated": {"resume_after_s": 5.0, "limits": AS_GENERATED},
}


@pytest.mark.parametrize("case", CASES)
def test_attempts_are_those_of_a_search_for_the_next_one(case: str) -> None:
    rules = conditions(BAD, TIGHT, **CASES[case])
    sizes = sizes_in(rules, (9, 9_000, 2_500), None)
    calls = sessions_of(40)
    starts = np.random.default_rng(6).integers(0, MINUTE_US, 40).tolist()
    work, loop = Work(calls), RateLimitedLoop(sizes, rules, 0)
    for session, start_us in enumerate(starts):
        loop.open(work, session, start_us)
    # in pieces, as actors do
    for until_us in (30 * SECOND_US, 2 * MINUTE_US, rules.until_us):
        loop.run(until_us)
    attempts, read = work.drain()
    found = list(zip(*(column.tolist() for column in (*attempts, read)), strict=True))
    assert found == Search(calls, starts, rules, sizes).run()
    assert len(work.drain()[1]) == 0
    assert {200, 429} <= set(attempts.status.tolist())


def test_without_limits_the_timing_is_that_of_the_fixed_point() -> None:
    rules = conditions(BAD, resume_after_s=10.0)
    calls = sessions_of(40)
    starts_us = np.random.default_rng(6).integers(0, MINUTE_US, 40)
    work, loop = Work(calls), RateLimitedLoop([None, None], rules, 0)
    ended: dict[int, int] = {}
    for session, start_us in enumerate(starts_us.tolist()):
        loop.open(work, session, start_us, lambda at, number=session: ended.update({number: at}))  # type: ignore[misc]
    loop.run(rules.until_us)
    solved = solve_timing(calls, starts_us, rules)
    assert rows_of(work.drain()[0]) == rows_of(solved.attempts)
    assert [ended[k] for k in range(40)] == solved.session_ends_us.tolist()
    assert loop.last_end_us == solved.session_ends_us.max()


def test_refusals_do_not_count_among_the_chains_after_which_a_call_is_given_up() -> None:
    rules = conditions(resume_after_s=1.0)
    # one request a minute: the last of these calls is refused for more than two hours
    calls = drawn_calls([2] * 70, wait_us=0, generation_us=0, ttft_us=1)
    work, loop = Work(calls), RateLimitedLoop(sizes_in(rules, (1, 10**6, 10**6)), rules, 0)
    for session in range(70):
        loop.open(work, session, 0)
    loop.run(rules.until_us)
    attempts, _ = work.drain()
    assert attempts.number.max() > 3 * 60
    assert (attempts.status == 200).sum() == 140


def test_a_loop_may_begin_later_with_full_buckets_of_that_time() -> None:
    rules = conditions(TIGHT)
    calls = drawn_calls([1] * 5, wait_us=0, ttft_us=1, generation_us=1)
    work = Work(calls)
    loop = RateLimitedLoop(sizes_in(rules, (5, 10**6, 10**6)), rules, 3 * MINUTE_US)
    for session in range(5):
        loop.open(work, session, 3 * MINUTE_US)
    loop.run(3 * MINUTE_US + 1)
    # two of five a minute at a factor of 0.4
    assert work.drain()[0].status.tolist() == [200, 200, 429, 429, 429]


def test_callbacks_of_a_microsecond_come_before_attempts_and_beginners_first() -> None:
    rules = conditions()
    work = Work(drawn_calls([1, 1], wait_us=0, serial=np.array([9, 4])))
    loop = RateLimitedLoop([None], rules, 0)
    seen: list[tuple[str, int]] = []

    def note(name: str) -> Any:
        return lambda now_us: seen.append((name, now_us + len(work.attempts)))

    loop.open(work, 0, 50)
    loop.open(work, 1, 50)
    loop.end_at(50, 8, note("ended 8"))
    loop.end_at(50, 3, note("ended 3"))
    loop.call_at(50, 2, note("worker 2"))
    loop.call_at(50, 1, note("worker 1"))
    loop.run(50)
    assert not seen
    loop.run(51)
    assert seen == [("worker 1", 50), ("worker 2", 50), ("ended 3", 50), ("ended 8", 50)]
    assert work.drain()[0].call.tolist() == [1, 0]


def test_the_end_of_a_session_is_told_at_its_time() -> None:
    rules = conditions()
    calls = drawn_calls([2, 1], wait_us=1_000, ttft_us=10, generation_us=90)
    work, loop = Work(calls), RateLimitedLoop([None], rules, 0)
    told: list[int] = []
    loop.open(work, 0, 0, told.append)
    loop.open(work, 1, 5_000)
    assert (loop.is_idle, loop.last_end_us) == (False, NEVER_US)
    loop.run(2_200)
    assert (told, loop.last_end_us) == ([], 2_200)
    loop.run(2_201)
    assert told == [2_200]
    loop.run(rules.until_us)
    assert (loop.is_idle, loop.last_end_us) == (True, 6_100)


def test_what_would_begin_after_the_log_is_not_made() -> None:
    rules = conditions(until_min=1)
    calls = drawn_calls([2], wait_us=[0, 30 * SECOND_US], ttft_us=0, generation_us=30 * SECOND_US)
    for start_us, count in ((0, 1), (-1, 2)):
        work, loop = Work(calls), RateLimitedLoop([None], rules, 0)
        loop.open(work, 0, start_us)
        loop.run(2 * MINUTE_US)
        assert len(work.drain()[1]) == count
        assert loop.is_idle
