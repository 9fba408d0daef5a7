"""The token bucket against its closed form and against a slow simulation in fractions."""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

from sim.arrays.types import Ints
from sim.catalog import limits as limits_of_tiers
from sim.streams import Streams
from sim.world.attempts import RATE_LIMIT, RETRIES, Attempts, CallConditions, RetryPolicy
from sim.world.buckets import ask
from sim.world.calls import DrawnCalls
from sim.world.conditions import ProviderConditions
from sim.world.event_loop import EventLoop
from sim.world.event_records import BUCKET, size_records
from sim.world.failures import FailureDraws, backoff_us, error_us
from sim.world.limits import BucketSize, Sizes
from tests.support.scenarios import HOUR_US, MONDAY, calm
from tests.verification.report import BLUE, GREY, INK, RED, Report, caption, panels, save

pytestmark = pytest.mark.verify


MINUTE_US = 60_000_000
TIMES_THE_LIMIT = (0.2, 0.5, 0.8, 0.95, 1.0, 1.05, 1.2, 1.5, 2.0, 3.0)
UNTIL_US = 4 * HOUR_US
NEVER_FULL = 10**9


class Limit(NamedTuple):
    """Requests per minute and the size of the bucket in minutes."""

    per_minute: int
    burst: float

    @property
    def size(self) -> BucketSize:
        (size,) = BucketSize.series(self.per_minute, [1.0], self.burst)
        return size

    @property
    def capacity(self) -> int:
        return max(1, round(self.per_minute * self.burst))


def single_calls(count: int, failures: FailureDraws) -> DrawnCalls:
    """Sessions of one call without tokens to speak of, all of one bucket."""
    zeros, ones, number = np.zeros(count, np.int64), np.ones(count, np.int64), np.arange(count)
    return DrawnCalls(
        session=number,
        task=number,
        serial=number,
        wait_us=zeros,
        ttft_us=1_000 * ones,
        generation_us=zeros,
        context_tokens=ones,
        left_tokens=zeros,
        history=number,
        output_tokens=ones,
        failure_draw=failures.failure(number, 0),
        calls_per_session=ones,
        key=zeros,
        bucket=zeros,
        lifetime_us=zeros,
        static_tokens=zeros,
        batch=zeros > 0,
        asks_tokens=ones,
    )


def attempts_of(limit: Limit, arrivals_us: Ints, failures: FailureDraws) -> Attempts:
    """What the event loop makes of calls, each with its two retries, in order of time."""
    conditions = ProviderConditions(calm(), MONDAY, 0, UNTIL_US)
    (plenty,) = BucketSize.series(NEVER_FULL, [1.0], 1.0)
    segments = len(conditions.ends_us)
    sizes = Sizes([limit.size] * segments, [plenty] * segments, [plenty] * segments)
    rules = CallConditions(conditions, failures, RetryPolicy(10**9, None), UNTIL_US)
    loop = EventLoop(rules, [sizes], from_us=0, buckets=1, keys=1)
    block = loop.add(single_calls(len(arrivals_us), failures))
    loop.open(block, arrivals_us, np.zeros(len(arrivals_us), np.int64))
    loop.run()
    [(_, attempts, _)] = loop.drain()
    return attempts.pick(np.lexsort((attempts.call, attempts.begins_us)))


def evenly(limit: Limit, times: float, minutes: float) -> Ints:
    gap_us = MINUTE_US / (limit.per_minute * times)
    at_us: Ints = np.floor(np.arange(int(minutes * MINUTE_US / gap_us)) * gap_us).astype(np.int64)
    return at_us


def replayed(limit: Limit, at_us: Ints) -> list[bool]:
    """Whether each attempt is admitted, level by level in fractions of a token."""
    level, since, admitted = Fraction(limit.capacity), int(at_us[0]), []
    for now in at_us.tolist():
        refilled = level + Fraction((now - since) * limit.per_minute, MINUTE_US)
        level, since = min(Fraction(limit.capacity), refilled), now
        admitted.append(level >= 1)
        level -= admitted[-1]
    return admitted


