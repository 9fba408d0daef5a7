"""Carry out a scenario into a folder: log, truth, and the manifest last."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.engine.cast import Cast, build_cast
from sim.engine.people import entity_tables, truth_accounts
from sim.engine.render import Renderer
from sim.engine.tally import ActorSummary, Tally
from sim.engine.windows import windows
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from sim.tables.behind import WriteBehind
from sim.tables.columns import length
from sim.tables.manifest import Progress, write_manifest
from sim.tables.parts import FileRecord, PartWriter
from sim.tables.schema import TRUTH_EXCHANGES, TRUTH_TASKS, arrow_schema, exchange_columns

Observer = Callable[[float, int], None]


@dataclass(frozen=True)
class RunSummary:
    """What a finished run holds."""

    path: Path
    exchanges: int
    actors: tuple[ActorSummary, ...]
    files: tuple[FileRecord, ...]


def run(
    scenario: Scenario, out: Path | str, *, force: bool = False, observe: Observer | None = None
) -> RunSummary:
    """Simulate `scenario` into the folder `out`.

    A folder that holds something is refused, but for an interrupted run of the same scenario,
    which is completed, and for a run that `force` replaces. `observe` is told the share of the
    time simulated and the exchanges so far. Raises InvalidInputError for a folder that cannot be
    used, SimError when the disk is full; whatever ends the run, only whole parts stay.
    """
    out = Path(out)
    progress = _claim_folder(scenario, out, force)
    try:
        with _disk_errors(out):
            progress.begin()
            return _simulate(scenario, out, progress, observe)
    except BaseException:
        progress.discard_if_empty()
        raise


def _claim_folder(scenario: Scenario, out: Path, force: bool) -> Progress:
    progress = Progress.of(scenario, out)
    if out.exists() and not out.is_dir():
        raise InvalidInputError(f"{out}: is a file; give a folder for the run")
    if not out.exists() or not any(out.iterdir()) or progress.resumes():
        return progress
    if not force:
        raise InvalidInputError(
            f"{out}: folder is not empty; choose another, or replace a run with --force"
        )
    if not progress.holds_a_run():
        raise InvalidInputError(f"{out}: holds no run of sim; --force replaces only a run")
    shutil.rmtree(out)
    return progress


@contextlib.contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise SimError(
            f"{out}: no space left on the device; finished parts are kept: "
            "free some space and give the same command again"
        ) from error


def _simulate(
    scenario: Scenario, out: Path, progress: Progress, observe: Observer | None
) -> RunSummary:
    cast = build_cast(scenario)
    renderer, tally = Renderer(cast), Tally(cast)
    with _writers(cast, progress) as writers, WriteBehind() as behind:
        simulated = None if observe is None else (lambda share: observe(share / 2, 0))
        for window in windows(cast, out, *([simulated] if simulated else [])):
            if length(window.tasks):
                tally.count_tasks(window.tasks)
                behind.append(writers["truth/tasks"], renderer.tasks, window.tasks)
            if length(window.rows):
                tally.count_rows(window.rows)
                behind.append(writers["log/exchanges"], renderer.log, window.rows)
                behind.append(writers["truth/exchanges"], renderer.truth, window.rows)
            if observe is not None:
                observe(0.5 + window.until_us / scenario.clock.duration_us / 2, tally.exchanges)
        behind.finish()
        for writer in writers.values():
            writer.close()
        _write_single_tables(cast, tally, progress)
    actors = tally.summaries()
    files = write_manifest(scenario, out, progress, actors)
    return RunSummary(out, tally.exchanges, actors, files)


@contextlib.contextmanager
def _writers(cast: Cast, progress: Progress) -> Iterator[dict[str, PartWriter]]:
    tables = cast.scenario.tables
    schemas = {
        "log/exchanges": exchange_columns(tables.columns),
        "truth/exchanges": TRUTH_EXCHANGES,
        "truth/tasks": TRUTH_TASKS,
    }
    writers = {
        stem: progress.writer(stem, arrow_schema(columns), tables.format)
        for stem, columns in schemas.items()
    }
    try:
        yield writers
    finally:
        for writer in writers.values():
            writer.abandon()


def _write_single_tables(cast: Cast, tally: Tally, progress: Progress) -> None:
    single = {f"log/{name}": table for name, table in entity_tables(cast).items()}
    single["truth/accounts"] = truth_accounts(cast)
    single["truth/campaigns"] = tally.campaigns()
    single["truth/actors"] = tally.actors()
    for stem, table in single.items():
        writer = progress.writer(stem, table.schema, cast.scenario.tables.format, single=True)
        try:
            writer.append(table)
            writer.close()
        finally:
            writer.abandon()
