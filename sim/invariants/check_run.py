"""Check the invariants of a finished run."""

from __future__ import annotations

from pathlib import Path

from sim.arrays.columns import length
from sim.invariants.account_lifetimes import AccountLifetimes
from sim.invariants.cache_reads import Cache
from sim.invariants.check import Check, Verdict
from sim.invariants.concurrency import Concurrency
from sim.invariants.conservation import Conservation
from sim.invariants.exchange_reader import parts
from sim.invariants.rate_limits import Limits
from sim.invariants.requests import Requests
from sim.invariants.retry_chains import RetryChains
from sim.invariants.run_index import RunIndex
from sim.invariants.sessions import Sessions
from sim.invariants.timestamps import Times
from sim.invariants.tokens import Tokens
from sim.invariants.unchecked_files import open_the_others

CHECKS: tuple[type[Check], ...] = (
    Conservation,
    Limits,
    Times,
    Tokens,
    Cache,
    RetryChains,
    AccountLifetimes,
    Concurrency,
    Requests,
    Sessions,
)


def check_run(path: Path | str) -> list[Verdict]:
    """Check every invariant on the files of a run, in one pass over its parts.

    Memory grows with accounts and tasks, not with exchanges. Every table is opened, also those that
    no invariant is about. Hashes of files are not compared with the manifest; `sim verify` does
    that.

    Parameters
    ----------
    path
        Folder or URL of the run.

    Returns
    -------
    list of Verdict
        One for each invariant, INV-1 to INV-10 in order. Each has its first breach only. Invariants
        that need truth are `not checked` in a run without it.

    Raises
    ------
    InvalidInputError
        If the run cannot be read, or has the column profile `lean`.
    """
    index = RunIndex(path)
    open_the_others(index)
    checks = [check(index) for check in CHECKS if index.truth or not check.needs_truth]
    for rows in parts(index):
        for check in checks:
            if check.breach is None and length(rows):
                check.see(rows)

    for check in checks:
        if check.breach is None:
            check.close()
    verdicts = {check.id: check.verdict() for check in checks}
    return [
        verdicts.get(check.id) or Verdict(check.id, check.name, "not checked", "needs truth")
        for check in CHECKS
    ]
