"""Workers, benchmarks and pools."""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.catalog import operator
from sim.distributions import Distribution
from sim.population.population import build_population
from sim.scaffold.rows import task_of
from sim.scenario.resolved import Rhythm
from sim.tables.words import FINISHED
from sim.world.event_loop import EventLoop, LoopCalls
from sim.world.load_curve import weekly_weights
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    SHORT,
    busy_at,
    lab,
    pool,
    scenario,
    simulated,
    summary_of,
)
from tests.unit.world.building import conditions, drawn_calls

MINUTE_US = 60_000_000


# --- workers ------------------------------------------------------------------------------------


class Ticket(NamedTuple):
    release_us: int
    span_us: int


def carried_out(
    workers_from_us: list[int], rounds: list[list[Ticket]], batch_size: int = 5
) -> list[list[int]]:
    """Start times that workers in the event loop give to the tickets of each round."""
    loop = EventLoop(conditions(opens_min=-1), [None], from_us=-60, buckets=0, keys=1)
    loop.begin(np.array(workers_from_us))
    batches = [
        (number, tickets[k : k + batch_size])
        for number, tickets in enumerate(rounds)
        for k in range(0, len(tickets), batch_size)
    ]
    blocks: list[tuple[int, LoopCalls]] = []
    until_us, work_is_over = -40, False
    while not work_is_over:
        # in slices of time, and batch by batch
        until_us += 40
        while loop.run(until_us) is not None:
            if len(blocks) == len(batches):
                loop.end_work()
                work_is_over = True
                continue
            number, tickets = batches[len(blocks)]
            spans = [ticket.span_us for ticket in tickets]
            serial = np.arange(len(tickets)) + 100 * len(blocks)
            calls = drawn_calls(
                [1] * len(tickets), serial=serial, wait_us=0, ttft_us=0, generation_us=spans
            )
            block = loop.add(calls)
            loop.tickets(block, np.array([ticket.release_us for ticket in tickets]), number)
            blocks.append((number, block))

    starts: list[list[int]] = [[] for _ in rounds]
    for number, block in blocks:
        starts[number] += loop.starts_us(block).tolist()
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


def test_a_step_limit_cuts_attempts_whose_calls_are_drawn(benchmark_tasks: Any) -> None:
    """They have no measured limit."""
    _, tasks = simulated(scenario(lab(items=10, runs=1, step_limit=2), days=1))
    assert benchmark_tasks["calls"].max() > 2
    assert tasks["calls"].max() == 2


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


def weekly(rhythm: Rhythm) -> NDArray[np.float64]:
    return weekly_weights(rhythm.peak_hour, rhythm.strength, rhythm.weekend)


# --- pool ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("starts_us", [None, 0, 6 * HOUR_US])
def test_a_pool_meets_its_target_within_one_task(starts_us: int | None) -> None:
    summary, tasks = summary_of(scenario(pool(target=5_000, starts_us=starts_us, **SHORT)))
    assert summary.unit == "answered exchanges"
    assert 5_000 <= summary.achieved < 5_000 + tasks["calls"].max()
    assert summary.shortfall == 0


def test_a_benchmark_that_does_not_finish_says_what_it_misses() -> None:
    summary, tasks = summary_of(scenario(lab(runs=300, starts_us=0), days=0.1))
    finished = int((tasks["state"] == FINISHED).sum())
    assert summary.unit == "tasks"
    assert 0 < finished == summary.tasks_finished == summary.achieved
    assert summary.requested == 300 * 115
    assert summary.shortfall == 300 * 115 - finished


@pytest.mark.parametrize("starts_us", [None, 0])
def test_each_prompt_is_handed_out_once(starts_us: int | None) -> None:
    rows, tasks = simulated(scenario(pool(starts_us=starts_us, **SHORT)))
    assert tasks["item"].is_unique
    assert tasks["serial"].is_unique
    assert rows["content"].nunique() == len(tasks)


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


def test_new_accounts_of_a_pool_send_nothing_until_they_are_warm() -> None:
    dials: dict[str, Any] = {
        "lifetime_days": Distribution(constant=9.0),
        "cohort_size": 1.0,
        "balance": "random",
        "operator": {**operator(), "warm_up_days": 2.0},
        **SHORT,
    }
    asked = scenario(pool(40, 20_000, **dials))
    rows, _ = simulated(asked)
    warm_us = build_population(asked).accounts.created_us + 2 * DAY_US
    assert 5 < (warm_us > 0).sum() < 35
    assert (warm_us[rows["account"]] <= rows["ts"]).all()
    assert 20 < rows["account"].nunique() <= (warm_us < DAY_US).sum()


def test_a_pool_follows_its_rhythm() -> None:
    rhythm = Rhythm(peak_hour=12.0, strength=0.8, weekend=1.0)
    dials: dict[str, Any] = {**SHORT, "rhythm": rhythm, "agentic_share": 0.0}
    rows, _ = simulated(scenario(pool(target=20_000, **dials)))
    hours = np.bincount(rows["ts"] // HOUR_US, minlength=24)
    expected = weekly(rhythm)[:24]
    assert np.corrcoef(hours[:23], expected[:23])[0, 1] > 0.99
