"""The fast path equals the oracle, exchange by exchange; and a bug in either would be seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import sim.actors.queue
import sim.actors.sessions
import sim.world.attempts
import sim.world.buckets
import sim.world.cache
import tests.oracle.simulator
from sim.scenario.resolved import Scenario
from tests.oracle.comparison import differences
from tests.oracle.scenarios import scenarios

EXAMPLES = 40
SEEN: Counter[str] = Counter()
deterministic = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@deterministic
@given(scenarios())
def test_fast_path_equals_the_oracle_exchange_by_exchange(scenario: Scenario) -> None:
    lines, seen = differences(scenario)
    SEEN.update(seen)
    SEEN["scenarios"] += 1
    SEEN["scenarios without refusals by limits"] += not seen["status 429"]
    assert not lines, "\n".join(lines[:5])


def test_the_scenarios_reach_every_rule() -> None:
    """On what the comparison saw, which is made if it was not."""
    if not SEEN:
        test_fast_path_equals_the_oracle_exchange_by_exchange()
    assert SEEN["scenarios"] >= 30
    for status in (200, 429, 499, 500, 529):
        assert SEEN[f"status {status}"] > 100, SEEN
    assert SEEN["scenarios without refusals by limits"] >= 5
    assert SEEN["again"] >= 3
    assert SEEN["retries"] > 100
    assert SEEN["chains"] > 100


def found(examples: int = 15) -> bool:
    """Whether the comparison finds a difference in some of the scenarios."""
    different: list[int] = []

    @settings(deterministic, max_examples=examples)
    @given(scenarios())
    def compare(scenario: Scenario) -> None:
        if not different and differences(scenario)[0]:
            different.append(scenario.seed)

    compare()
    return bool(different)


def test_a_bucket_that_refills_too_fast_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.world.buckets.Buckets._refill_output

    def generous(self: Any, now_us: int) -> None:
        original(self, now_us)
        self._output = min(self._size[6], self._output + 1_000)

    monkeypatch.setattr(sim.world.buckets.Buckets, "_refill_output", generous)
    assert found()


def test_a_back_off_with_the_jitter_the_other_way_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.world.attempts, "_JITTER", -0.25)
    assert found()


def test_a_cache_that_lives_too_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.world.cache.session_read_tokens

    def forgetful(shape: Any, attempts: Any) -> Any:
        shorter = np.maximum(shape.lifetime_us - 100_000_000, 0)
        return original(replace(shape, lifetime_us=shorter), attempts)

    for module in (sim.actors.sessions, sim.actors.queue):
        monkeypatch.setattr(module, "session_read_tokens", forgetful)
    assert found(EXAMPLES)


def test_a_bug_in_the_oracle_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = tests.oracle.simulator.uniform
    monkeypatch.setattr(
        tests.oracle.simulator, "uniform", lambda key, call, n: original(key, call, 0 * n)
    )
    assert found()
