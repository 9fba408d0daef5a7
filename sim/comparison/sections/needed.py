"""Section `needed`: the runs, users or prompts that it takes to reach a reported count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.comparison.claims.cases import Case
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.posterior import Inferred, inferences
from sim.comparison.inference.quantiles import Span, span
from sim.comparison.plain_words import plain_number, unit_words
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.strength import one_digit
from sim.comparison.tables import Table, number_column, span_cells, span_columns, text_column
from sim.comparison.wording import or_list, short_number
from sim.tables.conventions import CONVENTIONS

INFERRED_NOTES = (
    "Ranges of 90 % given the count, with the prior of the lever, of what was counted and of what "
    "was found. They are what `calibration` checks.",
)
_USUAL_CONVENTION = "C2"
_FEATURED_CASE = "A4"
_MOST_SAID = 4


@dataclass(frozen=True)
class Needed:
    """How much of its driver a hypothesis needs to reach one claim under one convention.

    Counted of a whole cluster: the accuser's errors play no part.

    Attributes
    ----------
    case, target
        The claim, and the lower end of its count in exchanges.
    hypothesis
        Id of the hypothesis.
    driver
        The parameter that grows until the count is reached, as `work.factor`.
    convention
        Convention under which exchanges are counted.
    needed
        Values of the driver, all other parameters drawn from their priors; 0 where the rest
        suffices. What a unit of it counts is taken where there are many, so that less than one
        whole run is a part of one.
    stated
        The prior of the driver.
    reached
        Share of the prior draws whose count reaches `target`.
    """

    case: str
    target: float
    hypothesis: str
    driver: str
    convention: str
    needed: Span
    stated: Span
    reached: float


@dataclass(frozen=True)
class Effort:
    """The result of the section.

    Attributes
    ----------
    needed
        What it takes to reach each count, whatever is believed of the driver.
    inferred
        What a count leaves of the driver and of the true count, its prior included.
    """

    needed: tuple[Needed, ...]
    inferred: tuple[Inferred, ...]


def compute(inputs: Inputs) -> Effort:
    """Turn every count into values of the drivers."""
    cases = inputs.comparison.cases
    return Effort(
        needed(inputs.model, cases), inferences(inputs.model, cases, inputs.settings.reading)
    )


def needed(model: EvidenceModel, cases: Sequence[Case]) -> tuple[Needed, ...]:
    """Return the need of every hypothesis for every case under its possible conventions.

    Returns
    -------
    tuple
        By case, then by hypothesis, then by convention.
    """
    return tuple(
        _needed(case, hypothesis, model, convention)
        for case in cases
        for hypothesis in model.library.hypotheses.values()
        for convention in case.conventions
    )


def _needed(case: Case, hypothesis: Hypothesis, model: EvidenceModel, convention: str) -> Needed:
    """Solve `rest + each * driver = target` for the driver, draw by draw.

    `each` is the count of a unit of the driver, taken from draws with a thousand times as many.
    `rest` is what the other works of the hypothesis count.
    """
    target, row = case.interval("count").low, list(CONVENTIONS).index(convention)
    large, draws = model.at_large(hypothesis.id), model.base(hypothesis.id)

    by_driver = large.by_work[hypothesis.driver.split(".")[0]][row]
    rest = large.counts[row] - by_driver
    each = by_driver / large.parameters[hypothesis.driver]
    values = np.maximum(target - rest, 0) / np.maximum(each, 1e-9)

    return Needed(
        case=case.id,
        target=target,
        hypothesis=hypothesis.id,
        driver=hypothesis.driver,
        convention=convention,
        needed=span(values),
        stated=span(draws.parameters[hypothesis.driver]),
        reached=float((draws.counts[row] >= target).mean()),
    )


def needed_table(comparison: Comparison, effort: Effort) -> Table:
    """Return a row for each claim, hypothesis and convention; text has one convention a claim."""
    columns = (
        text_column("claim", "claim"),
        number_column("target", "at least", "exchanges"),
        text_column("explanation", "explanation"),
        text_column("convention", "counted"),
        text_column("lever", "what is needed"),
        *span_columns("needed", "needed", ""),
        *span_columns("prior", "assumed", ""),
        number_column("reached", "reach it", "", "share"),
    )

    rows = tuple(
        (
            x.case,
            x.target,
            x.hypothesis,
            x.convention,
            x.driver,
            *span_cells(x.needed),
            *span_cells(x.stated),
            x.reached,
        )
        for x in effort.needed
    )
    conventions = {x.id: usual_convention(x) for x in comparison.cases}

    return Table(
        "needed",
        "needed",
        say_needed(comparison, effort),
        columns,
        rows,
        wide=("needed_p25", "needed_p75", "prior_p25", "prior_p75"),
        shown=tuple(row for row in rows if row[3] == conventions[str(row[0])]),
    )


def inferred_table(comparison: Comparison, effort: Effort) -> Table:
    """Return what a reported count leaves of the driver and of the true count, by case."""
    columns = (
        text_column("claim", "claim"),
        text_column("explanation", "if this is true"),
        text_column("lever", "lever"),
        number_column("lever_low", "5 %"),
        number_column("lever_high", "95 %"),
        number_column("c2_low", "true count 5 %", "exchanges, C2"),
        number_column("c2_high", "95 %", "exchanges, C2"),
    )

    rows = tuple(
        (x.case, x.hypothesis, x.driver, x.driver_low, x.driver_high, x.c2_low, x.c2_high)
        for x in effort.inferred
    )
    finding = say_inferred(comparison, effort)
    return Table("inferred", "needed", finding, columns, rows, INFERRED_NOTES)


def usual_convention(case: Case) -> str:
    """Return the convention by which a case is shown: C2 where it may be counted so."""
    usual = _USUAL_CONVENTION in case.conventions
    return _USUAL_CONVENTION if usual else case.conventions[0]


def say_needed(comparison: Comparison, effort: Effort) -> str:
    """Say what one claim takes at the median, for the first hypothesis of each lever.

    The claim is A4 where it is compared, else the largest.
    """
    if not effort.needed:
        return ""
    case = max(comparison.cases, key=lambda x: (x.id == _FEATURED_CASE, x.interval("count").low))
    convention = usual_convention(case)
    of_case = [x for x in effort.needed if (x.case, x.convention) == (case.id, convention)]

    first: dict[str, Needed] = {}
    for x in of_case:
        if x.needed.median > 0:
            first.setdefault(x.driver.split(".")[1], x)
    parts = [
        f"{one_digit(x.needed.median)} {unit_words(unit)} "
        f"({comparison.lowered_title(x.hypothesis)})"
        for unit, x in list(first.items())[:_MOST_SAID]
    ]
    parts += [
        f"nothing more of {comparison.lowered_title(x.hypothesis)}, whose other work suffices"
        for x in of_case
        if x.needed.median == 0
    ]
    if not parts:
        return ""
    target = plain_number(case.interval("count").low)
    return f"{target} exchanges ({case.id}, counted as {convention}) would take about " + or_list(
        parts
    )


def say_inferred(_: Comparison, effort: Effort) -> str:
    """Say how uncertain the true count is behind a reported one, over all cases and hypotheses."""
    if not effort.inferred:
        return ""
    factors = [x.c2_high / x.c2_low for x in effort.inferred]
    return (
        "Behind a reported count the answered requests of the whole cluster are uncertain by a "
        f"factor of {short_number(min(factors))} to {short_number(max(factors))} (90 %), as what "
        "was counted and found is not known"
    )


SECTION = Section(
    id="needed",
    question="what it would take to reach the reported counts",
    tables=(needed_table, inferred_table),
    compute=compute,
    findings=(say_needed,),
    importance=2,
    charts=("sim.reporting.charts.needed_chart:needed",),
)
