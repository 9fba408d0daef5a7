"""Workers against M/M/c, and the pacing of a list of prompts against uniform releases."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from sim.actors.arrivals.intensity import WeeklyIntensity
from sim.actors.queue.teams import teams_of
from sim.actors.queue.tickets import BLOCK_TICKETS, PromptTickets
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Floats
from sim.population.population import build_population
from sim.scenario.resolved import Rhythm
from sim.world.event_loop import EventLoop
from tests.support.scenarios import calm, constant, pool, scenario
from tests.unit.world.building import conditions, drawn_calls
from tests.verification.report import BLUE, GREY, INK, RED, Report, caption, panels, save

pytestmark = pytest.mark.verify


MEAN_SPAN_US = 1e9
TICKETS = {0.5: 150_000, 0.7: 250_000, 0.9: 500_000}
BATCHES = 40
SERVERS = {1: 1, 4: 2, 16: 4}  # times as many tickets: more of them belong together


class Estimate(NamedTuple):
    """A mean with its standard error by batch means, and what theory says."""

    value: float
    error: float
    theory: float


def waits(servers: int, load: float, size: int) -> Floats:
    """Waits of tickets, in mean spans, of the workforce fed by a Poisson process."""
    rng = np.random.default_rng([servers, round(100 * load)])
    gaps = rng.exponential(MEAN_SPAN_US / (servers * load), size)
    release = np.rint(np.cumsum(gaps)).astype(np.int64)
    spans = np.rint(rng.exponential(MEAN_SPAN_US, size)).astype(np.int64)
    calls = drawn_calls(
        [1] * size, wait_us=0, ttft_us=0, generation_us=spans, batch=True, left_tokens=0
    )
    # a log that is longer than any of this
    rules = replace(conditions(), until_us=FOREVER_US)
    loop = EventLoop(rules, [None], from_us=0, buckets=0, keys=1)
    loop.begin(np.zeros(servers, np.int64))
    block = loop.add(calls)
    loop.tickets(block, release)
    assert loop.run(FOREVER_US) is not None
    assert loop.taken(block) == size
    return (loop.starts_us(block) - release)[size // 10 :] / MEAN_SPAN_US


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c (Erlang 1917), by the recursion of Erlang B."""
    offered, blocked = servers * load, 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


def by_batches(values: Floats, theory: float) -> Estimate:
    means = values[: len(values) // BATCHES * BATCHES].reshape(BATCHES, -1).mean(axis=1)
    return Estimate(float(means.mean()), float(means.std(ddof=1) / BATCHES**0.5), theory)


def test_workers_are_an_m_m_c_queue(report: Report) -> None:
    found: dict[tuple[int, float], tuple[Estimate, Estimate]] = {}
    kept: dict[tuple[int, float], Floats] = {}
    for servers, more in SERVERS.items():
        for load, size in TICKETS.items():
            wait, waiting = waits(servers, load, size * more), erlang_c(servers, load)
            mean = by_batches(wait, waiting / (servers * (1 - load)))
            share = by_batches((wait > 0).astype(np.float64), waiting)
            name = f"c = {servers}, ρ = {load}"
            report.near(f"mean wait, {name}", mean.value, mean.theory, mean.error)
            report.near(f"P(wait), {name}", share.value, share.theory, share.error)
            found[servers, load], kept[servers, load] = (mean, share), wait

    figure, axes = panels(3)
    for axis, which, title in ((axes[0], 0, "Mean wait"), (axes[1], 1, "Probability of waiting")):
        for place, estimates in enumerate(found.values()):
            e = estimates[which]
            at, half = e.value / e.theory, 4 * e.error / e.theory
            axis.errorbar([place], [at], [half], fmt="o", color=BLUE, capsize=3, ms=4)
        axis.axhline(1, color=GREY, lw=1)
        names = [f"{servers}, {load}" for servers, load in found]
        axis.set_xticks(range(len(names)), names, rotation=45)
        caption(axis, f"{title} (bars: 4 errors)", "c, ρ", "simulated / M/M/c")
    x = np.linspace(0, 12, 100)
    for load, colour in zip(TICKETS, (BLUE, RED, INK), strict=True):
        beyond = 1 - np.searchsorted(np.sort(kept[4, load]), x, "right") / len(kept[4, load])
        axes[2].semilogy(x, beyond, color=colour, lw=2.5, alpha=0.5, label=f"ρ = {load}")
        axes[2].semilogy(x, erlang_c(4, load) * np.exp(-4 * (1 - load) * x), "--", color=INK, lw=1)
    axes[2].set_ylim(1e-5, 1.2)
    caption(axes[2], "Waits for 4 workers (dashed: theory)", "wait, mean spans", "share longer")
    save(figure, "workers_m_m_c")
    report.close()


def test_prompts_are_paced(report: Report) -> None:
    """Given their number, releases of a block are uniform in operational time."""
    from scipy.stats import kstest

    actor = pool(
        accounts=20,
        target=4 * 40_000,
        rhythm=Rhythm(peak_hour=14.0, strength=0.8, weekend=0.5),
        waves_sigma=0.0,
        agentic_share=1.0,
        tool_steps=constant(3),
    )
    asked = scenario(actor, days=7.0, world=calm())
    (context,) = build_population(asked).contexts
    (team,) = teams_of(context, range(actor.accounts))
    blocks = list(PromptTickets(context, team, 0).main())
    intensity = WeeklyIntensity(actor.rhythm, asked.clock.start)
    planned_us = float(intensity.operational(np.array([0.99 * asked.clock.duration_us]))[0])
    places, releases, done = [], [], 0
    for block in blocks:
        low, high = (planned_us * n / 160_000 for n in (done, done + int(block.calls.sum())))
        done += int(block.calls.sum())
        at = intensity.operational(block.release_us.astype(np.float64))
        places.append((at - low) / (high - low))
        releases.append(block.release_us)
    u, release = np.concatenate(places), np.concatenate(releases)
    report.exact("prompts", len(u), 40_000)
    report.exact("releases before an earlier one", int((np.diff(release) < 0).sum()), 0)
    report.probable("KS of the places in their block", float(kstest(u, "uniform").pvalue))
    spacing = np.concatenate([np.diff(p, prepend=0, append=1) for p in places[:-1]])
    smallest = kstest(spacing, "beta", args=(1, BLOCK_TICKETS)).pvalue
    report.probable("KS of the gaps, Beta(1, 1024)", float(smallest))
    overall = intensity.operational(release.astype(np.float64)) / planned_us
    lag = float(np.abs(overall - (np.arange(len(u)) + 0.5) / len(u)).max())
    report.at_most("largest lag behind the plan, share of it", lag, BLOCK_TICKETS / len(u))

    figure, (left, right) = panels(2)
    left.hist(u, bins=50, density=True, color=BLUE)
    error = math.sqrt(50 / len(u))
    left.axhspan(1 - 2 * error, 1 + 2 * error, color=GREY, alpha=0.35, lw=0, label="± 2 errors")
    left.set_ylim(0, 1.5)
    caption(left, "Place of a release in its block", "operational time", "density")
    days = release / 86_400e6
    right.plot(days, np.arange(1, len(u) + 1) / len(u), color=BLUE, lw=2, label="released")
    grid = np.linspace(0, 7 * 0.99, 300)
    plan = intensity.operational(grid * 86_400e6) / planned_us
    right.plot(grid, plan, "--", color=INK, lw=1, label="plan")
    caption(right, "Prompts released over a week", "days from Monday", "share")
    save(figure, "pacing")
    report.close()
