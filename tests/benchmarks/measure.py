"""Carry out one thing once and print what it took, as JSON; a process of its own for the memory.

    python -m tests.benchmarks.measure reference SCENARIO SCALE
    python -m tests.benchmarks.measure product SCENARIO SCALE WORKERS|dask COLUMNS
    python -m tests.benchmarks.measure profile SCENARIO SCALE
    python -m tests.benchmarks.measure write RUN
    python -m tests.benchmarks.measure replicate SCENARIO SCALE NUMBER

The reference engine simulates some traffic before the log opens and does not write it, as the fast
one does. It counts for both.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.arrays.columns import Columns
from sim.arrays.types import Ints
from sim.engine.run_context import peak_bytes
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.scenario import Scenario, load_scenario
from sim.world.attempts import Attempts

Measured = dict[str, Any]


class Watch:
    """Seconds spent in functions, each second counted for the innermost one only."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.rows: defaultdict[str, int] = defaultdict(int)
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

    def count(self, owner: Any, name: str, size: Callable[[Any], int], key: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def counting(*args: Any, **options: Any) -> Any:
            result = original(*args, **options)
            self.rows[key] += size(result)
            return result

        setattr(owner, name, counting)


def watched() -> Watch:
    """Watch what a run spends its time with, in this process."""
    from sim.actors import session_draws
    from sim.actors.provider_service import ProviderService
    from sim.actors.queue import queue_workload
    from sim.actors.queue.workers import Workers
    from sim.actors.sessions import session_workload
    from sim.engine import merge, simulate
    from sim.engine.spill import SpillWriter
    from sim.output.exchange_log import Renderer
    from sim.tables.formats import TableFile
    from sim.world.cache import PrefixCache
    from sim.world.limit_check import LimitCheck
    from sim.world.rate_limited import RateLimitedLoop, Work

    watch = Watch()
    watch.on(session_draws, "fill", "drawing")
    watch.on(ProviderService, "solve_timing", "clock")
    watch.on(Workers, "_take", "queue")
    watch.on(PrefixCache, "read_tokens", "gateway")
    watch.on(LimitCheck, "add", "gateway")
    watch.on(RateLimitedLoop, "run", "event by event")
    for module in (queue_workload, session_workload):
        watch.on(module, "merge_attempts", "gateway")
        watch.on(module, "exchange_rows", "rows")
    watch.on(ProviderService, "task_rows", "rows")
    for name in ("add", "close"):
        watch.on(SpillWriter, name, "setting aside")
    for name in ("exchanges_in", "tasks_in"):
        watch.on(merge, name, "ordering")
    for name in ("log", "truth", "tasks"):
        watch.on(Renderer, name, "rendering")
    watch.on(TableFile, "append", "encoding and writing")
    watch.on(simulate, "retry_until_consistent", "other")
    watch.count(Work, "drain", lambda taken: len(taken[1]), "event by event")
    return watch


def profile(scenario: Scenario, out: Path) -> Measured:
    """A run in this process: where the time went, and the exchanges simulated event by event."""
    from sim.engine.run import run

    watch = watched()
    begun = time.perf_counter()
    made = run(scenario, out)
    seconds = time.perf_counter() - begun
    watch.spent["other"] += seconds - sum(watch.spent.values())
    return {
        "exchanges": made.exchanges,
        "seconds": seconds,
        "event by event": watch.rows["event by event"],
        "spent": dict(watch.spent),
        "peak_bytes": made.peak_bytes,
    }


def product(scenario: Scenario, out: Path, who: str, columns: str) -> Measured:
    """`sim run` with so many workers, or on a local Dask cluster of two."""
    from sim.engine.executors import workers
    from sim.engine.run import run

    tables = scenario.tables.model_copy(update={"columns": columns})
    scenario = scenario.model_copy(update={"tables": tables})
    arguments = {"count": 2, "dask": "local"} if who == "dask" else {"count": int(who)}
    begun = time.perf_counter()
    with workers(**arguments) as made_by:
        made = run(scenario, out, workers=made_by)
    seconds = time.perf_counter() - begun
    return {"exchanges": made.exchanges, "seconds": seconds, "peak_bytes": made.peak_bytes}


def write(run: Path) -> Measured:
    """`pyarrow.parquet.write_table` of the tables of a run from memory, one core."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    tables = [pq.read_table(p, partitioning=None) for p in sorted(run.rglob("*.parquet"))]
    with tempfile.TemporaryDirectory(dir=run.parent) as folder:
        begun = time.perf_counter()
        for number, table in enumerate(tables):
            pq.write_table(table, Path(folder) / f"{number}.parquet")
        seconds = time.perf_counter() - begun
    return {"seconds": seconds}


def replicates(scenario: Scenario, number: int) -> Measured:
    """Counts alone, of so many replicates."""
    from sim.replicates import replicate

    begun = time.perf_counter()
    made = replicate(scenario, number)
    seconds = time.perf_counter() - begun
    exchanges = sum(int(one.totals[:, 0].sum()) for one in made.counted)
    return {"exchanges": exchanges, "seconds": seconds}


def reference(scenario: Scenario, out: Path) -> Measured:
    """The reference engine on the same scenario, its attempts written as one Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sim.arrays.columns import concat
    from sim.engine.shards import workloads
    from sim.population.population import build_population

    begun = time.perf_counter()
    works = workloads(build_population(scenario), "reference")
    blocks = [block.rows for work in works for block in work.blocks(attempts_alone)]
    table = pa.table(concat(blocks))
    out.mkdir()
    pq.write_table(table, out / "attempts.parquet", compression="zstd", compression_level=1)
    seconds = time.perf_counter() - begun
    return {"exchanges": table.num_rows, "seconds": seconds, "peak_bytes": peak_bytes()}


def attempts_alone(
    drawn: DrawnSessions, _: Placement, attempts: Attempts, read_tokens: Ints
) -> Columns:
    """Columns of what the reference engine itself decides."""
    columns = {name: column for name, column in attempts._asdict().items() if name != "call"}
    return {"call": drawn.calls.serial[attempts.call], **columns, "read_tokens": read_tokens}


def main() -> None:
    which, *rest = sys.argv[1:]
    if which == "write":
        result = write(Path(rest[0]))
    else:
        scenario = load_scenario(rest[0], scale=float(rest[1]))
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            if which == "replicate":
                result = replicates(scenario, int(rest[2]))
            elif which == "product":
                result = product(scenario, out, *rest[2:])
            else:
                result = {"profile": profile, "reference": reference}[which](scenario, out)
    print(json.dumps(result))  # noqa: T201 - the output of this program


if __name__ == "__main__":
    main()
