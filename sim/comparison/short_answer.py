"""The answer in a few sentences: what the page and the terminal say before everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sim.comparison.accusation import accusation
from sim.comparison.analysis import Analysis
from sim.comparison.inference.odds import Odds
from sim.comparison.plain_words import claim_names, in_hundred, question_of
from sim.comparison.section import Comparison
from sim.comparison.sections import groups
from sim.comparison.sections.design import CHANCE, NAMES, Design
from sim.comparison.sections.predictions import REPORTED, Predicted
from sim.comparison.wording import and_list

NO_INTENT = (
    "A count says how much was sent. It does not say why, or by whom, or what the answers were "
    "used for."
)
# Ratios are told by the first of these that they stay under, with room for chance.
_CLASSES = (2, 3, 5, 10, 30, 100, 1000)
_ROOM = 1.2
_MOST_NAMED, _MOST_TELLING = 2, 3
_KINDS = {"legitimate": "of ordinary use", "access": "against the terms of access"}
_EXPECTED = "it lies in the middle 90 % of what they predict"
_NOT_EXPECTED = "they lie outside the middle 90 % of what each predicts"
_IMPLIED = "exchanges_per_account"


@dataclass(frozen=True)
class ShortAnswer:
    """What a comparison says in short.

    Attributes
    ----------
    question
        What was asked, with a question mark.
    about
        Who says what of whom, and what the words mean.
    sentences
        Three or four sentences, each with its full stop; fewer where sections are missing.
    would_settle
        What one would have to know instead, as a sentence.
    """

    question: str
    about: str
    sentences: tuple[str, ...]
    would_settle: str


def short_answer(analysis: Analysis) -> ShortAnswer:
    """Say what the counts can tell, from the results that are there.

    Numbers are as coarse as chance allows, so that another seed says the same.

    Parameters
    ----------
    analysis
        Its sections `predictions`, `odds` and `design` are used, where they were asked for. The
        last sentence needs none of them.
    """
    results = analysis.results
    predictions = results.get("predictions", ())
    odds = results["odds"].odds if "odds" in results else ()
    # ratios under the priors as stated are known sooner, and say the same
    stated = odds or (analysis.foretold["odds"].odds if analysis.foretold else ())
    design = results.get("design")

    said = (
        _say_reached(analysis, predictions),
        _say_ratio(analysis, stated),
        groups.say_most(analysis, odds),
        _say_wrong(design) or NO_INTENT,
    )
    sentences = tuple(x for x in said if x)
    return ShortAnswer(_question(analysis), accusation(analysis), sentences, _would_settle(design))


def _question(comparison: Comparison) -> str:
    """Return the question: whether the counts tell the accused explanation from the others."""
    what = "counts of these runs" if comparison.runs else "reported counts"
    accused = comparison.lowered_title(comparison.settings.accused)
    return f"Do the {what} show {accused}, or could other use explain them?"


def _say_reached(comparison: Comparison, predictions: Sequence[Predicted]) -> str:
    """Say which counts lie within what the explanations beside the accused kind make one expect.

    A count does if it lies in the middle 90 % of what the explanation predicts.
    """
    ids = _beside(comparison)
    others = [x.count for x in predictions if x.convention == REPORTED and x.hypothesis in ids]
    counts = _counts(comparison)
    if not others or not counts:
        return ""
    fitting = {
        name: sum(x.p05 <= high and low <= x.p95 for x in others)
        for name, (low, high) in counts.items()
    }
    least = min(fitting.values())

    each = "Each of these counts" if len(counts) > 1 else "This count"
    them = _named_beside(comparison, ids)
    if len(others) == 1:
        which = "" if least else "not "
        return f"{each} could {which}be expected under the one explanation {them}."
    n = f"{len(others)} explanations {them}"
    if least:
        share = (
            "all"
            if least == len(others)
            else "most of the"
            if 2 * least > len(others)
            else ("some of the")
        )
        return f"{each} could be expected under {share} {n}: {_EXPECTED}."
    none = [name for name, n_fitting in fitting.items() if not n_fitting]
    if len(none) == len(counts):
        return f"Such counts could be expected under none of the {n}: {_NOT_EXPECTED}."
    named = and_list(none[:_MOST_NAMED]) + (" and others" if len(none) > _MOST_NAMED else "")
    return (
        f"Of these counts, {named} could be expected under none of the {n}; the others under at "
        f"least one, whose middle 90 % they lie in."
    )


def _named_beside(comparison: Comparison, ids: Sequence[str]) -> str:
    """Return what the explanations beside the accused kind are, such as how many of each kind."""
    if not _accuses_extraction(comparison):
        return "beside it"
    kinds = Counter(comparison.library.hypotheses[x].group for x in ids)
    without = "without extraction"
    if len(kinds) < 2:
        return f"{without}, {'all ' if len(ids) > 1 else ''}{_KINDS[next(iter(kinds))]}"
    parts = and_list(f"{n} {_KINDS[kind]}" for kind, n in kinds.items())
    return f"{without} ({parts})"


def _accuses_extraction(comparison: Comparison) -> bool:
    """Tell whether the accused explanation is one of extraction, as it is by default."""
    return comparison.library.hypotheses[comparison.settings.accused].group == "extraction"


def _beside(comparison: Comparison) -> list[str]:
    """Return the explanations without extraction, or all others where that is not accused."""
    others = comparison.settings.others
    if not _accuses_extraction(comparison):
        return list(others)
    return [x for x in others if comparison.library.hypotheses[x].group != "extraction"]


def _counts(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """Return the ends of every count that is asked about, by its name.

    Sums are left out, unless nothing else is asked about.
    """
    if comparison.runs:
        return {x.name: (x.counts["C2"], x.counts["C2"]) for x in comparison.runs}
    names, reading = claim_names(comparison.cases), comparison.settings.reading
    limits = {names[x.id]: x.interval("count", reading) for x in comparison.cases if not x.is_sum}
    return {name: (x.low, x.high) for name, x in limits.items()}


def _say_ratio(comparison: Comparison, odds: Sequence[Odds]) -> str:
    """Say how much likelier the count alone makes the accused explanation than any other."""
    ratios = [
        r.stated
        for x in odds
        for other, r in x.steps[0].ratios.items()
        if not {other, x.accused} & set(x.outside)
    ]
    if not ratios:
        return ""
    accused = comparison.lowered_title(comparison.settings.accused)

    most = _class_of(10 ** max(ratios))
    no_count = "no count makes" if len(odds) > 1 else "the count does not make"
    if most is None:
        return (
            f"On its own, a count can make {accused} more than {_CLASSES[-1]:,} times as likely as "
            "another explanation."
        )

    return (
        f"On its own, {no_count} {accused} {most} times as likely as any one other "
        "explanation, under the assumptions as stated."
    )


def _class_of(ratio: float) -> int | None:
    """Return the smallest class that a ratio stays under, None if it is above all."""
    return next((x for x in _CLASSES if ratio * _ROOM < x), None)


def _say_wrong(design: Design | None) -> str:
    """Say how often the count alone points to the wrong one of two explanations."""
    alone = [x.wrong for x in design.growing if len(x.known) == 1] if design else []
    if not alone:
        return ""
    return (
        "In simulated cases whose cause is known, the count alone points to the wrong one of two "
        f"explanations about {10 * sum(alone) / len(alone):.0f} times in 10; a coin would be wrong "
        "5 times in 10."
    )


def _would_settle(design: Design | None) -> str:
    """Say which observables would tell most beside the count, and what all would."""
    if design is None or not design.beside:
        told = ("item_repetition", "shared_instruments", "synchrony")
        return f"It would tell more to know {and_list(map(question_of, told))}."

    everything = [x.wrong for x in design.growing if len(x.known) == len(NAMES)]
    return (
        f"It would tell more to know {and_list(map(question_of, _telling(design)))}. With all "
        f"{len(NAMES)} figures that a provider has, and under the same assumptions, the wrong one "
        f"of two is still picked in {in_hundred(sum(everything) / len(everything))}."
    )


def _telling(design: Design) -> list[str]:
    """Return the observables that tell most beside the count, in the order of the list.

    Those that are as good as the second best but for chance are named too, three at most. What an
    account sends follows from count and accounts, and is not named beside these.
    """
    wrong: dict[str, list[float]] = {}
    for x in design.beside:
        if len(x.known) > 1 and x.known[-1] != _IMPLIED:
            wrong.setdefault(x.known[-1], []).append(x.wrong)
    mean = {name: sum(x) / len(x) for name, x in wrong.items()}
    ranked = sorted(mean, key=mean.__getitem__)
    second = mean[ranked[min(1, len(ranked) - 1)]]
    best = [x for x in ranked if mean[x] <= second + CHANCE][:_MOST_TELLING]
    return sorted(best, key=NAMES.index)
