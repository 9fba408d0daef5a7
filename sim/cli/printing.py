"""Print results: JSON with a fixed form, and aligned columns."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from sim.documents.columns import columns
from sim.documents.printable import printable, printable_json

_OFF_A_TERMINAL = 100


def print_json(value: Any) -> None:
    """Print `value` as JSON with a fixed form: two spaces a level, dates as ISO 8601 text."""
    click.echo(printable_json(value))


def print_columns(rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print rows of text in columns of the same width, folded where a line would be too wide.

    Parameters
    ----------
    rows
        All of one length; what cannot be printed is escaped. No rows, no output.
    indent
        Stands before each row.
    """
    table = [list(map(printable, row)) for row in rows]
    for line in columns(table, line_width(), indent=indent):
        click.echo(line)


def line_width() -> int:
    """Return how many characters a line of output should have at most.

    That is COLUMNS of the environment, else the width of the terminal, else 100, as off a terminal.
    """
    stated = os.environ.get("COLUMNS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or _OFF_A_TERMINAL
    return _OFF_A_TERMINAL
