"""Rows of texts as aligned columns that fit a width: what is too wide folds within its column."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

# A text of so many characters is not folded.
_SHORT = 6
# Titles of columns that say more about the number before them.
_OF_THE_ONE_BEFORE = re.compile(r"[0-9.]+ %|from|to")
_TIE = "\N{NO-BREAK SPACE}"
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
    first. If that is not enough, columns stand one space apart, and then words are torn behind a
    mark, as in `evaluations.runs`. Numbers stay whole. If rows do not fit even so, the numbers are
    shown in several tables below each other, each with all of the texts; or else each row becomes a
    paragraph, `title value, title value`.

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
    sizes = _sizes(titles, bodies, to_left, width - len(indent))
    if sizes is None:
        blocks = _blocks(titles, bodies, to_left, width - len(indent))
        if len(blocks) < 2:
            return [x for row in bodies for x in _paragraph(titles, row, width, indent)]
        lines = []
        for block in blocks:
            part = [[row[k] for k in block] for row in rows]
            of_part = [to_left[k] for k in block]
            lines += ["", *columns(part, width, left=of_part, heads=heads, indent=indent)]
        return lines[1:]
    gap, widths = sizes

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
            lines.append((indent + gap.join(parts)).rstrip())
    return lines


def _sizes(
    titles: Sequence[Sequence[str]],
    bodies: Sequence[Sequence[str]],
    left: Sequence[bool],
    width: int,
) -> tuple[str, list[int]] | None:
    """Return what stands between columns and the width of each, or None if they cannot fit.

    Words are torn apart only where columns do not fit one space apart either.
    """
    cells = list(zip(*titles, *bodies, strict=True))
    natural = [_longest(column) for column in cells]
    below = [_longest(column) for column in zip(*bodies, strict=True)] or [0] * len(cells)
    of_numbers = [0 if stands else size for size, stands in zip(below, left, strict=True)]
    words, parts = (
        [
            max(size, _longest(piece for text in column for piece in pieces(text)))
            for size, column in zip(of_numbers, cells, strict=True)
        ]
        for pieces in (_words, _parts)
    )
    only_titles = [min(n, max(s, w)) for n, s, w in zip(natural, below, words, strict=True)]

    for least in (words, parts):
        for gap in ("  ", " "):
            room = width - len(gap) * (len(cells) - 1)
            if sum(least) <= room:
                return gap, _shrunk(natural, (only_titles, words, least), room)
    return None


def _blocks(
    titles: Sequence[Sequence[str]],
    bodies: Sequence[Sequence[str]],
    left: Sequence[bool],
    width: int,
) -> list[list[int]]:
    """Return the columns of each of several tables that fit; none where even the texts do not.

    All have the columns of texts. A median stays with its levels, and a value with its range.
    """
    texts = [k for k, stands in enumerate(left) if stands]
    groups: list[list[int]] = []
    for k in (k for k, stands in enumerate(left) if not stands):
        if groups and titles and _OF_THE_ONE_BEFORE.fullmatch(titles[0][k]):
            groups[-1].append(k)
        else:
            groups.append([k])

    def fits(block: Sequence[int]) -> bool:
        """Tell whether these columns fit together."""
        of_titles, of_bodies = (
            [[row[k] for k in block] for row in part] for part in (titles, bodies)
        )
        return _sizes(of_titles, of_bodies, [left[k] for k in block], width) is not None

    blocks: list[list[int]] = []
    for group in groups:
        if blocks and fits(joined := sorted([*blocks[-1], *group])):
            blocks[-1] = joined
        else:
            blocks.append(sorted([*texts, *group]))
    return blocks if texts and all(map(fits, blocks)) else []


def _shrunk(natural: Sequence[int], stages: Iterable[Sequence[int]], room: int) -> list[int]:
    """Return widths that sum up to `room` at most: the widest shrinks first, stage by stage."""
    widths = list(natural)
    for least in stages:
        while sum(widths) > room and any(map(int.__gt__, widths, least)):
            widths[max(range(len(widths)), key=lambda k: (widths[k] > least[k], widths[k]))] -= 1
    return widths


def _longest(texts: Iterable[str]) -> int:
    """Return the length of the longest text."""
    return max(map(len, texts), default=0)


def _words(text: str) -> list[str]:
    """Return the words of a text; what is as short as `95 %` is one word."""
    return text.split() if len(text) > _SHORT else [text]


def _parts(text: str) -> list[str]:
    """Return the parts of the words of a text, each with the mark that it ends in."""
    return _PART.findall(text) if len(text) > _SHORT else [text]


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
    whole = (x.replace(" ", _TIE) if len(x) <= _SHORT else x for x in row)
    filled = (" ".join((*title, x)) for title, x in zip(of_columns, whole, strict=True) if x)
    lines = textwrap.wrap(
        ", ".join(filled), width, initial_indent=indent, subsequent_indent=f"{indent}    "
    )
    return [line.replace(_TIE, " ") for line in lines]


def _part(cell: Sequence[str], k: int, width: int, left: bool) -> str:
    """Return the k-th line of a cell, padded to the width of its column; empty below its end."""
    text = cell[k] if k < len(cell) else ""
    return text.ljust(width) if left else text.rjust(width)
