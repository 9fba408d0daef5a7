"""Make a pack of a recipe: simulate, merge, label, divide, describe; the manifest last."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.engine.executors import LostWorkerError, Workers, in_process
from sim.engine.progress import Observer
from sim.engine.run import reached_by
from sim.engine.run_files import LOCK
from sim.engine.run_lock import locked
from sim.errors import DISK_FULL, SimError
from sim.packs import claims
from sim.packs.archive import check_archive, write_archive
from sim.packs.build_log import LogBuilder
from sim.packs.checksums import verdict
from sim.packs.manifest import read_manifest, records_of, stem_of
from sim.packs.recipe import Recipe
from sim.packs.session import PackSummary, Session, UnmakeableError
from sim.packs.steps import STEPS
from sim.tables.formats import FileRecord
from sim.tables.remote_errors import PassingError
from sim.tables.store import Store

__all__ = ["PackSummary", "build", "expect_usable", "resume"]


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

    Whatever ends it, steps that are whole stay. Of a pack of which nothing was finished, or that
    its recipe makes impossible, no trace stays.

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

    steps: dict[str, tuple[list[FileRecord], Any]] = {}
    for step in STEPS:
        files = [file for stem in step.stems for file in by_stem.get(stem, [])]
        if files:
            steps[step.name] = (files, facts.get(step.name, {}))
    steps["values"] = ([], manifest["values"])
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
            return Session(recipe, out, workers, observe or (lambda _: None)).carry_out(audit)
        except BaseException as error:
            claims.give_up(out, is_hopeless=isinstance(error, UnmakeableError))
            raise


@contextlib.contextmanager
def _with_remedies(out: Store) -> Iterator[None]:
    """Say with what ended the work whether something is kept, and how to go on."""
    try:
        yield
    except LostWorkerError as error:
        if not claims.is_kept(out):
            text = f"before anything was finished; make the pack again {error.remedy}"
            raise SimError(f"{out}: {error.what} {text}") from error
        raise SimError(
            f"{out}: {error.what}; what is finished is kept: give `{claims.resuming(out)}`"
        ) from error

    except PassingError as error:
        if not claims.is_kept(out):
            raise PassingError(error.url, error.reason) from error
        remedy = f"what is finished is kept: try again with `{claims.resuming(out)}`"
        raise PassingError(error.url, error.reason, remedy) from error

    except Exception as error:
        if _is_of_database(error, "Out of Memory"):
            raise SimError(
                f"{out}: too little memory, or space to set rows aside, for its tables; what is "
                f"finished is kept: give `{claims.resuming(out)}` on a larger machine"
            ) from error
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
    return _is_of_database(error, "No space left")


def _is_of_database(error: Exception, words: str) -> bool:
    """Whether an error is one of DuckDB that says these words."""
    return type(error).__module__.startswith(("duckdb", "_duckdb")) and words in str(error)
