"""What may become the place of a run or a pack, and what may be completed there.

Both are made in a folder that may hold something already. What is refused, and in which words, is
the same for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sim.documents.printable import first_of
from sim.engine.run_files import FOLDER
from sim.errors import InvalidInputError
from sim.tables.formats import FileRecord
from sim.tables.manifest import MANIFEST
from sim.tables.store import Store, final_name

Kind = Literal["run", "pack"]


def identity(values: Mapping[str, Any], made_by: Mapping[str, str]) -> str:
    """Return a hash that is the same for what has the same bytes.

    Parameters
    ----------
    values
        The resolved scenario or recipe, ready for JSON.
    made_by
        Versions by name of the software that makes it.

    Returns
    -------
    str
        The SHA-256 in hexadecimal digits.
    """
    text = json.dumps([values, made_by], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def expect_replaceable(
    out: Store, kind: Kind, *, is_there: bool, foreign: str | None, force: bool
) -> None:
    """Raise InvalidInputError unless what a folder holds may be replaced.

    Parameters
    ----------
    out
        The folder, which holds something.
    kind
        What is to be made there.
    is_there
        Whether one of that kind is there, finished or not.
    foreign
        A file or folder there that none of that kind has, if there is any.
    force
        Whether what is there may be replaced.
    """
    if not force:
        raise InvalidInputError(
            f"{out}: folder is not empty; choose another, or replace a {kind} with --force"
        )
    if not is_there:
        raise InvalidInputError(f"{out}: holds no {kind} of sim; --force replaces only a {kind}")
    if foreign:
        raise InvalidInputError(
            f"{out}: holds {foreign!a} beside a {kind}; --force replaces only a {kind}: "
            "move it away, or choose another folder"
        )


def expect_same_software(
    out: Store, made_by: Mapping[str, str], here: Mapping[str, str], again: str
) -> None:
    """Raise InvalidInputError unless what is there was made with the versions that are here.

    Parameters
    ----------
    out
        The place.
    made_by
        Versions by name that made what is there.
    here
        Versions by name of what runs now.
    again
        How it is made anew, such as "make the pack again".
    """
    others = [
        f"{name} {made_by.get(name, 'unknown')} (here {version})"
        for name, version in here.items()
        if made_by.get(name) != version
    ]
    if others:
        raise InvalidInputError(
            f"{out}: was made with {', '.join(others)}; resume it with the same versions, or "
            f"{again} with --force"
        )


def expect_nothing_else(out: Store, kind: Kind, records: Sequence[FileRecord]) -> None:
    """Raise InvalidInputError if a finished run or pack holds files that it does not list."""
    listed = {record.path for record in records} | {MANIFEST}
    strange = [
        f"{out.name(path)}: is not in the manifest; move it elsewhere, then resume the {kind}"
        for path in out.files()
        if path not in listed and not path.startswith(f"{FOLDER}/") and final_name(path) == path
    ]
    if strange:
        raise InvalidInputError("\n".join(first_of(strange)))
