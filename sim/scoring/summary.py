"""The few figures of a score that one wants first, the same in the text and on the page."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

from sim.scoring.figures import Figure
from sim.scoring.words import number_words

if TYPE_CHECKING:
    from sim.scoring.score import Score

HARD_NEGATIVE = "fpr_hard_negative"
_FIRST = ("pr_auc", "recall_at_fpr_1e-2", "campaign_recall_10", "got_away")


def summary_of(score: Score) -> tuple[Figure, ...]:
    """Return the figures that one wants first; those that the score does not have are left out."""
    first = [figure for name in _FIRST if (figure := score.find(name))]
    guess = f"PR-AUC, where a guess has {number_words(score.prevalence)}"
    first = [replace(x, words=guess) if x.id == "pr_auc" else x for x in first]

    worst = worst_of(score)
    if worst is not None:
        words = f"false positives of the worst hard negative: {worst.words}, {worst.of}"
        first.append(replace(worst, words=words))
    return tuple(first)


def worst_of(score: Score) -> Figure | None:
    """Return the rate of the hard negative that is flagged most; None if none was measured."""
    figures = (figure for section in score.sections for figure in section.figures)
    rates = [(x.value, x) for x in figures if x.id == HARD_NEGATIVE and x.value is not None]
    return max(rates, key=itemgetter(0))[1] if rates else None
