"""Print results: JSON with a fixed form, and aligned columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from sim.documents.printable import printable, printable_json


def print_json(value: Any) -> None:
    """Print `value` as JSON with a fixed form: two spaces a level, dates as ISO 8601 text."""
    click.echo(printable_json(value))


def print_columns(rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print rows of text with all columns but the last padded to the same width.

    Parameters
    ----------
    rows
        All of one length; what cannot be printed is escaped. No rows, no output.
    indent
        Stands before each row.
    """
    table = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        click.echo((indent + "  ".join(cells)).rstrip())
