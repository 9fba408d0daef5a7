"""Text from files as it may be shown: nothing in it can move a cursor or begin a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_MOST_LINES = 200


def printable(text: object) -> str:
    r"""Return text in one line, with what cannot be printed written as `\x1b`, `\n`, `\u202e`.

    Names of files, values of manifests, cells of tables, and what libraries say about them go
    through here before they are shown.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def said(error: BaseException) -> str:
    """Return the message of a library's error in one line, or else the name of its class."""
    return printable(" ".join(str(error).split())) or type(error).__name__


def printable_json(value: Any, indent: int | None = 2) -> str:
    """Return JSON for people and programs: what cannot be printed is escaped, in every text.

    Parameters
    ----------
    value
        What `json` writes; anything else is written as `str` has it, such as a date.
    indent
        Spaces for each level; None for one line.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def first_of(lines: Sequence[str], most: int = _MOST_LINES) -> list[str]:
    """Return the lines, or the first of them and how many more there are.

    Parameters
    ----------
    lines
        Lines of text.
    most
        How many are kept; the line about the others comes on top.
    """
    more = len(lines) - most
    return [*lines[:most], f"... and {more:,} more"] if more > 0 else list(lines)
