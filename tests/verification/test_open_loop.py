"""Populations: sessions in progress against M/G/infinity, exchanges against a Poisson process."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.actors.arrivals.rates import mean_per_day
from sim.actors.sessions.session_workload import SessionWorkload
from sim.arrays.types import Floats, Ints
from sim.engine.shards import workloads
from sim.population.population import build_population
from sim.scaffold.expected_calls import mean_session_calls
from sim.scenario.resolved import Actor, Rhythm, Turns
from tests.support.scenarios import (
    DAY_US,
    FLAT,
    HOUR_US,
    calm,
    coders,
    lognormal,
    scenario,
    simple,
    simulated,
)
from tests.verification.report import BLUE, GREY, INK, RED, Report, caption, panels, save

pytestmark = pytest.mark.verify


GROUPS = 40
SEEDS, OTHER_SEEDS = range(1, 5), range(11, 14)
MINUTE_US = 60_000_000
SPREAD_US = 2 * HOUR_US
OPENING_US = np.array([0, 1, 2, 5, 10, 20, 40, 60, 120, 240]) * MINUTE_US


class Occupancy(NamedTuple):
    """Sessions of a population: from when to when each is in progress, and whose it is."""

    begins_us: Ints
    ends_us: Ints
    account: Ints


def crowd() -> Actor:
    """400 accounts with sessions of many turns."""
    return coders(
        accounts=400,
        rhythm=FLAT,
        account_volume_sigma=0.0,
        exchanges_per_account_day=1_000.0,
        turns_per_session=Turns(single_share=0.3, more=lognormal(4, 0.8, 30)),
        human_gap_s=lognormal(120, 1.0, 1_800),
        tool_steps=lognormal(3, 0.8, 20),
        tier="none",
    )


def sessions_of(seed: int) -> Occupancy:
    """All sessions of the crowd that can matter to a log of a day."""
    parts = []
    for workload in workloads(build_population(scenario(crowd(), seed=seed, world=calm()))):
        assert isinstance(workload, SessionWorkload)
        for piece, attempts, _ in workload.simulate():
            ends_us = piece.start_us.copy()
            np.maximum.at(ends_us, piece.drawn.calls.session[attempts.call], attempts.ends_us)
            parts.append((piece.start_us, ends_us, piece.placement.account))
    return Occupancy(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def in_progress(held: Occupancy, moments_us: Ints) -> Ints:
    """Sessions in progress at each moment by group of accounts, shape (moments, groups)."""
    at = [(held.begins_us <= t) & (held.ends_us > t) for t in moments_us.tolist()]
    return np.array([np.bincount(held.account[a] % GROUPS, minlength=GROUPS) for a in at])


def lengths_us(held: Occupancy) -> Ints:
    """Lengths of the sessions of the first half of the log, which the log does not cut."""
    whole = (held.begins_us >= 0) & (held.begins_us < DAY_US // 2)
    return held.ends_us[whole] - held.begins_us[whole]


def poisson_p(counts: Ints, mean: float) -> float:
    """Chi-square of counts against a Poisson distribution, bins of at least 20 expected."""
    from scipy.stats import chisquare, poisson

    quantiles = np.linspace(0, 1, 16)[1:-1]
    edges = np.unique(poisson.ppf(quantiles, mean))
    wanted = np.diff(np.concatenate([[0.0], poisson.cdf(edges, mean), [1.0]])) * counts.size
    found = np.bincount(np.searchsorted(edges, counts.ravel()), minlength=len(wanted))
    assert wanted.min() > 20
    return float(chisquare(found, wanted).pvalue)


def test_sessions_in_progress(report: Report) -> None:
    """In M/G/infinity the number in progress is Poisson with mean lambda E[S] at every time."""
    from scipy.stats import chi2, poisson

    held = [sessions_of(seed) for seed in SEEDS]
    length = np.concatenate([lengths_us(sessions_of(seed)) for seed in OTHER_SEEDS])
    rate = 400 * mean_per_day(crowd()) / mean_session_calls(crowd(), "coding-cli") / DAY_US
    mean = rate * float(length.mean())
    of_length = mean * float(length.std() / length.mean() / len(length) ** 0.5)
    per_group = mean / GROUPS
    spread = np.arange(12) * SPREAD_US
    counts = np.concatenate([in_progress(h, spread) for h in held])
    n = counts.size
    overlap = float(np.maximum(length - SPREAD_US, 0).mean() / length.mean())
    report.at_most("correlation of successive looks", overlap, 0.03)
    error = float(np.hypot(np.sqrt(per_group / n), of_length / GROUPS))
    report.near("mean in progress per group", float(counts.mean()), per_group, error)
    dispersion = float(counts.var(ddof=1) / counts.mean())
    report.near("index of dispersion", dispersion, 1.0, float(np.sqrt(2 / n)))
    report.probable("chi-square against Poisson", poisson_p(counts, per_group))
    early = np.array([in_progress(h, OPENING_US).sum(axis=1) for h in held])
    z = (early[:, 0] - mean) / np.hypot(np.sqrt(mean), of_length)
    report.probable("number at the opening itself, 4 seeds", float(chi2.sf((z**2).sum(), len(z))))
    rise = float((early[:, 0] - early[:, -1]).mean() / mean)
    report.near("opening minus four hours later", rise, 0.0, float(np.sqrt(2 / mean / len(z))))

    figure, (left, right) = panels(2)
    k = np.arange(int(counts.max()) + 2)
    left.bar(k, np.bincount(counts.ravel(), minlength=len(k)) / n, color=BLUE, label="simulated")
    left.plot(k, poisson.pmf(k, per_group), "o-", color=INK, ms=3, lw=1, label="Poisson(λ E[S])")
    caption(left, "Sessions in progress, 40 groups, 12 times, 4 seeds", "sessions", "share")
    right.axhspan(1 - 2 / mean**0.5, 1 + 2 / mean**0.5, color="#e4e4e4", lw=0, label="± 2 errors")
    right.plot(OPENING_US / MINUTE_US, early.T / mean, color=BLUE, lw=1)
    right.axhline(1, color=GREY, lw=1)
    right.set_ylim(1 - 4 / mean**0.5, 1 + 4 / mean**0.5)
    left.set_xticks(k[::3])
    caption(right, "From the opening on, a line a seed", "minutes", "in progress / (λ E[S])")
    save(figure, "sessions_in_progress")
    report.close()


def test_exchanges_are_poisson(report: Report) -> None:
    """Sessions of one call: counts in windows have index of dispersion 1, gaps are exponential."""
    from scipy.stats import kstest

    days, accounts, per_day = 6, 400, 240.0
    callers = coders(accounts, **{**simple(per_day), "tier": "none"})
    rows, _ = simulated(scenario(callers, days=days, world=calm()))
    ts = np.sort(rows["ts"].to_numpy())
    rate = accounts * per_day / DAY_US
    expected = rate * days * DAY_US
    report.near("exchanges over expected", len(ts) / expected, 1.0, float(expected**-0.5))
    found, errors, widths = [], [], [1, 10, 60, 600]
    for width in widths:
        windows = days * 86_400 // width
        counts = np.bincount(ts // (width * 1_000_000), minlength=windows)[:windows]
        errors.append(float(np.sqrt(2 / windows)))
        found.append(float(counts.var(ddof=1) / counts.mean()))
        report.near(f"index of dispersion, {width} s", found[-1], 1.0, errors[-1])
    gaps = np.diff(ts)
    cv = float(gaps.std() / gaps.mean())
    report.near("coefficient of variation of gaps", cv, 1.0, float(len(gaps) ** -0.5))
    report.probable("KS of gaps", float(kstest(gaps, "expon", args=(0, 1 / rate)).pvalue))
    own = rows.sort_values(["account", "ts"]).groupby("account")["ts"].diff().dropna()
    of_account = kstest(own, "expon", args=(0, accounts / rate)).pvalue
    report.probable("KS of gaps within an account", float(of_account))
    after = float(np.corrcoef(gaps[:-1], gaps[1:])[0, 1])
    report.near("correlation of successive gaps", after, 0.0, float(len(gaps) ** -0.5))

    figure, (left, right) = panels(2)
    left.errorbar(widths, found, 4 * np.array(errors), fmt="o", color=BLUE, capsize=3, ms=4)
    left.axhline(1, color=GREY, lw=1)
    left.set_xscale("log")
    caption(left, "Exchanges per window (bars: 4 errors)", "window, s", "index of dispersion")
    x = np.linspace(0, 12 / rate, 200)
    beyond = 1 - np.searchsorted(np.sort(gaps), x, "right") / len(gaps)
    right.semilogy(
        x / 1e6, np.maximum(beyond, 0.5 / len(gaps)), color=BLUE, lw=2, label="simulated"
    )
    right.semilogy(x / 1e6, np.exp(-rate * x), "--", color=INK, lw=1, label="exponential")
    caption(right, "Gaps between exchanges", "gap, s", "share longer")
    save(figure, "exchanges_poisson")
    report.close()


def intended(rhythm: Rhythm) -> Floats:
    """Share of each local hour of the week, from Monday 00:00, by the formula of the rhythm."""
    weights = []
    for hour in range(168):
        daily = 1 + rhythm.strength * np.cos(np.pi / 12 * (hour % 24 + 0.5 - rhythm.peak_hour))
        weights.append(daily * (rhythm.weekend if hour >= 5 * 24 else 1.0))
    return np.asarray(np.array(weights) / np.sum(weights), np.float64)


def local_hours(rhythm: Rhythm, weeks: int) -> Any:
    dials = {**simple(48.0), "rhythm": rhythm, "tier": "none"}
    asked = scenario(coders(400, **dials), days=7 * weeks, world=calm())
    rows, _ = simulated(asked)
    offset = build_population(asked).accounts.utc_offset_h[rows["account"].to_numpy()]
    return (rows["ts"].to_numpy() // HOUR_US + offset) % 168


def test_rhythm_of_a_population(report: Report) -> None:
    """An inhomogeneous Poisson process: hours of the week are multinomial by their weights."""
    from scipy.stats import chisquare

    rhythm = Rhythm(peak_hour=15.0, strength=0.7, weekend=0.4)
    counts = np.bincount(local_hours(rhythm, weeks=2), minlength=168)
    total, wanted = counts.sum(), intended(rhythm)
    report.probable("168 hours of the week", float(chisquare(counts, wanted * total).pvalue))
    weekday = counts[:120].reshape(5, 24).sum(axis=0)
    of_day = wanted[:24] / wanted[:24].sum()
    report.probable(
        "24 hours of a weekday", float(chisquare(weekday, of_day * weekday.sum()).pvalue)
    )
    off, on = int(counts[120:].sum()), int(counts[:120].sum())
    factor = off / on * 5 / 2
    error = factor * float(np.sqrt(1 / off + 1 / on))
    report.near("weekend over weekday", factor, rhythm.weekend, error)
    expected = 400 * 48.0 * 14
    report.near("exchanges over expected", total / expected, 1.0, float(expected**-0.5))

    figure, (axes,) = panels(1, width=9)
    axes.step(np.arange(168), counts / total * 168, where="mid", color=BLUE, label="simulated")
    axes.plot(np.arange(168), wanted * 168, ".", color=RED, ms=4, label="intended")
    axes.set_xticks(np.arange(0, 169, 24))
    caption(
        axes, "Exchanges by hour of the week, local time", "hours from Monday 00:00", "over mean"
    )
    save(figure, "rhythm")
    report.close()