def closed_form(limit: Limit, at_us: Ints) -> Ints:
    """Admitted so far: min(n, floor(capacity + L t / 60 s)), t since the first attempt.

    It holds while arrivals go on: when only retries are left, the bucket may fill in their gaps.
    """
    allowed: Ints = limit.capacity + (at_us - at_us[0]) * limit.per_minute // MINUTE_US
    admitted: Ints = np.minimum(np.arange(1, len(at_us) + 1), allowed)
    return admitted


def limits() -> list[Limit]:
    by_tier = {limit.requests_per_min for limit in limits_of_tiers()}
    return [Limit(n, burst) for n in (*sorted(by_tier), 7) for burst in (1.0, 0.25)]


def test_even_arrivals_at_a_limit(report: Report) -> None:
    failures = FailureDraws(Streams(1), "even")
    curves: dict[float, tuple[Ints, Ints]] = {}
    for limit in limits():
        wrong = tried = unlike = 0
        for times in TIMES_THE_LIMIT:
            minutes = max(3.0, 25 / limit.per_minute)
            arrivals = evenly(limit, times, minutes)
            made = attempts_of(limit, arrivals, failures)
            ok = made.status != RATE_LIMIT
            admitted = np.cumsum(ok)
            during = made.begins_us <= arrivals[-1]
            wrong += int((admitted != closed_form(limit, made.begins_us))[during].sum())
            unlike += int((ok != np.array(replayed(limit, made.begins_us))).sum())
            tried += len(ok)
            if limit == Limit(1_000, 1.0):
                curves[times] = (made.begins_us, admitted)
        name = f"{limit.per_minute} a minute, burst {limit.burst}"
        report.exact(f"{name}: counts off the closed form", wrong, 0)
        report.exact(f"{name}: of {tried:,} attempts, unlike the replay", unlike, 0)

    figure, (axes,) = panels(1, width=6)
    for times, colour in ((0.5, GREY), (1.0, BLUE), (1.5, RED), (3.0, "#7a5aa0")):
        at, admitted = curves[times]
        inside = at < 3 * MINUTE_US
        axes.plot(
            at[inside] / 1e6, admitted[inside], color=colour, lw=2.5, label=f"{times} × limit"
        )
    t = np.linspace(0, 180, 50)
    axes.plot(t, 1_000 + 1_000 * t / 60, "--", color=INK, lw=1, label="capacity + L t / 60")
    caption(axes, "Requests admitted at 1,000 a minute, even arrivals", "seconds", "admitted")
    save(figure, "token_bucket_even")
    report.close()


