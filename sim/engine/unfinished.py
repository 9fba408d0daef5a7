"""A run that is not finished yet: who works on it, and which shards and parts are whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any, TextIO

from sim.engine import merge, simulate
from sim.engine.merge import PartRecord
from sim.engine.simulate import ShardRecord
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from sim.tables.manifest import MANIFEST, UNFINISHED, read_manifest, scenario_of, software
from sim.tables.store import Store

FOLDER = ".unfinished"
_LOCK = f"{FOLDER}/lock"
# What the system says when a disk is full.
FULL = (errno.ENOSPC, errno.EDQUOT)


def identity_of(scenario: Scenario, made_by: dict[str, str]) -> str:
    """What two runs with the same bytes have in common."""
    text = json.dumps([scenario.to_dict(), made_by], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def claim(scenario: Scenario, out: Store, *, force: bool) -> None:
    """Make `out` the place of a run of `scenario`; call it holding the lock.

    What an unfinished run of the same scenario by the same software left there stays. Raises
    InvalidInputError for a folder that holds anything else, unless it is a run and `force`.
    """
    about = _about(out)
    identity = identity_of(scenario, software())
    if about is not None and about["identity"] == identity:
        return
    files = [path for path in out.files() if path != _LOCK]
    # without a word about what is run, what is set aside is of a run that was given up
    is_rest = UNFINISHED not in files and all(path.startswith(f"{FOLDER}/") for path in files)
    there = [] if is_rest else files
    if there and not force:
        raise InvalidInputError(
            f"{out}: folder is not empty; choose another, or replace a run with --force"
        )
    if there and not {MANIFEST, UNFINISHED} & set(there):
        raise InvalidInputError(f"{out}: holds no run of sim; --force replaces only a run")
    if files:
        clear(out)
    note(scenario, out)


def note(scenario: Scenario, out: Store) -> None:
    """Say in `out` what is being run there, so that it can be taken up again."""
    made_by = software()
    about = {
        "identity": identity_of(scenario, made_by),
        "software": made_by,
        "scenario": scenario.to_dict(),
    }
    out.write_json(UNFINISHED, about)


def resumable(out: Store) -> Scenario:
    """The scenario of an unfinished or damaged run.

    Raises InvalidInputError if there is none, or if other software began it: then what is there
    and what would be added do not belong together.
    """
    about = _about(out)
    if about is None and is_unfinished(out):
        raise InvalidInputError(
            f"{out.name(UNFINISHED)}: is damaged, and with it what was being run; run the scenario "
            "again with --force"
        )
    about = about or read_manifest(out)
    made_by = about["software"]
    others = [
        f"{name} {made_by.get(name, 'unknown')} (here {version})"
        for name, version in software().items()
        if made_by.get(name) != version
    ]
    if others:
        raise InvalidInputError(
            f"{out}: was made with {', '.join(others)}; resume it with the same versions, or run "
            "the scenario again with --force"
        )
    return scenario_of(about, out)


def _about(out: Store) -> dict[str, Any] | None:
    try:
        about = out.read_json(UNFINISHED)
        return about if about.keys() >= {"identity", "software", "scenario"} else None
    except (OSError, ValueError, AttributeError):
        return None


def is_unfinished(out: Store) -> bool:
    """Whether a run was begun there and not brought to its end."""
    return out.is_file(UNFINISHED)


@contextlib.contextmanager
def locked(out: Store) -> Iterator[None]:
    """Keep others from running into the same local folder; raises InvalidInputError if one is.

    The lock goes with the process that holds it, however that ends. Object stores have none.
    """
    if not out.is_local:
        yield
        return
    import fcntl

    folder = out.folder
    if folder.exists() and not folder.is_dir():
        raise InvalidInputError(f"{out}: is a file; give a folder for the run")
    created = not folder.exists()
    with _lock_file(out) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InvalidInputError(
                f"{out}: another run is writing there (process {file.read().strip()}); "
                "wait for its end, or choose another folder"
            ) from None
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
        finally:
            _leave(out, created=created)


def _lock_file(out: Store) -> TextIO:
    path = out.folder / _LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        if error.errno in FULL:
            raise
        reason = error.strerror or str(error)
        raise SimError(f"{out}: cannot be written to: {reason}; choose another folder") from error


def _leave(out: Store, *, created: bool) -> None:
    """Leave no trace where nothing was done: neither of the lock nor of a folder made for it."""
    if not is_unfinished(out):
        out.remove_all(FOLDER)
        if created:
            with contextlib.suppress(OSError):
                out.folder.rmdir()


def clear(out: Store) -> None:
    """Remove all that a run left, but the lock."""
    for path in out.files():
        if path != _LOCK:
            out.remove(path)
    if out.is_local:
        for folder in sorted(out.folder.rglob("*"), reverse=True):
            if folder.is_dir():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def end(out: Store) -> None:
    """The run is finished: forget how it was made."""
    out.remove_all(simulate.SHARDS)
    out.remove_all(merge.PARTS)
    out.remove_temporary()
    out.remove(UNFINISHED)


def shards_done(out: Store) -> dict[int, ShardRecord]:
    """The shards whose files are whole, by number."""
    records = _records(out, simulate.SHARDS, ShardRecord.from_dict)
    return {record.number: record for record in records if record.is_whole(out)}


def parts_done(out: Store) -> dict[int, PartRecord]:
    """The parts whose files are whole, by number; of a finished run those of its manifest."""
    records = _records(out, merge.PARTS, PartRecord.from_dict)
    return {r.number: r for r in records if all(f.is_whole(out) for f in r.files)}


def has_records(out: Store) -> bool:
    """Whether any shard or part was finished."""
    return any(p.endswith(".json") for s in (simulate.SHARDS, merge.PARTS) for p in out.files(s))


def _records(out: Store, below: str, read: Any) -> list[Any]:
    made = []
    for path in out.files(below):
        if path.endswith(".json"):
            # one that was torn is as good as none
            with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
                made.append(read(out.read_json(path)))
    return made


def reopen(out: Store) -> None:
    """Make an unfinished run of a finished one: parts that are whole become parts that are done."""
    manifest = read_manifest(out)
    scenario = scenario_of(manifest, out)
    by_number: dict[int, list[dict[str, Any]]] = {}
    for record in manifest["files"]:
        stem, _, name = record["path"].rpartition("/")
        if stem in (merge.LOG, merge.TRUTH, merge.TRUTH_OF_TASKS):
            number = int(name.partition(".")[0].removeprefix("part-"))
            by_number.setdefault(number, []).append(record)
    note(scenario, out)
    for number, files in by_number.items():
        content = {"number": number, "files": files, "peak_bytes": 0}
        out.write_json(merge.record_path(number), content)
    out.remove(MANIFEST)
