"""Section `predictions`: how many exchanges each hypothesis makes one expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Interval, Reading
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.in_threads import in_threads
from sim.comparison.inference.quantiles import Span, span
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import Table, number_column, span_cells, span_columns, text_column
from sim.comparison.wording import short_number
from sim.tables.conventions import CONVENTIONS

REPORTED = "reported"
NOTES = (
    "C2 is what the whole cluster did; `reported` is what an accuser finds, links, counts under "
    "some convention, and publishes.",
    "`>= A4`: share of the draws that reach the lower end of claim A4.",
)
_PRINTED = ("C2", REPORTED)
_LEVELS = np.arange(1, 100) / 100


@dataclass(frozen=True)
class Predicted:
    """The predicted count of one hypothesis, under one convention or as reported.

    Attributes
    ----------
    hypothesis
        Id of the hypothesis.
    convention
        C1 to C6 of the whole cluster, or `reported`: found, linked and published.
    count
        Quantiles of the count, in exchanges.
    inside
        By case, share of the draws within the limits of its count.
    above
        By case, share of the draws at or above the lower limit of its count.
    percentiles
        The count at 1, 2, ... 99 %, in exchanges.
    """

    hypothesis: str
    convention: str
    count: Span
    inside: Mapping[str, float]
    above: Mapping[str, float]
    percentiles: tuple[float, ...]


def compute(inputs: Inputs) -> tuple[Predicted, ...]:
    """Predict the counts of all hypotheses under the priors as stated."""
    return predicted(inputs.model, inputs.comparison.cases, inputs.settings.reading)


def predicted(
    model: EvidenceModel, cases: Sequence[Case], reading: Reading = "rounded"
) -> tuple[Predicted, ...]:
    """Return the prior predictive distribution of the count of every hypothesis.

    Parameters
    ----------
    model
        The draws of the hypotheses.
    cases
        The counts whose place in the distribution is told.
    reading
        What "over" means in these counts.

    Returns
    -------
    tuple
        For each hypothesis, one under each convention, then the one `reported`.
    """
    limits = {case.id: case.interval("count", reading) for case in cases}

    def of_one(id_: str) -> list[Predicted]:
        """Return those of one hypothesis."""
        by_convention = zip(CONVENTIONS, model.base(id_).counts, strict=True)
        predictions = [_predicted(id_, name, counts, limits) for name, counts in by_convention]
        published = model.published(id_)["count"]
        return [*predictions, _predicted(id_, REPORTED, published, limits)]

    return tuple(x for predictions in in_threads(of_one, model.ids) for x in predictions)


def _predicted(
    hypothesis: str, convention: str, count: Floats | Ints, limits: Mapping[str, Interval]
) -> Predicted:
    """Summarise drawn counts (n,): their quantiles, and the place of each case among them."""
    return Predicted(
        hypothesis=hypothesis,
        convention=convention,
        count=span(count),
        inside={k: float(((count >= x.low) & (count < x.high)).mean()) for k, x in limits.items()},
        above={k: float((count >= x.low).mean()) for k, x in limits.items()},
        percentiles=tuple(np.quantile(count, _LEVELS).tolist()),
    )


def predictions_table(comparison: Comparison, predictions: tuple[Predicted, ...]) -> Table:
    """Return a row for each hypothesis and convention; text has C2 and `reported`."""
    ids = [x.id for x in comparison.cases]
    columns = (
        text_column("explanation", "explanation"),
        text_column("convention", "counted"),
        *span_columns("count", "count", "exchanges"),
        *(number_column(f"above_{x}", f">= {x}", "", "share") for x in ids),
        *(number_column(f"inside_{x}", f"in {x}", "", "share") for x in ids),
    )

    rows = tuple(
        (
            x.hypothesis,
            x.convention,
            *span_cells(x.count),
            *(x.above[k] for k in ids),
            *(x.inside[k] for k in ids),
        )
        for x in predictions
    )

    return Table(
        "predictions",
        "predictions",
        say_predictions(comparison, predictions),
        columns,
        rows,
        NOTES,
        wide=("count_p25", "count_p75", *(f"inside_{x}" for x in ids)),
        shown=tuple(row for row in rows if row[1] in _PRINTED),
    )


def say_predictions(_: Comparison, predictions: tuple[Predicted, ...]) -> str:
    """Say how wide the predictions are, and which counts lie in all of them, from 5 to 95 %."""
    spans = [x.count for x in predictions if x.convention == REPORTED]
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
    """Return how many powers of ten lie between two counts; counts below 1 are taken as 1."""
    return log10(max(high, 1) / max(low, 1))


SECTION = Section(
    id="predictions",
    question="how many exchanges each explanation makes one expect",
    tables=(predictions_table,),
    compute=compute,
    charts=(
        "sim.reporting.charts.predictions_chart:expected",
        "sim.reporting.charts.predictions_chart:predictions",
    ),
)
