"""Reading a trace: one that ships, or a file of CSV or Parquet, with all its faults at once."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import zlib
from pathlib import Path

import pandas as pd

from sim.documents.files import decoded
from sim.documents.printable import said
from sim.documents.problems import Place, Problem, raise_problems, refusal, suggest
from sim.errors import InvalidInputError
from sim.traces.columns import COLUMNS, checked
from sim.traces.shipped import shipped_bytes, shipped_traces
from sim.traces.trace import Trace, in_order, resolution_of

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_FEWEST = 2


def read_trace(source: str | os.PathLike[str]) -> Trace:
    """Read a trace of calls.

    Parameters
    ----------
    source
        The name of a shipped trace, or a file: CSV with a header, also compressed by gzip, or
        Parquet. A file of the name of a shipped trace comes first. The columns are those of
        `sim.traces.columns`: `t_s`, `input_tokens` and `output_tokens`, others if there are any.

    Returns
    -------
    Trace
        Sorted by session, then time.

    Raises
    ------
    InvalidInputError
        If there is no such trace, or it cannot be read; lists every fault, a line each.
    """
    name = os.fspath(source)
    shipped = shipped_traces()
    if name in shipped and not Path(name).exists():
        return _shipped(name)

    try:
        content = Path(name).read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(_missing(name)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInputError(f"{name}: cannot be read: {reason}") from None
    rows = _checked_rows(_cells(name, content), name)
    return Trace(name, rows, resolution_of(rows["t_s"].to_numpy()), _sha256(content))


def _shipped(name: str) -> Trace:
    """Return a trace of the catalog; those of windows of clients are no traces of calls."""
    entry = shipped_traces()[name]
    if entry.kind != "calls":
        raise InvalidInputError(
            f"{name}: has windows of clients, not calls; traces of calls: {', '.join(_of_calls())}"
        )
    content = shipped_bytes(name)
    cells = pd.read_parquet(io.BytesIO(content))
    rows = _checked_rows(cells.drop(columns="part"), name, cells["part"])
    return Trace(
        name,
        rows,
        resolution_of(rows["t_s"].to_numpy()),
        _sha256(content),
        entry.title,
        entry.workload,
        entry.licence,
        entry.source,
    )


def _of_calls() -> list[str]:
    """Return the names of the shipped traces of calls."""
    return [name for name, entry in shipped_traces().items() if entry.kind == "calls"]


def _missing(name: str) -> str:
    """Say that there is no such file, and for a plain name which trace may be meant."""
    if "/" in name or "." in name:
        return f"{name}: no such file"
    return f"{name}: no such file, and no shipped trace of this name{suggest(name, _of_calls())}"


def _sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


# --- cells


def _cells(name: str, content: bytes) -> pd.DataFrame:
    """Return the cells of a file as they are written.

    The index is the number of the line of a CSV, or of the row of a Parquet file, from 1.

    Raises
    ------
    InvalidInputError
        If the file is neither CSV nor Parquet, or if the lines do not fit the header.
    """
    if content.startswith(_PARQUET):
        try:
            rows = pd.read_parquet(io.BytesIO(content))
            return rows.set_axis(range(1, len(rows) + 1))
        except (OSError, ValueError) as error:
            raise refusal(Place.whole(name), "", f"no Parquet that reads: {said(error)}") from None
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise refusal(Place.whole(name), "", f"damaged gzip: {said(error)}") from None

    text = decoded(content, name)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows:
        raise refusal(Place.whole(name), "", "is empty; the first line should name the columns")
    return _table(name, [cell.strip() for cell in rows[0]], rows[1:])


def _table(name: str, header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    """Return the lines of a CSV as a table; empty lines are left out.

    Its index is the number of the line in the file, as long as no cell has more than one.
    """
    numbers = [number for number, row in enumerate(rows, start=2) if row]
    uneven = [number for number in numbers if len(rows[number - 2]) != len(header)]
    if uneven:
        found = len(rows[uneven[0] - 2])
        more = f", and {len(uneven) - 1:,} more such lines" if len(uneven) > 1 else ""
        message = f"should have {len(header)} cells as the header has; found {found}{more}"
        raise refusal(Place.in_file(name, uneven[0], 1), "", message)
    return pd.DataFrame(
        [rows[number - 2] for number in numbers], columns=header, index=numbers, dtype="string"
    )


# --- checks


def _checked_rows(cells: pd.DataFrame, name: str, part: pd.Series | None = None) -> pd.DataFrame:
    """Return the values of all columns in order, or raise every fault.

    Parameters
    ----------
    cells
        A column for each of the file's.
    name
        What messages call the file.
    part
        Of each row, fit or test; None if the file does not say.
    """
    problems = [Problem(Place.whole(name), "", x) for x in _wrong_columns(list(cells.columns))]
    values = {}
    for column in COLUMNS.values():
        if list(cells.columns).count(column.name) != 1:
            continue
        values[column.name], faults = checked(column, cells[column.name])
        for fault in faults:
            place = Place.in_file(name, int(cells.index[fault.row]), 1)
            problems.append(Problem(place, column.name, fault.message))
    if len(cells) < _FEWEST:
        message = f"should have at least {_FEWEST} calls; found {len(cells)}"
        problems.append(Problem(Place.whole(name), "", message))
    raise_problems(problems)

    rows = pd.DataFrame(values)
    return in_order(rows if part is None else rows.assign(part=part.astype(str)))


def _wrong_columns(header: list[str]) -> list[str]:
    """Return what is wrong with the names of columns."""
    required = [column.name for column in COLUMNS.values() if column.is_required]
    missing = [name for name in required if name not in header]
    unknown = dict.fromkeys(name for name in header if name not in COLUMNS)
    twice = dict.fromkeys(name for name in header if header.count(name) > 1 and name in COLUMNS)
    return [
        *(f"the column {name} is missing; needed are {', '.join(required)}" for name in missing),
        *(f"unknown column '{name}'{suggest(name, COLUMNS)}" for name in unknown),
        *(f"the column {name} is there twice; leave one" for name in twice),
    ]
