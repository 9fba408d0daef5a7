"""Make a pack of a recipe: simulate, merge, label, divide, describe; the manifest last."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engine.executors import DIED, LostWorkerError, Workers, in_process
from sim.engine.run import Progress, reached_by
from sim.engine.run_files import LOCK
from sim.engine.run_lock import locked
from sim.errors import DISK_FULL, SimError
from sim.packs import claims
from sim.packs.archive import check_archive, write_archive
from sim.packs.build_log import LogBuilder
from sim.packs.checksums import table_values, verdict
from sim.packs.manifest import read_manifest, records_of, rows_of, stem_of, write_manifest
from sim.packs.pack_files import AUDIT, CARDS
from sim.packs.recipe import Recipe
from sim.packs.steps import STEPS, Step
from sim.packs.work_folder import WorkFolder, work_folder
from sim.tables.formats import FileRecord
from sim.tables.pack_schema import PACK_TABLES
from sim.tables.remote_errors import PassingError
from sim.tables.schema import arrow_schema
from sim.tables.store import Store

if TYPE_CHECKING:
    from sim.audits.report import Audit

Observer = Callable[[Progress], None]


@dataclass(frozen=True)
class PackSummary:
    """What a finished pack holds, and what it took.

    Attributes
    ----------
    out
        Where it lies.
    recipe
        What it was made of.
    rows
        Rows of each table, by name.
    files
        Its files but for the manifest, in order of path.
    seconds
        What each step took in this session, by name; a step that was done before is not there.
    peak_bytes
        The most memory that a process held, as far as it was alive in this session.
    values
        Whether its values are those of the repository; None where that says nothing of them.
    audit
        What was found in it; None if it was not audited in this session.
    """

    out: Store
    recipe: Recipe
    rows: dict[str, int]
    files: tuple[FileRecord, ...]
    seconds: dict[str, float]
    peak_bytes: int
    values: str | None
    audit: Audit | None

    @property
    def place(self) -> str:
        """Where the pack lies."""
        return self.out.url

    @property
    def bytes(self) -> int:
        """The size of all files but the manifest."""
        return sum(file.bytes for file in self.files)


def build(
    recipe: Recipe,
    place: Store | Path | str,
    *,
    workers: Workers | None = None,
    observe: Observer | None = None,
    force: bool = False,
    audit: bool = True,
    archive: str | None = None,
) -> PackSummary:
    """Make a pack of a recipe in a folder or another place.

    Whatever ends it, steps that are whole stay, and of a pack of which nothing was finished no
    trace.

    Parameters
    ----------
    recipe
        What is made.
    place
        A folder, or a URL such as `s3://bucket/pack`. One that holds something is refused, but for
        an interrupted pack of the same recipe, which is completed.
    workers
        Who simulates and merges; this process if left out. They do not change a byte.
    observe
        Called with the progress, now and then.
    force
        Whether a pack that is there may be replaced.
    audit
        Whether the pack is audited; without, its `audit.json` says so.
    archive
        File or URL of an archive of the whole pack, made at the end; None for none.

    Returns
    -------
    PackSummary
        What the pack holds.

    Raises
    ------
    InvalidInputError
        If the place cannot be used, or the pack cannot be made of these simulations.
    SimError
        If the disk is full or a worker died.
    """
    out = reached_by(workers, Store.of(place))
    if archive is not None:
        check_archive(archive, out)
    with _with_remedies(out):
        expect_usable(recipe, out, force=force)
        with locked(out):
            if out.is_local:  # another may have been there since
                claims.check(recipe, out, force=force)
            claims.claim(recipe, out)
            summary = _carry_out(recipe, out, workers, observe, audit)
    if archive is not None:
        write_archive(out, archive)
    return summary


def resume(
    place: Store | Path | str,
    *,
    workers: Workers | None = None,
    observe: Observer | None = None,
    audit: bool = True,
    archive: str | None = None,
) -> PackSummary:
    """Complete an interrupted pack, or make again what is missing or damaged in a finished one.

    A finished pack that is whole is left as it is.

    Parameters
    ----------
    place
        Where the pack lies.
    workers, observe, audit, archive
        As of `build`.

    Raises
    ------
    InvalidInputError
        If there is no pack, or if other software made it.
    """
    out = reached_by(workers, Store.of(place))
    if archive is not None:
        check_archive(archive, out)
    recipe = claims.resumable(out)
    with _with_remedies(out), locked(out):
        summary = None
        if not claims.is_unfinished(out):
            summary = _as_it_is(recipe, out)
            if summary is None:
                _reopen(out)
        if summary is None:
            summary = _carry_out(recipe, out, workers, observe, audit)
    if archive is not None:
        write_archive(out, archive)
    return summary


def expect_usable(recipe: Recipe, place: Store | Path | str, *, force: bool) -> None:
    """Raise InvalidInputError if `build` would refuse `place`, and touch nothing there."""
    out = Store.of(place)
    if not (out.is_local and out.is_file(LOCK)):  # else another may be at work, says its lock
        claims.check(recipe, out, force=force)


def _as_it_is(recipe: Recipe, out: Store) -> PackSummary | None:
    """Return the summary of a finished pack; None if a file of it is not whole."""
    manifest = read_manifest(out)
    files = records_of(manifest)
    if not all(file.is_whole(out) for file in files):
        return None
    values = verdict(recipe, manifest["values"])
    return PackSummary(out, recipe, manifest["rows"], tuple(files), {}, 0, values, None)


def _reopen(out: Store) -> None:
    """Make an unfinished pack of a finished one, with the steps whose files it lists."""
    manifest = read_manifest(out)
    facts = {"targets": {"windows": manifest["windows"]}, "splits": manifest["splits"]}
    by_stem: dict[str, list[FileRecord]] = {}
    for file in records_of(manifest):
        by_stem.setdefault(stem_of(file.path), []).append(file)

    steps = {}
    for step in STEPS:
        files = [file for stem in step.stems for file in by_stem.get(stem, [])]
        if files:
            steps[step.name] = (files, facts.get(step.name, {}))
    singles = [file for stem in LogBuilder.singles() for file in by_stem.get(stem, [])]
    parts = len(by_stem.get("log/exchanges", []))
    claims.reopen(out, {**steps, LogBuilder.MERGE: (singles, {"parts": parts})})


def _carry_out(
    recipe: Recipe, out: Store, workers: Workers | None, observe: Observer | None, audit: bool
) -> PackSummary:
    """Make the pack; whatever ends it, leave what is whole for another session."""
    with contextlib.ExitStack() as stack:
        workers = workers or stack.enter_context(in_process())
        try:
            return _Attempt(recipe, out, workers, observe or (lambda _: None)).carry_out(audit)
        except BaseException:
            claims.give_up(out)
            raise


class _Attempt:
    """One session of work on a pack: what it finds finished, it does not do again."""

    def __init__(self, recipe: Recipe, out: Store, workers: Workers, observe: Observer) -> None:
        self._recipe, self._out, self._workers, self._observe = recipe, out, workers, observe
        self._seconds: dict[str, float] = {}
        self._facts: dict[str, Any] = {}
        self._files: list[FileRecord] = []
        self._done = 0.0
        self._log = LogBuilder(recipe, out, workers, self._tell)
        out.remove_temporary()

    def carry_out(self, audit: bool) -> PackSummary:
        """Make the log, then what is made of it, then the cards, and the manifest last."""
        self._files += self._timed("log", self._log.build)
        self._done = LogBuilder.SHARE
        recipe = self._recipe
        with work_folder(self._out, recipe.opens_us, recipe.closes_us) as work:
            work.fetch(self._files)
            for step in STEPS:
                self._step(step, work)
            found = self._timed("audit", lambda: self._audit(work)) if audit else None
            self._done = 0.95
            self._write_audit(work, found)
            self._timed("cards", lambda: self._cards(work, found))

        self._tell("sums up", 0.97)
        values = self._timed("values", self._values)
        files = tuple(sorted(self._files, key=lambda file: file.path))
        write_manifest(recipe, self._out, files, values, self._facts)
        claims.end(self._out)
        return PackSummary(
            out=self._out,
            recipe=recipe,
            rows=rows_of(files),
            files=files,
            seconds=self._seconds,
            peak_bytes=self._log.peak_bytes,
            values=verdict(recipe, values),
            audit=found,
        )

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        """Return what `work` gives, and note how long it took."""
        begun = time.monotonic()
        result = work()
        self._seconds[name] = time.monotonic() - begun
        return result

    def _step(self, step: Step, work: WorkFolder) -> None:
        """Do a step, unless its files are there and whole."""
        self._tell(step.name, self._done)
        self._done += step.share
        done = claims.step_done(self._out, step.name)
        if done is not None:
            self._facts[step.name] = done[1]
            self._files += done[0]
            work.fetch(done[0])
            return

        def make() -> None:
            """Make its tables, and note at the end that they are there."""
            files = []
            with work.tables(self._files) as tables:
                made = step.make(self._recipe, tables, self._facts)
                for stem, table in made.tables:
                    files.append(work.write_table(stem, table, _schema(stem, table)))
            self._facts[step.name] = dict(made.facts)
            claims.write_step(self._out, step.name, files, self._facts[step.name])
            self._files += files

        self._timed(step.name, make)

    def _audit(self, work: WorkFolder) -> Audit:
        """Return what the audits find in the pack."""
        from sim.audits import audit

        recipe = self._recipe
        with work.tables(self._files) as tables:
            return audit(
                tables,
                difficulty=recipe.difficulty,
                scenario=recipe.scenarios[0],
                simulate=True,
                seed=recipe.seed,
                what=recipe.name,
                observe=lambda test: self._tell(f"audits {test}", self._done),
            )

    def _write_audit(self, work: WorkFolder, found: Audit | None) -> None:
        """Write what was found, or that nothing was looked for."""
        import json

        content = {"audited": False} if found is None else found.to_dict()
        self._files.append(work.write_text(AUDIT, json.dumps(content, indent=1) + "\n"))

    def _cards(self, work: WorkFolder, found: Audit | None) -> None:
        """Write what explains the pack to people and to programs."""
        from sim.packs.cards.write_cards import card_files
        from sim.packs.facts import pack_facts

        self._tell("describes", 0.95)
        facts = pack_facts(self._recipe, self._files, self._facts, found)
        texts = card_files(facts)
        self._files += [work.write_text(path, texts[path]) for path in CARDS]

    def _values(self) -> dict[str, str]:
        """Return the checksums of the values of all tables."""
        place = str(self._out.folder.absolute()) if self._out.is_local else self._out.url
        return table_values(place, self._files, self._log.workers)

    def _tell(self, doing: str, share: float) -> None:
        """Tell the observer how far the pack is."""
        self._observe(Progress(doing, share, self._log.exchanges, self._log.peak_bytes))


def _schema(stem: str, table: Any) -> Any:
    """Return the schema of a table: as it is known, for the columns that are there."""
    known = PACK_TABLES[stem]
    strange = sorted(set(table.schema.names) - set(known))
    if strange:
        raise ValueError(f"{stem} has no columns {', '.join(strange)}")
    return arrow_schema({name: known[name] for name in table.schema.names})


@contextlib.contextmanager
def _with_remedies(out: Store) -> Iterator[None]:
    """Say with what ended the work whether something is kept, and how to go on."""
    try:
        yield
    except LostWorkerError as error:
        if not claims.is_kept(out):
            text = (
                f"{DIED} before anything was finished; make the pack again with fewer workers (-j)"
            )
            raise SimError(f"{out}: {text}") from error
        raise SimError(
            f"{out}: {DIED}; what is finished is kept: give `{claims.resuming(out)}`"
        ) from error
    except PassingError as error:
        if not claims.is_kept(out):
            raise PassingError(error.url, error.reason) from error
        remedy = f"what is finished is kept: try again with `{claims.resuming(out)}`"
        raise PassingError(error.url, error.reason, remedy) from error
    except Exception as error:
        if not _is_full_disk(error):
            raise
        remedy = "free some space or choose another folder"
        if claims.is_kept(out):
            remedy = f"what is finished is kept: free some space and give `{claims.resuming(out)}`"
        raise SimError(f"{out}: no space left on the device; {remedy}") from error


def _is_full_disk(error: Exception) -> bool:
    """Whether a disk was full; DuckDB has an error of its own for that."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    return type(error).__module__.startswith(("duckdb", "_duckdb")) and "No space left" in str(
        error
    )
