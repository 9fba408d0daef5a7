"""Check the invariants of a finished run."""

from __future__ import annotations

from pathlib import Path

from sim.checking.book import Book
from sim.checking.cache import Cache
from sim.checking.chains import Chains
from sim.checking.check import Check
from sim.checking.conservation import Conservation
from sim.checking.crews import Crews
from sim.checking.files import open_the_others
from sim.checking.limits import Limits
from sim.checking.lives import Lives
from sim.checking.rows import parts
from sim.checking.times import Times
from sim.checking.tokens import Tokens
from sim.checking.verdict import Verdict
from sim.tables.columns import length

CHECKS: tuple[type[Check], ...] = (
    Conservation,
    Limits,
    Times,
    Tokens,
    Cache,
    Chains,
    Lives,
    Crews,
)


def check_run(path: Path | str) -> list[Verdict]:
    """Check every invariant on the files of a run, part by part; one verdict each, in order.

    Memory grows with accounts and tasks, not with exchanges. Every table is opened. Raises
    InvalidInputError if the run cannot be read.
    """
    book = Book(path)
    open_the_others(book)
    checks = [kind(book) for kind in CHECKS if book.truth or not kind.needs_truth]
    for rows in parts(book):
        for check in checks:
            if check.breach is None and length(rows):
                check.see(rows)
    for check in checks:
        if check.breach is None:
            check.close()
    made = {check.id: check.verdict() for check in checks}
    return [made.get(k.id) or Verdict(k.id, k.name, "not checked", "needs truth") for k in CHECKS]
