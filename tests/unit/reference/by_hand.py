"""Calls, sessions and accounts made by hand."""

from __future__ import annotations

from typing import Any

from sim.actors.context import ActorContext
from sim.population.population import build_population
from sim.reference.draws import Call, Session
from sim.scenario.resolved import RateLimits
from tests.support.scenarios import MONDAY, calm, coders, scenario

MINUTE_US, SECOND_US = 60_000_000, 1_000_000
FOREVER_US = 1 << 60


def call(row: int = 0, **dials: int) -> Call:
    plain = {
        "serial": row,
        "wait_us": 0,
        "ttft_us": SECOND_US,
        "generation_us": 2 * SECOND_US,
        "context_tokens": 1_000,
        "left_tokens": 0,
        "history": 0,
        "output_tokens": 10,
        "asks_tokens": 20,
    }
    return Call(row=row, **{**plain, **dials})


def session(*tasks: list[Call], **dials: Any) -> Session:
    plain = {
        "attempts": [],
        "until_us": FOREVER_US,
        "key": 1,
        "bucket": -1,
        "lifetime_us": 300 * SECOND_US,
        "static_tokens": 400,
        "batch": False,
    }
    return Session(tasks=list(tasks), **{**plain, **dials})


def context_of(**dials: Any) -> ActorContext:
    """One account of a calm provider that hangs up after a minute."""
    world = calm().model_copy(update={"timeout_us": MINUTE_US, **dials.pop("world", {})})
    asked = scenario(coders(1, models={"claude-haiku-4.5": 1.0}, **dials), world=world)
    (context,) = build_population(asked).contexts
    return context


FREE = context_of(tier="none")
LIMITED = context_of(tier="tier-1")
UP_FRONT = context_of(
    tier="tier-1", world={"limits": RateLimits(as_of=MONDAY.date(), output="up_front")}
)
