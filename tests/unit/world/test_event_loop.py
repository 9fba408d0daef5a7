"""The event loop, against a search for the next attempt among all sessions."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from sim.arrays.time import FOREVER_US, MINUTE_US, SECOND_US
from sim.arrays.types import Ints
from sim.world.attempts import Attempts, CallConditions
from sim.world.calls import DrawnCalls
from sim.world.carry_out import carry_out, split_by_block
from sim.world.event_loop import EventLoop
from sim.world.limits import BucketSize, Sizes
from tests.unit.world.building import (
    AS_GENERATED,
    attempt_by_rules,
    backoff_us,
    conditions,
    drawn_calls,
    error_us,
    event,
)
from tests.unit.world.plain_buckets import PlainBuckets

BAD = event("incident", 1, 3, overload=0.3, server_error=0.2, slowdown=1.5)
TIGHT, TIGHTER = event("limits", 2, 4, factor=0.4), {2 * MINUTE_US: 0.4, 4 * MINUTE_US: 1.0}
LIMITS = (9, 9_000, 2_500)


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
        self,
        calls: DrawnCalls,
        starts: list[int],
        rules: CallConditions,
        until_us: Ints | None = None,
    ) -> None:
        """Buckets of even numbers have `LIMITS`, others none."""
        self.calls, self.rules = calls, rules
        self.until_us = np.full(len(starts), FOREVER_US) if until_us is None else until_us
        self.refused: set[int] = set()
        self.buckets: dict[int, PlainBuckets] = {}
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
        session, serial = int(calls.session[s.call]), int(calls.serial[s.call])
        refusal_us = min(error_us(self.rules, serial, s.n), self.rules.policy.timeout_us)
        barred = now_us >= self.until_us[session]
        read = 0 if barred else self.read_tokens(s, session)
        buckets = None if barred else self.buckets_of(int(calls.bucket[session]))
        lacking_us = 0
        if buckets is not None:
            asks = int(calls.context_tokens[s.call]) - read, int(calls.asks_tokens[s.call])
            lacking_us = buckets.ask(now_us, *asks)
        if lacking_us:
            status, ttft_us, lasts_us = 429, 0, refusal_us
        else:
            status, ttft_us, lasts_us = attempt_by_rules(calls, s.call, s.n, now_us, self.rules)
            if buckets is not None:
                output = int(calls.output_tokens[s.call]) if status == 200 else 0
                buckets.end(now_us + lasts_us, output)
        end_us = now_us + lasts_us
        if not barred:
            self.attempts.append((s.call, s.n, now_us, ttft_us, end_us, status, read))
        elif session not in self.refused:
            self.refused.add(session)
            self.attempts.append((s.call, s.n, now_us, ttft_us, now_us + refusal_us, 403, 0))
        if status == 200 and barred:
            self.next_call(s, end_us, s.call + 1)
            return
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
            pause_us = backoff_us(rules, int(calls.serial[s.call]), s.n)
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

    def buckets_of(self, number: int) -> PlainBuckets | None:
        if number < 0 or number % 2:
            return None
        if number not in self.buckets:
            up_front = self.rules.provider.takes_output_up_front
            self.buckets[number] = PlainBuckets(LIMITS, TIGHTER, up_front=up_front)
        return self.buckets[number]


CASES: dict[str, dict[str, Any]] = {
    "give up": {},
    "resume": {"resume_after_s": 10.0},
    "hang up": {"timeout_s": 2.0, "resume_after_s": 5.0},
    "the log ends soon": {"resume_after_s": 5.0, "until_min": 1.5},
    "counted as generated": {"resume_after_s": 5.0, "limits": AS_GENERATED},
}
STARTS_US = np.random.default_rng(6).integers(0, MINUTE_US, 40)


def loop_in(rules: CallConditions, *limits: tuple[int, int, int] | None, **more: Any) -> EventLoop:
    """An event loop of four buckets and three static prefixes, from the opening on."""
    more = {"from_us": 0, "buckets": 4, "keys": 3, **more}
    return EventLoop(rules, sizes_in(rules, *limits), **more)


def drained(loop: EventLoop) -> list[tuple[int, ...]]:
    """The attempts of the only block, with what each reads."""
    rows = []
    for _, attempts, read in loop.drain():
        rows += list(zip(*(column.tolist() for column in (*attempts, read)), strict=True))
    return rows


def carried_out(calls: DrawnCalls, starts: Ints, loop: EventLoop, **more: Any) -> Attempts:
    """The attempts of sessions that all belong to one group."""
    loop.open(loop.add(calls, **more), starts, np.zeros(len(starts), np.int64))
    loop.run()
    [(_, attempts, _)] = loop.drain()
    return attempts


@pytest.mark.parametrize("case", CASES)
def test_attempts_are_those_of_a_search_for_the_next_one(case: str) -> None:
    rules = conditions(BAD, TIGHT, **CASES[case])
    calls, loop = sessions_of(40), loop_in(rules, LIMITS, None)
    loop.open(loop.add(calls), STARTS_US, np.zeros(40, np.int64))
    rows = []
    # in pieces, as actors do
    for until_us in (30 * SECOND_US, 2 * MINUTE_US, rules.until_us):
        loop.run(until_us)
        rows += drained(loop)
    assert rows == Search(calls, STARTS_US.tolist(), rules).run()
    assert drained(loop) == []
    assert {200, 429} <= {row[5] for row in rows}


@pytest.mark.parametrize("case", CASES)
def test_after_a_bar_one_attempt_is_refused_and_no_other_counts(case: str) -> None:
    rules = conditions(BAD, TIGHT, **CASES[case])
    calls, loop = sessions_of(40), loop_in(rules, LIMITS, None)
    until_us = STARTS_US + np.random.default_rng(8).integers(-5, 40, 40) * SECOND_US
    block = loop.add(calls, until_us)
    loop.open(block, STARTS_US, np.zeros(40, np.int64))
    loop.run()
    rows, search = drained(loop), Search(calls, STARTS_US.tolist(), rules, until_us)
    assert rows == search.run()
    refused = [int(calls.session[row[0]]) for row in rows if row[5] == 403]
    assert sorted(refused) == np.flatnonzero(loop.refused(block)).tolist()
    assert 10 < len(refused) < 40


def test_groups_do_not_depend_on_each_other_nor_on_who_shares_a_block() -> None:
    rules = conditions(BAD, TIGHT, resume_after_s=5.0)
    calls = sessions_of(40)
    group = np.where(calls.bucket < 0, calls.key % 2, calls.bucket // 2)
    whole = replace(calls, key=group)
    loop = loop_in(rules, LIMITS, None)
    loop.open(loop.add(whole), STARTS_US, group)
    loop.run()
    together = drained(loop)
    for number in (0, 1):
        alone, chosen = loop_in(rules, LIMITS, None), np.flatnonzero(group == number)
        alone.open(alone.add(whole), STARTS_US[chosen], group[chosen], chosen)
        alone.run()
        mine = [row for row in together if group[calls.session[row[0]]] == number]
        assert drained(alone) == mine
        assert len(mine) > 40


def test_blocks_are_drained_apart_and_room_of_a_block_that_is_over_is_used_again() -> None:
    rules, loop = conditions(), loop_in(conditions(), None)
    first, second = sessions_of(30), sessions_of(20, wait_us=7)
    blocks = [loop.add(first), loop.add(second)]
    for block, count in zip(blocks, (30, 20), strict=True):
        loop.open(block, STARTS_US[:count], np.arange(count))
    loop.run(rules.until_us)
    parts = loop.drain()
    assert [part[0] for part in parts] == blocks
    assert parts[1][1].call.max() < len(second.serial)
    expected = carried_out(second, STARTS_US[:20], loop_in(rules, None))
    assert sorted(parts[1][1].begins_us.tolist()) == sorted(expected.begins_us.tolist())

    loop.remove(blocks[0])
    third = loop.add(first)
    assert (third.calls, third.number) == (blocks[0].calls, blocks[0].number)
    assert (loop.ends_us(third) == FOREVER_US).all()
    assert not loop.refused(third).any()

    # parts come in the order in which blocks were added, not by number
    fourth = loop.add(second)
    assert fourth.number == 2
    for block, count in ((fourth, 20), (third, 30)):
        loop.open(block, STARTS_US[:count] + rules.until_us // 2, np.arange(count))
    loop.run(rules.until_us)
    parts = loop.drain()
    assert [part[0] for part in parts] == [third, fourth]
    lengths = [len(parts[0][1].call), len(parts[1][1].call)]
    assert lengths == [len(first.serial), len(second.serial)]


def test_more_attempts_than_are_kept_at_a_time_are_drained_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules, calls = conditions(BAD), sessions_of(40)
    expected = carried_out(calls, STARTS_US, loop_in(rules, None))
    monkeypatch.setattr("sim.world.event_loop._ATTEMPTS", 16)
    monkeypatch.setattr("sim.world.event_loop._FIRST_ROOM", 4)
    attempts = carried_out(calls, STARTS_US, loop_in(rules, None))
    assert len(attempts.call) > 100
    for column, other in zip(attempts, expected, strict=True):
        assert column.tolist() == other.tolist()


def test_attempts_that_are_drained_are_given_up_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When a piece is split, those before are no longer in memory."""
    split, pieces, alive = split_by_block, [], []

    def watched(piece: Ints, *arguments: Any) -> None:
        alive.append(sum(other() is not None for other in pieces))
        pieces.append(weakref.ref(piece))
        split(piece, *arguments)

    monkeypatch.setattr("sim.world.event_loop._ATTEMPTS", 16)
    monkeypatch.setattr("sim.world.carry_out.split_by_block", watched)
    carried_out(sessions_of(40), STARTS_US, loop_in(conditions(BAD), None))
    assert len(alive) > 5
    assert set(alive) == {0}


