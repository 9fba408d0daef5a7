"""Charts of finished runs: each answers one question, from numbers that stay small."""

from __future__ import annotations

from sim.reporting.charts.layout import Chart
from sim.reporting.run_charts.amplification_charts import amplification, context
from sim.reporting.run_charts.concentration_charts import concentration, tokens_and_cost
from sim.reporting.run_charts.convention_chart import conventions
from sim.reporting.run_charts.distribution_charts import distributions, exchange_distributions
from sim.reporting.run_charts.release_chart import release
from sim.reporting.run_charts.rows_chart import rows
from sim.reporting.run_charts.shown import Shown, ShownRun
from sim.reporting.run_charts.time_chart import by_hour
from sim.reporting.run_charts.week_chart import week

__all__ = ["SECTIONS", "Shown", "ShownRun", "charts_of_runs", "wide_chart"]

# The questions of a report, each with the charts below it, in the order of the page.
SECTIONS = {
    "rows": "What are its exchanges, one by one?",
    "exchanges": "How many exchanges does one task, one account, one run take?",
    "conventions": "What is counted as an exchange?",
    "time": "When?",
    "release": "Who moves when a new model comes out?",
    "concentration": "How much lies on a few accounts, and what does it cost?",
    "amplification": "How do tokens grow with exchanges?",
}


def charts_of_runs(shown: Shown) -> tuple[Chart, ...]:
    """Return the charts of one run or several in the order of `SECTIONS`; nothing is drawn yet.

    What a chart needs and no run has, such as tasks without truth, leaves it out.
    """
    made = [
        *(rows(shown, run) for run in shown.runs),
        *distributions(shown),
        conventions(shown),
        by_hour(shown),
        week(shown),
        release(shown),
        concentration(shown),
        tokens_and_cost(shown),
        amplification(shown),
        context(shown),
    ]
    return tuple(x for x in made if x is not None)


def wide_chart(shown: Shown) -> Chart | None:
    """Return the chart of tasks and accounts side by side, for a README or a slide."""
    return exchange_distributions(shown)
