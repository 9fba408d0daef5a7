"""Small scenarios that reach every rule of docs/world.md, as a hypothesis strategy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from sim.catalog import typologies
from sim.distributions import Distribution, Lognormal
from sim.scenario.resolved import (
    Actor,
    Clock,
    Event,
    Load,
    Rhythm,
    Scenario,
    Tables,
    Turns,
    Uptake,
    World,
)

_FRIDAY = datetime(2026, 1, 9, tzinfo=UTC)
_MINUTE_US, _HOUR_US = 60_000_000, 3_600_000_000
_MODELS = ("claude-opus-4.5", "claude-sonnet-4.5", "claude-haiku-4.5")
_AGENTS = ("coding-cli", "mini-swe-agent", "chat")
_PAUSE_S = (0.0, 5.0, 45.0, 240.0, 900.0)


def _shares(ids: tuple[str, ...], at_most: int = 2) -> st.SearchStrategy[dict[str, float]]:
    some = st.lists(st.sampled_from(ids), min_size=1, max_size=at_most, unique=True)
    return some.map(lambda chosen: {i: 1 / len(chosen) for i in sorted(chosen)})


def _lognormal(median: float, sigma: float, largest: float) -> Distribution:
    return Distribution(lognormal=Lognormal(median=median, sigma=sigma, max=largest))


@st.composite
def _dials(draw: st.DrawFn) -> dict[str, Any]:
    """What actors of every typology have."""
    accounts = draw(st.integers(1, 6))
    return {
        "accounts": accounts,
        "organisations": draw(st.integers(1, accounts)),
        "models": draw(_shares(_MODELS)),
        "agents": draw(_shares(_AGENTS)),
        "tier": draw(st.sampled_from(["tier-1", "tier-1", "tier-2", "tier-3", "tier-4", "none"])),
        "on_failure": draw(st.sampled_from(["give_up", "resume"])),
        "resume_after_s": draw(st.sampled_from([0.0, 45.0, 240.0])),
        "caching_share": draw(st.sampled_from([0.0, 0.5, 1.0, 1.0])),
        "cache_1h_share": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "templates": draw(st.integers(1, 2)),
        "batch_share": draw(st.sampled_from([0.0, 0.0, 0.4])),
        "prewarm_share": draw(st.sampled_from([0.0, 0.0, 0.3])),
        "refusal_share": draw(st.sampled_from([0.0, 0.2])),
        "server_tools_share": draw(st.sampled_from([0.0, 0.3])),
        "sub_agent_share": draw(st.sampled_from([0.0, 0.5])),
        "uptake": Uptake(share=0.5, over_us=_HOUR_US, latest_share=0.3),
        "account_volume_sigma": draw(st.sampled_from([0.0, 1.0])),
        "rhythm": Rhythm(peak_hour=14.0, strength=draw(st.sampled_from([0.0, 0.6])), weekend=1.0),
    }


@st.composite
def _sessions(draw: st.DrawFn) -> dict[str, Any]:
    """Exchanges per account and day are high, for the limits to be felt."""
    gap_s = draw(st.sampled_from(_PAUSE_S))
    return {
        **draw(_dials()),
        "exchanges_per_account_day": draw(st.sampled_from([100.0, 300.0, 900.0])),
        "agentic_share": draw(st.sampled_from([0.0, 0.5])),
        "tool_steps": _lognormal(6, 1.0, 60),
        "turns_per_session": Turns(single_share=0.4, more=_lognormal(5, 1.0, 40)),
        "human_gap_s": _lognormal(gap_s, 1.0, 7200) if gap_s else Distribution(constant=0.0),
    }


@st.composite
def _queue(draw: st.DrawFn) -> dict[str, Any]:
    """Work that was in progress has six hours of lead, so few workers do."""
    starts_min = draw(st.none() | st.integers(0, 50))
    workers = draw(st.sampled_from([1, 2] if starts_min is None else [1, 3, 16, 64]))
    return {
        **draw(_dials()),
        "workers": workers,
        "balance": draw(st.sampled_from(["round_robin", "least_used", "sticky", "weighted"])),
        "starts_us": None if starts_min is None else starts_min * _MINUTE_US,
    }


@st.composite
def _benchmark(draw: st.DrawFn) -> dict[str, Any]:
    return {
        **draw(_queue()),
        "models": {draw(st.sampled_from(_MODELS[1:])): 1.0},
        "agents": {draw(st.sampled_from(_AGENTS[:1])): 1.0},
        "uptake": Uptake(share=0.0, over_us=0, latest_share=0.0),
        "benchmark": draw(st.sampled_from(["tau-bench-retail", "aime", "snitchbench"])),
        "items": draw(st.sampled_from([1, 5, 12, 16])),
        "runs": draw(st.integers(1, 12)),
    }


@st.composite
def _prompts(draw: st.DrawFn) -> dict[str, Any]:
    dials = draw(_queue())
    return {
        **dials,
        "agents": draw(_shares(_AGENTS, at_most=1)),
        "target_exchanges": draw(st.sampled_from([100, 400, 1200])),
        "agentic_share": draw(st.sampled_from([0.0, 0.4, 1.0])),
        "tool_steps": _lognormal(6, 1.0, 60),
    }


def _actor(typology: str, dials: dict[str, Any]) -> Actor:
    kind = typologies()[typology]
    given = {**kind.defaults, **dials}
    return Actor(id="actor", typology=typology, arrival=kind.arrival, **given)


def _events(hours: float) -> st.SearchStrategy[tuple[Event, ...]]:
    minutes = round(hours * 60)
    at_us = st.integers(0, minutes - 1).map(lambda m: m * _MINUTE_US)
    lasts_us = st.none() | st.integers(1, minutes).map(lambda m: m * _MINUTE_US)
    kinds = st.one_of(
        st.fixed_dictionaries(
            {
                "kind": st.just("incident"),
                "overload": st.sampled_from([0.0, 0.2, 1.0]),
                "server_error": st.sampled_from([0.0, 0.1, 0.6]),
                "slowdown": st.sampled_from([1.0, 1.7, 4.0]),
            }
        ),
        st.fixed_dictionaries(
            {"kind": st.just("limits"), "factor": st.sampled_from([0.1, 0.37, 0.5, 2.0, 3.3])}
        ),
        st.fixed_dictionaries(
            {"kind": st.just("holiday"), "factor": st.sampled_from([0.0, 0.2, 0.5])}
        ),
        st.fixed_dictionaries({"kind": st.just("release"), "model": st.sampled_from(_MODELS)}),
    )
    return st.lists(
        st.tuples(kinds, at_us, lasts_us).map(
            lambda e: Event(at_us=e[1], until_us=None if e[2] is None else e[1] + e[2], **e[0])
        ),
        max_size=4,
    ).map(lambda events: tuple(sorted(events, key=lambda e: e.at_us)))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """One actor under some weather for some hours, on a Friday evening or any other time."""
    hours = draw(st.sampled_from([1.0, 2.5, 5.0]))
    typology, dials = draw(
        st.one_of(
            st.tuples(st.just("L01"), _sessions()),
            st.tuples(st.just("L04"), _benchmark()),
            st.tuples(st.just("A16"), _prompts()),
        )
    )
    world = World(
        load=Load(
            peak_hour=17.0,
            strength=0.3,
            weekend=draw(st.sampled_from([0.0, 0.7, 2.0])),
            slowdown_at_peak=draw(st.sampled_from([1.0, 1.4, 3.0])),
        ),
        overload=draw(st.sampled_from([0.0, 0.02, 0.3])),
        server_error=draw(st.sampled_from([0.0, 0.01, 0.2])),
        timeout_us=draw(st.sampled_from([5, 30, 600, 600])) * 1_000_000,
        burst=draw(st.sampled_from([0.05, 0.3, 1.0, 1.0, 2.5])),
        events=draw(_events(hours)),
    )
    opening = _FRIDAY + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60)))
    return Scenario(
        version=1,
        name="oracle",
        title="",
        about="",
        seed=draw(st.integers(0, 2**32)),
        scale=1.0,
        clock=Clock(start=opening, duration_us=round(hours * _HOUR_US)),
        world=world,
        actors=(_actor(typology, dials),),
        tables=Tables(format="csv", columns="core"),
    )
