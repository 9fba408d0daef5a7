"""What each account did, added up while the log is made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.compiled import compiled
from sim.arrays.types import Bools, Ints, for_loops
from sim.output.prices import list_price
from sim.scaffold.exchange_records import Exchanges, Records
from sim.tables.words import PromptSource

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
NEVER = np.iinfo(np.int64).max
_NEVER, _LISTED = int(NEVER), int(PromptSource.LIST)


def nothing() -> Usage:
    """Return the usage of no account."""
    return np.zeros(0, USAGE)


class UsageOfAccounts:
    """What accounts did, added up exchange by exchange.

    Moments that an account has none of are `NEVER` for the first, `-NEVER` for the last, so that
    minimum and maximum need no special case.
    """

    def __init__(self, prices: Ints, accounts: int) -> None:
        """Begin with nothing.

        Parameters
        ----------
        prices : array of int, shape (models, 5)
            List prices, as `ModelTable` has them.
        accounts
            How many there are in the scenario; numbers of accounts are below that.
        """
        self._prices = for_loops(prices)
        # of each account its row, once it has one
        self._row_of_account = np.full(accounts, -1, np.int64)
        self._rows, self._used = nothing(), 0

    def add(self, exchanges: Exchanges, in_cluster: Bools) -> None:
        """Add exchanges, in any order.

        Parameters
        ----------
        exchanges
            N exchanges of T tasks.
        in_cluster : array of bool, shape (T,)
            Which prompts are in the cluster of their account's main template.
        """
        self._make_room(len(exchanges.origins))
        self._used = _add_exchanges(
            exchanges.records,
            exchanges.origins,
            in_cluster,
            self._prices,
            self._row_of_account,
            self._rows,
            self._used,
        )

    def add_usage(self, usage: Usage) -> None:
        """Add what was added up before: rows of `USAGE`, in which accounts may occur repeatedly."""
        self._make_room(len(usage))
        self._used = _add_rows(usage, self._row_of_account, self._rows, self._used)

    def in_order(self) -> Usage:
        """Return one row of `USAGE` for each account that did anything, in order of account."""
        used = self._rows[: self._used]
        return used[np.argsort(used["account"])]

    def _make_room(self, accounts: int) -> None:
        """Make room for so many accounts more."""
        if self._used + accounts > len(self._rows):
            wanted = max(self._used + accounts, 2 * len(self._rows))
            room = np.zeros(min(wanted, len(self._row_of_account)), USAGE)
            room[: self._used] = self._rows[: self._used]
            self._rows = room


def added(parts: list[Usage]) -> Usage:
    """Return the sums over parts, in order of account; no parts give no rows.

    An account may occur in several parts, and several times in one.
    """
    most = max((int(part["account"].max()) for part in parts if len(part)), default=-1)
    sums = UsageOfAccounts(np.zeros((0, 5), np.int64), most + 1)
    for part in parts:
        sums.add_usage(part)
    return sums.in_order()


@compiled
def _add_exchanges(
    records: Records,
    origins: Records,
    in_cluster: Bools,
    prices: Ints,
    row_of_account: Ints,
    rows: Usage,
    used: int,
) -> int:
    """Add exchanges to the rows of their accounts; return how many rows are used now."""
    for i in range(len(records)):
        row, origin = records[i], origins[records[i]["origin"]]
        account = origin["account"]
        if row_of_account[account] < 0:
            row_of_account[account] = used
            _begin(rows, used, int(account))
            used += 1
        usage = rows[row_of_account[account]]

        usage["exchanges"] += 1
        usage["nano_usd"] += _list_price(row, origin, prices)
        if origin["kind"] == _LISTED:
            usage["listed"] += 1

        # the first and the last moment, at home or away
        ts = row["ts"]
        if origin["away"]:
            usage["away"] += 1
            usage["away_first"] = min(usage["away_first"], ts)
            usage["away_last"] = max(usage["away_last"], ts)
        else:
            usage["first"] = min(usage["first"], ts)
            usage["last"] = max(usage["last"], ts)
        if in_cluster[row["origin"]]:
            usage["in_cluster"] += 1
            usage["cluster_first"] = min(usage["cluster_first"], ts)
            usage["cluster_last"] = max(usage["cluster_last"], ts)
    return used


@compiled
def _add_rows(parts: Usage, row_of_account: Ints, rows: Usage, used: int) -> int:
    """Add rows of usage to those of their accounts; return how many rows are used now."""
    for i in range(len(parts)):
        part, account = parts[i], parts[i]["account"]
        if row_of_account[account] < 0:
            row_of_account[account] = used
            _begin(rows, used, int(account))
            used += 1
        usage = rows[row_of_account[account]]

        usage["exchanges"] += part["exchanges"]
        usage["listed"] += part["listed"]
        usage["away"] += part["away"]
        usage["in_cluster"] += part["in_cluster"]
        usage["nano_usd"] += part["nano_usd"]
        usage["first"] = min(usage["first"], part["first"])
        usage["last"] = max(usage["last"], part["last"])
        usage["away_first"] = min(usage["away_first"], part["away_first"])
        usage["away_last"] = max(usage["away_last"], part["away_last"])
        usage["cluster_first"] = min(usage["cluster_first"], part["cluster_first"])
        usage["cluster_last"] = max(usage["cluster_last"], part["cluster_last"])
    return used


@compiled
def _begin(rows: Usage, number: int, account: int) -> None:
    """Begin the row of an account, which has no moments yet; its sums are 0."""
    row = rows[number]
    row["account"] = account
    row["first"] = row["away_first"] = row["cluster_first"] = _NEVER
    row["last"] = row["away_last"] = row["cluster_last"] = -_NEVER


@compiled
def _list_price(row: Any, origin: Any, prices: Ints) -> int:
    """Return the list price of an exchange in 1e-9 USD; see `sim.output.prices`."""
    short, long = (0, row["write"]) if origin["for_an_hour"] else (row["write"], 0)
    return list_price(
        prices[origin["model"]],
        row["uncached"],
        row["read"],
        short,
        long,
        row["output"],
        origin["batch"],
    )
