"""INV-7: exchanges within the life of their account, and identifiers that occur once.

An account that is barred is refused, and nobody else is.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Ints
from sim.invariants.check import Check
from sim.invariants.run_index import RunIndex, ids
from sim.invariants.timestamps import clock
from sim.invariants.verdict import Breach, Rule, breach_at, first_breach
from sim.tables.schema import EXCHANGES
from sim.tables.words import BAN, REINSTATE, STEP_UP, SUSPEND
from sim.world.attempts import BLOCKED

# Identifiers held at a time; a longer log is read several times.
_IDS_AT_A_TIME = 1 << 24


class AccountLifetimes(Check):
    """Accounts are known, keep their organisation, and send after they are made, before a ban."""

    id, name = "INV-7", "accounts and identifiers"

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        self._rows = 0
        self._barred_us, self._banned_us = _bars(index)

    def see(self, rows: Columns) -> None:
        accounts, place = self.index.accounts, rows["account"]
        created, org = accounts["created"][place], accounts["org_id"][place]
        self._rows += len(place)
        barred, banned = self._barred_us[place], self._banned_us[place]
        refused = rows["status"] == BLOCKED
        rules = [
            Rule(
                place < 0,
                lambda i: f"account acc_{int(rows['account_id'][i]):016x}",
                lambda _: "an account of log/accounts",
            ),
            Rule(
                (place >= 0) & (rows["start"] < created),
                lambda i: f"ts_start {clock(rows['start'][i])}",
                lambda i: f"{clock(created[i])}, created_at of the account, or later",
            ),
            Rule(
                (place >= 0) & (rows["org_id"] != org),
                lambda i: f"organisation org_{int(rows['org_id'][i]):016x}",
                lambda i: f"org_{int(org[i]):016x}, that of the account",
            ),
            Rule(
                (place >= 0) & ~refused & (rows["start"] >= banned),
                lambda i: f"status {rows['status'][i]} at {clock(rows['start'][i])}",
                lambda i: f"status {BLOCKED}, as the account was banned at {clock(banned[i])}",
            ),
            Rule(
                (place >= 0) & refused & (rows["start"] < barred),
                lambda i: f"status {BLOCKED} at {clock(rows['start'][i])}",
                lambda _: "none before something was done about the account",
            ),
        ]
        self.breach = first_breach(rows, self.index.files, rules)

    def close(self) -> None:
        index = self.index
        self.breach = self.breach or _twice(index.accounts, index.files, "acc")
        if index.truth:
            self.breach = self.breach or _twice(index.tasks, index.files, "task")
        passes = -(-self._rows // _IDS_AT_A_TIME)
        for number in range(passes):
            self.breach = self.breach or self._twice_in_log(number, passes)

    def _twice_in_log(self, number: int, passes: int) -> Breach | None:
        """Look among the identifiers whose remainder is `number`."""
        held = []
        tables = self.index.run.tables("log/exchanges", EXCHANGES, ["exchange_id"])
        for file, table in zip(self.index.parts_of("log/exchanges"), tables, strict=True):
            rows = self.index.placed({"id": ids(table.column("exchange_id"))}, file)
            held.append(take(rows, rows["id"] % passes == number))
        return _twice(concat(held), self.index.files, "req")


def _bars(index: RunIndex) -> tuple[Ints, Ints]:
    """When each account may first have been barred, and when it was banned for good."""
    first, last = (np.full(len(index.accounts["id"]), FOREVER_US) for _ in range(2))
    account, at, action = (index.events[name] for name in ("account", "at", "action"))
    for row in np.flatnonzero(account >= 0).tolist():
        who = account[row]
        if action[row] in (STEP_UP, SUSPEND, BAN):
            first[who] = min(first[who], at[row])
        if action[row] in (SUSPEND, BAN, REINSTATE):
            last[who] = at[row] if action[row] == BAN else FOREVER_US
    return first, last


def _twice(rows: Columns, files: list[str], prefix: str) -> Breach | None:
    order = np.lexsort((rows["row"], rows["file"], rows["id"]))
    again = order[1:][rows["id"][order[1:]] == rows["id"][order[:-1]]]
    if not len(again):
        return None
    first = again[np.lexsort((rows["row"][again], rows["file"][again]))[0]]
    return breach_at(
        rows, files, int(first), "an identifier that occurred before", "each once", prefix
    )
