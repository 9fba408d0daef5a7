"""CSV for people: exactly as it is, or such that a spreadsheet takes no text for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# What a spreadsheet may compute, and what is but a number.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|inf|nan)")


def csv_text(rows: Iterable[Sequence[Any]], *, for_spreadsheets: bool = False) -> str:
    """Return rows as CSV, each ending in a line feed; what breaks a line stands in quotes.

    Parameters
    ----------
    rows:
        Rows of cells, which are written as `str` writes them. None is an empty cell. Rows may
        differ in length.
    for_spreadsheets:
        Whether to put an apostrophe before a text that begins with = + - @, a tab or a carriage
        return, so that a spreadsheet shows it and computes nothing. Numbers stay as they are, also
        those that are text.

    Returns
    -------
    str
        Empty without rows.
    """
    lines = []
    for row in rows:
        out = io.StringIO()
        cells = [_for_spreadsheet(cell) for cell in row] if for_spreadsheets else row
        # with this ending the writer quotes carriage returns within cells too
        csv.writer(out, lineterminator="\r\n").writerow(cells)
        lines.append(out.getvalue().removesuffix("\r\n"))
    return "".join(f"{line}\n" for line in lines)


def _for_spreadsheet(cell: Any) -> Any:
    """Return a cell with an apostrophe before it if a spreadsheet would take it for a formula."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
