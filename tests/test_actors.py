"""When accounts work: rhythm, populations, workers, queues, and who takes a ticket."""

from __future__ import annotations

import heapq
from datetime import timedelta
from itertools import pairwise
from math import cos, pi
from typing import Any, NamedTuple

import numpy as np
import pytest
import simpy
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.actors.balance import POLICIES, balancer
from sim.actors.population import Population
from sim.actors.rhythm import Intensity, weekly_weights
from sim.actors.sessions import LEAD_US, draw_turns
from sim.actors.workforce import Batch, Workforce
from sim.actors.workload import draw_calls
from sim.catalog import agents, models
from sim.engine.cast import build_cast
from sim.engine.tally import ActorSummary, Tally
from sim.engine.windows import windows
from sim.scaffold.fill import Sessions, fill
from sim.scaffold.rows import task_of
from sim.scenario.resolved import Rhythm, Scenario
from sim.streams import Streams
from sim.world.models import ModelTable
from tests.helpers import (
    DAY_US,
    FLAT,
    HOUR_US,
    MONDAY,
    busy_at,
    coders,
    constant,
    lab,
    pool,
    scenario,
    simple,
    simulated,
)

RHYTHMS = st.builds(
    Rhythm,
    peak_hour=st.floats(0, 23.99),
    strength=st.floats(0, 1),
    weekend=st.sampled_from([0.0, 0.4, 1.0, 3.0]),
)
OFFSETS = st.integers(-12, 14)
MINUTE_US = 60_000_000


# --- rhythm -------------------------------------------------------------------------------------


def test_the_weekly_course_is_one_harmonic_times_the_weekend() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    raw = np.array(
        [
            (1 + 0.7 * cos(2 * pi * (h % 24 + 0.5 - 15) / 24)) * (0.4 if h >= 5 * 24 else 1)
            for h in range(7 * 24)
        ]
    )
    assert weekly_weights(rhythm) == pytest.approx(raw / raw.mean())


@given(RHYTHMS, OFFSETS, st.floats(-30 * DAY_US, 30 * DAY_US))
def test_clock_inverts_operational_time(rhythm: Rhythm, offset: int, at: float) -> None:
    intensity = Intensity(rhythm, MONDAY, offset)
    clock = intensity.clock(np.array([at]))
    assert intensity.operational(clock)[0] == pytest.approx(at, abs=0.01)


@given(RHYTHMS, OFFSETS, st.floats(-30 * DAY_US, 30 * DAY_US))
def test_the_clock_of_one_number_is_that_of_an_array(
    rhythm: Rhythm, offset: int, at: float
) -> None:
    intensity = Intensity(rhythm, MONDAY, offset)
    scalar, vector = intensity.clock_scalar(at), intensity.clock(np.array([at]))[0]
    # at the very edge of an hour without activity both ends of the gap are right
    edges = intensity.operational(np.array([scalar, vector]))
    assert scalar == pytest.approx(vector, abs=0.01) or abs(edges[1] - edges[0]) < 0.01
    assume(rhythm.weekend > 0 and rhythm.strength < 0.99)
    assert scalar == pytest.approx(vector, abs=0.01)


@given(RHYTHMS, OFFSETS, st.lists(st.floats(-9 * DAY_US, 9 * DAY_US), min_size=2))
def test_operational_time_never_runs_backwards(
    rhythm: Rhythm, offset: int, moments: list[float]
) -> None:
    operational = Intensity(rhythm, MONDAY, offset).operational(np.array(sorted(moments)))
    assert (np.diff(operational) >= -0.01).all()


def test_a_week_of_operational_time_is_a_week() -> None:
    intensity = Intensity(Rhythm(peak_hour=3, strength=0.9, weekend=0.2), MONDAY, 5)
    ends = intensity.operational(np.array([0.0, 7.0 * DAY_US, -7.0 * DAY_US]))
    assert ends == pytest.approx([0.0, 7 * DAY_US, -7 * DAY_US], abs=1)


# --- populations --------------------------------------------------------------------------------


def opened(population: Population, opens_us: int, ends_us: int) -> tuple[Any, Any]:
    """Start times and accounts of all sessions, drained slice by slice as the engine does."""
    env = simpy.Environment(initial_time=opens_us)
    population.start(env)
    drained = []
    for until in range(opens_us + 6 * HOUR_US, ends_us + 6 * HOUR_US, 6 * HOUR_US):
        env.run(until=until)
        drained.append(population.drain())
    starts, accounts = zip(*drained, strict=True)
    return np.concatenate(starts), np.concatenate(accounts)


