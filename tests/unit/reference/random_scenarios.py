"""Small scenarios that reach every rule of docs/reference/world.md, as a hypothesis strategy.

Each is made from one number. If hypothesis drew every parameter, it would make most examples by
changing a few parameters of another, and would miss whole ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from sim.catalog import typologies
from sim.distributions import Distribution, Lognormal
from sim.scenario.resolved import (
    Actor,
    Clock,
    Event,
    Load,
    RateLimits,
    Rhythm,
    Scenario,
    Tables,
    Turns,
    Uptake,
    World,
)
from tests.unit.reference.demand import demand_of

RATIOS = (0.2, 0.5, 0.8, 1.0, 1.4, 2.0, 3.0)
WORKERS = (1, 2, 3, 6, 12, 24, 40, 64)
_FRIDAY = datetime(2026, 1, 9, tzinfo=UTC)
_MINUTE_US, _HOUR_US = 60_000_000, 3_600_000_000
_BEFORE_ALL_US = -30 * 24 * _HOUR_US
_MODELS = ("claude-opus-4.5", "claude-sonnet-4.5", "claude-haiku-4.5")
_AGENTS = ("coding-cli", "mini-swe-agent", "chat")
_PAUSE_S = (0.0, 45.0, 150.0, 240.0, 400.0)
_FEWEST, _MOST = 30, 1_500


class Case(NamedTuple):
    """A scenario, and the load of its actor on the limit of its tier, None if it has none.

    The load is that of the busiest organisation, if it were never refused: see `Demand`.
    """

    scenario: Scenario
    ratio: float | None

    @property
    def actor(self) -> Actor:
        return self.scenario.actors[0]

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.scenario.world.events if event.kind == kind]


def _shares(rng: Random, ids: Sequence[str], at_most: int = 2) -> dict[str, float]:
    chosen = sorted(rng.sample(ids, rng.randint(1, at_most)))
    return {i: 1 / len(chosen) for i in chosen}


def _lognormal(median: float, sigma: float, largest: float) -> Distribution:
    return Distribution(lognormal=Lognormal(median=median, sigma=sigma, max=largest))


def _uptake(rng: Random) -> Uptake:
    """Quick, for clients to move within the hours of a scenario."""
    return Uptake(
        share=rng.choice([0.5, 0.9]),
        over_us=rng.choice([0, _HOUR_US // 2, _HOUR_US]),
        latest_share=rng.choice([0.0, 0.3]),
    )


def _parameters(rng: Random) -> dict[str, Any]:
    """What actors of every typology have; two of three share organisations."""
    accounts = rng.randint(2, 8)
    shared = rng.random() < 2 / 3
    return {
        "accounts": accounts,
        "organisations": rng.randint(1, accounts // 2) if shared else accounts,
        "models": _shares(rng, _MODELS),
        "agents": _shares(rng, _AGENTS),
        "tier": rng.choice(["tier-1", "tier-2", "tier-3", "tier-4"]),
        "on_failure": rng.choice(["give_up", "resume"]),
        "resume_after_s": rng.choice([45.0, 240.0, 400.0]),
        "caching_share": rng.choice([0.0, 0.7, 1.0, 1.0]),
        "cache_1h_share": rng.choice([0.0, 0.3]),
        "templates": rng.randint(1, 2),
        "batch_share": rng.choice([0.0, 0.0, 0.4]),
        "prewarm_share": rng.choice([0.0, 0.0, 0.3]),
        "refusal_share": rng.choice([0.0, 0.2]),
        "server_tools_share": rng.choice([0.0, 0.3]),
        "sub_agent_share": rng.choice([0.0, 0.5]),
        "uptake": _uptake(rng),
        "account_volume_sigma": rng.choice([0.0, 1.0]),
        "rhythm": Rhythm(peak_hour=14.0, strength=rng.choice([0.0, 0.6]), weekend=1.0),
    }


def _population(rng: Random) -> dict[str, Any]:
    """Exchanges per account and day are high, for the limits to be felt."""
    gap_s = rng.choice(_PAUSE_S)
    return {
        **_parameters(rng),
        "exchanges_per_account_day": rng.choice([600.0, 1500.0, 3000.0]),
        "agentic_share": rng.choice([0.0, 0.5]),
        "tool_steps": _lognormal(6, 1.0, 60),
        "turns_per_session": Turns(single_share=0.4, more=_lognormal(5, 1.0, 40)),
        "human_gap_s": _lognormal(gap_s, 0.7, 7200) if gap_s else Distribution(constant=0.0),
    }


def _queue(rng: Random, workers: int) -> dict[str, Any]:
    """Work that was in progress has six hours of lead, so few workers do."""
    in_progress = workers <= 2 and rng.random() < 0.5
    return {
        **_parameters(rng),
        "workers": workers,
        "balance": rng.choice(["round_robin", "least_used", "sticky", "weighted"]),
        "starts_us": None if in_progress else rng.randint(0, 20) * _MINUTE_US,
    }


def _benchmark(rng: Random, workers: int) -> dict[str, Any]:
    """Items enough for all workers."""
    return {
        **_queue(rng, workers),
        "models": _shares(rng, _MODELS, at_most=1),
        "agents": {_AGENTS[0]: 1.0},
        "uptake": Uptake(share=0.0, over_us=0, latest_share=0.0),
        "benchmark": "tau-bench-retail",
        "items": max(5, workers + rng.randint(0, 12)),
        "runs": rng.randint(1, 3 if workers <= 12 else 1),
    }


def _prompts(rng: Random, workers: int) -> dict[str, Any]:
    return {
        **_queue(rng, workers),
        "agents": _shares(rng, _AGENTS, at_most=1),
        "target_exchanges": rng.choice([200, 400, 800]),
        "agentic_share": rng.choice([0.0, 0.4, 1.0]),
        "tool_steps": _lognormal(6, 1.0, 60),
    }


def _lives(rng: Random) -> dict[str, Any]:
    """Accounts that come, go, pause and change within the hours of a scenario, in two of three."""
    separability = rng.choice([0.0, 0.5, 1.0, 1.0])
    if rng.random() < 1 / 3:
        return {"separability": separability}
    return {
        "separability": separability,
        "lifetime_days": _lognormal(rng.choice([0.1, 1.0, 30.0]), 1.0, 3600),
        "dormant_share": rng.choice([0.0, 0.2]),
        "dormant_days": _lognormal(0.03, 0.8, 90),
        "ramp_days": rng.choice([0.0, 0.1]),
        "model_change_share": rng.choice([0.0, 0.9]),
    }


def _actor(rng: Random, workers: int) -> Actor:
    typology = rng.choice(["L01", "L04", "A16"])
    if typology == "L01":
        parameters = _population(rng)
    else:
        parameters = _benchmark(rng, workers) if typology == "L04" else _prompts(rng, workers)
    kind = typologies()[typology]
    values = {**kind.defaults, **parameters, **_lives(rng)}
    return Actor(id="actor", typology=typology, arrival=kind.arrival, **values)


def _incident(rng: Random) -> dict[str, Any]:
    return {
        "kind": "incident",
        "overload": rng.choice([0.0, 0.2, 0.6]),
        "server_error": rng.choice([0.0, 0.1, 0.4]),
        "slowdown": rng.choice([1.7, 4.0]),
    }


def _release(rng: Random) -> dict[str, Any]:
    return {"kind": "release", "model": rng.choice(_MODELS)}


def _limits(rng: Random) -> dict[str, Any]:
    return {"kind": "limits", "factor": rng.choice([0.37, 0.5, 2.0])}


def _holiday(rng: Random) -> dict[str, Any]:
    return {"kind": "holiday", "factor": rng.choice([0.0, 0.2, 0.5])}


def _events(rng: Random, hours: float) -> tuple[Event, ...]:
    """Most scenarios have an incident and a release, some two of them, limits or a holiday."""
    minutes = round(hours * 60)
    kinds = [
        *[_incident(rng) for _ in range(rng.choice([0, 1, 1, 2]))],
        *[_release(rng) for _ in range(rng.choice([0, 1, 1, 2]))],
        *[_limits(rng) for _ in range(rng.choice([0, 0, 1]))],
        *[_holiday(rng) for _ in range(rng.choice([0, 0, 0, 1]))],
    ]
    events = []
    for kind in kinds:
        at_us = rng.randint(0, minutes // 2) * _MINUTE_US
        until_us = at_us + rng.randint(5, minutes) * _MINUTE_US
        events.append(Event(at_us=at_us, until_us=rng.choice([None, until_us]), **kind))
    return tuple(sorted(events, key=lambda event: event.at_us))


def _world(rng: Random, hours: float) -> World:
    return World(
        seed=1,
        load=Load(
            peak_hour=17.0,
            strength=0.3,
            weekend=rng.choice([0.0, 0.7, 2.0]),
            slowdown_at_peak=rng.choice([1.0, 1.4, 3.0]),
        ),
        overload=rng.choice([0.0, 0.02, 0.1]),
        server_error=rng.choice([0.0, 0.01, 0.1]),
        timeout_us=rng.choice([200_000, 5_000_000, 30_000_000, 600_000_000, 600_000_000]),
        burst=rng.choice([0.05, 0.3, 1.0, 1.0, 2.5]),
        limits=RateLimits(as_of=_FRIDAY.date(), output=rng.choice(["up_front", "as_generated"])),
        events=_events(rng, hours),
    )


def _case(number: int) -> Case:
    """One actor under some conditions for some hours, on a Friday evening or any other time."""
    rng = Random(number)
    ratio, workers = rng.choice([None, None, *RATIOS]), rng.choice(WORKERS)
    hours = rng.choice([1.0, 2.0, 3.5])
    opening = _FRIDAY + timedelta(minutes=rng.randint(0, 7 * 24 * 60))
    scenario = Scenario(
        version=1,
        name="random",
        title="",
        about="",
        seed=number,
        scale=1.0,
        clock=Clock(start=opening, duration_us=round(hours * _HOUR_US)),
        world=_world(rng, hours),
        actors=(_actor(rng, workers),),
        tables=Tables(format="csv", columns="core"),
    )
    return _under_load(scenario, ratio)


def _under_load(scenario: Scenario, ratio: float | None) -> Case:
    """Change the limits so that the load is `ratio` times as much; leave out what is too small."""
    attempts, share = demand_of(scenario)
    assume(_FEWEST <= attempts <= _MOST)
    if ratio is None or not share:
        [actor] = scenario.actors
        free = actor.model_copy(update={"tier": "none"})
        return Case(scenario.model_copy(update={"actors": (free,)}), None)
    limits = Event(kind="limits", at_us=_BEFORE_ALL_US, factor=share / ratio)
    world = scenario.world.model_copy(update={"events": (limits, *scenario.world.events)})
    return Case(scenario.model_copy(update={"world": world}), ratio)


def cases() -> st.SearchStrategy[Case]:
    """Cases of every load and number of workers, each as likely as any other."""
    return st.integers(0, 2**32 - 1).map(_case)
