"""A score as text: a table for each section."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from sim.documents.columns import columns
from sim.documents.printable import printable
from sim.scoring.figures import Figure, Section
from sim.scoring.words import range_words, shown, value_words

HEADS = ("what", "figure", "95 %", "rests on")


def text_of(head: Sequence[str], sections: Sequence[Section], width: int) -> str:
    """Return a score as text of lines of at most `width` characters.

    Parameters
    ----------
    head
        Lines on top, folded where they are too long.
    sections
        A table each.
    width
        Characters of a line.
    """
    lines = [line for text in head for line in textwrap.wrap(printable(text), width)]
    for section in sections:
        lines += ["", *_section(section, width)]
    return "\n".join([*lines, ""])


def _section(section: Section, width: int) -> Iterator[str]:
    """Yield the title of a section, its table and its note."""
    yield section.title
    rows = [HEADS, *map(row_of, shown(section.figures))]
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
        value_words(figure),
        range_words(figure),
        printable(about),
    )
