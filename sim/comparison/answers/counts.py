"""What was reported, what runs amount to, and what it takes to reach a count."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from math import log10
from statistics import median

from sim.catalog import Claim
from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import (
    counted,
    number,
    plural,
    span_cells,
    span_columns,
    text,
    title_of,
)
from sim.comparison.tables import Cell, Table, short_number

ALLEGATIONS = (
    "The claims are allegations by an interested party, each from a single source. They are data "
    "to compare with, not facts that anybody here has checked."
)
OWN_CLAIMS = "Claims are taken as their source states them; nobody here has checked them."


MODEL_NOTES = (
    "A step is one answered model request: C2. Steps were measured on 500 SWE-bench Verified tasks "
    "and carried over to the full set, whose tasks are thought to be harder.",
    "No model was measured twice on a task; how much repeated runs share is a lower bound.",
)


INFERRED_NOTES = (
    "Ranges of 90 % given the count, with the prior of the lever, of what was counted and of what "
    "was found. They are what `calibration` checks.",
)
PREDICTION_NOTES = (
    "C2 is what the whole cluster did; `reported` is what an accuser finds, links, counts under "
    "some convention, and publishes.",
    "`>= A4`: share of the draws that reach the lower end of claim A4.",
)


def figure_words(claim: Claim) -> str:
    """Return a figure as it was reported, such as `over 3,400,000 exchanges`."""
    if claim.value is None:
        return "no figure"
    if claim.bound == "between":
        return f"between {claim.low:,.15g} and {claim.high:,.15g} {claim.unit}"
    said = "" if claim.bound in (None, "exact") else f"{claim.bound} "
    return f"{said}{claim.value:,.15g} {claim.unit}"


def claims_table(a: Analysis) -> Table:
    columns = (
        text("claim", "claim"),
        text("report", "report"),
        text("date", "date"),
        text("actor", "actor"),
        text("metric", "metric"),
        text("figure", "figure"),
        number("value", "value", "", "id"),
        number("window_days", "window", "days", "number"),
        text("status", "status"),
        text("reading", "how it was read"),
        text("not_said", "what the source does not say"),
        text("source", "source"),
    )
    rows = tuple(
        (
            x.id,
            x.report,
            str(x.date),
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
        for x in a.claims
    )
    return Table(
        "claims",
        "claims",
        say_claims(a),
        columns,
        rows,
        (ALLEGATIONS,),
        ("date", "metric", "value", "reading", "not_said", "source"),
    )


def documents_table(a: Analysis) -> Table:
    keys = ("id", "statement", "finding", "verdict", "convention", "source", "note")
    columns = tuple(text(key, key) for key in keys)
    rows = tuple(tuple(asdict(x)[key] for key in keys) for x in a.documents)
    wide = ("convention", "source", "note")
    return Table("documents", "documents", say_documents(a), columns, rows, (), wide)


def models_table(a: Analysis) -> Table:
    counts = [x.claims["count"] for x in a.cases]
    columns = [
        text("model", "model"),
        number("steps", "steps/task", "exchanges", "number"),
        number("run_median", "one run", "exchanges, C2"),
        number("run_low", "2.5 %", "exchanges, C2"),
        number("run_high", "97.5 %", "exchanges, C2"),
    ]
    wide = []
    for x in counts:
        columns += [
            number(f"runs_{x.id}", f"runs to {x.id}", "runs"),
            number(f"runs_{x.id}_low", "2.5 %", "runs"),
            number(f"runs_{x.id}_high", "97.5 %", "runs"),
        ]
        wide += [f"runs_{x.id}_low", f"runs_{x.id}_high"]
    rows = []
    for m in a.models:
        cells: list[Cell] = [m.model, m.mean_steps]
        cells += [m.exchanges.median, m.exchanges.low_95, m.exchanges.high_95]
        for needed in m.runs_needed:
            cells += [needed.runs.median, needed.runs.low_95, needed.runs.high_95]
        rows.append(tuple(cells))
    return Table(
        "benchmark-runs",
        "benchmark-runs",
        say_models(a),
        tuple(columns),
        tuple(rows),
        MODEL_NOTES,
        tuple(wide),
    )


def needed_table(a: Analysis) -> Table:
    columns = (
        text("claim", "claim"),
        number("target", "at least", "exchanges"),
        text("explanation", "explanation"),
        text("convention", "counted"),
        text("lever", "what is needed"),
        *span_columns("needed", "needed", ""),
        *span_columns("prior", "assumed", ""),
        number("reached", "reach it", "", "share"),
    )
    rows = tuple(
        (
            x.case,
            x.target,
            x.hypothesis,
            x.convention,
            x.lever,
            *span_cells(x.needed),
            *span_cells(x.stated),
            x.reached,
        )
        for x in a.needed
    )
    wide = ("needed_p25", "needed_p75", "prior_p25", "prior_p75")
    shown = [row for row in rows if row[3] == counted_for(a, str(row[0]))]
    return Table("needed", "needed", say_needed(a), columns, rows, (), wide, tuple(shown))


def inferred_table(a: Analysis) -> Table:
    """What a reported count leaves of the lever and of the true count."""
    columns = (
        text("claim", "claim"),
        text("explanation", "if this is true"),
        text("lever", "lever"),
        number("lever_low", "5 %"),
        number("lever_high", "95 %"),
        number("c2_low", "true count 5 %", "exchanges, C2"),
        number("c2_high", "95 %", "exchanges, C2"),
    )
    rows = tuple(
        (x.case, x.hypothesis, x.driver, x.driver_low, x.driver_high, x.c2_low, x.c2_high)
        for x in a.inferred
    )
    return Table("inferred", "needed", say_inferred(a), columns, rows, INFERRED_NOTES)


def say_inferred(a: Analysis) -> str:
    """How uncertain the true count is behind a reported one."""
    if not a.inferred:
        return ""
    factors = [x.c2_high / x.c2_low for x in a.inferred]
    return (
        "Behind a reported count the answered requests of the whole cluster are uncertain by a "
        f"factor of {short_number(min(factors))} to {short_number(max(factors))} (90 %), as what "
        "was counted and found is not known"
    )


def predictions_table(a: Analysis) -> Table:
    ids = [x.id for x in a.cases]
    columns = [
        text("explanation", "explanation"),
        text("convention", "counted"),
        *span_columns("count", "count", "exchanges"),
        *(number(f"above_{x}", f">= {x}", "", "share") for x in ids),
        *(number(f"inside_{x}", f"in {x}", "", "share") for x in ids),
    ]
    rows = tuple(
        (
            x.hypothesis,
            x.convention,
            *span_cells(x.count),
            *(x.above[k] for k in ids),
            *(x.inside[k] for k in ids),
        )
        for x in a.predicted
    )
    wide = ("count_p25", "count_p75", *(f"inside_{x}" for x in ids))
    shown = tuple(row for row in rows if row[1] in ("C2", "reported"))
    return Table(
        "predictions",
        "predictions",
        say_predictions(a),
        tuple(columns),
        rows,
        PREDICTION_NOTES,
        wide,
        shown,
    )


def say_claims(a: Analysis) -> str:
    """What was reported."""
    status = Counter(str(x.status) for x in a.claims)
    windows = sum(x.window_days is not None for x in a.claims)
    return (
        f"{plural(len(a.claims), 'figure')} of "
        f"{plural(len({x.report for x in a.claims}), 'report')}, {counted(status)}; {windows} of "
        "them with a window of time, none with a definition of an exchange"
    )


def say_documents(a: Analysis) -> str:
    """How the arithmetic of the documents fares."""
    if not a.documents:
        return ""
    counts = Counter(x.finding for x in a.documents)
    parts = [f"{finding}: {n}" for finding, n in counts.most_common()]
    return f"Lines of the documents' arithmetic, {len(a.documents)} in all: {', '.join(parts)}"


def say_models(a: Analysis) -> str:
    """What a full benchmark run amounts to."""
    if not a.models:
        return ""
    sizes = [m.exchanges.median for m in a.models]
    first = a.models[0]
    return (
        f"One full run of {first.benchmark} by {first.agent} is {short_number(min(sizes))} to "
        f"{short_number(max(sizes))} exchanges (C2), depending on the model; with the median model "
        f"{short_number(median(sizes))}"
    )


def counted_for(a: Analysis, case: str) -> str:
    """Return the convention by which the text shows a case: C2 where it may be counted so."""
    conventions = next(x.conventions for x in a.cases if x.id == case)
    return "C2" if "C2" in conventions else conventions[0]


def say_needed(a: Analysis) -> str:
    """What one claim takes under each explanation, at the median."""
    if not a.needed:
        return ""
    case = max(a.cases, key=lambda x: (x.id == "A4", x.interval("count").low))
    counted = counted_for(a, case.id)
    own = [x for x in a.needed if x.case == case.id and x.convention == counted]
    parts = [
        f"{short_number(x.needed.median)} {x.lever.split('.')[1].replace('_', ' ')} by "
        f"{title_of(a, x.hypothesis)}"
        for x in own
        if x.needed.median > 0
    ]
    parts += [
        f"none by {title_of(a, x.hypothesis)}, whose other work suffices"
        for x in own
        if x.needed.median == 0
    ]
    target = short_number(case.interval("count").low)
    return (
        f"To reach {target} ({case.id}, counted as {counted}) takes, at the median: "
        + "; ".join(parts)
    )


def say_predictions(a: Analysis) -> str:
    """How wide the predictions are, and whether they overlap."""
    spans = [x.count for x in a.predicted if x.convention == "reported"]
    if not spans:
        return ""
    decades = [_decades(x.p05, x.p95) for x in spans]
    low, high = max(x.p05 for x in spans), min(x.p95 for x in spans)
    common = (
        f"counts of {short_number(low)} to {short_number(high)} are within what every one of them "
        "predicts"
        if low < high
        else "no count is within what every one of them predicts"
    )
    return (
        f"Each explanation predicts counts over {min(decades):.1f} to {max(decades):.1f} powers of "
        f"ten, and {common} (5 to 95 %)"
    )


def _decades(low: float, high: float) -> float:
    return log10(max(high, 1) / max(low, 1))
