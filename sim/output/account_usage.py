"""What each account did, added up while the log is made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns, grouped, length
from sim.arrays.types import Bools
from sim.output.prices import list_price_nano_usd
from sim.tables.words import PromptSource
from sim.world.models import ModelTable

Usage = NDArray[Any]

USAGE = np.dtype(
    [
        ("account", np.int64),  # its number in the scenario
        ("exchanges", np.int64),
        ("listed", np.int64),  # exchanges of tasks from a list
        ("away", np.int64),  # exchanges from the second network
        ("in_cluster", np.int64),  # exchanges whose prompt is in the cluster of its main template
        # when the first and the last exchange began, at home and away, in microseconds of the log
        ("first", np.int64),
        ("last", np.int64),
        ("away_first", np.int64),
        ("away_last", np.int64),
        ("cluster_first", np.int64),  # and of those in the cluster
        ("cluster_last", np.int64),
        ("nano_usd", np.int64),  # list price, batches at half
    ]
)
_SUMS = ("exchanges", "listed", "away", "in_cluster", "nano_usd")
_LEAST = ("first", "away_first", "cluster_first")
_MOST = ("last", "away_last", "cluster_last")
NEVER = np.iinfo(np.int64).max


def nothing() -> Usage:
    """Return the usage of no account."""
    return np.zeros(0, USAGE)


def usage_of(rows: Columns, models: ModelTable, in_cluster: Bools) -> Usage:
    """Return what the accounts did in a block of exchanges, in order of account.

    Moments that an account has none of are `NEVER` for the first, `-NEVER` for the last, so that
    minimum and maximum over blocks need no special case.

    Parameters
    ----------
    rows
        Exchanges, the fields of `EXCHANGE_RECORD`, in any order.
    models
        The models of the scenario, for list prices.
    in_cluster
        Which prompts are in the cluster of their account's main template, shape (rows,).

    Returns
    -------
    Usage
        Of the type `USAGE`, a row for each account that has an exchange in the block.
    """
    if not length(rows):
        return nothing()

    ts, away = rows["ts"], rows["away"]
    columns = {
        "account": rows["account"],
        "exchanges": np.ones(len(ts), np.int64),
        "listed": rows["kind"] == PromptSource.LIST,
        "away": away,
        "in_cluster": in_cluster,
        "first": np.where(away, NEVER, ts),
        "last": np.where(away, -NEVER, ts),
        "away_first": np.where(away, ts, NEVER),
        "away_last": np.where(away, ts, -NEVER),
        "cluster_first": np.where(in_cluster, ts, NEVER),
        "cluster_last": np.where(in_cluster, ts, -NEVER),
        "nano_usd": list_price_nano_usd(rows, models),
    }
    return _by_account(columns)


def added(parts: list[Usage]) -> Usage:
    """Return the sums over parts, in order of account; no parts give no rows.

    An account may occur in several parts, and several times in one.
    """
    rows = np.concatenate([nothing(), *parts])
    return _by_account({name: np.ascontiguousarray(rows[name]) for name in USAGE.names or ()})


def _by_account(columns: Columns) -> Usage:
    """Return the rows of equal accounts as one: sums, least and greatest values by `USAGE`."""
    account = columns["account"]
    order = grouped(account.astype(np.int64))
    ordered = account[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    usage = np.empty(len(first), USAGE)
    if not len(first):
        return usage

    usage["account"] = ordered[first]
    for names, add in ((_SUMS, np.add), (_LEAST, np.minimum), (_MOST, np.maximum)):
        for name in names:
            values = columns[name].take(order)
            # Booleans are summed as bytes: several times as fast
            usage[name] = add.reduceat(
                values.view(np.int8) if values.dtype == bool else values, first, dtype=np.int64
            )
    return usage
