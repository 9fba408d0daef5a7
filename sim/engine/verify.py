"""Check that a run is what its manifest says, and that the same scenario makes it again."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import DISK_FULL, InvalidInputError, SimError
from sim.tables.formats import FileRecord
from sim.tables.integrity import OTHER_BYTES, other_size
from sim.tables.manifest import MANIFEST, read_manifest, records_of, scenario_of
from sim.tables.manifest_form import FORMAT, is_later
from sim.tables.store import Store

if TYPE_CHECKING:
    from sim.engine.executors import Workers


def damaged_files(place: Store | Path | str) -> list[str]:
    """Return a line for every file of a run that is missing, altered or not in the manifest.

    Files are read and hashed whole. Values are not looked at: the invariants do that.

    Parameters
    ----------
    place
        Where the run lies.

    Returns
    -------
    list of str
        Files of the manifest in its order, then the others; empty if nothing is wrong.

    Raises
    ------
    InvalidInputError
        If there is no finished run.
    """
    run = Store.of(place)
    return unlike_manifest(run, records_of(read_manifest(run)))


def unlike_manifest(place: Store, listed: Sequence[FileRecord]) -> list[str]:
    """Return a line for every file of a place that is missing, altered or not in its manifest.

    Parameters
    ----------
    place
        Where a run, or what else has a manifest, lies.
    listed
        The files that its manifest lists.
    """
    problems = [p for record in listed if (p := problem_of(place, record))]
    extra = sorted(set(place.files()) - {record.path for record in listed} - {MANIFEST})
    return problems + [f"{place.name(path)}: is not in the manifest" for path in extra]


def problem_of(run: Store, record: FileRecord) -> str | None:
    """Return what is wrong with a file, in a line; None if it is as it was written."""
    name = run.name(record.path)
    if wrong := run.wrong_with(record.path):
        return f"{name}: {wrong}"
    if not run.is_file(record.path):
        return f"{name}: is missing"
    wrong = other_size(run.size(record.path), record)
    if wrong is None and run.sha256(record.path) != record.sha256:
        wrong = OTHER_BYTES
    return f"{name}: {wrong}" if wrong else None


@contextlib.contextmanager
def _place_aside(run: Store) -> Iterator[Path]:
    """Make a folder that is gone afterwards: beside the run, where there is space, if possible."""
    beside = run.folder.absolute().parent if run.is_local else None
    if beside and not os.access(beside, os.W_OK):
        beside = None
    try:
        with tempfile.TemporaryDirectory(prefix=".rerun-", dir=beside) as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise SimError(
            f"{run}: no space left for the files of a rerun; free some space, or copy the run to "
            "a larger disk"
        ) from error


def differences_of_rerun(place: Store | Path | str, workers: Workers | None = None) -> list[str]:
    """Carry out the scenario of a run again and return a line for every file that differs.

    It compares the hashes of the manifest with those of the rerun. Whether the files are what the
    manifest says is not asked (see `damaged_files`).

    Parameters
    ----------
    place
        Where the run lies; nothing is changed there.
    workers
        Who carries it out; this process if left out.

    Returns
    -------
    list of str
        Empty if a rerun gives the same bytes.

    Raises
    ------
    InvalidInputError
        If there is no finished run, or if a later version made it.
    SimError
        If there is no space left for the files of the second run.
    """
    from sim.engine.run import run_within

    run = Store.of(place)
    manifest = read_manifest(run)
    if is_later(manifest):
        raise InvalidInputError(
            f"{run.name(MANIFEST)}: has the format {manifest['format']}, and this version of sim "
            f"makes {FORMAT}; rerun it with the version that made it"
        )
    scenario = scenario_of(manifest)
    with _place_aside(run) as folder:
        again = {f.path: f for f in run_within(scenario, Store(str(folder)), workers).files}

    before = {f["path"]: f["sha256"] for f in manifest["files"]}
    lines = [
        f"{run.name(path)}: a rerun gives other bytes"
        for path in sorted(before.keys() & again.keys())
        if before[path] != again[path].sha256
    ]
    lines += [
        f"{run.name(path)}: a rerun does not make it"
        for path in sorted(before.keys() - again.keys())
    ]
    new = sorted(again.keys() - before.keys())
    return lines + [f"{run.name(path)}: only a rerun makes it" for path in new]


def other_software(place: Store | Path | str) -> list[str]:
    """Return a line for every version that differs from the one that made the run."""
    from sim.tables.manifest import software

    made_by: dict[str, str] = read_manifest(Store.of(place))["software"]
    return [
        f"{name} {made_by.get(name, 'unknown')} made the run, this is {version}"
        for name, version in software().items()
        if made_by.get(name) != version
    ]
