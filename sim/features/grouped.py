"""Features of the rows of a query: those that a log allows, and of some accounts at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sim.features.as_of import AsOf
from sim.features.joined import Family, View
from sim.tables.arrow import table
from sim.tables.column import Column
from sim.tables.schema import EXCHANGES

# Exchanges of the accounts that are taken at a time, so that memory does not grow with the log.
AT_ONCE = 2_000_000
# What rows are called that are made of a column of the exchanges which a log may lack.
_MADE_OF = {"bits": "prompt_simhash64"}
_NAME = re.compile("[a-z_0-9]+")


def present(as_of: AsOf, family: Family) -> list[Column]:
    """Return the features of a family for which the log has what they are made of."""
    if not all(as_of.has("log/exchanges", name) for name in family.needs):
        return []
    if not family.by_account:
        return list(family.columns)
    return [c for c in family.columns if all(_has(as_of, word) for word in _words(c))]


def _words(column: Column) -> list[str]:
    return [_MADE_OF.get(word, word) for word in _NAME.findall(column.source)]


def _has(as_of: AsOf, word: str) -> bool:
    return word not in EXCHANGES or as_of.has("log/exchanges", word)


def made_of(view: View, family: Family, keys: Sequence[str] = ("account_id",)) -> Any:
    """Return the features of a family as a frame, a row for each group of rows.

    Parameters
    ----------
    view
        The log.
    family
        What is made of which rows.
    keys
        Columns of the rows by which they are grouped; the frame is in their order.
    """
    columns = present(view.as_of, family)
    listed = ", ".join(keys)
    looks = ", ".join([listed, *(f'{column.source} AS "{column.name}"' for column in columns)])
    group = f"GROUP BY {listed}" if family.grouped else ""
    query = f"SELECT {looks} FROM {family.rows(view)} {group} ORDER BY {listed}"
    return view.as_of.tables.rows(query)


def in_parts(view: View) -> Iterator[View]:
    """Yield the log with some accounts at a time, in the order of account_id.

    They have some 2 million exchanges together, or there is only one of them. A log without
    exchanges is one part.
    """
    found = view.as_of.tables.rows(
        f"SELECT account_id, count(*) AS n FROM {view.exchanges} GROUP BY 1 ORDER BY 1"
    )
    if found.empty:
        yield view
    part = np.cumsum(found["n"].to_numpy(np.int64)) // AT_ONCE
    for _, accounts in found["account_id"].groupby(part):
        ends = f"{accounts.iloc[0]} AND {accounts.iloc[-1]}"
        yield view._replace(accounts=f"account_id BETWEEN {ends}")


def table_of(columns: Mapping[str, str], frame: Any) -> Any:
    """Return an Arrow table of columns of a frame; where a number is missing, it is 0."""
    return table(columns, {name: frame[name].fillna(0).to_numpy() for name in columns})
