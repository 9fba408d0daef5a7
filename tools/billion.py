"""What a billion exchanges would take, from runs that were measured.

`python -m tools.billion run SCALE` measures a run of `reported_2026_02`, and
`python -m tools.billion accounts SCALE` what a process holds before it simulates, and
`python -m tools.billion reads NUMBER` what a read from S3 costs. They add to
docs/background/billion.json, from which `make docs` writes the tables of billion.md.
"""

from __future__ import annotations

import json
import math
import resource
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

MEASURED = ROOT / "docs" / "background" / "billion.json"
SCENARIO = "reported_2026_02"
WANTED = 1_000_000_000
WORKERS = (4, 16, 64, 256)
# What a cloud asks for, about, in US dollars: put in your own.
CORE_HOUR, GB_MONTH, PUTS_1000, GETS_1000 = 0.04, 0.023, 0.005, 0.0004
# Bytes of main memory, and of a shard's record, that a cell of a chunk takes.
CELL_BYTES, CELL_BYTES_OF_JSON = 12, 7
# Reads of so many windows of a chunk are one request to S3 (`sim/engine/merge.py`).
WINDOWS_AT_ONCE = 4
_PIECE = 16 << 20
# Of a file in the manifest.
_FILE_BYTES = 260
_SIMULATING = 0.55
_MEASURED = (
    "core-seconds",
    "exchanges a core-second",
    "bytes set aside of each",
    "bytes finished of each",
    "peak of the worker",
    "of the main process",
    "reads",
)

Measured = dict[str, Any]


def measured_run(scale: float) -> Measured:
    """A run by one worker process, so that main process and worker can be told apart."""
    from sim.engine.executors import Workers
    from sim.engine.pool_processes import FreshProcesses, begin_worker
    from sim.engine.run_context import peak_bytes
    from sim.scenario import load_scenario

    engine: Any = import_module("sim.engine.run")
    seen: Measured = {"planning_cpu_s": 0.0, "spans": 0, "bytes_set_aside": 0}
    make_index, make_plan = engine.Index, engine.plan_of

    def index(files: Any, cells: int) -> Any:
        counts = [chunk.counts for file in files for chunk in file.chunks]
        seen.update(chunks=len(counts), chunk_cells=sum(map(len, counts)), cells=cells)
        return make_index(files, cells)

    def plan(*args: Any) -> Any:
        begun = time.process_time()
        made = make_plan(*args)
        seen["planning_cpu_s"] += time.process_time() - begun
        for window in made.windows:
            spans = (window.exchanges.records, window.exchanges.origins, window.tasks)
            seen["spans"] += sum(len(each.rows) for each in spans)
        return made

    def observe(progress: Any) -> None:
        if progress.doing == "writes" and not seen["bytes_set_aside"]:
            spilled = out.glob(".unfinished/shards/*")
            seen["bytes_set_aside"] = sum(path.stat().st_size for path in spilled)

    engine.Index, engine.plan_of = index, plan
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        scenario = load_scenario(SCENARIO, scale=scale)
        with ProcessPoolExecutor(1, mp_context=FreshProcesses(), initializer=begin_worker) as pool:
            made = engine.run(scenario, out, workers=Workers(pool, 1), observe=observe)
        main, worker = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        in_parts = sum(file.bytes for file in made.files if "/part-" in file.path)
        return {
            "scale": scale,
            "exchanges": made.exchanges,
            "shards": made.shards,
            "parts": made.parts,
            "main_cpu_s": main.ru_utime + main.ru_stime,
            "worker_cpu_s": worker.ru_utime + worker.ru_stime,
            "main_peak_bytes": peak_bytes(),
            "worker_peak_bytes": made.peak_bytes,
            "bytes_in_parts": in_parts,
            "bytes_of_entities": sum(file.bytes for file in made.files) - in_parts,
            "manifest_bytes": (out / "manifest.json").stat().st_size,
            **seen,
        }


def measured_accounts(scale: float) -> Measured:
    """What a process takes that makes all accounts and cuts them into shards."""
    from sim.engine.run_context import RunContext, peak_bytes
    from sim.scenario import load_scenario
    from sim.tables.store import Store

    begun = time.process_time()
    scenario = load_scenario(SCENARIO, scale=scale)
    shards = RunContext(scenario, Store("nowhere")).shards
    return {
        "scale": scale,
        "accounts": scenario.accounts,
        "expected": sum(shard.expected for shard in shards),
        "shards": len(shards),
        "largest_shard": max(shard.expected for shard in shards),
        "cpu_s": time.process_time() - begun,
        "peak_bytes": peak_bytes(),
    }


