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

SCENARIO = Path(__file__).with_name("standard.yaml")


class Watch:
    """Seconds spent in functions, each second counted for the innermost one only."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._inside: list[str] = []

    def on(self, owner: Any, name: str, key: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            self._inside.append(key)
            try:
                return original(*args, **options)
            finally:
                self._inside.pop()
                took = time.perf_counter() - begun
                self.spent[key] += took
                if self._inside:
                    self.spent[self._inside[-1]] -= took

        setattr(owner, name, timed)


def product(scenario: Scenario, out: Path) -> dict[str, Any]:
    """`sim run`: exchanges simulated, those event by event, and where the time went."""
    import sim.actors.queue as queue
    import sim.actors.sessions as sessions
    from sim.actors.workload import Stage
    from sim.engine.run import run
    from sim.tables.files import TableFile
    from sim.world.cache import PrefixCache
    from sim.world.contended import Contended, Work
    from sim.world.gateway import LimitCheck

    watch, counted = Watch(), {"exchanges": 0, "event by event": 0}
    watch.on(simpy.Environment, "run", "simulation")
    for name in ("fill", "settle"):
        watch.on(Stage, name, "filling")
    watch.on(PrefixCache, "read_tokens", "gateway")
    watch.on(LimitCheck, "add", "gateway")
    for module in (queue, sessions):
        watch.on(module, "merge", "gateway")
    watch.on(Contended, "run", "events")
    for module in (queue, sessions):
        _count(module, "exchange_rows", lambda made: len(made["ts"]), counted, "exchanges")
    _count(Work, "take", lambda taken: len(taken[1]), counted, "event by event")
    writing: defaultdict[str, float] = defaultdict(float)
    writer = Watch()
    writer.spent = writing
    writer.on(TableFile, "append", "writing")
    run(scenario, out)
    return {**counted, "spent": {**watch.spent, **writing}}


def _count(
    owner: Any, name: str, size: Callable[[Any], int], into: dict[str, int], key: str
) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def counting(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        into[key] += size(result)
        return result

    setattr(owner, name, counting)


def oracle(scenario: Scenario, out: Path) -> dict[str, Any]:
    """The oracle on the same scenario, its attempts written as one Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sim.engine.cast import build_cast
    from sim.engine.shards import workloads
    from tests.oracle.draws import simulate

    begun = time.perf_counter()
    made = [a for w in workloads(build_cast(scenario)) for a in simulate(scenario, w, 10**9)]
    simulated = time.perf_counter()
    columns = [pa.array(column) for column in zip(*made, strict=True)]
    out.mkdir()
    table = pa.table(columns, names=list(made[0]._fields))
    pq.write_table(table, out / "attempts.parquet", compression="zstd", compression_level=1)
    written = time.perf_counter()
    spent = {"simulation": simulated - begun, "writing": written - simulated}
    return {"exchanges": len(made), "event by event": len(made), "spent": spent}


def main() -> None:
    which, scale = sys.argv[1], float(sys.argv[2])
    scenario = load_scenario(str(SCENARIO), scale=scale)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        result = {"product": product, "oracle": oracle}[which](scenario, Path(folder) / "run")
        result["seconds"] = time.perf_counter() - begun
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))  # noqa: T201 - the output of this program


if __name__ == "__main__":
    main()
