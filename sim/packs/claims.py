"""A pack that is not finished yet: what it is made of, and which steps and parts are whole."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
from typing import Any

from sim.engine.run_files import FOLDER, LOCK
from sim.engine.taking_places import (
    expect_nothing_else,
    expect_replaceable,
    expect_same_software,
    identity,
)
from sim.errors import InvalidInputError, SimError
from sim.packs import pack_files
from sim.packs.manifest import is_pack, read_manifest, records_of, software
from sim.packs.merge import PartRecord, record_path
from sim.packs.outside import expect_outside
from sim.packs.pack_files import PARTS, STEPS, UNFINISHED
from sim.packs.recipe import Recipe
from sim.tables.formats import FileRecord
from sim.tables.manifest import MANIFEST
from sim.tables.schema import IN_PARTS
from sim.tables.store import Store


def check(recipe: Recipe, out: Store, *, force: bool) -> None:
    """Raise InvalidInputError unless `out` may become, or is, the place of a pack of `recipe`.

    It may if it is empty, if it holds an unfinished pack of the same recipe by the same software,
    or a pack that `force` replaces. Files that no pack has are in the way of all but the same.

    Parameters
    ----------
    recipe
        What is to be made.
    out
        The place. Nothing is changed there.
    force
        Whether a pack that is there, finished or not, may be replaced.
    """
    if out.is_local and out.folder.exists() and not out.folder.is_dir():
        raise InvalidInputError(f"{out}: is a file; give a folder for the pack")
    if out.is_local:
        expect_outside(str(out), out.folder)
    if _is_same(recipe, out):
        return
    foreign = pack_files.foreign_to(out)
    if not foreign and not [path for path in out.files() if path != LOCK]:
        return

    is_there = out.is_file(UNFINISHED) or is_pack(out)
    expect_replaceable(out, "pack", is_there=is_there, foreign=foreign, force=force)


def claim(recipe: Recipe, out: Store) -> None:
    """Make `out` the place of a pack of `recipe`; call it after `check`, holding the lock.

    What an unfinished pack of the same recipe by the same software left there stays.
    """
    if not _is_same(recipe, out):
        pack_files.clear(out)
        note(recipe, out)


def note(recipe: Recipe, out: Store) -> None:
    """Write down what is being made there, so that it can be resumed."""
    made_by = software()
    about = {
        "identity": identity(recipe.to_dict(), made_by),
        "software": made_by,
        "recipe": recipe.to_dict(),
    }
    out.write_json(UNFINISHED, about)


def _is_same(recipe: Recipe, out: Store) -> bool:
    """Whether an unfinished pack of the same recipe by the same software is there."""
    about = _about(out)
    return about is not None and about["identity"] == identity(recipe.to_dict(), software())


def _about(out: Store) -> dict[str, Any] | None:
    """Return what is written down of the unfinished pack; None if that is nothing sound."""
    try:
        about = out.read_json(UNFINISHED)
        recipe = Recipe.from_dict(about["recipe"])
        is_own = about["identity"] == identity(recipe.to_dict(), about["software"])
        return dict(about) if is_own else None
    except (OSError, ValueError, KeyError, TypeError, InvalidInputError):
        return None


def resumable(out: Store) -> Recipe:
    """Return the recipe of an unfinished or damaged pack.

    Raises
    ------
    InvalidInputError
        If there is none; if other software began it: then what is there and what would be added do
        not belong together; or if a finished pack holds files that its manifest does not list.
    """
    about = _about(out)
    if about is None and is_unfinished(out):
        raise InvalidInputError(
            f"{out.name(UNFINISHED)}: is damaged, and with it what was being made; make the pack "
            "again with --force"
        )
    if about is None:
        about = read_manifest(out)
        expect_nothing_else(out, "pack", records_of(about))

    expect_same_software(out, about["software"], software(), "make the pack again")
    return Recipe.from_dict(about["recipe"])


def is_unfinished(out: Store) -> bool:
    """Whether a pack was begun there and not brought to its end."""
    return out.is_file(UNFINISHED)


def is_kept(out: Store) -> bool:
    """Whether something is there that `resume` can go on with."""
    try:
        return out.is_shared and is_unfinished(out)
    except (SimError, OSError):
        return True  # it cannot be reached, so nothing was removed there


def resuming(out: Store) -> str:
    """Return the command that completes an unfinished pack."""
    return f"sim dataset --resume {shlex.quote(str(out))}"


def end(out: Store) -> None:
    """Remove what only an unfinished pack needs, once the manifest is written."""
    pack_files.clear(out, pack_files.MEMBERS)
    pack_files.clear(out, PARTS)
    pack_files.clear(out, STEPS)
    out.remove_temporary()
    out.remove(UNFINISHED)
    out.remove_empty(FOLDER)


def give_up(out: Store, *, is_hopeless: bool = False) -> None:
    """Remove what is not whole, and all of a pack of which nothing was finished.

    Of one that is hopeless nothing stays: only another recipe helps, and that makes all anew.
    """
    # what made it fail, a full disk or a lost network, may well fail here again
    with contextlib.suppress(OSError, SimError):
        out.remove_temporary()
        if is_hopeless or not (_has_begun(out) or out.is_file(MANIFEST)):
            pack_files.clear(out)


def _has_begun(out: Store) -> bool:
    """Whether any step, or any shard or part of a member, was finished."""
    if any(path.endswith(".json") for path in (*out.files(STEPS), *out.files(PARTS))):
        return True
    return any(
        not path.endswith(("/run.json", "/lock")) and path.endswith(".json")
        for path in out.files(pack_files.MEMBERS)
    )


# --- steps and parts that are whole


def write_step(out: Store, name: str, files: Sequence[FileRecord], facts: Any = None) -> None:
    """Note that a step is done: the files that it wrote, and what later steps need to know."""
    content = {"name": name, "files": [file.to_dict() for file in files], "facts": facts}
    out.write_json(f"{STEPS}/{name}.json", content)


def step_done(out: Store, name: str) -> tuple[list[FileRecord], Any] | None:
    """Return the files and facts of a step whose files are whole; None if it is to be done."""
    try:
        content = out.read_json(f"{STEPS}/{name}.json")
        files = [FileRecord(**record) for record in content["files"]]
        is_sound = content["name"] == name and all(pack_files.is_own(f.path) for f in files)
        whole = is_sound and all(file.is_whole(out) for file in files)
        return (files, content["facts"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError, InvalidInputError):
        return None


def parts_done(out: Store) -> dict[int, PartRecord]:
    """Return the parts whose files are whole, by number; each file is hashed for that."""
    done = {}
    for path in out.files(PARTS):
        with contextlib.suppress(OSError, ValueError, InvalidInputError):
            record = PartRecord.from_dict(out.read_json(path))
            is_own = path == record.place and record.is_sound()
            if is_own and all(file.is_whole(out) for file in record.files):
                done[record.number] = record
    return done


def reopen(out: Store, steps: dict[str, tuple[list[FileRecord], Any]]) -> None:
    """Make an unfinished pack of a finished one; what is whole will not be made again.

    Parameters
    ----------
    out
        The place of the pack.
    steps
        The files and facts of each step, as the manifest has them.
    """
    manifest = read_manifest(out)
    by_number: dict[int, list[FileRecord]] = {}
    for record in records_of(manifest):
        stem, _, name = record.path.rpartition("/")
        if stem in IN_PARTS:
            number = int(name.partition(".")[0].removeprefix("part-"))
            by_number.setdefault(number, []).append(record)

    # in this order: whoever is stopped here has a finished pack still, or one with its steps
    for number, files in by_number.items():
        out.write_json(record_path(number), PartRecord(number, files, 0).to_dict())
    for name, (files, facts) in steps.items():
        write_step(out, name, files, facts)
    note(Recipe.from_dict(manifest["recipe"]), out)
    out.remove(MANIFEST)
