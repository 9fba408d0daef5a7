"""The resolved form: which fields count for whom, and what it says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sim.scenario import load_scenario
from sim.scenario.resolved import Actor, Clock, fields_of, fields_of_event
from sim.scenario.values import LEAST_PART_ROWS
from tests.support.scenarios import coders

TURNS = {"agentic_share", "tool_steps", "turns_per_session", "human_gap_s"}
COVER = {"benchmark", "items"}
QUEUE = {"source", "workers", "balance", "starts_us"}
BENCHMARK = {"runs", "step_limit"}
LIBRARY = {"library", "library_tilt"}
PROMPTS = {"target_exchanges", "lasts_us"}
PARTIAL = LIBRARY | TURNS | COVER | QUEUE | BENCHMARK | PROMPTS


@pytest.mark.parametrize(
    ("arrival", "source", "partial"),
    [
        ("sessions", None, TURNS | COVER | LIBRARY),
        ("queue", "benchmark", QUEUE | COVER | BENCHMARK),
        ("queue", "prompts", QUEUE | TURNS | COVER | PROMPTS),
    ],
)
def test_fields_that_count_by_arrival_and_source(
    arrival: str, source: str | None, partial: set[str]
) -> None:
    fields = fields_of(arrival, source)  # type: ignore[arg-type]
    common = set(Actor.model_fields) - PARTIAL
    assert set(fields) == common | partial
    assert len(fields) == len(set(fields))
    assert fields[: len(common)] == tuple(name for name in Actor.model_fields if name in common)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("incident", {"until_us", "overload", "server_error", "slowdown"}),
        ("limits", {"until_us", "factor"}),
        ("price", {"until_us", "model", "factor"}),
        ("holiday", {"until_us", "factor"}),
        ("release", {"model"}),
    ],
)
def test_fields_that_count_by_kind_of_event(kind: str, fields: set[str]) -> None:
    assert set(fields_of_event(kind)) == {"kind", "at_us"} | fields  # type: ignore[arg-type]


def test_a_list_or_a_benchmark_leaves_the_rest_as_cover() -> None:
    actor = coders(2)
    assert not actor.has_cover
    assert actor.model_copy(update={"list_share": 0.1}).has_cover
    assert actor.model_copy(update={"cover": "benchmark"}).has_cover


def test_a_clock_ends_where_it_is_over() -> None:
    clock = Clock(start=datetime(2026, 2, 1, tzinfo=UTC), duration_us=90_000_000)
    assert clock.end == datetime(2026, 2, 1, 0, 1, 30, tzinfo=UTC)


def test_a_summary_counts_actors_and_accounts() -> None:
    scenario = load_scenario("worked_example", seed=1)
    assert scenario.accounts == sum(actor.accounts for actor in scenario.actors)
    one = scenario.model_copy(
        update={"actors": (coders(1),), "clock": Clock(start=scenario.clock.start, duration_us=1)}
    )
    assert one.summary().startswith("1 actor, 1 account, 0.001 ms from 2")
    many = scenario.model_copy(update={"actors": (coders(1_200), coders(1, "other"))})
    assert many.summary().startswith("2 actors, 1,201 accounts, ")


def test_parts_have_at_least_100_exchanges() -> None:
    assert LEAST_PART_ROWS == 100