def population(
    accounts: int, gap_us: float | NDArray[np.float64], rhythm: Rhythm, days: int, offset: int = 0
) -> tuple[Any, Any]:
    intensity = Intensity(rhythm, MONDAY, offset)
    gaps = np.broadcast_to(np.asarray(gap_us, np.float64), (accounts,))
    rng = np.random.default_rng(4)
    made = Population(gaps, [intensity] * accounts, rng, -DAY_US, days * DAY_US)
    return opened(made, -DAY_US, days * DAY_US)


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
    expected = weekly_weights(rhythm)[local]
    assert chisquare(hours, expected / expected.sum() * hours.sum()).pvalue > 1e-3


def test_no_session_opens_where_the_rhythm_is_zero() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.0)
    starts, _ = population(200, DAY_US / 6, rhythm, days=7)
    weekday = (starts // DAY_US) % 7
    assert len(starts) > 5_000
    assert (weekday < 5).all()


def test_sessions_longer_than_the_lead_hold_less_than_one_exchange_in_a_thousand() -> None:
    """Otherwise the log begins with too few exchanges."""
    actor, rng = coders(1), np.random.default_rng(2)
    turns = draw_turns(actor, 6_000, rng)
    calls = draw_calls(actor, int(turns.sum()), rng)
    gap_us = np.rint(actor.human_gap_s.sample(rng, len(calls)) * 1e6).astype(np.int64)
    ones = np.ones(len(turns), np.int64)
    asked = Sessions(0 * ones, ones > 0, turns, calls, gap_us)
    table = ModelTable([models()["claude-sonnet-4.5"]])
    exchanges = fill(asked, agents()["coding-cli"], table, Streams(2), "x")
    assert (exchanges.offset_us > LEAD_US).mean() < 1e-3


# --- workers ------------------------------------------------------------------------------------


class Ticket(NamedTuple):
    release_us: int
    span_us: int


def carried_out(
    workers_from_us: list[int], rounds: list[list[Ticket]], batch_size: int = 5
) -> list[list[int]]:
    """Start times that the workforce gives to the tickets of each round."""
    made = [
        (number, Batch([t.release_us for t in part], [t.span_us for t in part], number))
        for number, tickets in enumerate(rounds)
        for part in [tickets[k : k + batch_size] for k in range(0, len(tickets), batch_size)]
    ]
    waiting = [batch for _, batch in made]

    def current(_: int) -> Batch | None:
        while waiting and waiting[0].used_up:
            waiting.pop(0)
        return waiting[0] if waiting else None

    env = simpy.Environment(initial_time=min(workers_from_us))
    Workforce(workers_from_us, current).start(env)
    env.run()
    starts: list[list[int]] = [[] for _ in rounds]
    for number, batch in made:
        starts[number] += batch.starts_us
    return starts


def by_recursion(workers_from_us: list[int], rounds: list[list[Ticket]]) -> list[list[int]]:
    """First come, first served: start = max(release, the time at which the next worker is free).

    Kiefer and Wolfowitz (1955); before each round every worker waits for the last of the others.
    """
    free = sorted(workers_from_us)
    starts = []
    for tickets in rounds:
        begun = []
        for release, span in tickets:
            begun.append(max(release, free[0]))
            heapq.heapreplace(free, begun[-1] + span)
        over = max(s + t.span_us for s, t in zip(begun, tickets, strict=True))
        free = sorted(max(f, over) for f in free)
        starts.append(begun)
    return starts


TICKETS = st.lists(
    st.builds(Ticket, st.integers(-50, 300), st.integers(1, 60)), min_size=1, max_size=25
)
WORKERS = st.lists(st.integers(-60, 60), min_size=1, max_size=6)


@given(WORKERS, TICKETS)
def test_workers_serve_first_come_first_served(workers: list[int], tickets: list[Ticket]) -> None:
    tickets = sorted(tickets)
    assert carried_out(workers, [tickets]) == by_recursion(workers, [tickets])


@given(WORKERS, TICKETS, st.integers(1, 7))
def test_tickets_start_in_their_order(workers: list[int], tickets: list[Ticket], size: int) -> None:
    [starts] = carried_out(workers, [tickets], size)
    assert [starts] == by_recursion(workers, [tickets])
    assert len(starts) == len(tickets)


@given(WORKERS, TICKETS)
def test_never_more_tickets_in_progress_than_workers(
    workers: list[int], tickets: list[Ticket]
) -> None:
    [starts] = carried_out(workers, [tickets])
    spans = [(s, s + t.span_us) for s, t in zip(starts, tickets, strict=True)]
    assert max(sum(low <= s < high for low, high in spans) for s in starts) <= len(workers)
    assert all(s >= t.release_us for s, t in zip(starts, tickets, strict=True))


@given(WORKERS, st.lists(TICKETS, min_size=2, max_size=4))
def test_rounds_wait_for_stragglers(workers: list[int], rounds: list[list[Ticket]]) -> None:
    starts = carried_out(workers, rounds)
    assert starts == by_recursion(workers, rounds)
    for k, (before, after) in enumerate(pairwise(starts)):
        last = max(s + t.span_us for s, t in zip(before, rounds[k], strict=True))
        assert min(after) >= last


# --- benchmark ----------------------------------------------------------------------------------


def by_run(tasks: Any) -> list[Any]:
    return [tasks[tasks["round"] == k] for k in sorted(set(tasks["round"])) if k >= 0]


@pytest.fixture(scope="module")
def benchmark_tasks() -> Any:
    """Three runs of a benchmark by four workers, begun an hour into the log."""
    _, tasks = simulated(scenario(lab(starts_us=HOUR_US), days=2))
    return tasks


def test_every_run_works_on_the_same_items(benchmark_tasks: Any) -> None:
    runs = by_run(benchmark_tasks)
    assert len(runs) == 3
    assert all(sorted(run["item"]) == list(range(115)) for run in runs)


def test_a_run_starts_when_the_last_task_of_the_one_before_is_done(benchmark_tasks: Any) -> None:
    for before, after in pairwise(by_run(benchmark_tasks)):
        assert after["start"].min() == before["end"].max()


def test_all_workers_are_busy_until_a_run_runs_out(benchmark_tasks: Any) -> None:
    first = by_run(benchmark_tasks)[0].sort_values("start")
    moments = first["start"].to_numpy()[4:-4]
    assert {busy_at(benchmark_tasks, moment) for moment in moments} == {4}


def test_a_benchmark_that_starts_later_sends_nothing_before(benchmark_tasks: Any) -> None:
    first = benchmark_tasks["start"].min()
    assert HOUR_US <= first <= HOUR_US + MINUTE_US
    assert (benchmark_tasks["round"] >= 0).all()


def test_an_item_shows_the_same_prompt_in_every_run() -> None:
    rows, tasks = simulated(scenario(lab(starts_us=0), days=2))
    task = task_of(rows["serial"].to_numpy())
    item = tasks.set_index("serial")["item"].reindex(task).to_numpy()
    assert rows.groupby(item)["prompt"].nunique().max() == 1
    assert rows["prompt"].nunique() == 115
    assert len(tasks) == 3 * 115


def test_runs_of_one_item_are_drawn_anew(benchmark_tasks: Any) -> None:
    wide = benchmark_tasks.pivot_table(index="item", columns="round", values="calls")
    assert (wide[0] != wide[1]).mean() > 0.5


def test_work_in_progress_at_the_opening_keeps_all_workers_busy() -> None:
    rows, tasks = simulated(scenario(lab(workers=6, starts_us=None), days=1))
    assert busy_at(tasks, 0) == busy_at(tasks, MINUTE_US) == 6
    assert (tasks["start"] < 0).sum() == 6
    assert rows["ts"].min() < 2 * MINUTE_US
    assert all(len(run) == 115 for run in by_run(tasks))


# --- pool ---------------------------------------------------------------------------------------

# tasks that end soon, so that none is cut off by the end of the log
SHORT: dict[str, Any] = {
    "agents": {"mini-swe-agent": 1.0},
    "agentic_share": 0.5,
    "tool_steps": constant(5),
    "rhythm": FLAT,
}


def summary_of(asked: Scenario) -> tuple[ActorSummary, Any]:
    """What the tally says of the only actor, and its tasks."""
    import pandas as pd

    cast = build_cast(asked)
    tally, tasks = Tally(cast), []
    for window in windows(cast):
        if window.rows:
            tally.count_rows(window.rows)
        if window.tasks:
            tally.count_tasks(window.tasks)
            tasks.append(pd.DataFrame(window.tasks))
    return tally.summaries()[0], pd.concat(tasks)


@pytest.mark.parametrize("starts_us", [None, 0, 6 * HOUR_US])
def test_a_pool_meets_its_target_within_one_task(starts_us: int | None) -> None:
    summary, tasks = summary_of(scenario(pool(target=5_000, starts_us=starts_us, **SHORT)))
    assert summary.unit == "exchanges"
    assert 5_000 <= summary.achieved < 5_000 + tasks["calls"].max()
    assert summary.shortfall == 0


def test_a_benchmark_that_does_not_finish_says_what_it_misses() -> None:
    summary, tasks = summary_of(scenario(lab(runs=300, starts_us=0), days=0.1))
    finished = int((tasks["end"] <= DAY_US / 10).sum())
    assert summary.unit == "tasks"
    assert 0 < finished == summary.tasks_finished == summary.achieved
    assert summary.requested == 300 * 115
    assert summary.shortfall == 300 * 115 - finished


@pytest.mark.parametrize("starts_us", [None, 0])
def test_each_prompt_is_handed_out_once(starts_us: int | None) -> None:
    rows, tasks = simulated(scenario(pool(starts_us=starts_us, **SHORT)))
    assert tasks["item"].is_unique
    assert tasks["serial"].is_unique
    assert rows["prompt"].nunique() == len(tasks)


def test_a_pool_with_too_few_workers_says_what_it_misses() -> None:
    asked = scenario(pool(target=50_000, workers=2, starts_us=0, **SHORT), days=0.5)
    summary, tasks = summary_of(asked)
    assert summary.achieved < 25_000
    assert summary.shortfall == 50_000 - summary.achieved
    assert max(busy_at(tasks, moment) for moment in tasks["start"]) == 2


def test_a_pool_in_progress_works_at_its_pace_from_the_first_hour() -> None:
    """Two hours at each end of the day against the pace, within five Poisson errors of tasks."""
    rows, tasks = simulated(scenario(pool(target=72_000, starts_us=None, **SHORT)))
    hours = np.bincount(rows["ts"] // HOUR_US, minlength=24)
    error = np.sqrt((tasks["calls"] ** 2).mean() / tasks["calls"].mean() / 6_000)
    assert hours[:2].sum() / 6_000 == pytest.approx(1.0, abs=5 * error)
    assert hours[21:23].sum() / 6_000 == pytest.approx(1.0, abs=5 * error)
    assert (tasks["start"] < 0).any()


def test_a_pool_follows_its_rhythm() -> None:
    rhythm = Rhythm(peak_hour=12.0, strength=0.8, weekend=1.0)
    dials: dict[str, Any] = {**SHORT, "rhythm": rhythm, "agentic_share": 0.0}
    rows, _ = simulated(scenario(pool(target=20_000, **dials)))
    hours = np.bincount(rows["ts"] // HOUR_US, minlength=24)
    expected = weekly_weights(rhythm)[:24]
    assert np.corrcoef(hours[:23], expected[:23])[0, 1] > 0.99


# --- balance ------------------------------------------------------------------------------------


def shared_out(policy: str, tickets: int = 20_000, accounts: int = 40) -> tuple[Any, Any, Any]:
    """(calls, prompts, accounts chosen) of a pool that takes its tickets in blocks."""
    rng = np.random.default_rng(6)
    volume = np.exp(rng.standard_normal(accounts))
    choose = balancer(policy, volume)
    calls = rng.integers(1, 60, tickets)
    prompt = rng.integers(0, 2**63, tickets).astype(np.uint64)
    chosen = [choose(calls[k : k + 512], prompt[k : k + 512], rng) for k in range(0, tickets, 512)]
    return calls, prompt, np.concatenate(chosen)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_chooses_accounts_that_exist(policy: str) -> None:
    _, _, chosen = shared_out(policy)
    assert chosen.dtype == np.int64
    assert (chosen.min(), chosen.max()) == (0, 39)
    assert len(chosen) == 20_000


def test_round_robin_goes_through_the_accounts_in_turn() -> None:
    _, _, chosen = shared_out("round_robin")
    assert chosen.tolist() == [k % 40 for k in range(20_000)]


def test_least_used_keeps_all_accounts_within_one_task() -> None:
    calls, _, chosen = shared_out("least_used")
    used = np.bincount(chosen, calls)
    assert used.max() - used.min() <= calls.max()


def test_least_used_takes_the_account_with_the_fewest_exchanges() -> None:
    calls, _, chosen = shared_out("least_used", tickets=600)
    used = [0] * 40
    for n, account in zip(calls.tolist(), chosen.tolist(), strict=True):
        assert account == used.index(min(used))
        used[account] += n


def test_sticky_gives_a_prompt_to_the_same_account_again() -> None:
    choose, rng = balancer("sticky", np.ones(7)), np.random.default_rng(0)
    prompt = rng.integers(0, 2**63, 100).astype(np.uint64)
    calls = np.ones(100, np.int64)
    first, again = choose(calls, prompt, rng), choose(calls[::-1], prompt[::-1], rng)
    assert first.tolist() == again[::-1].tolist()


@pytest.mark.parametrize("policy", ["sticky", "random"])
def test_sticky_and_random_spread_evenly(policy: str) -> None:
    from scipy.stats import chisquare

    _, _, chosen = shared_out(policy)
    assert chisquare(np.bincount(chosen, minlength=40)).pvalue > 1e-3


def test_weighted_shares_tasks_in_proportion_to_volume() -> None:
    from scipy.stats import chisquare

    rng = np.random.default_rng(6)
    volume = np.exp(rng.standard_normal(40))
    _, _, chosen = shared_out("weighted")
    expected = volume / volume.sum() * len(chosen)
    assert chisquare(np.bincount(chosen, minlength=40), expected).pvalue > 1e-3


def test_the_policy_of_the_scenario_is_the_one_used() -> None:
    calls_per_account = {}
    for policy in ("round_robin", "least_used", "weighted"):
        actor = pool(20, 4_000, starts_us=0, balance=policy, **SHORT)
        _, tasks = simulated(scenario(actor))
        calls_per_account[policy] = tasks.groupby("account")["calls"].agg(["sum", "count"])
    counted, used, weighted = calls_per_account.values()
    assert np.ptp(counted["count"]) <= 1
    assert np.ptp(used["sum"]) <= 6  # the longest task
    assert np.ptp(weighted["count"]) > 50


def test_sticky_sends_an_item_through_one_account_in_every_run() -> None:
    _, tasks = simulated(scenario(lab(starts_us=0, balance="sticky"), days=2))
    assert tasks.groupby("item")["account"].nunique().max() == 1
    assert tasks["account"].nunique() == 8


# --- volumes ------------------------------------------------------------------------------------


def test_a_population_sends_what_its_dial_says() -> None:
    """Without spread the median account is the mean account; single exchanges are Poisson."""
    rows, _ = simulated(scenario(coders(400, **simple(20)), days=2))
    assert abs(len(rows) - 16_000) < 4 * np.sqrt(16_000)


@pytest.mark.parametrize("day", [0, 5])
def test_a_population_sends_what_was_expected_of_it_on_weekdays_and_weekends(day: int) -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    people = coders(500, **{**simple(20), "rhythm": rhythm})
    summary, _ = summary_of(scenario(people, start=MONDAY + timedelta(days=day)))
    assert abs(summary.achieved - summary.requested) < 4 * np.sqrt(summary.achieved)


def test_volumes_spread_over_accounts_as_the_dial_says() -> None:
    people = coders(8_000, account_volume_sigma=0.8)
    log_volume = np.log(build_cast(scenario(people)).accounts.volume)
    assert abs(log_volume.std() - 0.8) < 4 * 0.8 / np.sqrt(2 * 8_000)
    assert abs(np.median(log_volume) + 0.8**2 / 2) < 4 * 1.25 * 0.8 / np.sqrt(8_000)


def test_an_account_sends_in_proportion_to_its_volume() -> None:
    from scipy.stats import chisquare

    asked = scenario(coders(100, **{**simple(20), "account_volume_sigma": 0.8}))
    volume = build_cast(asked).accounts.volume
    rows, _ = simulated(asked)
    counts = np.bincount(rows["account"], minlength=100)
    expected = volume * 20 * np.exp(0.8**2 / 2)
    assert abs(counts.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())
    assert chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > 1e-3


def test_people_are_active_in_the_hours_of_their_own_country() -> None:
    rhythm = Rhythm(peak_hour=15.0, strength=1.0, weekend=1.0)
    asked = scenario(coders(600, **{**simple(20), "rhythm": rhythm}))
    offset = build_cast(asked).accounts.utc_offset_h
    rows, _ = simulated(asked)
    utc_hour = rows["ts"].to_numpy() // HOUR_US
    local = (utc_hour + offset[rows["account"]]) % 24
    hours = np.bincount(local, minlength=24)
    assert np.corrcoef(hours, weekly_weights(rhythm)[:24])[0, 1] > 0.98
    assert len(set(offset.tolist())) > 5
