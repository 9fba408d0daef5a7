"""The fast path and the oracle on the same draws, exchange by exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from sim.actors.workload import HitsLimitError, Workload
from sim.arrays.columns import Columns, concat
from sim.engine.shards import workloads
from sim.population.population import build_population
from sim.scenario.resolved import Scenario
from tests.oracle.draws import Chosen, Outcome, outcome
from tests.oracle.simulator import OK, Call

Known = dict[tuple[int, int], tuple[int, int, int, int, str]]


def differences(scenario: Scenario) -> tuple[list[str], Counter[str]]:
    """Return (a line for every attempt that differs, what the scenario covered).

    Attempts are known by call and number; what is compared is begin, end, status, the tokens
    read from the cache, and the model.
    """
    lines: list[str] = []
    seen: Counter[str] = Counter()
    population = build_population(scenario)
    for ours, theirs in zip(workloads(population), workloads(population), strict=True):
        rows, again = rows_of(ours)
        of_oracle = outcome(scenario, theirs, 10**7)
        fast, slow = _fast(rows, population.models.ids), _slow(of_oracle)
        seen["again"] += again
        seen.update(_covered(slow, of_oracle))
        lines += of_oracle.openings
        lines += [
            f"{key}: {fast.get(key)} in the fast path, {slow.get(key)} in the oracle"
            for key in sorted(fast.keys() | slow.keys())
            if fast.get(key) != slow.get(key)
        ]
    return lines, seen


def _covered(slow: Known, of_oracle: Outcome) -> Counter[str]:
    own = {call.serial: c.own_model for c in of_oracle.chosen for call in _calls(c)}
    seen = Counter(f"status {status}" for _, _, status, _, _ in slow.values())
    seen["attempts"] = len(slow)
    seen["retries"] = sum(number > 0 for _, number in slow)
    seen["chains"] = sum(number >= 3 for _, number in slow)
    seen["cache reads"] = sum(read > 0 for _, _, _, read, _ in slow.values())
    seen["expired"] = of_oracle.expired
    seen["moved"] = sum(own[call] != model for (call, _), (*_, model) in slow.items())
    return seen


def _calls(chosen: Chosen) -> Iterator[Call]:
    return chain.from_iterable(chosen.session.tasks)


def rows_of(workload: Workload) -> tuple[Columns, bool]:
    """The rows of a workload, and whether it had to be simulated again under limits."""
    again = False
    while True:
        try:
            return concat([b.rows for b in workload.blocks() if b.rows]), again
        except HitsLimitError:
            again = True


def _fast(rows: Columns, models: tuple[str, ...]) -> Known:
    if not rows:
        return {}
    names = ("serial", "number", "ts", "duration", "status", "read", "model")
    values = zip(*(rows[name].tolist() for name in names), strict=True)
    return {
        (call, n): (ts, ts + lasts, status, read, models[model])
        for call, n, ts, lasts, status, read, model in values
    }


def _slow(of_oracle: Outcome) -> Known:
    model = {call.serial: c.model for c in of_oracle.chosen for call in _calls(c)}
    known: Known = {}
    for a in of_oracle.attempts:
        if a.begins_us >= 0:
            read = a.read_tokens if a.status == OK else 0
            known[a.call, a.number] = (a.begins_us, a.ends_us, a.status, read, model[a.call])
    return known
