"""When people work: rhythm, sessions, volumes."""

from __future__ import annotations

from datetime import timedelta
from math import cos, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.actors.arrivals.clusters import Clustering
from sim.actors.arrivals.intensity import WeeklyIntensity
from sim.actors.arrivals.point_process import session_starts
from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.session_draws import SessionPlan
from sim.population.population import build_population
from sim.scaffold.session_turns import draw_turns
from sim.scaffold.turns import draw_tool_steps, draw_turns_of
from sim.scenario.resolved import Rhythm
from sim.world.load_curve import weekly_weights
from tests.support.scenarios import (
    DAY_US,
    FLAT,
    HOUR_US,
    MONDAY,
    calm,
    coders,
    constant,
    scenario,
    simple,
    simulated,
    summary_of,
)

RHYTHMS = st.builds(
    Rhythm,
    peak_hour=st.floats(0, 23.99),
    strength=st.floats(0, 1),
    weekend=st.sampled_from([0.0, 0.4, 1.0, 3.0]),
)
OFFSETS = st.integers(-12, 14)
MINUTE_US = 60_000_000


def weekly(rhythm: Rhythm) -> NDArray[np.float64]:
    return weekly_weights(rhythm.peak_hour, rhythm.strength, rhythm.weekend)


# --- rhythm -------------------------------------------------------------------------------------


def test_the_weekly_course_is_one_harmonic_times_the_weekend() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    raw = np.array(
        [
            (1 + 0.7 * cos(2 * pi * (h % 24 + 0.5 - 15) / 24)) * (0.4 if h >= 5 * 24 else 1)
            for h in range(7 * 24)
        ]
    )
    assert weekly(rhythm) == pytest.approx(raw / raw.mean())


@given(RHYTHMS, OFFSETS, st.floats(-30 * DAY_US, 30 * DAY_US))
def test_clock_inverts_operational_time(rhythm: Rhythm, offset: int, at: float) -> None:
    intensity = WeeklyIntensity(rhythm, MONDAY, offset)
    clock = intensity.clock(np.array([at]))
    assert intensity.operational(clock)[0] == pytest.approx(at, abs=0.01)


@given(RHYTHMS, OFFSETS, st.lists(st.floats(-9 * DAY_US, 9 * DAY_US), min_size=2))
def test_operational_time_never_runs_backwards(
    rhythm: Rhythm, offset: int, moments: list[float]
) -> None:
    operational = WeeklyIntensity(rhythm, MONDAY, offset).operational(np.array(sorted(moments)))
    assert (np.diff(operational) >= -0.01).all()


def test_a_week_of_operational_time_is_a_week() -> None:
    intensity = WeeklyIntensity(Rhythm(peak_hour=3, strength=0.9, weekend=0.2), MONDAY, 5)
    ends = intensity.operational(np.array([0.0, 7.0 * DAY_US, -7.0 * DAY_US]))
    assert ends == pytest.approx([0.0, 7 * DAY_US, -7 * DAY_US], abs=1)


# --- populations --------------------------------------------------------------------------------


def poisson(accounts: int) -> Clustering:
    """Sessions that come one by one, whenever they want."""
    once = constant(1)
    return Clustering(np.zeros(accounts), np.ones(accounts), once, once)


def population(
    accounts: int, gap_us: float | NDArray[np.float64], rhythm: Rhythm, days: int, offset: int = 0
) -> tuple[Any, Any]:
    """Start times and accounts of the sessions from a day before the opening on."""
    course = {offset: WeeklyIntensity(rhythm, MONDAY, offset)}
    gaps = np.broadcast_to(np.asarray(gap_us, np.float64), (accounts,))
    offsets, rng = np.full(accounts, offset), np.random.default_rng(4)
    people, span = np.ones(accounts, np.int64), (-DAY_US, days * DAY_US)
    return session_starts(gaps, people, offsets, poisson(accounts), course, rng, *span)


def test_sessions_of_an_account_are_poisson_with_the_mean_that_was_asked() -> None:
    """Mean, and index of dispersion 1, each within four standard errors."""
    n, mean = 3_000, 6.0
    starts, accounts = population(n, 2 * DAY_US / mean, FLAT, days=2)
    counts = np.bincount(accounts[starts >= 0], minlength=n)
    assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / n)
    assert abs(counts.var(ddof=1) / counts.mean() - 1) < 4 * np.sqrt(2 / (n - 1))


def test_gaps_between_sessions_are_exponential() -> None:
    from scipy.stats import kstest

    starts, accounts = population(1, DAY_US / 1_500, FLAT, days=4)
    assert (accounts == 0).all()
    assert (np.diff(starts) >= 0).all()
    assert kstest(np.diff(starts), "expon", args=(0, DAY_US / 1_500)).pvalue > 1e-3