def test_a_call_is_given_up_after_sixty_chains_with_errors() -> None:
    rules = conditions(overload=1.0, resume_after_s=1.0)
    attempts = carried_out(drawn_calls([1]), np.zeros(1, np.int64), loop_in(rules, None))
    assert attempts.number.tolist() == list(range(180))


def test_refusals_do_not_count_among_the_chains_after_which_a_call_is_given_up() -> None:
    rules = conditions(resume_after_s=1.0)
    # one request a minute: the last of these calls is refused for more than two hours
    calls = drawn_calls([2] * 70, wait_us=0, generation_us=0, ttft_us=1)
    loop = loop_in(rules, (1, 10**6, 10**6))
    attempts = carried_out(calls, np.zeros(70, np.int64), loop)
    assert attempts.number.max() > 3 * 60
    assert (attempts.status == 200).sum() == 140


def test_a_loop_may_begin_later_with_full_buckets_of_that_time() -> None:
    rules = conditions(TIGHT)
    calls = drawn_calls([1] * 5, wait_us=0, ttft_us=1, generation_us=1)
    loop = loop_in(rules, (5, 10**6, 10**6), from_us=3 * MINUTE_US)
    loop.open(loop.add(calls), np.full(5, 3 * MINUTE_US), np.zeros(5, np.int64))
    loop.run(3 * MINUTE_US + 1)
    # two of five a minute at a factor of 0.4
    assert [row[5] for row in drained(loop)] == [200, 200, 429, 429, 429]


