"""A run that is not finished yet: who works on it, and which shards and parts are whole."""

from __future__ import annotations

import contextlib
import shlex
from typing import Any

from sim.engine import merge, run_files, simulate
from sim.engine.merge import PartRecord
from sim.engine.simulate import ShardRecord
from sim.engine.taking_places import (
    expect_nothing_else,
    expect_replaceable,
    expect_same_software,
    identity,
)
from sim.errors import InvalidInputError, SimError
from sim.scenario.resolved import Scenario
from sim.tables.manifest import (
    MANIFEST,
    UNFINISHED,
    read_manifest,
    records_of,
    scenario_of,
    software,
)
from sim.tables.manifest_form import FORMAT, UnfinishedForm, checked, is_later
from sim.tables.store import Store


def check(scenario: Scenario, out: Store, *, force: bool) -> None:
    """Raise InvalidInputError unless `out` may become, or is, the place of a run of `scenario`.

    It may if it is empty, if it holds an unfinished run of the same scenario by the same software
    or one that was given up before anything of it was finished, or a run that `force` replaces.
    Files that no run makes are in the way of all but the same run.

    Parameters
    ----------
    scenario
        What is to be run.
    out
        The place. Nothing is changed there.
    force
        Whether a run that is there, finished or not, may be replaced.
    """
    if _is_same(scenario, out):
        return

    foreign = run_files.foreign_to(out)
    files = [] if foreign else [path for path in out.files() if path != run_files.LOCK]
    if not foreign and (not files or _was_given_up(out, files)):
        return

    expect_replaceable(out, "run", is_there=_is_run(out), foreign=foreign, force=force)


def claim(scenario: Scenario, out: Store) -> None:
    """Make `out` the place of a run of `scenario`; call it after `check`, holding the lock.

    What an unfinished run of the same scenario by the same software left there stays.
    """
    if not _is_same(scenario, out):
        run_files.clear(out)
        note(scenario, out)


def _is_same(scenario: Scenario, out: Store) -> bool:
    """Whether an unfinished run of the same scenario by the same software is there."""
    about = _about(out)
    return about is not None and about["identity"] == identity(scenario.to_dict(), software())


def _was_given_up(out: Store, files: list[str]) -> bool:
    """Whether these files of `out` are those of a run of which nothing was finished."""
    if not all(path.startswith(f"{run_files.FOLDER}/") for path in files):
        return False
    # without a word about what is run, what is set aside is of no use; where there are no locks,
    # a run that has just begun may have finished nothing yet
    if UNFINISHED not in files:
        return True
    return out.is_local and _about(out) is not None and not has_records(out)


def _is_run(out: Store) -> bool:
    """Whether a run is there, be it damaged."""
    if out.is_file(UNFINISHED):
        return True
    try:
        manifest = out.read_json(MANIFEST)
    except ValueError:
        return bool(out.files(merge.LOG))
    except OSError:
        return False
    return isinstance(manifest, dict) and "software" in manifest


def note(scenario: Scenario, out: Store) -> None:
    """Write down what is being run there, so that it can be resumed."""
    made_by = software()
    about = {
        "identity": identity(scenario.to_dict(), made_by),
        "software": made_by,
        "scenario": scenario.to_dict(),
    }
    out.write_json(UNFINISHED, about)


def resumable(out: Store) -> Scenario:
    """Return the scenario of an unfinished or damaged run.

    Returns
    -------
    Scenario
        From what was written down when the run began, else from the manifest of a finished one.

    Raises
    ------
    InvalidInputError
        If there is none; if other software began it: then what is there and what would be added do
        not belong together; or if a finished run holds files that its manifest does not list.
    """
    about = _about(out)
    if about is None and is_unfinished(out):
        raise InvalidInputError(
            f"{out.name(UNFINISHED)}: is damaged, and with it what was being run; run the scenario "
            "again with --force"
        )

    about = about or _resumable_manifest(out)
    expect_same_software(out, about["software"], software(), "run the scenario again")
    return scenario_of(about)


