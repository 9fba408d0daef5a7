"""The move to a new model within a day."""

from __future__ import annotations

from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import number, span_cells, span_columns, text, title_of
from sim.comparison.tables import Row, Table

PIVOT_NOTES = (
    "No provider publishes how fast clients of different kinds follow a release. Every curve here "
    "is a prior of the catalog; the half within a day is itself taken from the claim.",
)


def adoption_table(a: Analysis) -> Table:
    columns = (
        text("typology", "typology"),
        text("title", "kind of client"),
        text("kind", ""),
        *span_columns("moved", "moved after a day", "", "share"),
        *(number(f"median_{h}h", f"{h} h", "", "share") for h in (6, 12, 24, 48)),
        text("status", "status"),
        text("source", "source"),
    )
    rows = tuple(
        (
            x.typology,
            x.title,
            "extraction" if x.is_extraction else "other",
            *span_cells(x.after_a_day),
            *(x.median[x.hours.index(h)] for h in (6, 12, 24, 48)),
            x.status,
            x.source,
        )
        for x in a.curves
    )
    wide = ("moved_p25", "moved_p75")
    return Table("adoption", "pivot", say_pivot(a), columns, rows, PIVOT_NOTES, wide)


def switches_table(a: Analysis) -> Table:
    weights = sorted({w for x in a.switches for w in x.ratios})
    columns = (
        text("against", f"{a.settings.accused} :"),
        *(number(f"switch_{w:g}", f"switch {100 * w:g} %", "", "number") for w in weights),
    )
    rows: tuple[Row, ...] = tuple((x.against, *(x.ratios[w] for w in weights)) for x in a.switches)
    return Table("default-switch", "pivot", say_switches(a), columns, rows)


def say_pivot(a: Analysis) -> str:
    """What the adoption curves are."""
    if not a.curves:
        return ""
    others = [x.after_a_day for x in a.curves if not x.is_extraction]
    return (
        f"No public data say how fast legitimate clients follow a release: the {len(others)} "
        f"curves of the catalog are priors, with {100 * min(x.p05 for x in others):.0f} to "
        f"{100 * max(x.p95 for x in others):.0f} % moved after a day"
    )


def say_switches(a: Analysis) -> str:
    """What the move says, by whether the other explanation switches a default."""
    if not a.switches:
        return ""
    x = a.switches[0]
    low, high = min(x.ratios), max(x.ratios)
    return (
        f"That nearly half of the traffic moved within a day (A9) multiplies the odds of "
        f"{title_of(a, a.settings.accused)} to {title_of(a, x.against)} by {x.ratios[low]:.2g} if "
        f"the latter never switches a default and by {x.ratios[high]:.2g} if it always does"
    )
