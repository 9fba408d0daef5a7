"""Every table of a run, every kind of damage, every reader: noticed, or said not to be read.

`python -m tests.torture.damage 1` tries all of it once.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import sim
from sim.errors import SimError
from sim.tables.query import view_of
from sim.tables.schema import IN_PARTS, LABELS, TABLES
from tests.support.commands import TINY
from tests.support.commands import sim as called

_HEAD, _FOOTER_END = 4, 8


def made_runs(folder: Path, fmt: str = "parquet") -> tuple[Path, Path]:
    """A run, and another of the same scenario with another seed."""
    (folder / "tiny.yaml").write_text(TINY, encoding="utf-8")
    runs = folder / f"run-{fmt}", folder / f"other-{fmt}"
    for out, seed in zip(runs, ("7", "8"), strict=True):
        options = ("-o", str(out), "-j", "1", "--seed", seed, "--format", fmt)
        result = called("run", str(folder / "tiny.yaml"), *options)
        assert result.exit_code == 0, result.stderr
    return runs


def file_of(table: str, fmt: str = "parquet") -> str:
    """The first file of a table."""
    return f"{table}/part-00000.{fmt}" if table in IN_PARTS else f"{table}.{fmt}"


# --- damage: what is done to a file, with the same file of another run


def flipped_in_a_page(path: Path, _: Path, rng: random.Random) -> None:
    """One bit of what is stored is another; a table without rows stores none."""
    data = bytearray(path.read_bytes())
    end = len(data) - _footer_bytes(data)
    if end > _HEAD:
        data[rng.randrange(_HEAD, end)] ^= 1 << rng.randrange(8)
        path.write_bytes(data)


def flipped_in_the_footer(path: Path, _: Path, rng: random.Random) -> None:
    """One bit of what says where things lie is another."""
    data = bytearray(path.read_bytes())
    data[-rng.randint(1, _footer_bytes(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def _footer_bytes(data: bytearray) -> int:
    if data[-4:] != b"PAR1":
        return 1
    return int.from_bytes(data[-_FOOTER_END:-4], "little") + _FOOTER_END


def truncated(path: Path, _: Path, rng: random.Random) -> None:
    """The end is missing."""
    os.truncate(path, rng.randrange(1, path.stat().st_size))


def emptied(path: Path, _: Path, __: random.Random) -> None:
    """No byte is left."""
    path.write_bytes(b"")


def missing(path: Path, _: Path, __: random.Random) -> None:
    """There is no such file."""
    path.unlink()


def swapped(path: Path, other: Path, _: random.Random) -> None:
    """It is the file of another run."""
    shutil.copy(other, path)


def rows_dropped(path: Path, _: Path, __: random.Random) -> None:
    """A row is missing, or one is there twice where there is but one."""
    table = pq.read_table(path, partitioning=None)
    less = table.slice(0, len(table) - 1) if len(table) > 1 else pa.concat_tables([table, table])
    pq.write_table(less, path)


def other_schema(path: Path, _: Path, __: random.Random) -> None:
    """The first column has another name."""
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.rename_columns(["nothing", *table.column_names[1:]]), path)


DAMAGES: tuple[Callable[[Path, Path, random.Random], None], ...] = (
    flipped_in_a_page,
    flipped_in_the_footer,
    truncated,
    emptied,
    missing,
    swapped,
    rows_dropped,
    other_schema,
)


# --- readers, and the tables that docs/guides/reading-runs.md says they read

ALL = tuple(TABLES)
_EXCHANGES = ("log/exchanges", "truth/exchanges", "truth/tasks")
_COMPARED = (*_EXCHANGES, "log/account_payment", "log/model_catalog")
_COUNTED = (
    *_EXCHANGES,
    "log/accounts",
    "log/model_catalog",
    "log/enforcement_events",
    "truth/links",
)


def _verb(*words: str) -> Callable[[Path, str], str | None]:
    def read(run: Path, _: str) -> str | None:
        result = called(*words, str(run))
        return None if result.exit_code == 0 and not result.stderr else result.stderr

    return read


def _python(read: Callable[[Any, str], Any]) -> Callable[[Path, str], str | None]:
    def ask(run: Path, table: str) -> str | None:
        try:
            read(sim.open_run(run), table)
        except SimError as error:
            return str(error)
        except (OSError, pa.ArrowException, duckdb.Error) as error:  # of a scan, which is theirs
            return f"scan: {error}"
        return None

    return ask


READERS: dict[str, tuple[Callable[[Path, str], str | None], tuple[str, ...]]] = {
    "verify": (_verb("verify"), ALL),
    "check-run": (_verb("check-run"), ALL),
    "counts": (_verb("counts"), _COUNTED),
    "compare": (_verb("compare", "-q", "--draws", "200", "--only", "claims"), _COMPARED),
    "pandas": (_python(lambda run, table: run.pandas(table)), ALL),
    "table": (_python(lambda run, table: run.table(table, run.columns(table))), ALL),
    "dataset": (_python(lambda run, table: run.dataset(table).to_table()), ALL),
    "sql": (
        _python(lambda run, table: run.sql(f"FROM {view_of(table)}", truth=True).fetchall()),
        ALL,
    ),
    "pandas with truth": (
        _python(lambda run, table: run.pandas(_labelled(table), truth=True)),
        (*LABELS, *LABELS.values()),
    ),
}


def _labelled(table: str) -> str:
    """The table that is read with its truth for this one to be read."""
    return next((log for log, truth in LABELS.items() if table in (log, truth)), "log/exchanges")


def tries() -> Iterator[tuple[str, str, str]]:
    """Every table, damage and reader that reads it."""
    for table in TABLES:
        for damage in DAMAGES:
            readers = (name for name, (_, read) in READERS.items() if table in read)
            yield from ((table, damage.__name__, reader) for reader in readers)


def attempt(
    runs: tuple[Path, Path], place: Path, table: str, damage: str, reader: str, seed: int
) -> str | None:
    """Damage a copy of a run and read it; what went wrong, None if the damage was noticed."""
    run = Path(shutil.copytree(runs[0], place))
    path = file_of(table)
    harm = next(d for d in DAMAGES if d.__name__ == damage)
    harm(run / path, runs[1] / path, random.Random(seed))
    same = (run / path).exists() and (run / path).read_bytes() == (runs[0] / path).read_bytes()
    said = READERS[reader][0](run, table)
    shutil.rmtree(run)
    if same:
        return None  # the other run has the very same table
    if said is None:
        return "not noticed"
    first = said.splitlines()[0]
    return None if path in first or said.startswith("scan: ") else f"not named: {first}"


def run(count: int, seed: int = 1, workers: int = 1) -> dict[str, Any]:  # noqa: ARG001
    """Try everything `count` times with other bits, in this process."""
    failed, tried = [], 0
    with tempfile.TemporaryDirectory() as folder:
        runs = made_runs(Path(folder))
        for number in range(seed, seed + count):
            for table, damage, reader in tries():
                place = Path(folder) / "damaged"
                fault = attempt(runs, place, table, damage, reader, number)
                tried += 1
                if fault:
                    about = {"table": table, "damage": damage, "reader": reader, "seed": number}
                    failed.append({**about, "fault": fault})
    return {"tried": tried, "passed": tried - len(failed), "failed": failed}


if __name__ == "__main__":
    print(json.dumps(run(*map(int, sys.argv[1:] or ["1"])), indent=1))  # noqa: T201
