"""A scorecard as text."""

from __future__ import annotations

import math
import textwrap
from pathlib import PurePath

from sim.documents.columns import columns
from sim.documents.printable import printable
from sim.scorecard.score import Score, Scorecard

WIDTH = 100
HEADS = ("statistic", "trace", "run", "apart", "+-", "goal", "real", "naive", "")
LEGEND = (
    "Apart is how far the runs are from the test part of the trace, and +- its standard error over "
    "runs: |ln(run / trace)| where the goal says x, |run - trace| where it says +-, and the "
    "distance itself elsewhere. Real is how far the other part of the trace is from the test part; "
    "no generator can be asked to be nearer. Naive is a generator of independent calls with the "
    "same means and spreads."
)
_FEATURES = 5


def render_text(card: Scorecard, width: int = WIDTH) -> str:
    """Return a scorecard as text that is folded at a width in characters; it ends a line."""
    rows = [row_of(score) for score in card]
    left = [True, *[False] * (len(HEADS) - 2), True]
    lines = [
        *_wrapped(headline(card), width),
        *(line for words in about(card) for line in _wrapped(words, width)),
        "",
        *columns([HEADS, *rows], width, left=left, heads=1),
        "",
        *_wrapped(LEGEND, width),
    ]
    for sentence in (*telling(card), *card.notes):
        lines += ["", *_wrapped(sentence, width)]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), width)


def headline(card: Scorecard) -> str:
    """Say how many goals are reached, by the runs and by the naive generator."""
    n, each = len(card), card.passes_of_runs
    mean = sum(each) / len(each)
    share = f"({100 * mean / max(n, 1):.0f} %)"
    words = f"{card.passes} of {n} goals are reached {share}"
    if len(each) > 1:
        words = (
            f"{mean:.1f} of {n} goals are reached {share} in the mean of {len(each)} runs, "
            f"{card.passes} by their mean distances"
        )
    return (
        f"{words}. The other part of the trace reaches {card.passes_of_real}, the naive generator "
        f"{card.passes_of_naive}."
    )


def about(card: Scorecard) -> list[str]:
    """Say what is held against what."""
    title = f" ({card.title})" if card.title else ""
    whose = f"Calls of {', '.join(card.actors)}" if card.actors else "All calls"
    several = f"{len(card.runs)} runs" if len(card.runs) > 1 else place_of(card.runs[0])
    said = [f"{whose} of {several}, held against the test part of {place_of(card.against)}{title}."]
    if len(card.runs) == 1:
        said.append("One run: what changes with the seed is no finding, so give several.")
    return said


def place_of(text: str) -> str:
    """Return a place as pages name it: of an absolute one the last part, for pages travel."""
    place = PurePath(text)
    return place.name if place.is_absolute() else text


def row_of(score: Score) -> tuple[str, ...]:
    """Return the cells of a score, as many as heads."""
    goal = score.goal
    mark = "not checked" if score.not_checked else "pass" if score.passed else "FAIL"
    if score.passed and goal.excellent is not None and score.distance <= goal.excellent:
        mark = "excellent"
    return (
        goal.words,
        number(score.real),
        "" if goal.kind in ("distance", "range") else number(score.value),
        number(score.distance),
        number(score.error),
        goal_words(score),
        number(score.real_half),
        number(score.naive),
        mark,
    )


def goal_words(score: Score) -> str:
    """Return a goal as a cell has it: x for ratios, +- for differences, else the largest value."""
    goal = score.goal
    if goal.kind == "ratio":
        return f"x {goal.at_most:.2f}"
    if goal.kind == "difference":
        return f"+- {goal.at_most:.2f}"
    return f"{goal.least:g} to {goal.at_most:g}" if goal.kind == "range" else f"{goal.at_most:.2f}"


def number(value: float) -> str:
    """Return a number with three digits; nothing for what is unknown."""
    if not math.isfinite(value):
        return ""
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.3g}"


def telling(card: Scorecard) -> list[str]:
    """Say of each classifier by which features it tells the run from the trace."""
    said = []
    for score in card:
        if not score.telling:
            continue
        features = "; ".join(
            f"{x.name} ({x.auc:.2f} alone, {'higher' if x.runs_are_higher else 'lower'} in the run)"
            for x in score.telling[:_FEATURES]
        )
        said.append(f"What the {score.goal.words.removesuffix(', AUC')} goes by: {features}.")
    return said
