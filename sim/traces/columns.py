"""The columns of a trace: what each holds, and the check of its cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from sim.documents.printable import printable

MOST_TOKENS = 100_000_000
MOST_SECONDS = 10**12
_LONGEST = 60
_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


@dataclass(frozen=True)
class Column:
    """A column of a trace.

    Attributes
    ----------
    name
        As in the header.
    kind
        number: finite. count: whole, at least 0. flag: true or false. name: any text.
    allowed
        What messages say that a cell should be.
    about
        What it means, for documentation.
    is_required
        Whether every trace has it.
    may_be_empty
        Whether a cell may be empty, which means unknown.
    """

    name: str
    kind: Literal["number", "count", "flag", "name"]
    allowed: str
    about: str
    is_required: bool = False
    may_be_empty: bool = False


_COUNT = f"a whole number of 0 to {MOST_TOKENS:,}"
_NAME = "a text that is not empty"

COLUMNS = {
    column.name: column
    for column in (
        Column("session", "name", _NAME, "session or conversation that the call belongs to"),
        Column(
            "t_s",
            "number",
            f"a number of seconds within {MOST_SECONDS:.0e}",
            "when the call was sent, in seconds since any moment; it may differ by session",
            is_required=True,
        ),
        Column("input_tokens", "count", _COUNT, "tokens sent, cached ones included", True),
        Column("output_tokens", "count", _COUNT, "tokens of the answer", is_required=True),
        Column("prefix_tokens", "count", _COUNT, "of the input, those read from a cache"),
        Column("client", "name", _NAME, "account or key that sent it"),
        Column("opens_turn", "flag", "true or false", "whether a person's message starts the call"),
        Column(
            "service_time_s",
            "number",
            "a number of seconds of at least 0, or empty",
            "time from sending to the end of the answer",
            may_be_empty=True,
        ),
        Column("item", "name", _NAME, "item of a benchmark that the call works on"),
    )
}


@dataclass(frozen=True)
class BadCells:
    """Cells of one column that are not what they should be.

    Attributes
    ----------
    row
        Number of the first of them, from 0.
    message
        What it should be, what was found, and how many more there are.
    """

    row: int
    message: str


def checked(column: Column, cells: pd.Series) -> tuple[pd.Series, Iterator[BadCells]]:
    """Return the values of a column, and what is wrong with its cells.

    Parameters
    ----------
    column
        Which column it is.
    cells
        As read: texts of a CSV, or numbers of a Parquet file. Empty ones are empty texts or null.

    Returns
    -------
    tuple of Series and iterator
        float64 of numbers, int64 of counts, bool of flags; of names whole numbers from 0 by first
        appearance. The values mean something only if nothing is wrong.
    """
    text = cells.astype("string").str.strip().fillna("")
    values, is_right = _READERS[column.kind](text)
    if column.name == "service_time_s":
        is_right &= values >= 0
    if column.may_be_empty:
        is_right |= text == ""
    return values, _bad_cells(column, text, is_right.to_numpy(bool))


def _numbers(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return finite numbers, and which cells are such."""
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    return values, values.abs() <= MOST_SECONDS


def _counts(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return whole numbers from 0, and which cells are such; `12.0` is one."""
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    is_right = (values >= 0) & (values <= MOST_TOKENS) & (values == np.floor(values))
    return values.where(is_right, 0).astype("int64"), is_right


def _flags(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return true and false, and which cells say so."""
    values = text.str.lower().map(_FLAGS)
    return values.fillna(False).astype(bool), values.notna()


def _names(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return numbers of names by first appearance, and which cells have one."""
    codes, _ = pd.factorize(text)
    return pd.Series(codes, index=text.index).astype("int64"), text != ""


_READERS: dict[str, Any] = {
    "number": _numbers,
    "count": _counts,
    "flag": _flags,
    "name": _names,
}


def _bad_cells(column: Column, text: pd.Series, is_right: Any) -> Iterator[BadCells]:
    """Yield at most one finding: the first wrong cell, and the number of others."""
    rows = np.flatnonzero(~is_right)
    if not rows.size:
        return
    cell = text.iloc[rows[0]]
    shown = printable(cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}...")
    found = f"'{shown}'" if cell else "nothing"
    others = f", and {rows.size - 1:,} more such rows" if rows.size > 1 else ""
    yield BadCells(int(rows[0]), f"should be {column.allowed}; found {found}{others}")
