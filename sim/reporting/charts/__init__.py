"""Charts of an analysis: titles that say what was found, files that are the same on repeat."""

from __future__ import annotations

from collections.abc import Callable

from sim.comparison.analysis import SECTIONS, Analysis
from sim.reporting.charts import (
    adoption,
    benchmark_runs,
    calibration,
    design,
    odds,
    prior_odds,
    quantities,
    sensitivity,
)
from sim.reporting.charts.layout import Chart, write_charts

__all__ = ["Chart", "charts_of", "write_charts"]

# Section, the field of `Analysis` that must not be empty, and how the chart is made.
_CHARTS: tuple[tuple[str, str, Callable[[Analysis], Chart]], ...] = (
    ("benchmark-runs", "models", benchmark_runs.benchmark_runs),
    ("needed", "needed", quantities.needed),
    ("predictions", "predicted", quantities.predictions),
    ("odds", "odds", odds.odds_claims),
    ("odds", "growing", odds.odds_curves),
    ("priors-needed", "odds", prior_odds.priors_needed),
    ("design", "beside", design.design),
    ("design", "confusions", design.confusion),
    ("pivot", "curves", adoption.pivot),
    ("sensitivity", "indices", sensitivity.sensitivity),
    ("sensitivity", "bars", sensitivity.tornado),
    ("calibration", "reliabilities", calibration.calibration),
)


def charts_of(analysis: Analysis) -> tuple[Chart, ...]:
    """Return the charts of all asked sections whose answers are there, in their order."""
    order = list(SECTIONS)
    return tuple(
        make(analysis)
        for section, field, make in sorted(_CHARTS, key=lambda x: order.index(x[0]))
        if section in analysis.settings.sections and getattr(analysis, field)
    )