def measured_reads(number: float) -> Measured:
    """What a process spends on reads of 4 kB from S3; the server is moto, in another process."""
    from s3fs import S3FileSystem

    from tools.cluster_example import free_port, waited

    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, stderr=log) as server:
        try:
            waited(lambda: _answers(port))
            url = f"http://127.0.0.1:{port}"
            s3: Any = S3FileSystem(key="testing", secret="testing", endpoint_url=url)
            s3.mkdir("bucket")
            s3.pipe("bucket/rows", bytes(16 << 20))
            count = int(number)
            starts = [4_000 * n for n in range(count)]
            names, ends = ["bucket/rows"] * count, [start + 4_000 for start in starts]
            begun = time.process_time()
            s3.cat_ranges(names, starts, ends, on_error="raise")
            return {"reads": count, "cpu_s": time.process_time() - begun}
        finally:
            server.kill()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def recorded() -> dict[str, dict[str, Measured]]:
    """What was measured: `run` and `accounts`, each by scale, the smallest first."""
    if not MEASURED.exists():
        return {"run": {}, "accounts": {}, "reads": {}}
    content: dict[str, dict[str, Measured]] = json.loads(MEASURED.read_text())
    return {
        what: dict(sorted(found.items(), key=lambda item: float(item[0])))
        for what, found in content.items()
    }


def tables() -> str:
    """The tables of the page: what was measured, and what follows for a billion exchanges."""
    from tools.generate_docs import table

    found = recorded()
    runs, accounts, reads = (list(found[what].values()) for what in ("run", "accounts", "reads"))
    measured = table(("exchanges", *_MEASURED), [_of_run(run) for run in runs], right=8)
    made = table(
        ("exchanges expected", "accounts", "shards", "largest shard", "core-seconds", "peak"),
        [
            (
                f"{one['expected']:,.0f}",
                f"{one['accounts']:,}",
                f"{one['shards']:,}",
                f"{one['largest_shard']:,.0f}",
                f"{one['cpu_s']:.1f}",
                f"{one['peak_bytes'] / 1e6:,.0f} MB",
            )
            for one in accounts
        ],
        right=6,
    )
    billion = Billion(found)
    plan = table(("what", "how much", "from"), billion.rows())
    times = table(
        ("workers", "on a shared disk", "on S3"),
        [
            (str(n), *(f"{billion.minutes(n, s):,.0f} min" for s in (0.0, billion.reading_s)))
            for n in WORKERS
        ],
        right=3,
    )
    first, last = runs[0], runs[-1]
    foretold = first["spans"] * (last["exchanges"] / first["exchanges"]) ** 2
    each = 1e3 * sum(one["cpu_s"] for one in reads) / sum(one["reads"] for one in reads)
    return (
        f"### Runs\n\n{measured}\nFrom the smallest run the square of the exchanges foretells "
        f"{foretold:,.0f} reads of the largest. A request of 4 kB to S3 took {each:.1f} ms of the "
        f"processor.\n\n"
        f"### Accounts and shards, made and not simulated\n\n{made}\n"
        f"### A billion exchanges\n\n{plan}\n### Time, by workers of one core\n\n{times}"
    )


def _of_run(run: Measured) -> tuple[str, ...]:
    """The row of a run that was measured."""
    rows, seconds = run["exchanges"], run["worker_cpu_s"]
    return (
        f"{rows:,}",
        f"{seconds:,.0f}",
        f"{rows / seconds:,.0f}",
        f"{run['bytes_set_aside'] / rows:.0f}",
        f"{run['bytes_in_parts'] / rows:.0f}",
        f"{run['worker_peak_bytes'] / 1e6:,.0f} MB",
        f"{run['main_peak_bytes'] / 1e6:,.0f} MB",
        f"{run['spans']:,}",
    )


