"""The fast path and the oracle on the same draws, exchange by exchange."""

from __future__ import annotations

from collections import Counter

from sim.actors.workload import HitsLimitError, Workload
from sim.engine.cast import build_cast, workloads
from sim.scenario.resolved import Scenario
from sim.tables.columns import Columns, concat
from tests.oracle.draws import simulate
from tests.oracle.simulator import OK

Known = dict[tuple[int, int], tuple[int, int, int, int]]


def differences(scenario: Scenario) -> tuple[list[str], Counter[str]]:
    """Return (a line for every attempt that differs, what the scenario covered).

    Attempts are known by call and number; what is compared is begin, end, status and the tokens
    read from the cache.
    """
    lines: list[str] = []
    seen: Counter[str] = Counter()
    for ours, theirs in zip(_made(scenario), _made(scenario), strict=True):
        rows, again = rows_of(ours)
        fast, slow = _fast(rows), _slow(scenario, theirs)
        seen["attempts"] += len(slow)
        seen["again"] += again
        seen.update(f"status {status}" for _, _, status, _ in slow.values())
        seen.update("retries" for _, number in slow if number)
        seen.update("chains" for _, number in slow if number >= 3)
        lines += [
            f"{key}: {fast.get(key)} in the fast path, {slow.get(key)} in the oracle"
            for key in sorted(fast.keys() | slow.keys())
            if fast.get(key) != slow.get(key)
        ]
    return lines, seen


def _made(scenario: Scenario) -> list[Workload]:
    return workloads(build_cast(scenario))


def rows_of(workload: Workload) -> tuple[Columns, bool]:
    """The rows of a workload, and whether it had to be simulated again under limits."""
    again = False
    while True:
        try:
            return concat([b.rows for b in workload.blocks() if b.rows]), again
        except HitsLimitError:
            again = True


def _fast(rows: Columns) -> Known:
    if not rows:
        return {}
    names = ("serial", "number", "ts", "duration", "status", "read")
    values = zip(*(rows[name].tolist() for name in names), strict=True)
    return {(c, n): (ts, ts + lasts, status, read) for c, n, ts, lasts, status, read in values}


def _slow(scenario: Scenario, workload: Workload) -> Known:
    known: Known = {}
    for a in simulate(scenario, workload, 10**7):
        if a.begins_us >= 0:
            read = a.read_tokens if a.status == OK else 0
            known[a.call, a.number] = (a.begins_us, a.ends_us, a.status, read)
    return known
