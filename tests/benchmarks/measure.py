"""Carry out one thing once and print what it took, as JSON; a process of its own for the memory.

    python -m tests.benchmarks.measure reference SCENARIO SCALE
    python -m tests.benchmarks.measure product SCENARIO SCALE WORKERS|dask COLUMNS
    python -m tests.benchmarks.measure lineitem SCALE
    python -m tests.benchmarks.measure profile SCENARIO SCALE
    python -m tests.benchmarks.measure write RUN
    python -m tests.benchmarks.measure replicate SCENARIO SCALE NUMBER

The reference engine simulates some traffic before the log opens and does not write it, as the fast
one does. It counts for both.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sim.arrays.columns import Columns
from sim.arrays.types import Ints
from sim.engine.allocation import reuse_memory
from sim.engine.run_context import peak_bytes
from sim.scaffold.exchange_records import Exchanges
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.scenario import Scenario, load_scenario
from sim.world.attempts import Attempts

Measured = dict[str, Any]


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


def watched() -> Watch:
    """Watch what a run spends its time with, in this process."""
    from sim.actors import session_draws
    from sim.actors.queue import queue_workload, workers
    from sim.actors.queue.ticket_queue import TicketQueue
    from sim.actors.sessions import session_workload
    from sim.engine import merge, simulate
    from sim.engine.spill import SpillWriter
    from sim.output.exchange_log import Renderer
    from sim.tables.formats import TableFile
    from sim.world.event_loop import EventLoop

    watch = Watch()
    watch.on(session_draws, "fill", "drawing inside of sessions")
    watch.on(TicketQueue, "next_batch", "drawing tickets")
    watch.on(session_workload.SessionWorkload, "pieces", "drawing sessions")
    for name in ("add", "open", "run", "drain"):
        watch.on(EventLoop, name, "event loop")
    for module in (queue_workload, session_workload, workers):
        for name in ("exchange_rows", "task_rows"):
            if hasattr(module, name):
                watch.on(module, name, "rows")
    for name in ("add_exchanges", "add_tasks", "close"):
        watch.on(SpillWriter, name, "setting aside")
    for name in ("exchanges_in", "tasks_in"):
        watch.on(merge, name, "ordering")
    for name in ("log", "truth", "tasks"):
        watch.on(Renderer, name, "rendering")
    watch.on(TableFile, "append", "encoding and writing")
    watch.on(simulate, "_add_usage", "usage of accounts")
    return watch


def profile(scenario: Scenario, out: Path) -> Measured:
    """A run in this process, and where the time went."""
    from sim.engine.run import run

    watch = watched()
    begun = time.perf_counter()
    made = run(scenario, out)
    seconds = time.perf_counter() - begun
    watch.spent["other"] += seconds - sum(watch.spent.values())
    return {
        "exchanges": made.exchanges,
        "seconds": seconds,
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
    begun, memory = time.perf_counter(), MemoryOfAll()
    with workers(**arguments) as made_by:
        made = run(scenario, out, workers=made_by)
    seconds = time.perf_counter() - begun
    return {
        "exchanges": made.exchanges,
        "seconds": seconds,
        "core_seconds": core_seconds(),
        "peak_bytes": made.peak_bytes,
        "peak_bytes_of_all": memory.most(),
        **size_of(out),
    }


def size_of(run: Path) -> Measured:
    """Values in the Parquet files of a run, its bytes, and those of a row of log and truth."""
    import pyarrow.parquet as pq

    values = 0
    for file in run.rglob("*.parquet"):
        footer = pq.read_metadata(file)
        values += footer.num_rows * footer.num_columns
    parts = [*run.glob("log/exchanges/*"), *run.glob("truth/exchanges/*")]
    rows = sum(pq.read_metadata(file).num_rows for file in run.glob("log/exchanges/*"))
    return {
        "values": values,
        "bytes": sum(file.stat().st_size for file in run.rglob("*") if file.is_file()),
        "bytes_a_row": sum(file.stat().st_size for file in parts) / rows,
    }


def core_seconds() -> float:
    """Seconds of processor, of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class MemoryOfAll:
    """The most memory that this process and its children held together, looked at now and then.

    A page that several share counts once (PSS of Linux).
    """

    def __init__(self) -> None:
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def most(self) -> int:
        """Stop looking, and return the most bytes that were seen."""
        self._over.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._over.wait(0.5):
            self._most = max(self._most, sum(map(_pss, _with_children(os.getpid()))))


def _with_children(process: int) -> list[int]:
    """The process, its children, and theirs."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += _with_children(int(child))
    return found


def _pss(process: int) -> int:
    """The share of a process in the memory of the machine, in bytes; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def lineitem(scale: str) -> Measured:
    """`tpchgen-cli` writes the largest table of TPC-H, on one thread, as `sim run` compresses."""
    import pyarrow.parquet as pq

    program = str(Path(sys.executable).with_name("tpchgen-cli"))
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "parquet", "-s", scale, "--tables=lineitem", "--compression=ZSTD(1)"]
        begun = time.perf_counter()
        subprocess.run([*command, "--num-threads=1", "-q", "--output-dir", folder], check=True)
        seconds = time.perf_counter() - begun
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        footer = pq.read_metadata(f"{folder}/lineitem.parquet")
    values = footer.num_rows * footer.num_columns
    return {"values": values, "seconds": seconds, "core_seconds": used.ru_utime + used.ru_stime}


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
    parts: list[Columns] = []
    for work in works:
        for _ in work.blocks(partial(attempts_alone, parts)):
            pass
    table = pa.table(concat(parts))
    out.mkdir()
    pq.write_table(table, out / "attempts.parquet", compression="zstd", compression_level=1)
    seconds = time.perf_counter() - begun
    return {"exchanges": table.num_rows, "seconds": seconds, "peak_bytes": peak_bytes()}


def attempts_alone(
    parts: list[Columns],
    drawn: DrawnSessions,
    _: Placement,
    attempts: Attempts,
    read_tokens: Ints,
) -> Exchanges:
    """Add columns of what the reference engine itself decides, and make no rows."""
    columns = {name: column for name, column in attempts._asdict().items() if name != "call"}
    call = drawn.calls.serial[attempts.call]
    parts.append({"call": call, **columns, "read_tokens": read_tokens})
    return Exchanges.none()


def main() -> None:
    which, *rest = sys.argv[1:]
    if which != "write":  # `sim` has processes of its own, what writes tables has Arrow's defaults
        reuse_memory()
    if which == "write":
        result = write(Path(rest[0]))
    elif which == "lineitem":
        result = lineitem(rest[0])
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
