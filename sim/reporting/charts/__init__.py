"""Charts of an analysis: titles that say what was found, files that are the same on repeat."""

from __future__ import annotations

from importlib import import_module

from sim.comparison.analysis import SECTIONS, Analysis
from sim.reporting.charts.layout import Chart, write_charts

__all__ = ["Chart", "charts_of", "write_charts"]


def charts_of(analysis: Analysis) -> tuple[Chart, ...]:
    """Return the charts of the asked sections, in their order; nothing is drawn yet.

    A section without results has no chart, and some charts need more than there is, such as cases.
    The functions that make charts are named in `SECTIONS`, and their modules are imported here.
    """
    charts = (
        _chart(reference, analysis, result)
        for section, result in analysis.results.items()
        for reference in SECTIONS[section].charts
    )
    return tuple(chart for chart in charts if chart is not None)


def _chart(reference: str, analysis: Analysis, result: object) -> Chart | None:
    """Call the function that `reference` names as "module:function".

    It gets the analysis and the result of its section, and returns None where there is nothing to
    draw.
    """
    module, _, function = reference.partition(":")
    chart: Chart | None = getattr(import_module(module), function)(analysis, result)
    return chart