@pytest.mark.parametrize(
    ("lacking_us", "pause_s"),
    [(1, 1), (SECOND_US, 1), (SECOND_US + 1, 2), (59 * SECOND_US + 1, 60), (60 * SECOND_US, 60)],
)
def test_clients_wait_whole_seconds_as_they_are_told(lacking_us: int, pause_s: int) -> None:
    """One request a minute: the second comes so long before it would be let through."""
    calls = drawn_calls([1, 1], wait_us=0)
    starts = np.array([0, MINUTE_US - lacking_us])
    attempts = carried_out(calls, starts, loop_in(conditions(), (1, 10**6, 10**6)))
    assert attempts.status.tolist() == [200, 429, 200]
    assert attempts.begins_us[2] - attempts.ends_us[1] == pause_s * SECOND_US


def test_clients_told_to_wait_more_than_a_minute_take_their_own_pause() -> None:
    """A request that asks for all input after another: two minutes until it is there again."""
    rules = conditions()
    calls = drawn_calls([1, 1], wait_us=0, context_tokens=[10, 3], key=0)
    sizes: list[Sizes | None] = [Sizes(*(BucketSize.series(n, [1.0], 10.0) for n in (10, 1, 100)))]
    loop = EventLoop(rules, sizes, from_us=0, buckets=1, keys=1)
    attempts = carried_out(calls, np.zeros(2, np.int64), loop)
    assert attempts.status[:3].tolist() == [200, 429, 429]
    pause_us = attempts.begins_us[2] - attempts.ends_us[1]
    assert pause_us == backoff_us(rules, 101, 0)


def test_what_would_begin_after_the_log_is_not_made() -> None:
    rules = conditions(until_min=1)
    calls = drawn_calls([2], wait_us=[0, 30 * SECOND_US], ttft_us=0, generation_us=30 * SECOND_US)
    for start_us, count in ((0, 1), (-1, 2)):
        attempts = carried_out(calls, np.array([start_us]), loop_in(rules, None))
        assert len(attempts.call) == count


def test_slowdowns_that_multiply_beyond_64_bits_end_in_timeouts() -> None:
    incidents = [event("incident", 0, slowdown=1_000.0) for _ in range(5)]
    rules = conditions(*incidents, until_min=60)
    calls = drawn_calls([2, 1], wait_us=0, ttft_us=400_000, generation_us=90_000_000, batch=[0, 1])
    attempts = carried_out(calls, np.zeros(2, np.int64), loop_in(rules, None))
    # the call of a batch has its own time
    assert sorted(attempts.status.tolist()) == [200, 499, 499, 499]
    lasts = attempts.ends_us - attempts.begins_us
    assert sorted(lasts.tolist()) == [90_400_000, *[rules.policy.timeout_us] * 3]
    assert (attempts.ttft_us >= 0).all()


def test_without_a_cache_nothing_is_read() -> None:
    calls = drawn_calls([3], lifetime_us=MINUTE_US)
    for reads_cache, expected in ((True, [0, 900, 900]), (False, [0, 0, 0])):
        loop = loop_in(conditions(), None, reads_cache=reads_cache)
        loop.open(loop.add(calls), np.zeros(1, np.int64), np.zeros(1, np.int64))
        loop.run()
        assert [row[6] for row in drained(loop)] == expected


def test_loops_of_all_kinds_are_compiled_once() -> None:
    for limits in (None, LIMITS):
        carried_out(sessions_of(40), STARTS_US, loop_in(conditions(BAD), limits, limits))
    assert len(getattr(carry_out, "signatures", [0])) == 1
