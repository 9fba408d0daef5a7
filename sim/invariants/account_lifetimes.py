"""INV-7: exchanges within the life of their account, and identifiers that occur once.

An account that is barred is refused, and nobody else is.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Ints
from sim.invariants.check import Breach, Check, Rule, breach_at, first_breach
from sim.invariants.run_index import RunIndex, ids
from sim.invariants.timestamps import clock
from sim.tables.schema import EXCHANGES
from sim.tables.words import BAN, REINSTATE, STEP_UP, SUSPEND
from sim.world.attempts import BLOCKED

# Identifiers held at a time; a longer log is read several times.
_IDS_AT_A_TIME = 1 << 24


class AccountLifetimes(Check):
    """Accounts are known, keep their organisation, and send after they begin, before a ban.

    Status 403 of a barred account is the only answer to a banned one, and nobody gets it before
    something was done about the account. An account under suspension may still be answered: what
    ends the suspension is not looked up. That identifiers occur once is checked at the end, for
    accounts, tasks and exchanges.
    """

    id, name = "INV-7", "accounts and identifiers"

    def __init__(self, index: RunIndex) -> None:
        """Look up when each account was barred and banned."""
        super().__init__(index)
        self._rows = 0
        self._barred_us, self._banned_us = _bars(index)

    def see(self, rows: Columns) -> None:
        """Check that accounts are known, begun, of their organisation, and refused if barred."""
        account, start = rows["account"], rows["start"]
        self._rows += len(account)
        is_known = account >= 0
        created, org = (
            self.index.accounts["created"][account],
            self.index.accounts["org_id"][account],
        )
        barred, banned = self._barred_us[account], self._banned_us[account]
        begins = self.index.accounts["from"][account]
        is_refused = rows["status"] == BLOCKED

        rules = [
            Rule(
                ~is_known,
                lambda i: f"account acc_{int(rows['account_id'][i]):016x}",
                lambda _: "an account of log/accounts",
            ),
            Rule(
                is_known & (start < created),
                lambda i: f"ts_start {clock(start[i])}",
                lambda i: f"{clock(created[i])}, created_at of the account, or later",
            ),
            Rule(
                is_known & (start < begins),
                lambda i: f"ts_start {clock(start[i])}",
                lambda i: f"{clock(begins[i])}, active_from of the account, or later",
            ),
            Rule(
                is_known & (rows["org_id"] != org),
                lambda i: f"organisation org_{int(rows['org_id'][i]):016x}",
                lambda i: f"org_{int(org[i]):016x}, that of the account",
            ),
            Rule(
                is_known & ~is_refused & (start >= banned),
                lambda i: f"status {rows['status'][i]} at {clock(start[i])}",
                lambda i: f"status {BLOCKED}, as the account was banned at {clock(banned[i])}",
            ),
            Rule(
                is_known & is_refused & (start < barred),
                lambda i: f"status {BLOCKED} at {clock(start[i])}",
                lambda _: "none before something was done about the account",
            ),
        ]
        self.breach = first_breach(rows, self.index.files, rules)

    def close(self) -> None:
        """Check that identifiers of accounts, tasks and exchanges occur once.

        Memory is bounded by `_IDS_AT_A_TIME` identifiers: a longer log is read in several passes,
        each of which looks at the identifiers of one remainder.
        """
        index = self.index
        self.breach = self.breach or _twice(index.accounts, index.files, "acc")
        if index.truth:
            self.breach = self.breach or _twice(index.tasks, index.files, "task")
        passes = -(-self._rows // _IDS_AT_A_TIME)
        for number in range(passes):
            self.breach = self.breach or self._twice_in_log(number, passes)

    def _twice_in_log(self, number: int, passes: int) -> Breach | None:
        """Look for a repeat among the identifiers of the log with a remainder of `number`.

        The remainder is that of a division by `passes`.
        """
        parts = []
        tables = self.index.run.tables("log/exchanges", EXCHANGES, ["exchange_id"])
        for file, table in zip(self.index.parts_of("log/exchanges"), tables, strict=True):
            rows = self.index.placed({"id": ids(table.column("exchange_id"))}, file)
            parts.append(take(rows, rows["id"] % passes == number))
        return _twice(concat(parts), self.index.files, "req")


def _bars(index: RunIndex) -> tuple[Ints, Ints]:
    """Return when each account was first barred, and when it was banned for good.

    Returns
    -------
    barred_us, banned_us : Ints
        Microseconds since 1970, shape (accounts,), `FOREVER_US` if it never was. Barred is after a
        step-up check, a suspension or a ban. A ban that is lifted later was not for good.
    """
    barred_us, banned_us = (np.full(len(index.accounts["id"]), FOREVER_US) for _ in range(2))
    accounts, times, actions = (index.events[name] for name in ("account", "at", "action"))
    for row in np.flatnonzero(accounts >= 0).tolist():
        account, at_us, action = accounts[row], times[row], actions[row]
        if action in (STEP_UP, SUSPEND, BAN):
            barred_us[account] = min(barred_us[account], at_us)
        if action in (SUSPEND, BAN, REINSTATE):
            banned_us[account] = at_us if action == BAN else FOREVER_US
    return barred_us, banned_us


def _twice(rows: Columns, files: list[str], prefix: str) -> Breach | None:
    """Return the first row, in order of files, whose identifier occurs before it."""
    order = np.lexsort((rows["row"], rows["file"], rows["id"]))
    again = order[1:][rows["id"][order[1:]] == rows["id"][order[:-1]]]
    if not len(again):
        return None
    first = again[np.lexsort((rows["row"][again], rows["file"][again]))[0]]
    return breach_at(
        rows, files, int(first), "an identifier that occurred before", "each once", prefix
    )
