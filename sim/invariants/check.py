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
    """The first row that breaks an invariant, in words for a message.

    Attributes
    ----------
    file
        Path of the file, relative to the run.
    row
        Number of the row in that file, from 0, without a header line. None when a table as a whole
        is wrong.
    id
        Identifier of the row as text formats write it, such as `req_` and 16 hex digits; the id of
        an actor in tables of actors. None when a table as a whole is wrong.
    found
        What stands there.
    allowed
        What could stand there instead.
    """

    file: str
    row: int | None
    id: str | None
    found: str
    allowed: str

    def __str__(self) -> str:
        """Return one line: file, row and identifier where there are any, found, allowed."""
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
        if self.id is not None:
            place += f" ({self.id})"
        return f"{place}: found {self.found}; allowed: {self.allowed}"


@dataclass(frozen=True)
class Verdict:
    """What the check of one invariant found in one run.

    Attributes
    ----------
    id
        `INV-1` to `INV-10`.
    name
        What the invariant is about, in a word or two.
    status
        `ok`, `failed`, or `not checked` where the run lacks the tables that the check needs.
    note
        What was left out, and why. Also a run that is `ok` may have one.
    breach
        The first breach; None unless `failed`.
    """

    id: str
    name: str
    status: Status
    note: str = ""
    breach: Breach | None = None

    def __str__(self) -> str:
        """Return one line: id, name, then the breach, the reason for no check, or ok."""
        if self.breach is not None:
            return f"{self.id} {self.name}: FAILED: {self.breach}"
        if self.status == "not checked":
            return f"{self.id} {self.name}: not checked: {self.note}"
        return f"{self.id} {self.name}: ok" + (f" ({self.note})" if self.note else "")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values by name of attribute; a breach is a mapping or None."""
        return asdict(self)


class Check:
    """One invariant of a run, checked in one pass over the log.

    `check_run` makes it, shows it the parts of the log in order with `see`, and then calls `close`.
    It remembers the first breach only, and after that it is shown nothing more and is not closed.
    What a check keeps from one part to the next must not grow with the number of exchanges.

    Attributes
    ----------
    id, name
        Those of its verdicts; set by each class.
    needs_truth
        Whether it can say nothing without the tables of truth. It is not made for such a run.
    index
        What is looked up: scenario, accounts, tasks.
    breach
        The first breach, None so far.
    note
        What is left out of the check, and why; empty if nothing is.
    """

    id: str
    name: str
    needs_truth = False

    def __init__(self, index: RunIndex) -> None:
        self.index = index
        self.breach: Breach | None = None
        self.note = ""

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log, a part of it, and set `breach` if one is wrong.

        Parameters
        ----------
        rows
            Columns as `exchange_reader.parts` yields them, at least one row.
        """

    def close(self) -> None:
        """Check what only the whole run tells, after the last part and if there was no breach."""

    def verdict(self) -> Verdict:
        """Return what was found so far: failed with its breach, else ok."""
        status: Status = "ok" if self.breach is None else "failed"
        return Verdict(self.id, self.name, status, self.note, self.breach)


class Rule(NamedTuple):
    """Which rows are wrong, and how to say it of one of them.

    Attributes
    ----------
    bad
        Whether each row breaks the rule, shape (rows,).
    found
        From the index of a bad row to what stands there. It is called for one row at most, so words
        cost nothing for rows that are right.
    allowed
        From the index of a bad row to what could stand there.
    """

    bad: NDArray[np.bool_]
    found: Callable[[int], str]
    allowed: Callable[[int], str]


def first_breach(
    rows: Columns, files: Sequence[str], rules: Sequence[Rule], prefix: str = "req"
) -> Breach | None:
    """Return the first row that breaks a rule, None if none does.

    If the row breaks several rules, the first of them in the order of `rules` is reported.

    Parameters
    ----------
    rows
        Columns, among them `file` (an index of `files`), `row` and `id`, shape (rows,). The first
        row is the first of these arrays, so they have to be in the order of the files.
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
    """Return what is wrong with the row at `index` of the columns.

    Parameters
    ----------
    rows, files, prefix
        As in `first_breach`.
    index
        Index of the row in the columns, not its number in the file.
    found, allowed
        Words for the message.
    """
    return Breach(
        file=files[int(rows["file"][index])],
        row=int(rows["row"][index]),
        id=f"{prefix}_{int(rows['id'][index]):016x}",
        found=found,
        allowed=allowed,
    )
