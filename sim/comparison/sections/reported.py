"""Section `claims`: what was reported, and what the reports do not say."""

from __future__ import annotations

from collections import Counter

from sim.comparison.section import Comparison, Section, no_result
from sim.comparison.tables import Table, number_column, text_column
from sim.comparison.wording import counted, figure_words, plural

ALLEGATIONS = (
    "The claims are allegations by an interested party, each from a single source. They are data "
    "to compare with, not facts that anybody here has checked."
)


def claims_table(comparison: Comparison, _: None) -> Table:
    """Return a row for each claim with everything that is known of its source.

    All claims of the compared cases are there, those too that give no count.
    """
    columns = (
        text_column("claim", "claim"),
        text_column("report", "report"),
        text_column("date", "date"),
        text_column("actor", "actor"),
        text_column("metric", "metric"),
        text_column("figure", "figure"),
        number_column("value", "value", "", "id"),
        number_column("window_days", "window", "days", "number"),
        text_column("status", "status"),
        text_column("reading", "how it was read"),
        text_column("not_said", "what the source does not say"),
        text_column("source", "source"),
    )

    rows = tuple(
        (
            x.id,
            x.report,
            str(x.date or ""),
            x.actor,
            x.metric,
            figure_words(x),
            x.value,
            x.window_days,
            x.status,
            x.reading,
            x.not_said,
            x.source,
        )
        for x in comparison.claims
    )

    return Table(
        "claims",
        "claims",
        say_claims(comparison),
        columns,
        rows,
        notes=(ALLEGATIONS,),
        wide=("date", "metric", "value", "reading", "not_said", "source"),
    )


def say_claims(comparison: Comparison) -> str:
    """Say how many figures there are, of which status, and how many name a window of time."""
    claims = comparison.claims
    statuses = Counter(str(x.status) for x in claims)
    windows = sum(x.window_days is not None for x in claims)
    return (
        f"{plural(len(claims), 'figure')} of "
        f"{plural(len({x.report for x in claims}), 'report')}, {counted(statuses)}; {windows} of "
        "them with a window of time, none with a definition of an exchange"
    )


SECTION = Section(
    id="claims",
    question="what was reported, and what was not said",
    tables=(claims_table,),
    compute=no_result,
)
