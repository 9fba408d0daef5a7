"""Section `odds`: how far reported figures move the odds, one observable after another."""

from __future__ import annotations

from dataclasses import dataclass

from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.clusters.from_runs import Cluster
from sim.comparison.inference import odds as inference
from sim.comparison.inference.evidence_model import EvidenceModel, in_order
from sim.comparison.inference.mode_draws import WHOLE
from sim.comparison.inference.odds import Evidence, Odds
from sim.comparison.plain_words import observable_words
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections import design, groups, truth
from sim.comparison.sections.design import Expected
from sim.comparison.strength import TOO_CLOSE, call, usual_factor, within
from sim.comparison.tables import (
    Cell,
    Column,
    Table,
    number_column,
    ranged_cells,
    ranged_columns,
    text_column,
)
from sim.comparison.wording import added_observable, and_list

_MOST_NAMED = 6
_FEW_STEPS = 3


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
    return _weigh(inputs, inputs.model)


def foretell(inputs: Inputs) -> OddsResult:
    """Weigh the claims or runs under the priors as stated alone, and no simulated clusters."""
    return OddsResult(_weigh(inputs, inputs.model.as_stated()), ())


def _weigh(inputs: Inputs, model: EvidenceModel) -> tuple[Odds, ...]:
    """Weigh every run or case under the prior sets of a model."""
    settings = inputs.settings
    return tuple(
        inference.odds(model, x, settings.accused, settings.prior_odds)
        for x in evidence_of(inputs.comparison)
    )


def evidence_of(comparison: Comparison) -> list[Evidence]:
    """Return what is weighed: the runs, or the cases where there are no runs.

    Claims and runs are never weighed together: a run is known exactly and was not selected by an
    accuser. A case that adds up others is arithmetic, and not weighed.
    """
    if comparison.runs:
        return [evidence_of_run(x) for x in comparison.runs]
    reading = comparison.settings.reading
    return [inference.evidence_of(x, reading) for x in comparison.cases if not x.is_sum]


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
        number_column("ratio_error", "+-", "", "share"),
        text_column("call", "which is"),
        text_column("adds", ""),
    )
    rows = tuple(
        (
            x.evidence.id,
            added_observable(step.known),
            other,
            *ranged_cells(ratio),
            ratio.relative_error,
            call(ratio),
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
        number_column("posterior_error", "+-", "", "share"),
    )
    prior_odds = comparison.settings.prior_odds or {}

    rows = tuple(
        (
            x.evidence.id,
            id_,
            prior_odds.get(id_, 1.0),
            *ranged_cells(probability),
            probability.error,
        )
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
        f"{len(comparison.settings.sets)} sets of assumptions of the one and as many of the other "
        "explanation.",
        "`+-` is the Monte-Carlo standard error: how much other draws would change the ratio.",
        f"`{TOO_CLOSE}`: within 3 to 1 and two such errors. `strongly`: beyond 10 to 1 by two.",
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
    """Say how far the count alone moves the odds, in a class that other draws would not change.

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
    if not ratios:
        return "No count is one that two explanations make, so none is weighed by itself"
    left_out = sum(len(x.steps[0].ratios) for x in result.odds) > len(ratios)
    rare = " (explanations that hardly ever make such a count are left out)" if left_out else ""

    accused = comparison.lowered_title(comparison.settings.accused)
    of_sets, most = usual_factor(ratios)
    return (
        f"{_on_its_own(comparison, result)} changes the odds between {accused} and any other "
        f"explanation by {within(ratios)}, either way; under other assumptions by {of_sets}"
        f"{'' if most else ' in nine of ten comparisons, and by more in the others'}"
        f"{rare}"
    )


def _on_its_own(comparison: Comparison, result: OddsResult) -> str:
    """Return what was weighed: the one count, or the counts of so many runs or claims."""
    n = len(result.odds)
    if n == 1:
        return "The count alone"
    return f"Each of the {n} counts{' of runs' if comparison.runs else ''} alone"


def say_sums(comparison: Comparison, _: OddsResult) -> str:
    """Say which claims were not weighed, as they add up others."""
    sums = [x for x in comparison.cases if x.is_sum and not comparison.runs]
    return "; ".join(
        f"{x.id} adds up {and_list(x.sum_of)}: arithmetic, not one cluster, so not weighed"
        for x in sums
    )


def say_with_more(_: Comparison, result: OddsResult) -> str:
    """Say how far the odds move where more than the count is known; nothing where it never is."""
    more = [x for x in result.odds if len(x.steps) > 1 and not x.none_fits]
    if not more:
        return ""
    factor = within(r for x in more for r in x.steps[-1].ratios.values())
    known = {name for x in more for name in x.steps[-1].known if name != "count"}
    ids = [x.evidence.id for x in more]
    clusters = and_list(ids) if len(ids) <= _MOST_NAMED else f"{len(ids)} of them"
    are = "are" if len(known) > 1 else "is"
    rests = "; that rests on how many accounts each explanation is believed to use"
    names = and_list(map(observable_words, in_order(list(known))))
    return (
        f"Where the {names} {are} known as well "
        f"({clusters}), the odds change by {factor}, either way"
        f"{rests if 'accounts' in known else ''}"
    )


def say_groups(comparison: Comparison, result: OddsResult) -> str:
    """Say what all figures say of any extraction against any legitimate use."""
    return groups.say_groups(comparison, result.odds)


def say_fit(comparison: Comparison, result: OddsResult) -> str:
    """Say of which clusters no explanation fits."""
    return groups.say_fit(comparison, result.odds)


def groups_table(comparison: Comparison, result: OddsResult) -> Table:
    """Return the odds of groups of explanations."""
    return groups.groups_table(comparison, result.odds)


def fit_table(comparison: Comparison, result: OddsResult) -> Table:
    """Return how far out each cluster lies in what each explanation predicts."""
    return groups.fit_table(comparison, result.odds)


SECTION = Section(
    id="odds",
    question="how far the figures move the odds, one observable after another",
    tables=(odds_table, groups_table, fit_table, posterior_table),
    compute=compute,
    foretell=foretell,
    findings=(say_fit, say_truth, say_odds, say_with_more, say_groups, say_sums),
    importance=4,
    charts=("sim.reporting.charts.odds_charts:odds_claims",),
)
