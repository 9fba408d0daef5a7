"""How much worse a detector does where senders adapt, and where it has learned nothing alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.arrays.types import Bools
from sim.scoring.answer import Answer
from sim.scoring.figures import Figure, Section
from sim.scoring.shares import Measured, draws_of, figure, ratio, within

if TYPE_CHECKING:
    from sim.scoring.score import Score

LEAST_CAMPAIGNS = 5
BASE = "campaign"
"""The split that others are compared with."""
COMPARED = ("pr_auc", "auc", "recall_at_fpr_1e-2")
"""Figures of the ranking that are compared between splits."""
ADAPTATIONS = {
    "AD1": "replace banned accounts",
    "AD2": "irregular pauses",
    "AD3": "stay below a volume",
    "AD4": "mix in cover",
    "AD5": "spread the work",
    "AD6": "go by a cloud platform",
    "AD7": "keep hours",
    "AD8": "vary prompts",
    "AD9": "spread over networks",
    "AD10": "sign up apart",
    "AD11": "warm up accounts",
    "AD12": "learn from losses",
}
"""What each adaptation is called, as in docs/reference/typologies.md."""
_NOTE = (
    "Recall is the share of the positives of campaigns that is flagged, by weight. A drop is the "
    "recall of campaigns without an adaptation minus that of campaigns with it, in the same fold: "
    "above 0 where it helps campaigns. Adaptations that the same campaigns have share a row. "
    "Intervals draw operators. Campaigns with an adaptation differ in others and in typology too, "
    "so that a drop is not the effect of the adaptation alone."
)


def section(answer: Answer) -> Section:
    """Return recall of campaigns that adapt and of those that do not, and drops by adaptation."""
    asked = answer.asked
    sought = asked.target & (asked.campaign != 0)
    does = _adaptations(answer, sought)
    wanted = set(asked.pack.recipe.splits.adaptation_held_out.operators)
    adapts = sought & _any(does, wanted)
    groups = _by_campaigns(does, sought)
    same = [alike for has, alike in groups if np.array_equal(has, adapts)]

    figures = [
        _recall(answer, adapts, "recall_adaptive", f"recall, adapted: {_named(wanted)}"),
        _recall(answer, sought & ~adapts, "recall_not_adaptive", "recall of other campaigns"),
        _drop(answer, sought & ~adapts, adapts, "", f"drop: {_named(wanted.union(*same))}"),
    ]
    few = []
    for has, alike in groups:
        if alike in same:
            continue
        made = _drop(answer, sought & ~has, has, ", ".join(alike), f"drop: {_named(alike)}")
        if made.value is None:
            few += alike
        else:
            figures.append(made)
    few.sort(key=_number)
    if few:
        why_not = f"fewer than {LEAST_CAMPAIGNS} campaigns with or without: {', '.join(few)}"
        figures.append(Figure("drop_recall", "drop: others", why_not=why_not, of="others"))
    return Section("robustness", "Robustness", tuple(figures), _NOTE)


def between(scores: Sequence[Score], meanings: Mapping[str, str] | None = None) -> Section:
    """Return how much less a detector reaches in other splits than in that of campaigns.

    Parameters
    ----------
    scores
        Of one detector on one pack, of several splits.
    meanings
        What is tested in a split, such as the typology that is held out, by its name.
    """
    of_split = {score.split: score for score in scores}
    base = of_split.pop(BASE, None)
    figures = []
    if base is not None:
        for name in COMPARED:
            for split, score in sorted(of_split.items()):
                meaning = (meanings or {}).get(split, "")
                figures.append(_between(base, score, name, meaning))
    return Section(
        "splits", "Other splits", tuple(figures), _BETWEEN if figures else _NOTHING_TO_COMPARE
    )


_BETWEEN = (
    f"A drop is the figure in the split `{BASE}` minus that in the other: above 0 where the other "
    "is harder. All folds are weighed to the same prevalence. Intervals are those of Zou and "
    "Donner (2008) for the difference of two figures that are estimated apart; the folds of a "
    "pack have accounts in common, which such an interval does not know. `time` and `regime` judge "
    "accounts in a shorter window. `random-rows` is a warning: what it gains, it leaks."
)
_NOTHING_TO_COMPARE = f"Nothing to compare: it takes predictions of `{BASE}` and another split."


def difference(one: Measured, other: Measured) -> Measured:
    """Return one value less another, with the interval of Zou and Donner (2008), MOVER.

    Parameters
    ----------
    one, other
        Estimated apart, each with its interval; without an interval of either there is none.
    """
    if one.value is None or other.value is None:
        return Measured(None)
    value = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Measured(value, why=one.why or other.why)
    below = np.hypot(one.value - one.low, other.high - other.value)
    above = np.hypot(one.high - one.value, other.value - other.low)
    return Measured(value, float(value - below), float(value + above))


def _between(base: Score, other: Score, name: str, meaning: str) -> Figure:
    """Return the drop of a figure from the base to another split."""
    first, second = (_there(score, name) for score in (base, other))
    made = difference(
        *(Measured(x.value, x.low, x.high, x.why_not) for x in (first, second)),
    )
    return figure(
        f"drop_{name}",
        f"{first.words}: drop in {other.split}{f' ({meaning})' if meaning else ''}",
        made,
        rests_on=f"{first.value:.3g} less {second.value:.3g}" if made.value is not None else "",
        why_not=first.why_not or second.why_not,
        of=other.split,
    )


def _there(score: Score, name: str) -> Figure:
    """Return a figure of a score; it need not be there in a score of another version."""
    return score.find(name) or Figure(name, name, why_not=f"the score has no {name}")


def _adaptations(answer: Answer, sought: Bools) -> list[set[str]]:
    """Return the adaptations of each entity's campaign; none for the others."""
    words = answer.asked.campaigns["adaptations"].astype(str)
    of_campaign = {uid: set(text.split()) for uid, text in words.items()}
    pairs = zip(answer.asked.campaign, sought, strict=True)
    return [of_campaign[uid] if wanted else set() for uid, wanted in pairs]