def slow_refusals(limit: Limit, arrivals_us: Ints, failures: FailureDraws) -> tuple[int, int]:
    """(refused, attempts) by the rules of docs/reference/world.md, in fractions of a token."""
    level, since = Fraction(limit.capacity), int(arrivals_us[0])
    heap = [(at, call, 0) for call, at in enumerate(arrivals_us.tolist())]
    heapq.heapify(heap)
    refused = attempts = 0
    while heap and heap[0][0] < UNTIL_US:
        now, call, n = heapq.heappop(heap)
        refilled = level + Fraction((now - since) * limit.per_minute, MINUTE_US)
        level, since = min(Fraction(limit.capacity), refilled), now
        attempts += 1
        if level >= 1:
            level -= 1
            continue
        refused += 1
        lacking_s = (1 - level) * 60 / limit.per_minute
        retry_after_s = max(1, -int(-lacking_s // 1))
        end = now + error_us(np.uint64(failures.error_key), call, n)
        if n < RETRIES and retry_after_s <= 60:
            heapq.heappush(heap, (end + retry_after_s * 1_000_000, call, n + 1))
        elif n < RETRIES:
            pause_us = backoff_us(np.uint64(failures.backoff_key), call, n, n)
            heapq.heappush(heap, (end + pause_us, call, n + 1))
    return refused, attempts


def poisson(limit: Limit, times: float, count: int, seed: int) -> Ints:
    gaps = np.random.default_rng(seed).exponential(MINUTE_US / (limit.per_minute * times), count)
    at_us: Ints = np.rint(np.cumsum(gaps)).astype(np.int64)
    return at_us


def share_refused(limit: Limit, times: float, seed: int, *, slow: bool) -> tuple[int, int]:
    arrivals = poisson(limit, times, 4_000, seed)
    failures = FailureDraws(Streams(seed), "poisson")
    if slow:
        return slow_refusals(limit, arrivals, failures)
    made = attempts_of(limit, arrivals, failures)
    return int((made.status == RATE_LIMIT).sum()), len(made.status)


def test_poisson_arrivals_at_a_limit(report: Report) -> None:
    """The same arrivals give the same counts; other arrivals the same share within error."""
    limit = Limit(50, 1.0)
    lines: list[tuple[float, float, float, float]] = []
    for times in TIMES_THE_LIMIT:
        fast = [share_refused(limit, times, seed, slow=False) for seed in range(8)]
        same = [share_refused(limit, times, seed, slow=True) for seed in range(8)]
        other = [share_refused(limit, times, seed, slow=True) for seed in range(50, 58)]
        apart = sum(abs(f[0] - s[0]) + abs(f[1] - s[1]) for f, s in zip(fast, same, strict=True))
        report.exact(f"{times} × limit: counts apart, same arrivals", apart, 0)
        a, b = (np.array([r / n for r, n in runs]) for runs in (fast, other))
        error = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)))
        report.near(f"{times} × limit: share refused", float(a.mean()), float(b.mean()), error)
        lines.append((times, float(a.mean()), float(a.std(ddof=1) / 8**0.5), float(b.mean())))

    figure, (axes,) = panels(1, width=5.5)
    times_, found, error_, slow = np.array(lines).T
    axes.errorbar(
        times_, found, 4 * error_, fmt="o", color=BLUE, ms=4, capsize=3, label="event loop"
    )
    axes.plot(times_, slow, "--", color=INK, lw=1, label="in fractions, other arrivals")
    axes.axvline(1, color=GREY, lw=1)
    caption(
        axes, "Poisson arrivals at 50 a minute, with retries", "load over limit", "share refused"
    )
    save(figure, "token_bucket_poisson")
    report.close()


def test_a_bucket_of_one_loses_as_m_d_1_1(report: Report) -> None:
    """A bucket of one token admits what an M/D/1/1 server does: it refuses rho / (1 + rho)."""
    limit = Limit(60, 1 / 60)
    for rho in (0.2, 0.5, 1.0, 2.0):
        first = [_first_of_each(limit, rho, seed) for seed in range(24)]
        share = np.array(first)
        wanted = rho / (1 + rho)
        error = float(share.std(ddof=1) / len(share) ** 0.5)
        report.near(f"ρ = {rho}: share refused", float(share.mean()), wanted, error)
    report.close()


def _first_of_each(limit: Limit, rho: float, seed: int) -> float:
    """Share refused when nobody tries again, by asking the buckets attempt by attempt."""
    provider = ProviderConditions(calm(), MONDAY, 0, UNTIL_US)
    (plenty,) = BucketSize.series(NEVER_FULL, [1.0], 1.0)
    segments = len(provider.ends_us)
    of_class = Sizes([limit.size] * segments, [plenty] * segments, [plenty] * segments)
    sizes, _ = size_records([of_class], provider)
    bucket = np.zeros(1, BUCKET)
    for kind, name in enumerate(("requests", "input", "output")):
        bucket[name] = sizes[0, 0, kind]["capacity"]

    count = 1_000
    arrivals = poisson(limit, rho, count, seed).tolist()
    refused = sum(ask(bucket[0], sizes, 0, at_us, 0, 0, True) > 0 for at_us in arrivals)
    return float(refused / count)
