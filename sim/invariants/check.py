"""What every check is: rules on rows, the first row that breaks one, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.invariants.run_index import RunIndex

Status = Literal["ok", "failed", "not checked"]


@dataclass(frozen=True)
class Breach:
    """A row that breaks an invariant; `row` counts from 0, without a header line.

    `row` and `id` are None when what is wrong is a table as a whole.
    """

    file: str
    row: int | None
    id: str | None
    found: str
    allowed: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
        if self.id is not None:
            place += f" ({self.id})"
        return f"{place}: found {self.found}; allowed: {self.allowed}"


@dataclass(frozen=True)
class Verdict:
    """One invariant of one run. `note` says what was left out, and why."""

    id: str
    name: str
    status: Status
    note: str = ""
    breach: Breach | None = None

    def __str__(self) -> str:
        if self.breach is not None:
            return f"{self.id} {self.name}: FAILED: {self.breach}"
        if self.status == "not checked":
            return f"{self.id} {self.name}: not checked: {self.note}"
        return f"{self.id} {self.name}: ok" + (f" ({self.note})" if self.note else "")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


class Check:
    """One invariant of a run.

    It sees the rows of the log part by part, then is closed, and remembers the first breach. After
    its first breach it is shown nothing more.
    """

    id: str
    name: str
    needs_truth = False

    def __init__(self, index: RunIndex) -> None:
        self.index = index
        self.breach: Breach | None = None
        self.note = ""

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log."""

    def close(self) -> None:
        """Check what only the whole run tells."""

    def verdict(self) -> Verdict:
        """Return what was found so far."""
        status: Status = "ok" if self.breach is None else "failed"
        return Verdict(self.id, self.name, status, self.note, self.breach)


class Rule(NamedTuple):
    """Which rows are wrong; `found` and `allowed` put one of them into words, given its index."""

    bad: NDArray[np.bool_]
    found: Callable[[int], str]
    allowed: Callable[[int], str]


def first_breach(
    rows: Columns, files: Sequence[str], rules: Sequence[Rule], prefix: str = "req"
) -> Breach | None:
    """Return the first row that breaks a rule, None if none does; of several rules the first.

    Parameters
    ----------
    rows
        Columns, among them `file` (an index of `files`), `row` and `id`.
    files
        Names of files.
    rules
        Rules on the rows.
    prefix
        What stands before the identifier of a row: the kind of thing that a row is.
    """
    hits = [(int(np.argmax(rule.bad)), k) for k, rule in enumerate(rules) if rule.bad.any()]
    if not hits:
        return None
    index, k = min(hits)
    return breach_at(rows, files, index, rules[k].found(index), rules[k].allowed(index), prefix)


def breach_at(
    rows: Columns, files: Sequence[str], index: int, found: str, allowed: str, prefix: str = "req"
) -> Breach:
    """Return what is wrong with the row at `index`; parameters as in `first_breach`."""
    return Breach(
        file=files[int(rows["file"][index])],
        row=int(rows["row"][index]),
        id=f"{prefix}_{int(rows['id'][index]):016x}",
        found=found,
        allowed=allowed,
    )
