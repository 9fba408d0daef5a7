"""Scores as text: a summary of each, then a table for each section."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.documents.columns import columns
from sim.documents.printable import printable
from sim.scoring.figures import Figure, Section
from sim.scoring.summary import summary_of
from sim.scoring.words import range_words, shown, value_words

if TYPE_CHECKING:
    from sim.scoring.score import Score

HEADS = ("what", "figure", "95 %", "rests on")
# Slices of few accounts, or campaigns, that are many rows: left out if not asked for.
_SLICES = ("got_away", "campaign_recall_10", "campaign_recall_50")
_CUSTOMERS = "fpr_customer"
_LEFT_OUT = "Left out: figures by typology of the sender, and by kind of customer; --full has them."


def text_of(scores: Sequence[Score], width: int = 100, full: bool = False) -> str:
    """Return scores as text; what has to be known to read a section is said once.

    Parameters
    ----------
    scores
        One after the other.
    width
        Characters of a line at most.
    full
        Also what is campaigns and extraction of each typology, and false positives of each kind of
        customer.
    """
    said: set[str] = set()
    lines: list[str] = []
    for score in scores:
        lines += ["", *_head(score, width)] if lines else _head(score, width)
        left_out = False
        for section in score.sections:
            figures = [x for x in section.figures if full or not _is_detail(x)]
            left_out |= len(figures) < len(section.figures)
            lines += ["", *_section(section, figures, width)]
            if section.note not in said:
                lines += textwrap.wrap(printable(section.note), width)
                said.add(section.note)
        lines += ["", *textwrap.wrap(_LEFT_OUT, width)] if left_out else []
    return "\n".join([*lines, ""])


def _is_detail(figure: Figure) -> bool:
    """Tell whether a figure is of one of many small slices."""
    return figure.id == _CUSTOMERS or (figure.id in _SLICES and figure.of != "")


def _head(score: Score, width: int) -> list[str]:
    """Return what was asked, what has to be said of the predictions, and the summary."""
    asked = (
        f"{score.detector} on {score.pack} ({score.level}), split {score.split}: prevalence "
        f"{score.prevalence:g}, flagged at FPR {score.fpr:g}"
    )
    lines = [x for text in (asked, *score.notes) for x in textwrap.wrap(printable(text), width)]
    rows = [row_of(figure)[:3] for figure in summary_of(score)]
    if rows:
        lines += columns([HEADS[:3], *rows], width, left=[True, False, True], heads=1)
    return lines


def _section(section: Section, figures: Sequence[Figure], width: int) -> Iterator[str]:
    """Yield the title of a section and its table; a line if nothing in it was measured."""
    rows = shown(figures)
    if len(rows) == 1 and rows[0].value is None:
        line = f"{section.title}: not measured: {rows[0].why_not}"
        yield from textwrap.wrap(printable(line), width)
        return

    yield section.title
    if rows:
        table = [HEADS, *map(row_of, rows)]
        yield from columns(table, width, left=[True, False, True, True], heads=1)


def row_of(figure: Figure) -> tuple[str, ...]:
    """Return a figure as texts, one for each of `HEADS`."""
    words = figure.words
    if figure.of.isalnum() and figure.of not in words:  # longer names stand in the words already
        words = f"{words}, {figure.of}"
    about = "; ".join(filter(None, (figure.rests_on, figure.why_not)))
    return (
        printable(words),
        value_words(figure),
        range_words(figure),
        printable(about),
    )
