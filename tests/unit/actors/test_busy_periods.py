"""What is simulated event by event: stretches of an organisation's work, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.actors.arrivals.rates import shards_of
from sim.actors.queue.service_times import ServiceTimes
from sim.actors.sessions.busy_periods import BusyPeriods
from sim.engine.shards import workloads
from sim.population.population import build_population
from tests.support.reference import differences, rows_of
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    coders,
    constant,
    event,
    lab,
    ordinary,
    pool,
    scenario,
    simple,
)

SESSIONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(0, 60)), min_size=1, max_size=40
)


@given(SESSIONS, st.integers(1, 30))
def test_stretches_are_what_lies_between_long_pauses(
    sessions: list[tuple[int, int, int]], pause: int
) -> None:
    """Against a loop over the sessions of each organisation in order of time."""
    owner, start, lasts = (np.array(column) for column in zip(*sessions, strict=True))
    found = BusyPeriods(owner, start, start + lasts, np.full(4, pause))
    expected: dict[int, set[int]] = {}
    number = -1
    for organisation in range(4):
        latest = None
        for k in np.lexsort((start, owner)):
            if owner[k] != organisation:
                continue
            if latest is None or start[k] > latest + pause:
                number += 1
            expected.setdefault(number, set()).add(int(k))
            latest = max(latest or 0, start[k] + lasts[k])
    made: dict[int, set[int]] = {}
    for k, stretch in enumerate(found.period_of_session.tolist()):
        made.setdefault(stretch, set()).add(k)
    assert made == expected
    assert len(found) == len(expected)


def test_a_shard_holds_whole_organisations() -> None:
    asked = scenario(coders(97, organisations=31, **simple(6_000)), days=1)
    [context] = build_population(asked).contexts
    shards = shards_of(context, range(97))
    assert len(shards) > 1
    assert [r.start for r in shards[1:]] == [r.stop for r in shards[:-1]]
    assert (shards[0].start, shards[-1].stop) == (0, 97)
    owners = [set(context.accounts.organisation[list(r)].tolist()) for r in shards]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 31


def limited(exchanges_per_day: float) -> dict[str, Any]:
    """Parameters of single exchanges, but for the tier."""
    parameters = simple(exchanges_per_day)
    del parameters["tier"]
    return parameters


def test_organisations_that_share_a_shard_equal_the_reference_engine() -> None:
    dials = {**simple(800), "caching_share": 0.7, "cache_1h_share": 0.5, "tier": "tier-1"}
    asked = scenario(coders(6, organisations=2, **dials), days=0.25)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20


def test_output_that_is_owed_outlasts_a_pause_in_which_buckets_fill_up() -> None:
    """Ten minutes fill a bucket of 1,600 tokens; an answer of 5,000 leaves a debt of 21 more."""
    dials = {**limited(60), "caching_share": 0.0, "output_tokens": constant(5_000)}
    world = ordinary(event("limits", -30 * DAY_US, factor=0.02), burst=10.0)
    asked = scenario(coders(3, tier="tier-1", **dials), days=0.5, world=world)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20


def test_classes_of_models_are_limited_apart_as_the_oracle_has_it() -> None:
    models = {"claude-haiku-4.5": 0.5, "claude-sonnet-4.5": 0.5}
    asked = scenario(coders(6, models=models, tier="tier-1", **limited(900)), days=0.25)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20


@pytest.mark.parametrize("released", ["at once", "one by one", "a little before they start"])
def test_tasks_settled_together_are_as_if_settled_alone(released: str) -> None:
    """Whether or not a task crosses into other weather, or starts when it is released."""
    asked = scenario(
        lab(benchmark="swe-bench-verified", runs=1, workers=3, agents={"swe-agent": 1.0}), days=3
    )
    [workload] = workloads(build_population(asked))
    queue = workload.ticket_queue()  # type: ignore[attr-defined]
    filled = queue.current(0)
    context, drawn = workload._context, filled.drawn  # type: ignore[attr-defined]
    count = len(drawn.calls.calls_per_session)
    starts = np.arange(count) * HOUR_US // 9
    early = np.arange(count) % 3 * HOUR_US // 30
    release = {"at once": 0 * starts, "one by one": starts}.get(released, starts - early)
    spans = ServiceTimes(context.service, drawn, np.maximum.accumulate(release))
    lasts = [spans.service_us(k, at) for k, at in enumerate(starts.tolist())]
    alone = context.service.solve_timing(drawn, starts)
    assert (starts + lasts == alone.session_ends_us)[starts + lasts < context.horizon_us].all()
    together = spans.attempts(0, count, starts)
    by_call = [
        sorted(zip(*(column.tolist() for column in made), strict=True))
        for made in (together, alone.attempts)
    ]
    assert by_call[0] == by_call[1]


def test_only_the_limited_accounts_of_a_pool_are_simulated_event_by_event() -> None:
    """Workers serve both kinds, so that what one account waits for delays the next of another."""
    asked = scenario(pool(30, 12_000, tier="tier-2", account_volume_sigma=1.5), days=0.5)
    [workload] = workloads(build_population(asked))
    rows, again = rows_of(workload)
    by_events = workload._limited  # type: ignore[attr-defined]
    assert again
    assert 0 < by_events.sum() < len(by_events) // 2
    refused = np.unique(rows["account"][rows["status"] == 429])
    assert 0 < len(refused) <= by_events.sum()
    lines, _ = differences(asked)
    assert not lines, lines[:3]