def _by_campaigns(does: list[set[str]], sought: Bools) -> list[tuple[Bools, list[str]]]:
    """Return who has each adaptation, and those which the same campaigns have, in their order."""
    alike: dict[bytes, tuple[Bools, list[str]]] = {}
    for adaptation in sorted(set().union(*does), key=_number):
        has = sought & _any(does, {adaptation})
        alike.setdefault(has.tobytes(), (has, []))[1].append(adaptation)
    return list(alike.values())


def _any(does: list[set[str]], adaptations: set[str]) -> Bools:
    """Tell which entities do any of some adaptations."""
    return np.array([not adaptations.isdisjoint(each) for each in does], bool)


def _named(adaptations: Iterable[str]) -> str:
    """Return adaptations with what they are called: `learn from losses (AD12)`."""
    return ", ".join(f"{ADAPTATIONS[x]} ({x})" for x in sorted(adaptations, key=_number))


def _number(adaptation: str) -> int:
    return int(adaptation.removeprefix("AD"))


def _recall(answer: Answer, pick: Bools, name: str, words: str) -> Figure:
    """Return the weighted share of some accounts that is flagged."""
    weight, flagged = answer.asked.weight * pick, answer.flagged
    made = ratio(weight * flagged, weight, draws_of(answer))
    size, campaigns = int(pick.sum()), len(np.unique(answer.asked.campaign[pick]))
    rests_on = f"{size:,} accounts of {campaigns:,} campaigns"
    return figure(name, words, made, rests_on=rests_on, why_not="the fold has none")


def _drop(answer: Answer, without: Bools, having: Bools, of: str, words: str) -> Figure:
    """Return recall of some accounts less that of others."""
    campaign = answer.asked.campaign
    counts = [len(np.unique(campaign[pick])) for pick in (without, having)]
    rests_on = f"{counts[0]:,} campaigns without and {counts[1]:,} with it"
    if min(counts) < LEAST_CAMPAIGNS:
        why_not = f"too few to tell: {rests_on}, {LEAST_CAMPAIGNS} of each needed"
        return Figure("drop_recall", words, why_not=why_not, of=of)

    weights = [answer.asked.weight * pick for pick in (without, having)]
    if not all(w.sum() > 0 for w in weights):
        why_not = f"some have no weight in the population: {rests_on}"
        return Figure("drop_recall", words, why_not=why_not, of=of)
    recalls = [(w * answer.flagged).sum() / w.sum() for w in weights]
    with np.errstate(invalid="ignore"):  # in a draw nobody of a side may be left
        drawn = [(answer.times @ (w * answer.flagged)) / (answer.times @ w) for w in weights]
    apart = drawn[0] - drawn[1]
    owners = min(len(np.unique(answer.asked.owner[pick])) for pick in (without, having))
    made = within(float(recalls[0] - recalls[1]), apart[np.isfinite(apart)], owners)
    return figure("drop_recall", words, made, rests_on=rests_on, of=of)
