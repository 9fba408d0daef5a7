"""Run one simulator once and print what it took, as JSON; a process of its own for the memory.

Both simulate some traffic before the log opens and do not write it. It counts, for both.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import simpy

from sim.scenario import Scenario, load_scenario
from tests.benchmarks.per_exchange import Loop

SCENARIO = Path(__file__).with_name("standard.yaml")


def product(scenario: Scenario, out: Path) -> tuple[int, dict[str, float]]:
    """`sim run`, with the seconds spent in SimPy, in filling blocks and in writing tables."""
    import sim.actors.queue
    import sim.actors.sessions
    from sim.engine.run import run
    from sim.tables.parts import PartWriter

    spent: defaultdict[str, float] = defaultdict(float)

    def timed(owner: Any, name: str, key: str, within: str | None = None) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def wrapper(*args: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                took = time.perf_counter() - begun
                spent[key] += took
                if within:
                    spent[within] -= took

        setattr(owner, name, wrapper)

    # a queue fills its blocks inside the SimPy run
    timed(sim.actors.queue.QueueWorkload, "_fill", "filling", within="simulation")
    timed(sim.actors.queue, "place", "filling")
    timed(sim.actors.sessions.SessionWorkload, "_fill", "filling")
    timed(simpy.Environment, "run", "simulation")
    timed(PartWriter, "append", "writing")
    simulated = count_filled(sim.actors.queue, sim.actors.sessions)
    run(scenario, out)
    return simulated[0], dict(spent)


def count_filled(*modules: Any) -> list[int]:
    """Count, in the list that is returned, the exchanges that the actors place on the clock."""
    simulated = [0]
    for module in modules:
        original = module.place

        def wrapper(exchanges: Any, *args: Any, original: Any = original) -> Any:
            simulated[0] += len(exchanges.turn)
            return original(exchanges, *args)

        module.place = wrapper
    return simulated


def loop(scenario: Scenario, out: Path) -> tuple[int, dict[str, float]]:
    """The per-exchange loop, with the seconds spent simulating and writing."""
    baseline = Loop(scenario)
    begun = time.perf_counter()
    baseline.run()
    simulated = time.perf_counter()
    baseline.write(out)
    spent = {"simulation": simulated - begun, "writing": time.perf_counter() - simulated}
    return baseline.simulated, spent


def main() -> None:
    which, scale = sys.argv[1], float(sys.argv[2])
    scenario = load_scenario(str(SCENARIO), scale=scale)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        exchanges, spent = {"product": product, "loop": loop}[which](scenario, Path(folder) / "run")
        took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(  # noqa: T201 - the output of this program
        json.dumps(
            {
                "exchanges": exchanges,
                "seconds": took,
                "spent": spent,
                "peak_mib": peak / 1024,
                "imports_mib": before / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
