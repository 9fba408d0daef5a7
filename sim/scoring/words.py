"""Figures as texts, the same in tables, pages and the leaderboard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from sim.scoring.figures import Figure

_MOST_DECIMALS = 4


def number_words(value: float | None, decimals: int | None = None) -> str:
    """Return a figure as text: large ones whole, small ones with two digits; `-` for None.

    Parameters
    ----------
    value
        The figure.
    decimals
        As many as tell enough of it by default.
    """
    if value is None:
        return "-"
    return f"{value:,.{_decimals(value) if decimals is None else decimals}f}"


def _decimals(value: float) -> int:
    """Return how many decimals tell enough of a figure: four at most."""
    size = abs(value)
    if size >= 9.95:
        return 0 if size >= 99.5 else 1
    return (
        2 if size >= 0.0995 or size == 0 else min(1 - math.floor(math.log10(size)), _MOST_DECIMALS)
    )


def _decimals_of(figure: Figure, value: float) -> int:
    """Return the decimals of a figure and its ends: more where the ends would look alike."""
    decimals = _decimals(value)
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return decimals
    while (
        decimals < _MOST_DECIMALS and f"{figure.low:.{decimals}f}" == f"{figure.high:.{decimals}f}"
    ):
        decimals += 1
    return decimals


def value_words(figure: Figure) -> str:
    """Return the value of a figure, with the decimals that it shares with its interval."""
    if figure.value is None:
        return number_words(None)
    return number_words(figure.value, _decimals_of(figure, figure.value))


def range_words(figure: Figure) -> str:
    """Return the interval of a figure, such as `0.25 to 0.38`; empty where there is none."""
    if figure.value is None or figure.low is None or figure.high is None:
        return ""
    decimals = _decimals_of(figure, figure.value)
    return " to ".join(number_words(end, decimals) for end in (figure.low, figure.high))


def interval_words(figure: Figure | None) -> str:
    """Return a figure with its interval, such as `0.31 (0.25 to 0.38)`; `-` for none."""
    if figure is None:
        return "-"
    words = range_words(figure)
    return value_words(figure) + (f" ({words})" if words else "")


def shown(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return the figures of a table: those that lack a value for one reason share a row."""

    def alike(figure: Figure) -> tuple[str, str] | str:
        """Return the reason that neighbours may share; what has a value shares no row."""
        return (
            figure.why_not
            if figure.value is None and not figure.rests_on
            else (figure.id, figure.of)
        )

    rows = []
    for _, group in groupby(figures, alike):
        first, *others = group
        words = f"{first.words}, and {len(others)} more" if others else first.words
        rows.append(replace(first, words=words))
    return tuple(rows)