def _resumable_manifest(out: Store) -> dict[str, Any]:
    """Return the manifest of a finished run; refuse what resuming it would lose or leave."""
    manifest = read_manifest(out)
    if is_later(manifest):
        raise InvalidInputError(
            f"{out.name(MANIFEST)}: has the format {manifest['format']}, and this version of sim "
            f"makes {FORMAT}; resume it with the version that made it"
        )

    expect_nothing_else(out, "run", records_of(manifest))
    return manifest


def _about(out: Store) -> dict[str, Any] | None:
    """Return what is written down of the unfinished run; None if that is nothing sound.

    It is sound if its identity is that of its own scenario and software.
    """
    try:
        about = out.read_json(UNFINISHED)
        if not isinstance(about, dict):
            return None
        about = checked(UnfinishedForm, about, out.name(UNFINISHED))
        is_own = about["identity"] == identity(scenario_of(about).to_dict(), about["software"])
        return about if is_own else None
    except (OSError, ValueError, InvalidInputError):
        return None


def is_unfinished(out: Store) -> bool:
    """Whether a run was begun there and not brought to its end."""
    return out.is_file(UNFINISHED)


def is_kept(out: Store, *, if_unknown: bool = False) -> bool:
    """Whether something is there that `resume` can go on with.

    What lies in the memory of this process ends with it. `if_unknown` is the answer where the
    place cannot be reached.
    """
    try:
        return out.is_shared and is_unfinished(out)
    except (SimError, OSError):
        return if_unknown


def resuming(out: Store) -> str:
    """Return the command that completes an unfinished run."""
    return f"sim run --resume {shlex.quote(str(out))}"


def end(out: Store) -> None:
    """Remove what only an unfinished run needs, once the manifest is written."""
    run_files.clear(out, simulate.SHARDS)
    run_files.clear(out, merge.PARTS)
    out.remove_temporary()
    out.remove(UNFINISHED)
    out.remove_empty(run_files.FOLDER)


def give_up(out: Store) -> None:
    """Remove what is not whole, and all of a run that finished nothing."""
    # what made it fail, a full disk or a lost network, may well fail here again
    with contextlib.suppress(OSError, SimError):
        out.remove_temporary()
        if not has_records(out) and not out.is_file(MANIFEST):
            run_files.clear(out)


def shards_done(out: Store) -> dict[int, ShardRecord]:
    """Return the shards whose files are whole, by number; each file is hashed for that."""
    records = _records(out, simulate.SHARDS, ShardRecord)
    return {record.number: record for record in records if record.is_whole(out)}


def parts_done(out: Store) -> dict[int, PartRecord]:
    """Return the parts whose files are whole, by number; each file is hashed for that."""
    records = _records(out, merge.PARTS, PartRecord)
    return {r.number: r for r in records if all(f.is_whole(out) for f in r.files)}


def has_records(out: Store) -> bool:
    """Whether any shard or part was finished."""
    return any(p.endswith(".json") for s in (simulate.SHARDS, merge.PARTS) for p in out.files(s))


def _records(out: Store, below: str, kind: type[ShardRecord] | type[PartRecord]) -> list[Any]:
    """Return the records that are sound; one that was torn or changed counts as none."""
    sound = []
    for path in out.files(below):
        if path.endswith(".json"):
            with contextlib.suppress(ValueError, OSError, InvalidInputError):
                record = kind.from_dict(out.read_json(path))
                if path == record.place and record.is_sound():
                    sound.append(record)
    return sound


def reopen(out: Store) -> None:
    """Make an unfinished run of a finished one, whose parts become parts that are done.

    Its shards were removed when it was finished, so they are simulated again; parts that are still
    whole are not written again. Files that are single stay until they are replaced.
    """
    manifest = read_manifest(out)
    scenario = scenario_of(manifest)
    by_number: dict[int, list[dict[str, Any]]] = {}
    for record in manifest["files"]:
        stem, _, name = record["path"].rpartition("/")
        if stem in (merge.LOG, merge.TRUTH, merge.TRUTH_OF_TASKS):
            number = int(name.partition(".")[0].removeprefix("part-"))
            by_number.setdefault(number, []).append(record)

    # in this order: whoever is stopped here has a finished run still, or one with its parts
    for number, files in by_number.items():
        content = {"number": number, "files": files, "peak_bytes": 0}
        out.write_json(merge.record_path(number), content)
    note(scenario, out)
    out.remove(MANIFEST)
