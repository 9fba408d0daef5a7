"""Section `design`: which observable would tell hypotheses apart, before it is seen.

Clusters are drawn from a hypothesis with draws that no likelihood was fitted to, and weighed as
reports are. What a typical one says is what the observable can be expected to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.model import EVEN, STATED
from sim.comparison.inference.evidence_model import (
    EvidenceModel,
    capped,
    error_of,
    log_densities,
)
from sim.comparison.inference.in_threads import in_threads
from sim.comparison.inference.likelihood import without_implied
from sim.comparison.inference.posterior import posterior, stated_fits
from sim.comparison.inference.quantiles import Ranged, Span, span
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import Column, Row, Table, number_column, text_column
from sim.comparison.wording import added_observable, known_sum, observable_name, or_list

CLUSTERS = 400
# Of them, so many are weighed under all prior sets.
_CLUSTERS_OF_SETS = 100
# So much more often wrong than the best observable counts as alike.
_ALIKE = 0.05
# Shares of wrong answers that differ by less may change places with other draws.
CHANCE = 0.025
NAMES = tuple(OBSERVABLES)
# Sets of observables whose probabilities are looked at: the count, the count and accounts, all.
KNOWN_SETS: Sequence[tuple[str, ...]] = (NAMES[:1], NAMES[:2], NAMES)
NOTES = (
    "`wrong`: how often the likelier of the two is the wrong one, each being true half of the "
    "time. The other columns are medians over clusters that the one or the other made.",
    "An observable tells as much as the priors of the explanations let it: what is assumed to "
    "differ differs.",
)
# What text shows of the growing sets of observables.
_PRINTED = ("count", "+ accounts", "+ item_repetition", "+ shared_instruments")


# Something of clusters under the priors as stated, and of some of them under all prior sets.
_Weighed = tuple[Floats, Floats]


@dataclass(frozen=True)
class Expected:
    """What one set of observables does to the odds of the accused hypothesis to another one.

    Attributes
    ----------
    against
        The other hypothesis.
    known
        The observables.
    if_accused, if_other
        Log10 likelihood ratios of clusters that the accused or the other hypothesis made, under
        the priors as stated.
    median_if_accused, median_if_other
        Their medians, with the range over all pairs of prior sets.
    wrong
        How often the likelier of the two is the wrong one, each being true half of the time.
    wrong_error
        Monte-Carlo standard error of `wrong`.
    """

    against: str
    known: tuple[str, ...]
    if_accused: Span
    if_other: Span
    median_if_accused: Ranged
    median_if_other: Ranged
    wrong: float
    wrong_error: float = 0.0


@dataclass(frozen=True)
class Confusion:
    """How often a cluster of one hypothesis (row) is taken for another (column), by probability.

    Attributes
    ----------
    known
        The observables that were used.
    ids
        The hypotheses, of rows and of columns.
    mean
        Mean probability, (hypotheses, hypotheses), all hypotheses being equally likely before; each
        row adds up to 1.
    """

    known: tuple[str, ...]
    ids: tuple[str, ...]
    mean: Floats


@dataclass(frozen=True)
class Design:
    """The result of the section.

    Attributes
    ----------
    beside
        What the count and one observable say.
    growing
        What observables say that are added one after another.
    confusions
        What is taken for what, for each of `KNOWN_SETS`.
    """

    beside: tuple[Expected, ...]
    growing: tuple[Expected, ...]
    confusions: tuple[Confusion, ...]


def compute(inputs: Inputs) -> Design:
    """Weigh simulated clusters with many sets of observables."""
    model, by_set = inputs.model, inputs.shared(expected_of_sets)
    return Design(
        beside=tuple(x for known in beside_the_count() for x in by_set[known]),
        growing=inputs.shared(expected_growing),
        confusions=tuple(confusion(model, known) for known in KNOWN_SETS),
    )


def expected_growing(inputs: Inputs) -> tuple[Expected, ...]:
    """Return what observables say that are added one after another."""
    by_set = inputs.shared(expected_of_sets)
    return tuple(x for known in cumulative() for x in by_set[known])


def expected_of_sets(inputs: Inputs) -> dict[tuple[str, ...], list[Expected]]:
    """Return what each set of observables says that is asked about, all of them weighed at once."""
    sets = cumulative()
    if SECTION.id in inputs.settings.sections:
        sets = tuple(dict.fromkeys((*sets, *beside_the_count())))
    by_set: dict[tuple[str, ...], list[Expected]] = {known: [] for known in sets}
    for x in expected(inputs.model, inputs.settings.accused, sets):
        by_set[x.known].append(x)
    return by_set


def cumulative() -> tuple[tuple[str, ...], ...]:
    """Return the sets of observables that grow one by one in the order of the list."""
    return tuple(NAMES[: k + 1] for k in range(len(NAMES)))


def beside_the_count() -> tuple[tuple[str, ...], ...]:
    """Return the sets of the count and one observable."""
    return tuple(("count", name) for name in NAMES[1:])


def clusters(model: EvidenceModel, hypothesis: str) -> dict[str, Floats]:
    """Return observables of published clusters that no likelihood was fitted to.

    Returns
    -------
    dict
        By observable, (n,) each, the same for all sets of observables. n is 400, or as many as
        there are draws; fewer where fewer than a quarter of the clusters are published.
    """
    n = min(CLUSTERS, model.draws)
    published = model.published(hypothesis, held_out=4 * CLUSTERS)
    return {name: values[:n] for name, values in published.items()}


def expected(
    model: EvidenceModel, accused: str, sets: Sequence[tuple[str, ...]]
) -> tuple[Expected, ...]:
    """Return what sets of observables would say, for the accused hypothesis and every other.

    Parameters
    ----------
    model
        Likelihoods and draws of the hypotheses.
    accused
        The hypothesis that stands above the fraction line of the ratios.
    sets
        Sets of observables, the count in each.

    Returns
    -------
    tuple
        One for each set and other hypothesis, in this order.
    """
    names = [without_implied(known) for known in sets]
    made = {key: clusters(model, key) for key in model.ids}

    def weighed(by: str, of: str) -> list[_Weighed]:
        """Return ln of the densities of the clusters of one hypothesis by another one."""
        few = {name: x[:_CLUSTERS_OF_SETS] for name, x in made[of].items()}
        stated = log_densities([model.stated_fit(by)], made[of], names)
        drawn = [
            each
            for each, prior_set in zip(model.fits(by), model.sets, strict=True)
            if prior_set.weights in (STATED, EVEN)
        ]
        return list(zip(stated, log_densities(drawn, few, names), strict=True))

    own = weighed(accused, accused)
    others = [x for x in model.ids if x != accused]

    def with_accused(other: str) -> tuple[list[_Weighed], ...]:
        """Return those of both and of each other."""
        return own, weighed(other, accused), weighed(accused, other), weighed(other, other)

    results = []
    for other, logs in zip(others, in_threads(with_accused, others), strict=True):
        for known, *parts in zip(sets, *logs, strict=True):
            if_accused = _ratios(parts[0], parts[1], model.draws)
            if_other = _ratios(parts[2], parts[3], model.draws)
            results.append(_expected(other, known, if_accused, if_other))
    return tuple(sorted(results, key=lambda x: sets.index(x.known)))


def _ratios(of_accused: _Weighed, of_other: _Weighed, draws: int) -> _Weighed:
    """Return log10 likelihood ratios of clusters, from ln of their densities by two hypotheses.

    Those under the priors as stated, (n,), and those of the first hundred clusters, every prior set
    with every other, (m, sets, sets), but for sets that raise an access mode.
    """
    stated = (of_accused[0] - of_other[0])[:, 0]
    of_sets = of_accused[1][:, :, None] - of_other[1][:, None, :]
    return capped(stated / np.log(10), draws), capped(of_sets / np.log(10), draws)


def _expected(
    other: str, known: tuple[str, ...], if_accused: _Weighed, if_other: _Weighed
) -> Expected:
    """Summarise the ratios of clusters that the accused and the other hypothesis made."""
    mistaken = if_accused[0] < 0, if_other[0] > 0
    return Expected(
        against=other,
        known=known,
        if_accused=span(if_accused[0]),
        if_other=span(if_other[0]),
        median_if_accused=_ranged(*if_accused),
        median_if_other=_ranged(*if_other),
        wrong=float(sum(x.mean() for x in mistaken) / 2),
        wrong_error=float(np.sqrt(sum(x.var() / len(x) for x in mistaken)) / 2),
    )


def _ranged(stated: Floats, of_sets: Floats) -> Ranged:
    """Return the median of the stated ratios, its error, and the ends over all prior sets.

    The ends are medians of fewer clusters, so the stated median is counted among them.
    """
    medians = np.median(of_sets, axis=0)
    middle = float(np.median(stated))
    parts = [np.median(np.delete(stated, np.s_[k::10])) for k in range(10)]
    ends = min(middle, float(medians.min())), max(middle, float(medians.max()))
    return Ranged(middle, *ends, error_of(parts))


def confusion(model: EvidenceModel, known: tuple[str, ...]) -> Confusion:
    """Return how hypotheses are taken for each other with a set of observables.

    Clusters are new to the likelihoods, as in `clusters`; the priors are as stated.
    """
    rows = []
    for id_ in model.ids:
        probabilities = posterior(stated_fits(model), clusters(model, id_), known)
        rows.append(probabilities.mean(axis=0))
    return Confusion(known, model.ids, np.stack(rows))


# Tables


def beside_table(comparison: Comparison, design: Design) -> Table:
    """Return what one observable beside the count would say."""
    finding = say_beside(comparison, design)
    columns, rows, wide = _expected_parts(comparison, design.beside)
    return Table("beside-the-count", "design", finding, columns, rows, NOTES, wide)


def growing_table(comparison: Comparison, design: Design) -> Table:
    """Return what one observable after another would say; text shows four of the steps."""
    finding = say_growing(comparison, design)
    columns, rows, wide = _expected_parts(comparison, design.growing)
    shown = tuple(row for row in rows if row[1] in _PRINTED)
    return Table("growing", "design", finding, columns, rows, NOTES, wide, shown)


def _expected_parts(
    comparison: Comparison, results: Sequence[Expected]
) -> tuple[tuple[Column, ...], tuple[Row, ...], tuple[str, ...]]:
    """Return columns, rows, and the keys of those columns that text leaves out."""
    accused = comparison.settings.accused
    columns = [
        text_column("against", f"{accused} :"),
        text_column("known", "known"),
        number_column("wrong", "wrong", "", "share"),
        number_column("wrong_error", "+-", "", "share"),
    ]
    for key, title in (("if_accused", f"if {accused}"), ("if_other", "if the other")):
        columns += [
            number_column(key, title, "log10", "odds"),
            number_column(f"{key}_p05", "5 %", "log10", "odds"),
            number_column(f"{key}_p95", "95 %", "log10", "odds"),
            number_column(f"{key}_low", "sets from", "log10", "odds"),
            number_column(f"{key}_high", "to", "log10", "odds"),
        ]

    rows = tuple(
        (
            x.against,
            added_observable(x.known),
            *(x.wrong, x.wrong_error),
            *(x.if_accused.median, x.if_accused.p05, x.if_accused.p95),
            *(x.median_if_accused.low, x.median_if_accused.high),
            *(x.if_other.median, x.if_other.p05, x.if_other.p95),
            *(x.median_if_other.low, x.median_if_other.high),
        )
        for x in sorted(results, key=lambda x: x.against)
    )
    wide = tuple(c.key for c in columns if c.key.endswith(("_p05", "_p95", "_low", "_high")))
    return tuple(columns), rows, wide


def confusion_table(comparison: Comparison, design: Design) -> Table:
    """Return the mean probability of every hypothesis by the true one, a row each."""
    columns = (
        text_column("known", "known"),
        text_column("true", "true explanation"),
        *(number_column(x, x, "", "share") for x in comparison.settings.hypotheses),
    )
    rows: tuple[Row, ...] = tuple(
        (known_sum(x.known), true, *map(float, line))
        for x in design.confusions
        for true, line in zip(x.ids, x.mean, strict=True)
    )
    return Table("confusion", "design", say_confusions(comparison, design), columns, rows)


# Findings


def say_beside(_: Comparison, design: Design) -> str:
    """Say which observables would tell most beside the count, on average over hypotheses.

    Those are named that lead to mistakes as often as the best, or up to 5 points more.
    """
    if not design.beside:
        return ""
    wrong: dict[str, list[float]] = {}
    for x in design.beside:
        wrong.setdefault(x.known[-1], []).append(x.wrong)
    mean = {name: sum(values) / len(values) for name, values in wrong.items()}
    least = min(mean.values())
    alike = [x for x in without_implied(("count", *mean))[1:] if mean[x] < least + _ALIKE]

    alone = [x.wrong for x in design.growing if len(x.known) == 1]
    return (
        "On the count alone the likelier of two explanations is the wrong one in about "
        f"{10 * sum(alone) / len(alone):.0f} of 10 cases (guessing: 5). What would help most "
        f"beside it: {or_list(observable_name(x) for x in alike)}"
    )


def say_growing(_: Comparison, design: Design) -> str:
    """Say what all observables together would do."""
    alone = [x.wrong for x in design.growing if len(x.known) == 1]
    everything = [x.wrong for x in design.growing if len(x.known) == len(OBSERVABLES)]
    if not everything:
        return ""
    return (
        f"With all {len(OBSERVABLES)} observables the likelier of two is wrong in "
        f"{100 * min(everything):.0f} to {100 * max(everything):.0f} % of cases, on the count "
        f"alone in {100 * min(alone):.0f} to {100 * max(alone):.0f} %"
    )


def say_confusions(comparison: Comparison, design: Design) -> str:
    """Say how much probability the true hypothesis gets."""
    parts = []
    for x in design.confusions:
        mean = float(np.diag(x.mean).mean())
        parts.append(f"{100 * mean:.0f} % with {known_sum(x.known)}")
    n = len(comparison.settings.hypotheses)
    return (
        f"Mean probability that the true explanation of {n} gets: "
        f"{', '.join(parts)} (knowing nothing: {100 / n:.3g} %)"
    )


SECTION = Section(
    id="design",
    question="which further observable would tell, before it is seen",
    tables=(beside_table, growing_table, confusion_table),
    compute=compute,
    findings=(say_beside,),
    charts=(
        "sim.reporting.charts.design_chart:design",
        "sim.reporting.charts.design_chart:confusion",
    ),
)
