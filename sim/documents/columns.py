"""Rows of texts as aligned columns that fit a width: what is too wide folds within its column."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

_GAP = "  "
# A text of so many characters is not folded.
_SHORT = 6
# Parts of a word that may be torn apart where nothing else helps.
_PART = re.compile(r"[^\s._/:-]*[._/:-]+|[^\s._/:-]+")


def columns(
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    left: Sequence[bool] = (),
    heads: int = 0,
    indent: str = "",
) -> list[str]:
    """Return rows as lines with columns two spaces apart, folded where they are too wide.

    Titles fold first, down to what stands below them, then texts between their words, the widest
    first, then words behind a mark, as in `evaluations.runs`. Numbers stay whole. Rows that do not
    fit even so become paragraphs, `title value, title value`.

    Parameters
    ----------
    rows
        All of one length, the heads first. No rows give no lines.
    width
        Characters that a line should have at most.
    left
        Of each column whether its texts stand to the left, which is the default; other columns are
        of numbers.
    heads
        How many of the rows are titles.
    indent
        Stands before each line.

    Returns
    -------
    list of str
        Lines without spaces at their ends.
    """
    if not rows:
        return []
    to_left = list(left) or [True] * len(rows[0])
    titles, bodies = rows[:heads], rows[heads:]
    widths = _widths(titles, bodies, to_left, width - len(indent))
    if sum(widths) + len(_GAP) * (len(widths) - 1) > width - len(indent):
        return [x for row in bodies for x in _paragraph(titles, row, width, indent)]

    folded = [[_folded(text, size) for text, size in zip(row, widths, strict=True)] for row in rows]
    widths = [
        _longest(line for cell in column for line in cell) for column in zip(*folded, strict=True)
    ]

    lines = []
    for cells in folded:
        for k in range(max(map(len, cells))):
            parts = (
                _part(cell, k, size, stands)
                for cell, size, stands in zip(cells, widths, to_left, strict=True)
            )
            lines.append((indent + _GAP.join(parts)).rstrip())
    return lines


def _widths(
    titles: Sequence[Sequence[str]],
    bodies: Sequence[Sequence[str]],
    left: Sequence[bool],
    width: int,
) -> list[int]:
    """Return the width of each column, so that together they fit if words allow it."""
    cells = list(zip(*titles, *bodies, strict=True))
    whole = [_longest(column) for column in zip(*bodies, strict=True)] or [0] * len(cells)
    numbers = [0 if stands else size for size, stands in zip(whole, left, strict=True)]

    words = [
        max(_longest_word(column), least) for column, least in zip(cells, numbers, strict=True)
    ]
    parts = [
        max(_longest(part for text in column for part in _PART.findall(text)), least)
        for column, least in zip(cells, numbers, strict=True)
    ]
    only_titles = [max(size, word) for size, word in zip(whole, words, strict=True)]

    widths = [_longest(column) for column in cells]
    too_much = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    for least_of in (only_titles, words, parts):
        while too_much > 0 and widths != least_of:
            widest = max(range(len(widths)), key=lambda k: (widths[k] > least_of[k], widths[k]))
            widths[widest] -= 1
            too_much -= 1
    return widths


def _longest(texts: Iterable[str]) -> int:
    """Return the length of the longest text."""
    return max(map(len, texts), default=0)


def _longest_word(texts: Iterable[str]) -> int:
    """Return the length of the longest word of texts; what is as short as `95 %` is one word."""
    return _longest(x for text in texts for x in (text.split() if len(text) > _SHORT else [text]))


def _folded(text: str, width: int) -> list[str]:
    """Return a text as lines of at most a width; one that fits stays as it is, spaces too.

    Words longer than that are broken behind a mark, as in `evaluations.runs`.
    """
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) <= width:
            lines[-1] = joined
            continue
        lines += [""] if lines[-1] else []
        for part in [word] if len(word) <= width else _PART.findall(word):
            lines += [""] if lines[-1] and len(lines[-1] + part) > width else []
            lines[-1] += part
    return lines


def _paragraph(
    titles: Sequence[Sequence[str]], row: Sequence[str], width: int, indent: str
) -> list[str]:
    """Return a row as lines of `title value`; what is empty is left out, and later lines go in."""
    of_columns = list(zip(*titles, strict=True)) or [()] * len(row)
    filled = (" ".join((*title, x)) for title, x in zip(of_columns, row, strict=True) if x)
    return textwrap.wrap(
        ", ".join(filled), width, initial_indent=indent, subsequent_indent=f"{indent}    "
    )


def _part(cell: Sequence[str], k: int, width: int, left: bool) -> str:
    """Return the k-th line of a cell, padded to the width of its column; empty below its end."""
    text = cell[k] if k < len(cell) else ""
    return text.ljust(width) if left else text.rjust(width)