class Billion:
    """What a billion exchanges take, from the largest run and what was made at that size."""

    def __init__(self, found: dict[str, dict[str, Measured]]) -> None:
        run, made = list(found["run"].values())[-1], list(found["accounts"].values())[-1]
        same, read = found["accounts"][f"{run['scale']:g}"], list(found["reads"].values())[-1]
        times = WANTED / run["exchanges"]
        each_s = run["worker_cpu_s"] / run["exchanges"]

        self.work_s = each_s * WANTED
        self.largest_s = made["largest_shard"] * each_s * _SIMULATING
        self.set_aside, self.finished = (
            run["bytes_set_aside"] * times,
            run["bytes_in_parts"] * times,
        )
        self.parts = math.ceil(run["parts"] * times)
        self.chunks = run["chunks"] * times

        # windows and chunks both grow with the exchanges
        self.reads = run["spans"] * times**2
        self.gets = self.reads / WINDOWS_AT_ONCE
        self.reading_s = float(self.gets * read["cpu_s"] / read["reads"])
        self.planning_s = self.reads * run["planning_cpu_s"] / run["spans"]
        of_parts = self.finished / _PIECE + (3 * 3 + 1) * self.parts
        self.writes = self.set_aside / _PIECE + 4 * made["shards"] + of_parts

        share = run["chunk_cells"] / (run["chunks"] * run["cells"])
        self.cells = self.chunks * share * (1 << 16)
        accounts = made["peak_bytes"] - same["peak_bytes"]
        self.worker = run["worker_peak_bytes"] + accounts
        index = (self.cells - run["chunk_cells"]) * CELL_BYTES
        self.main = run["main_peak_bytes"] + accounts + index
        self.manifest = run["manifest_bytes"] + 3 * (self.parts - run["parts"]) * _FILE_BYTES

    def minutes(self, workers: int, reading_s: float) -> float:
        """Time with so many workers: they wait for the largest shard, and for plans of parts."""
        simulating = max(_SIMULATING * self.work_s / workers, self.largest_s)
        writing = ((1 - _SIMULATING) * self.work_s + reading_s) / workers
        return float(simulating + max(writing, self.planning_s)) / 60

    def rows(self) -> list[tuple[str, str, str]]:
        """What it takes: what, how much, and from what that follows."""
        s3 = self.gets / 1e3 * GETS_1000 + self.writes / 1e3 * PUTS_1000
        core_hours = (self.work_s + self.reading_s) / 3600
        month = self.finished / 1e9 * GB_MONTH

        return [
            ("work", f"{self.work_s / 3600:.1f} core-hours", "core-seconds of the largest run"),
            ("the largest shard", f"{self.largest_s / 60:.0f} min", "a laboratory, is not cut"),
            ("plans of parts", f"{self.planning_s / 60:.1f} min", "by the main process alone"),
            ("memory of a worker", _gb(self.worker), "the largest run, and all accounts"),
            ("memory of the main process", _gb(self.main), f"{self.chunks:,.0f} chunks by cell"),
            ("set aside while it runs", _gb(self.set_aside), "written once, read once"),
            ("finished run", f"{_gb(self.finished)}, {3 * self.parts:,} files", "linear"),
            ("disk at the peak", _gb(self.set_aside + self.finished), "both"),
            ("reads", f"{self.reads / 1e6:,.0f} million", "of parts from nearly all chunks"),
            ("bytes of a read", f"{self.set_aside / self.reads:,.0f}", "set aside / reads"),
            ("records of shards", _gb(self.cells * CELL_BYTES_OF_JSON), "rows by chunk and cell"),
            ("manifest", f"{self.manifest / 1e6:,.1f} MB", "its list of files"),
            ("on S3: requests", f"{self.gets / 1e6:,.0f} million GET", "several reads in each"),
            ("", f"{self.writes / 1e3:,.0f} thousand PUT", "pieces of 16 MiB, and records"),
            (
                "on S3: work of reads",
                f"{self.reading_s / 3600:.0f} core-hours",
                "of s3fs, each read",
            ),
            ("on S3: cost", f"{s3:,.0f} USD", f"{GETS_1000} and {PUTS_1000} USD a thousand"),
            ("", f"{core_hours * CORE_HOUR:,.1f} USD", f"{CORE_HOUR} USD a core-hour"),
            ("", f"{month:,.1f} USD a month", f"{GB_MONTH} USD a GB and month"),
        ]


def _gb(number: float) -> str:
    return f"{number / 1e9:,.0f} GB" if number > 2e10 else f"{number / 1e9:.1f} GB"


def main() -> None:
    """Measure one thing and write it down."""
    what, scale = sys.argv[1], float(sys.argv[2])
    makers = {"run": measured_run, "accounts": measured_accounts, "reads": measured_reads}
    made = makers[what](scale)
    content = recorded()
    content.setdefault(what, {})[f"{scale:g}"] = made
    MEASURED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