def test_accounts_have_the_rates_that_they_are_given() -> None:
    rates = np.repeat([2.0, 8.0, 32.0], 300)
    starts, accounts = population(900, DAY_US / rates, FLAT, days=1)
    counts = np.bincount(accounts[starts >= 0], minlength=900).reshape(3, 300).mean(axis=1)
    assert counts == pytest.approx([2, 8, 32], rel=4 / np.sqrt(600))


@pytest.mark.parametrize("offset", [0, 9, -6])
def test_sessions_follow_the_rhythm_of_the_local_hour(offset: int) -> None:
    from scipy.stats import chisquare

    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    starts, _ = population(700, DAY_US / 6, rhythm, days=7, offset=offset)
    hours = np.bincount(starts[starts >= 0] // HOUR_US, minlength=168)
    local = (np.arange(168) + offset) % 168
    expected = weekly(rhythm)[local]
    assert chisquare(hours, expected / expected.sum() * hours.sum()).pvalue > 1e-3


def test_no_session_opens_where_the_rhythm_is_zero() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.0)
    starts, _ = population(200, DAY_US / 6, rhythm, days=7)
    weekday = (starts // DAY_US) % 7
    assert len(starts) > 5_000
    assert (weekday < 5).all()


def test_sessions_longer_than_the_lead_hold_less_than_one_exchange_in_ten_thousand() -> None:
    """Otherwise the log begins with too few exchanges."""
    actor, rng = coders(1), np.random.default_rng(2)
    [context] = build_population(scenario(actor)).contexts
    turns = draw_turns(actor, 6_000, rng)
    total = int(turns.sum())
    asks = draw_turns_of(actor, draw_tool_steps(actor, total, rng), rng)
    gap_us = np.rint(actor.human_gap_s.sample(rng, total) * 1e6).astype(np.int64)
    zeros = np.zeros(len(turns), np.int64)
    moves_at, task_no = np.ones(len(turns)), np.arange(total)
    plan = SessionPlan(zeros, zeros, zeros, moves_at, turns, asks, gap_us, task_no)
    drawn = context.draws.calls(context.draws.sessions(plan), 0, "x")
    timing = context.service.solve_timing(drawn, np.full(len(turns), -SESSION_LEAD_US))
    assert (timing.attempts.begins_us > 0).mean() < 1e-4


# --- volumes ------------------------------------------------------------------------------------


def test_a_population_sends_what_its_dial_says() -> None:
    """Without spread the median account is the mean account; single exchanges are Poisson."""
    rows, _ = simulated(scenario(coders(400, **simple(20)), days=2, world=calm()))
    assert abs(len(rows) - 16_000) < 4 * np.sqrt(16_000)


@pytest.mark.parametrize("day", [0, 5])
def test_a_population_sends_what_was_expected_of_it_on_weekdays_and_weekends(day: int) -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    people = coders(500, **{**simple(20), "rhythm": rhythm})
    summary, _ = summary_of(scenario(people, start=MONDAY + timedelta(days=day), world=calm()))
    assert abs(summary.achieved - summary.requested) < 4 * np.sqrt(summary.achieved)


def test_volumes_spread_over_accounts_as_the_dial_says() -> None:
    people = coders(8_000, account_volume_sigma=0.8)
    log_volume = np.log(build_population(scenario(people)).accounts.volume)
    assert abs(log_volume.std() - 0.8) < 4 * 0.8 / np.sqrt(2 * 8_000)
    assert abs(np.median(log_volume) + 0.8**2 / 2) < 4 * 1.25 * 0.8 / np.sqrt(8_000)


def test_an_account_sends_in_proportion_to_its_volume() -> None:
    from scipy.stats import chisquare

    dials = {**simple(20), "account_volume_sigma": 0.8}
    asked = scenario(coders(100, **dials), world=calm())
    volume = build_population(asked).accounts.volume
    rows, _ = simulated(asked)
    counts = np.bincount(rows["account"], minlength=100)
    expected = volume * 20 * np.exp(0.8**2 / 2)
    assert abs(counts.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
    assert chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > 1e-3


def test_people_are_active_in_the_hours_of_their_own_country() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=1.0, weekend=1.0)
    asked = scenario(coders(600, **{**simple(20), "rhythm": rhythm}), world=calm())
    offset = build_population(asked).accounts.utc_offset_h
    rows, _ = simulated(asked)
    utc_hour = rows["ts"].to_numpy() // HOUR_US
    local = (utc_hour + offset[rows["account"]]) % 24
    hours = np.bincount(local, minlength=24)
    assert np.corrcoef(hours, weekly(rhythm)[:24])[0, 1] > 0.98
    assert len(set(offset.tolist())) > 5
