"""Odds of groups of explanations, and whether any explanation fits: tables of section `odds`."""

from __future__ import annotations

from collections.abc import Sequence

from sim.comparison.inference.goodness import LEAST_FIT
from sim.comparison.inference.odds import Odds, Step
from sim.comparison.plain_words import observable_words
from sim.comparison.section import Comparison
from sim.comparison.strength import FEW_DRAWS, TOO_CLOSE, call, ends_words, one_digit
from sim.comparison.tables import Row, Table, number_column, ranged_columns, text_column
from sim.comparison.wording import added_observable, and_list, plural

GROUP_WORDS = {
    "extraction": "any extraction",
    "legitimate": "any legitimate use",
    "access": "any use against the terms of access",
}
GROUP_NOTES = (
    "Explanations of a group weigh alike, or by the prior odds that were given: two names for the "
    "same work are not two votes.",
)
FIT_NOTES = (
    "How often the explanation makes a figure so far out, where that is rarest, times the number "
    "of observables. `no`: surely in less than 1 of 100 clusters, with the priors as stated.",
)
_MOST_NAMED = 6
_FITS_WELL = 0.05


def groups_table(comparison: Comparison, odds: Sequence[Odds]) -> Table:
    """Return the odds of the group of the accused explanation to every other group."""
    above = GROUP_WORDS[comparison.library.hypotheses[comparison.settings.accused].group]
    columns = (
        text_column("cluster", "run" if comparison.runs else "claim"),
        text_column("known", "known"),
        text_column("against", f"{above} :"),
        *ranged_columns("ratio", "ratio"),
        number_column("ratio_error", "+-", "", "share"),
        text_column("call", "which is"),
    )
    rows: tuple[Row, ...] = tuple(
        (
            x.evidence.id,
            added_observable(step.known),
            GROUP_WORDS[group],
            *(ratio.stated, ratio.low, ratio.high),
            ratio.relative_error,
            call(ratio),
        )
        for x in odds
        for step in x.steps
        if step.adds
        for group, ratio in step.groups.items()
    )
    telling = {x.evidence.id: [step.known for step in x.steps if step.adds] for x in odds}

    ends = {(id_, added_observable(known[k])) for id_, known in telling.items() for k in (0, -1)}
    shown = tuple(row for row in rows if (row[0], row[1]) in ends)
    finding = say_groups(comparison, odds) or f"Odds of {above} to others, by groups"

    return Table("groups", "odds", finding, columns, rows, GROUP_NOTES, shown=shown)


def say_groups(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say what all figures say of the group of the accused against legitimate use.

    Of runs nothing is said: there it is to be held against the truth, explanation by explanation.
    """
    if comparison.runs or not all("legitimate" in x.steps[-1].groups for x in odds) or not odds:
        return ""
    calls: dict[str, list[str]] = {}
    for x in odds:
        calls.setdefault(call(x.steps[-1].groups["legitimate"]), []).append(x.evidence.id)
    above = GROUP_WORDS[comparison.library.hypotheses[comparison.settings.accused].group]
    said = "; ".join(
        f"{word.replace('it', above)} in {_named(ids, comparison)}" for word, ids in calls.items()
    )
    given = comparison.settings.prior_odds
    before = "the prior odds that were given" if given else "each as likely before"
    return (
        f"Is it {above}, or {GROUP_WORDS['legitimate']}? With every figure that the report "
        f"gives, and {before}, the odds are {said}"
    )


def say_most(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say of which claim further figures say most of extraction against legitimate use, and what.

    It is that of which the odds of the two groups are furthest from even, and nothing is said where
    all are too close to call, nor of runs. Numbers are rounded so that other draws give the same.
    """
    of_cases = {x.id: x for x in comparison.cases}
    more = [
        x
        for x in odds
        if x.evidence.id in of_cases
        and len(x.steps) > 1
        and "legitimate" in x.steps[-1].groups
        and not x.none_fits
        and call(x.steps[-1].groups["legitimate"]) not in (TOO_CLOSE, FEW_DRAWS)
    ]
    if comparison.runs or not more:
        return ""
    x = max(more, key=lambda x: abs(x.steps[-1].groups["legitimate"].stated))
    step, ratio = x.steps[-1], x.steps[-1].groups["legitimate"]
    known = and_list(observable_words(name) for name in step.known if name != "count")

    above = GROUP_WORDS[comparison.library.hypotheses[comparison.settings.accused].group]
    first, second = above, GROUP_WORDS["legitimate"]
    ends = sorted((ratio.low, ratio.high))
    if ratio.stated < 0:
        first, second, ends = second, first, sorted(-x for x in ends)
    return (
        f"With the {known}, as the report gives it for {of_cases[x.evidence.id].actor}, {first} is "
        f"about {one_digit(10 ** abs(ratio.stated))} times as likely as {second} "
        f"({ends_words(*ends)} under other assumptions){_beside_access(step, above)}."
    )


def _beside_access(step: Step, above: str) -> str:
    """Return the end of a sentence that sets the group of the accused beside access."""
    if "access" not in step.groups or above == GROUP_WORDS["access"]:
        return ""
    access = GROUP_WORDS["access"].removeprefix("any ")
    said = call(step.groups["access"])
    if said in (TOO_CLOSE, FEW_DRAWS):
        return f", but too close to call beside {access}"
    likelier = "likelier" if step.groups["access"].stated > 0 else "less likely"
    joined = "and" if likelier == "likelier" else "but"
    return f", {joined} {above} is {likelier} than {access}"


def fit_table(comparison: Comparison, odds: Sequence[Odds]) -> Table:
    """Return how far out each cluster lies in what each explanation predicts."""
    columns = (
        text_column("cluster", "run" if comparison.runs else "claim"),
        text_column("explanation", "explanation"),
        number_column("tail", "so far out", "", "share"),
        number_column("tail_error", "+-", "", "share"),
        text_column("observable", "in"),
        text_column("fits", "fits"),
    )
    rows: tuple[Row, ...] = tuple(
        (x.evidence.id, id_, fit.tail, fit.error, fit.observable, fit.verdict)
        for x in odds
        for id_, fit in x.goodness.items()
    )
    finding = say_fit(comparison, odds) or "How far out figures lie in what explanations predict"
    return Table("fit", "odds", finding, columns, rows, FIT_NOTES)


def say_fit(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say of which clusters surely no explanation fits, or that one does well of each."""
    best = [max(fit.tail for fit in x.goodness.values()) for x in odds if x.goodness]
    if best and min(best) >= _FITS_WELL:
        return "No figure is out of reach: at least one explanation often makes each of them"
    ids = [x.evidence.id for x in odds if x.none_fits]
    if not ids:
        return ""
    rare = round(1 / LEAST_FIT)
    return (
        f"None of these explanations fits {_named(ids, comparison)}: each makes figures so far out "
        f"in less than 1 of {rare} clusters, so that odds only say which is least far off"
    )


def _named(ids: Sequence[str], comparison: Comparison) -> str:
    """Return clusters by their ids, or how many they are."""
    if len(ids) <= _MOST_NAMED:
        return and_list(ids)
    return plural(len(ids), "run" if comparison.runs else "claim")
