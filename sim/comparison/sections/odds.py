"""Section `odds`: how far reported figures move the odds, one observable after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.clusters.from_runs import Cluster
from sim.comparison.inference import odds as inference
from sim.comparison.inference.evidence_model import WHOLE
from sim.comparison.inference.odds import Evidence, Odds
from sim.comparison.inference.quantiles import Ranged
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections import design, truth
from sim.comparison.sections.design import Expected
from sim.comparison.tables import (
    Cell,
    Column,
    Table,
    number_column,
    ranged_cells,
    ranged_columns,
    text_column,
)
from sim.comparison.wording import added_observable, odds_words, short_number

_MOST_NAMED = 6
_FEW_STEPS = 3
# A factor nearer to 1 is said to leave the odds as they are.
_SLIGHT = 1.05


@dataclass(frozen=True)
class OddsResult:
    """The result of the section.

    Attributes
    ----------
    odds
        The odds of every claim, or of every run where there are runs.
    growing
        What the same observables could be expected to say, from simulated clusters.
    """

    odds: tuple[Odds, ...]
    growing: tuple[Expected, ...]


def compute(inputs: Inputs) -> OddsResult:
    """Weigh the claims or runs, and simulated clusters beside them."""
    return OddsResult(inputs.shared(weigh), inputs.shared(design.expected_growing))


def weigh(inputs: Inputs) -> tuple[Odds, ...]:
    """Weigh every run, or every case where there are no runs."""
    settings = inputs.settings
    return tuple(
        inference.odds(inputs.model, x, settings.accused, settings.prior_odds)
        for x in evidence_of(inputs.comparison)
    )


def evidence_of(comparison: Comparison) -> list[Evidence]:
    """Return what is weighed: the runs, or the cases where there are no runs.

    Claims and runs are never weighed together: a run is known exactly and was not selected by an
    accuser.
    """
    if comparison.runs:
        return [evidence_of_run(x) for x in comparison.runs]
    return [inference.evidence_of(x, comparison.settings.reading) for x in comparison.cases]


def evidence_of_run(cluster: Cluster) -> Evidence:
    """Return the observables of a run, or of an actor of it, as limits of no width.

    Observables that the run does not define are left out; likelihoods widen the others to their
    resolution. The count is C2.
    """
    values = {
        "count": float(cluster.counts["C2"]),
        **{x: getattr(cluster, x) for x in OBSERVABLES if x != "count"},
    }
    limits = {k: Interval(float(v), float(v)) for k, v in values.items() if v is not None}
    return Evidence(cluster.name, limits, (WHOLE,))


# Tables


def cluster_column(comparison: Comparison) -> Column:
    """Return the column that names what is weighed."""
    return text_column("cluster", "run" if comparison.runs else "claim")


def against_column(comparison: Comparison) -> Column:
    """Return the column of the other hypothesis, under the accused one and a colon."""
    return text_column("against", f"{comparison.settings.accused} :")


def odds_table(comparison: Comparison, result: OddsResult) -> Table:
    """Return a row for each cluster, number of observables and other hypothesis.

    Text leaves out steps that add nothing, and steps in the middle where there are many.
    """
    columns = (
        cluster_column(comparison),
        text_column("known", "known"),
        against_column(comparison),
        *ranged_columns("ratio", "ratio"),
        text_column("adds", ""),
    )
    rows = tuple(
        (
            x.evidence.id,
            added_observable(step.known),
            other,
            *ranged_cells(ratio),
            None if step.adds else "implied by what is known",
        )
        for x in result.odds
        for step in x.steps
        for other, ratio in step.ratios.items()
    )

    printed = {x.evidence.id: _printed_steps(x) for x in result.odds}
    shown = tuple(row for row in rows if row[-1] is None and row[1] in printed[str(row[0])])
    finding, notes = say_odds(comparison, result), odds_notes(comparison)
    return Table("odds", "odds", finding, columns, rows, notes, shown=shown)


def _printed_steps(odds: Odds) -> tuple[Cell, ...]:
    """Return the steps that text has: all if they are few, else the first and the last."""
    steps = odds.steps if len(odds.steps) <= _FEW_STEPS else (odds.steps[0], odds.steps[-1])
    return tuple(added_observable(step.known) for step in steps)


def posterior_table(comparison: Comparison, result: OddsResult) -> Table:
    """Return the probabilities of the hypotheses; no row unless prior odds were given."""
    columns = (
        cluster_column(comparison),
        text_column("explanation", "explanation"),
        number_column("prior", "prior odds", "", "number"),
        *ranged_columns("posterior", "probability", "share"),
    )
    prior_odds = comparison.settings.prior_odds or {}

    rows = tuple(
        (x.evidence.id, id_, prior_odds.get(id_, 1.0), *ranged_cells(probability))
        for x in result.odds
        for id_, probability in (x.posterior or {}).items()
    )
    notes = ("Probabilities follow from the prior odds that were given, and from these alone.",)
    finding = "Probabilities for the prior odds that were given"
    return Table("posterior", "odds", finding, columns, rows, notes)


def odds_notes(comparison: Comparison) -> tuple[str, ...]:
    """Return what the ratios do not say."""
    windows = sum(x.window_days is not None for x in comparison.cases)
    unused = (
        "A window of time is shown and not used: days of use come from their prior. To use it: "
        "--set product.days=17 --set relay.days=17, for example.",
    )

    return (
        *(unused if windows and not comparison.runs else ()),
        f"A ratio multiplies whatever odds one had before. `from` and `to` are its ends over "
        f"{len(comparison.settings.sets)} prior sets of the one and as many of the other "
        "explanation.",
        cap_note(comparison),
        "Runs are weighed whole: nobody had to find and publish them."
        if comparison.runs
        else "The ratios hold among published cases: that a count was published is taken as given.",
        "`+ x`: with x and all before it, in the order of the observables.",
    )


def cap_note(comparison: Comparison) -> str:
    """Return the note that so many draws cannot show a larger ratio."""
    n = f"{comparison.settings.draws:,}"
    return (
        f"{n} draws cannot tell more than {n} to 1: a ratio that stands there is at least so large."
    )


# Findings


def say_truth(comparison: Comparison, result: OddsResult) -> str:
    """Say how often the likeliest hypothesis of a run is the true one."""
    return truth.say_truth(comparison, result.odds)


def say_odds(comparison: Comparison, result: OddsResult) -> str:
    """Say how far the count alone moves the odds.

    Left out are comparisons in which the count lies in the tails of one of the two hypotheses.
    """
    if not result.odds:
        return ""
    ratios = [
        ratio
        for x in result.odds
        for other, ratio in x.steps[0].ratios.items()
        if not {other, x.accused} & set(x.outside)
    ]
    comparisons = sum(len(x.steps[0].ratios) for x in result.odds)
    left_out = (
        f"; {comparisons - len(ratios)} of {comparisons} comparisons are left out here, of a count "
        "that one of the two hardly ever makes"
    )
    if not ratios:
        return f"No count is one that two explanations make{left_out}"

    low, high, least, most = _extremes(ratios)
    accused = comparison.lowered_title(comparison.settings.accused)
    return (
        f"The count alone makes {accused} {_change(low, high)} against "
        f"another explanation, with the priors as stated; over all prior sets "
        f"{_change(least, most)} ({_number_weighed(comparison, result)}"
        f"{left_out if comparisons > len(ratios) else ''})"
    )


def _extremes(ratios: Iterable[Ranged]) -> tuple[float, float, float, float]:
    """Return the smallest and largest stated ratio, then those over all prior sets, as log10."""
    listed = list(ratios)
    stated = [x.stated for x in listed]
    return min(stated), max(stated), min(x.low for x in listed), max(x.high for x in listed)


def _change(low: float, high: float) -> str:
    """Return what ratios make of odds, in words: the largest gain and the largest loss.

    `low` and `high` are log10. Factors below 1.05 either way are not worth a word.
    """
    more, less = 10 ** max(high, 0.0), 10 ** max(-low, 0.0)
    parts = [f"up to {short_number(more)} times likelier"] if more >= _SLIGHT else []
    parts += [f"up to {short_number(less)} times less likely"] if less >= _SLIGHT else []
    return " or ".join(parts) or "as likely as before"


def _number_weighed(comparison: Comparison, result: OddsResult) -> str:
    """Return how many runs or claims were weighed, in words; of a single one just the noun."""
    word = "run" if comparison.runs else "claim"
    return word if len(result.odds) == 1 else f"{len(result.odds)} {word}s"


def say_with_more(_: Comparison, result: OddsResult) -> str:
    """Say how far the odds move where more than the count is known; nothing where it never is."""
    more = [x for x in result.odds if len(x.steps) > 1]
    if not more:
        return ""
    low, high, least, most = _extremes(r for x in more for r in x.steps[-1].ratios.values())
    observables = sorted({name for x in more for name in x.steps[-1].known if name != "count"})
    names = ", ".join(x.replace("_", " ") for x in observables)
    ids = [x.evidence.id for x in more]
    clusters = ", ".join(ids) if len(ids) <= _MOST_NAMED else f"{len(ids)} of them"
    return (
        f"With {names} where they are known as well ({clusters}) the odds move by "
        f"{odds_words(low)} to {odds_words(high)} with the priors as stated, and by "
        f"{odds_words(least)} to {odds_words(most)} over all prior sets"
    )


SECTION = Section(
    id="odds",
    question="how far the figures move the odds, one observable after another",
    tables=(odds_table, posterior_table),
    compute=compute,
    findings=(say_truth, say_odds, say_with_more),
    importance=4,
    charts=("sim.reporting.charts.odds_charts:odds_claims",),
)
