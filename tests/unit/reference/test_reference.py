"""Both engines make the same rows of random scenarios; and a fault in either would be seen."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import sim.actors.arrivals.session_arrivals
import sim.reference.draws
import sim.world.event_loop
import sim.world.releases
from sim.world import event_records
from sim.world.buckets import OUTPUT
from tests.support.reference import differences
from tests.unit.reference.random_scenarios import RATIOS, WORKERS, Case, cases
from tests.unit.reference.test_whole_runs import BARRED

EXAMPLES = 125
FEWER = 12  # of the fast suite
SEED = 4  # the same cases, however the tests are written
HOUR_US = 3_600_000_000
SEEN: Counter[str] = Counter()
NUMBERS: set[int] = set()
deterministic = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@seed(SEED)
@settings(deterministic, max_examples=FEWER)
@given(cases())
def test_both_engines_make_the_same_rows_of_some_scenarios(case: Case) -> None:
    """The first of those of `make verify`."""
    lines, _ = differences(case.scenario)
    assert not lines, "\n".join([f"{case}", *lines[:5]])


@pytest.mark.verify
@seed(SEED)
@deterministic
@given(cases())
def test_both_engines_make_the_same_rows_of_many_scenarios(case: Case) -> None:
    """Hypothesis repeats some examples, which count once."""
    if case.scenario.seed in NUMBERS:
        return
    NUMBERS.add(case.scenario.seed)
    lines, seen = differences(case.scenario)
    SEEN.update(seen)
    SEEN.update(features(case, seen))
    assert not lines, "\n".join([f"{case}", *lines[:5]])


def features(case: Case, seen: Counter[str]) -> list[str]:
    """What a case is an example of."""
    actor = case.actor
    features_by_name = {
        "scenario": True,
        f"{actor.workers or 'no'} workers": True,
        "no limit" if case.ratio is None else f"load of {case.ratio} limits": True,
        "shared organisations": (actor.organisations or actor.accounts) < actor.accounts,
        "work in progress at the opening": actor.workers is not None and actor.starts_us is None,
        f"separability {actor.separability:g}": True,
        "accounts that come and go": actor.ramp_days > 0,
        "limits that change": len(case.events("limits")) > (case.ratio is not None),
        **{kind: bool(case.events(kind)) for kind in ("incident", "holiday", "release")},
        "release that moved clients": seen["moved"] > 0,
        "cache that was read": seen["cache reads"] > 0,
        "cache that expired": seen["expired"] > 0,
        "refusals by limits": seen["status 429"] > 0,
        "no refusals by limits": not seen["status 429"],
    }
    return [feature for feature, has_it in features_by_name.items() if has_it]


@pytest.mark.verify
def test_the_scenarios_reach_every_rule() -> None:
    """On what the comparison saw, which is made if it was not."""
    if not SEEN:
        test_both_engines_make_the_same_rows_of_many_scenarios()
    at_least = {
        "scenario": 80,
        "no workers": 15,
        **{f"{workers} workers": 3 for workers in WORKERS},
        "64 workers": 5,
        **{f"load of {ratio} limits": 4 for ratio in RATIOS},
        "no limit": 6,
        "shared organisations": 40,
        "work in progress at the opening": 3,
        **{f"separability {x:g}": 15 for x in (0, 0.5, 1)},
        "accounts that come and go": 20,
        "limits that change": 20,
        "incident": 50,
        "holiday": 8,
        "release": 50,
        "release that moved clients": 20,
        "cache that was read": 40,
        "cache that expired": 20,
        "refusals by limits": 50,
        "no refusals by limits": 10,
        **{f"status {status}": 1_000 for status in (200, 429, 499, 500, 529)},
        **dict.fromkeys(("retries", "chains", "cache reads", "expired", "moved"), 1_000),
    }
    assert not {what: SEEN[what] for what, least in at_least.items() if SEEN[what] < least}, SEEN


class DifferenceError(Exception):
    """The two engines differ."""


def difference_is_found() -> bool:
    """Whether the comparison finds a difference in some of the scenarios."""

    @seed(SEED)
    @settings(deterministic, report_multiple_bugs=False)
    @given(cases())
    def compare(case: Case) -> None:
        if differences(case.scenario)[0]:
            raise DifferenceError

    try:
        compare()
    except DifferenceError:
        return True
    return False


def test_a_bucket_that_refills_too_fast_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = event_records.size_records

    def generous(*arguments: Any) -> Any:
        sizes, *rest = original(*arguments)
        sizes["rate"][:, :, OUTPUT] += 1 + sizes["rate"][:, :, OUTPUT] // 20
        return sizes, *rest

    monkeypatch.setattr("sim.world.event_loop.size_records", generous)
    assert difference_is_found()


def test_a_back_off_with_the_number_of_another_purpose_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = event_records.rules_record

    def mistaken(*arguments: Any, **options: Any) -> Any:
        rules = original(*arguments, **options)
        rules["backoff_key"] = rules["error_key"]
        return rules

    monkeypatch.setattr("sim.world.event_loop.rules_record", mistaken)
    assert difference_is_found()


@pytest.mark.verify
def test_a_cache_that_lives_too_short_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = event_records.session_records

    def forgetful(*arguments: Any) -> Any:
        sessions = original(*arguments)
        sessions["lifetime_us"] = np.maximum(sessions["lifetime_us"] - 100_000_000, 0)
        return sessions

    monkeypatch.setattr("sim.world.event_loop.session_records", forgetful)
    assert difference_is_found()


def test_a_bar_that_comes_a_minute_late_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.world.event_loop.EventLoop.add

    def late(self: Any, calls: Any, until_us: Any = None) -> Any:
        return original(self, calls, None if until_us is None else until_us + 60_000_000)

    assert not differences(BARRED)[0]
    monkeypatch.setattr(sim.world.event_loop.EventLoop, "add", late)
    assert differences(BARRED)[0]


def test_a_release_that_acts_an_hour_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.world.releases.Releases.model

    def early(self: Any, own: Any, at_us: Any, *rest: Any) -> Any:
        return original(self, own, at_us + HOUR_US, *rest)

    monkeypatch.setattr(sim.world.releases.Releases, "model", early)
    assert difference_is_found()


@pytest.mark.verify
def test_a_release_that_all_take_up_at_once_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.world.releases.Releases.model

    def eager(self: Any, own: Any, at_us: Any, moves_at: Any, *rest: Any) -> Any:
        return original(self, own, at_us, 0 * moves_at, *rest)

    monkeypatch.setattr(sim.world.releases.Releases, "model", eager)
    assert difference_is_found()


def test_a_holiday_that_nobody_keeps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sim.actors.arrivals.session_arrivals, "activity", lambda world, ts_us: np.ones(len(ts_us))
    )
    assert difference_is_found()


def test_a_fault_of_the_reference_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    original = sim.reference.draws.uniform
    monkeypatch.setattr(
        sim.reference.draws, "uniform", lambda key, serial, number: original(key, serial, 0)
    )
    assert difference_is_found()
