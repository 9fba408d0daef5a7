"""A score as text: a table for each section."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.documents.columns import columns
from sim.documents.printable import printable
from sim.scoring.figures import Figure, Section
from sim.scoring.words import number_words, range_words

if TYPE_CHECKING:
    from sim.scoring.score import Score

HEADS = ("what", "figure", "95 %", "rests on")


def text_of(score: Score, width: int) -> str:
    """Return a score as text of lines of at most `width` characters."""
    head = (
        f"{score.detector} on {score.pack} ({score.level}), split {score.split}: prevalence "
        f"{score.prevalence:g}, flagged at FPR {score.fpr:g}"
    )
    lines = textwrap.wrap(printable(head), width)
    for note in score.notes:
        lines += textwrap.wrap(printable(note), width)
    for section in score.sections:
        lines += ["", *_section(section, width)]
    return "\n".join([*lines, ""])


def _section(section: Section, width: int) -> Iterator[str]:
    """Yield the title of a section, its table and its note."""
    yield section.title
    rows = [HEADS, *map(row_of, section.figures)]
    if section.figures:
        yield from columns(rows, width, left=[True, False, True, True], heads=1)
    yield from textwrap.wrap(printable(section.note), width)


def row_of(figure: Figure) -> tuple[str, ...]:
    """Return a figure as texts, one for each of `HEADS`."""
    words = figure.words
    if figure.of.isalnum() and figure.of not in words:  # longer names stand in the words already
        words = f"{words}, {figure.of}"
    about = "; ".join(filter(None, (figure.rests_on, figure.why_not)))
    return (
        printable(words),
        number_words(figure.value),
        range_words(figure),
        printable(about),
    )
