"""Small worlds and calls, and the rules of docs/reference/world.md for one call as a plain loop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.time import MINUTE_US, SECOND_US
from sim.scenario.resolved import Event, Load, RateLimits, World
from sim.streams import Streams, mixed, uniforms
from sim.world.attempts import Attempts, CallConditions, RetryPolicy
from sim.world.calls import DrawnCalls
from sim.world.conditions import ProviderConditions
from sim.world.failures import FailureDraws

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
STEADY = Load(peak_hour=0.0, strength=0.0, weekend=1.0, slowdown_at_peak=1.0)


def event(kind: str, at_min: float, until_min: float | None = None, **values: Any) -> Event:
    """An event whose times are minutes."""
    until_us = None if until_min is None else round(until_min * MINUTE_US)
    return Event.model_validate(
        {"kind": kind, "at_us": round(at_min * MINUTE_US), "until_us": until_us, **values}
    )


UP_FRONT = RateLimits(as_of=MONDAY.date(), output="up_front")
AS_GENERATED = RateLimits(as_of=MONDAY.date(), output="as_generated")


def world(*events: Event, load: Load = STEADY, **values: Any) -> World:
    """A provider that never fails, is always equally fast and takes output up front, but for
    `values`.
    """
    defaults = {
        "seed": 1,
        "overload": 0.0,
        "server_error": 0.0,
        "timeout_us": 600 * SECOND_US,
        "burst": 1.0,
        "limits": UP_FRONT,
    }
    return World(load=load, events=events, **{**defaults, **values})


def provider(
    *events: Event,
    opening: datetime = MONDAY,
    opens_min: int = 0,
    closes_min: int = 600,
    **values: Any,
) -> ProviderConditions:
    """Conditions of such a world."""
    times = opens_min * MINUTE_US, closes_min * MINUTE_US
    return ProviderConditions(world(*events, **values), opening, *times)


def conditions(
    *events: Event,
    timeout_s: float = 600.0,
    resume_after_s: float | None = None,
    until_min: float = 600.0,
    **values: Any,
) -> CallConditions:
    """What decides about calls in such a world."""
    resume_after_us = None if resume_after_s is None else round(resume_after_s * SECOND_US)
    return CallConditions(
        provider=provider(*events, **values),
        failures=FailureDraws(Streams(1), "actor"),
        policy=RetryPolicy(round(timeout_s * SECOND_US), resume_after_us),
        until_us=round(until_min * MINUTE_US),
    )


def drawn_calls(calls_per_session: list[int], **columns: Any) -> DrawnCalls:
    """Sessions of one task each, but for `columns`; numbers stand for a whole column."""
    calls, sessions = sum(calls_per_session), len(calls_per_session)
    session = np.repeat(np.arange(sessions), calls_per_session)
    defaults: dict[str, Any] = {
        "session": session,
        "task": session,
        "serial": np.arange(calls) + 100,
        "wait_us": 1_000,
        "ttft_us": 300_000,
        "generation_us": 2_000_000,
        "context_tokens": 1_000,
        "left_tokens": 900,
        "history": session,
        "output_tokens": 50,
        "asks_tokens": 200,
        "failure_draw": 0.99,
        "calls_per_session": np.array(calls_per_session),
        "key": 0,
        "bucket": 0,
        "batch": False,
        "lifetime_us": 0,
        "static_tokens": 0,
    }
    by_session = ("key", "bucket", "batch", "lifetime_us", "static_tokens")
    arrays = {}
    for name, value in {**defaults, **columns}.items():
        size = sessions if name in by_session else calls
        arrays[name] = np.full(size, value) if np.isscalar(value) else np.asarray(value)
    return DrawnCalls(**arrays)


class Outcome(NamedTuple):
    """What becomes of one call: its attempts as tuples of numbers, from `number` on."""

    attempts: list[tuple[int, int, int, int, int]]
    end_us: int
    given_up: bool


def uniform_of(key: int, serial: int, n: int) -> float:
    """The uniform number of attempt `n` of a call under a key."""
    return float(uniforms(mixed(mixed(key, np.array([serial])), n))[0])


def error_us(rules: CallConditions, serial: int, n: int) -> int:
    """The time from an attempt to its error."""
    return round(50_000 + 450_000 * uniform_of(rules.failures.error_key, serial, n))


def backoff_us(rules: CallConditions, serial: int, n: int) -> int:
    """The pause after failed attempt `n` of a call."""
    u = uniform_of(rules.failures.backoff_key, serial, n)
    return round(0.5 * 2.0 ** (n % 3) * (1 - 0.25 * u) * SECOND_US)


def attempt_by_rules(
    calls: DrawnCalls, call: int, n: int, at_us: int, rules: CallConditions
) -> tuple[int, int, int]:
    """(status, time to first token, duration) of an attempt that limits let through."""
    serial, provider = int(calls.serial[call]), rules.provider
    batch = bool(calls.batch[calls.session[call]])
    [segment] = provider.segment(np.array([at_us]))
    slowdown = 1.0 if batch else float(provider.slowdown[segment])
    overload, server_error = provider.overload[segment], provider.server_error[segment]
    first_draw = float(calls.failure_draw[call])
    draw = uniform_of(rules.failures.failure_key, serial, n) if n else first_draw
    ttft_us = round(int(calls.ttft_us[call]) * slowdown)
    if draw < overload:
        status, lasts_us = 529, error_us(rules, serial, n)
    elif draw < overload + server_error:
        status, lasts_us = 500, error_us(rules, serial, n)
    else:
        status = 200
        lasts_us = ttft_us + round(int(calls.generation_us[call]) * slowdown)
    if not batch and lasts_us > rules.policy.timeout_us:
        status, lasts_us = 499, rules.policy.timeout_us
    return status, ttft_us, lasts_us


def call_by_loop(calls: DrawnCalls, call: int, at_us: int, rules: CallConditions) -> Outcome:
    """What becomes of a call requested at a time, attempt by attempt."""
    attempts, n, chains_down = [], 0, 0
    while True:
        status, ttft_us, lasts_us = attempt_by_rules(calls, call, n, at_us, rules)
        attempts.append((n, at_us, ttft_us, at_us + lasts_us, status))
        at_us += lasts_us
        if status == 200:
            return Outcome(attempts, at_us, given_up=False)
        if n % 3 < 2:
            at_us += backoff_us(rules, int(calls.serial[call]), n)
        else:
            chains_down += status in (529, 500)
            if status == 499 or chains_down == 60 or rules.policy.resume_after_us is None:
                return Outcome(attempts, at_us, given_up=True)
            at_us += rules.policy.resume_after_us
        if at_us >= rules.until_us:
            return Outcome(attempts, at_us, given_up=False)
        n += 1


def sessions_by_loop(
    calls: DrawnCalls, starts_us: list[int], rules: CallConditions
) -> tuple[list[int], list[tuple[int, ...]]]:
    """(end of each session, attempts with the row of their call), call by call."""
    ends: list[int] = []
    attempts: list[tuple[int, ...]] = []
    row = 0
    for count, now_us in zip(calls.calls_per_session.tolist(), starts_us, strict=True):
        given_up_task = -1
        for call in range(row, row + count):
            if calls.task[call] == given_up_task:
                continue
            now_us += int(calls.wait_us[call])
            outcome = call_by_loop(calls, call, now_us, rules)
            if now_us < rules.until_us:
                attempts += [(call, *attempt) for attempt in outcome.attempts]
            now_us = outcome.end_us
            if outcome.given_up:
                given_up_task = int(calls.task[call])
        ends.append(now_us)
        row += count
    return ends, attempts


def rows_of(attempts: Attempts) -> list[tuple[int, ...]]:
    """Attempts as sorted tuples."""
    return sorted(zip(*(column.tolist() for column in attempts), strict=True))
