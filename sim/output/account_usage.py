"""What each account did, added up while the log is made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.prompts import PromptSource
from sim.arrays.columns import Columns, grouped, length
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.world.models import ModelTable

Usage = NDArray[Any]

BATCH_PRICE = 0.5
# `listed`: exchanges on a list; `first`, `last`: begin of the first and last from home, and so
# `away_first`, `away_last`, in microseconds of the log; `nano_usd`: list price.
USAGE = np.dtype(
    [
        ("account", np.int64),
        ("exchanges", np.int64),
        ("listed", np.int64),
        ("away", np.int64),
        ("first", np.int64),
        ("last", np.int64),
        ("away_first", np.int64),
        ("away_last", np.int64),
        ("nano_usd", np.int64),
    ]
)
_SUMS = ("exchanges", "listed", "away", "nano_usd")
_LEAST, _MOST = ("first", "away_first"), ("last", "away_last")


def nothing() -> Usage:
    return np.zeros(0, USAGE)


def usage_of(rows: Columns, models: ModelTable) -> Usage:
    """What the accounts of a block did, by account."""
    if not length(rows):
        return nothing()
    ts, away, account = rows["ts"], rows["away"], rows["account"]
    cost = models.cost_nano_usd(
        *(rows[name] for name in ("model", "uncached", "read", "write_5m", "write_1h", "output"))
    )
    if rows["batch"].any():
        cost = np.where(rows["batch"], np.rint(cost * BATCH_PRICE).astype(np.int64), cost)
    columns = {
        "account": account,
        "exchanges": np.ones(len(ts), np.int64),
        "listed": rows["kind"] == PromptSource.LIST,
        "away": away,
        "first": np.where(away, FOREVER_US, ts),
        "last": np.where(away, NEVER_US, ts),
        "away_first": np.where(away, ts, FOREVER_US),
        "away_last": np.where(away, ts, NEVER_US),
        "nano_usd": cost,
    }
    return _by_account(columns)


def added(parts: list[Usage]) -> Usage:
    """The sums over parts, by account."""
    whole = np.concatenate([nothing(), *parts])
    return _by_account({name: np.ascontiguousarray(whole[name]) for name in USAGE.names or ()})


def _by_account(columns: Columns) -> Usage:
    account = columns["account"]
    order = grouped(account.astype(np.int64))
    ordered = account[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    made = np.empty(len(first), USAGE)
    if not len(first):
        return made
    made["account"] = ordered[first]
    for names, add in ((_SUMS, np.add), (_LEAST, np.minimum), (_MOST, np.maximum)):
        for name in names:
            values = columns[name].take(order)
            made[name] = add.reduceat(
                values.view(np.int8) if values.dtype == bool else values, first, dtype=np.int64
            )
    return made
