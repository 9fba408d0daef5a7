"""What runs show that stand in the place of claims."""

from __future__ import annotations

from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import number, plural, text
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.tables import Form, Row, Table

RUN_NOTES = (
    "Seen whole and counted as C2, without an accuser's errors. Exchanges per account and per task "
    "are means, Gini is that of exchanges over accounts, repeated are prompts sent before, shared "
    "accounts that pay with an instrument of another.",
)


_SHORT = {
    "accounts": "accounts",
    "exchanges_per_account": "per account",
    "concentration": "Gini",
    "exchanges_per_task": "per task",
    "item_repetition": "repeated",
    "moved_24h": "moved",
    "synchrony": "synchrony",
    "shared_instruments": "shared",
}


def runs_table(a: Analysis) -> Table:
    """Observables of runs, or of their actors."""
    columns = (
        text("run", "run"),
        number("scale", "scale", "", "number"),
        *(
            number(name, title, OBSERVABLES[name].unit, _form_of(name))
            for name, title in _SHORT.items()
        ),
        text("truth", "truth (C2)"),
    )
    rows = tuple(
        (
            x.name,
            x.scale,
            *(getattr(x, name) for name in _SHORT),
            ", ".join(f"{k} {100 * v:.3g} %" for k, v in x.truth.items()) or None,
        )
        for x in a.runs
    )
    return Table("runs", "odds", say_runs(a), columns, rows, RUN_NOTES, ("scale",))


def _form_of(name: str) -> Form:
    return "share" if OBSERVABLES[name].kind == "share" else "number"


def say_runs(a: Analysis) -> str:
    """What the runs are."""
    return f"{plural(len(a.runs), 'cluster')} of simulated runs, weighed in place of claims"


def run_counts_table(a: Analysis) -> Table:
    """Counts of runs under each convention, and as multiples of the claims."""
    columns = (
        text("run", "run"),
        text("convention", "counted"),
        number("count", "count", "exchanges", "id"),
        *(number(f"of_{x.id}", f"/ {x.id}", "", "number") for x in a.cases),
    )
    rows: tuple[Row, ...] = tuple(
        (x.name, c, count, *(count / case.interval("count").low for case in a.cases))
        for x in a.runs
        for c, count in x.counts.items()
    )
    return Table("run-counts", "odds", say_run_counts(a), columns, rows)


def say_run_counts(a: Analysis) -> str:
    """How many times what is counted changes a count."""
    spans = [max(x.counts.values()) / max(min(x.counts.values()), 1) for x in a.runs]
    if not spans:
        return ""
    return (
        f"What is counted as an exchange changes the count of a cluster by a factor of "
        f"{min(spans):.2g} to {max(spans):.2g}"
    )
