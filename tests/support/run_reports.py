"""Runs for tests of their report: summed up, or made by hand with whatever may happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sim.reporting.run_charts import Shown, ShownRun
from sim.reporting.run_report import Report
from sim.summaries.run_figures import (
    Adoption,
    Distribution,
    Events,
    RunFigures,
    Spread,
)

HOURS = 96
TOKENS = Spread(100, 5_000.0, 3_000.0, 9_000.0, 40_000.0, 50_000.0)
DOLLARS = Spread(100, 0.5, 0.3, 0.9, 4.0, 5.0)


def distribution(*numbers: int) -> Distribution:
    """The distribution of these numbers of exchanges."""
    values, frequencies = np.unique(np.array(numbers, np.int64), return_counts=True)
    return Distribution(values, frequencies.astype(np.int64))


def made_up(groups: Sequence[str] = ("pool", "coders"), **changes: object) -> RunFigures:
    """A run of four days with a release, an incident, bans and replacements.

    Each group has a hundred accounts; of the first the mean is far above the median.
    """
    skewed = distribution(*[1] * 60, *[10] * 30, *[500] * 10)
    by_hour = {g: np.full(HOURS, 60 - 5 * k, np.int64) for k, g in enumerate(groups)}
    sums = {g: int(x.sum()) for g, x in by_hour.items()}
    hours = np.arange(HOURS)
    bans = np.zeros(HOURS, np.int64)
    bans[[3, 50]] = 2
    adoption = Adoption(
        "new-model",
        48.0,
        {g: np.where(hours < 48, 0.0, 0.4) for g in groups},
        {g: 0.4 - 0.1 * k for k, g in enumerate(groups)},
        {g: 0.6 - 0.1 * k for k, g in enumerate(groups)},
    )
    grid = np.zeros((12, 24), np.int64)
    grid[0, 5], grid[3, 9], grid[6, 14] = 100, 50, 25
    summary = RunFigures(
        name="made-up",
        seed=5,
        by="actor",
        groups=tuple(groups),
        titles={g: f"The {g}" for g in groups},
        opened="2026-02-02T00:00:00+00:00",
        hours=HOURS,
        timezone="UTC",
        counts={
            g: dict.fromkeys(("C1", "C2", "C3", "C4"), n) | {"C5": n // 8, "C6": n // 8}
            for g, n in sums.items()
        },
        distributions={
            unit: dict.fromkeys(groups, skewed)
            for unit in ("task", "session", "account", "account_day")
        },
        tokens={unit: dict.fromkeys(groups, TOKENS) for unit in ("task", "session", "account")},
        cost_usd={unit: dict.fromkeys(groups, DOLLARS) for unit in ("task", "session", "account")},
        left_out=("Something is not there.",),
        by_hour=by_hour,
        by_hour_of_week={g: np.full((7, 24), 4, np.int64) for g in groups},
        hours_of_week=np.ones((7, 24)),
        lorenz=dict.fromkeys(groups, np.linspace(0, 1, 101) ** 2),
        gini=dict.fromkeys(groups, 0.33),
        task_grid=dict.fromkeys(groups, grid),
        context_by_step=dict.fromkeys(groups, np.linspace(1_000, 9_000, 100)),
        events=Events({"new-model": 48.0}, ((10.0, 14.0),), bans, bans),
        adoptions=(adoption,),
    )
    return replace(summary, **changes)  # type: ignore[arg-type]


def shown_of(*summaries: RunFigures, scale: float = 1.0) -> Shown:
    """These runs as a report shows them, named a, b and so on if there are several."""
    names = [summaries[0].name] if len(summaries) == 1 else "abcdef"[: len(summaries)]
    return Shown(tuple(ShownRun(n, x, scale) for n, x in zip(names, summaries, strict=True)))


def report_of_made_up(*summaries: RunFigures) -> Report:
    """A report of runs that were made by hand."""
    return Report(shown_of(*summaries), "sim report made-up --html report.html")
