"""`--set a.b=1`: changes to the human form before it is checked."""

from __future__ import annotations

import re
from typing import Any

from sim.documents.problems import Path, Place, raise_problems, refusal, suggest
from sim.documents.quantities import found
from sim.documents.strict_yaml import Document, dotted, parse_yaml

# As deep as a file can be nested.
_MOST_PARTS = 40
# Characters of an option that are shown.
_LONGEST = 200
_KEY = re.compile(r'"([^"]+)"|([^."\[\]]+)')


def apply_override(document: Document, text: str) -> None:
    """Set what `text`, such as `actors.coders.accounts=5`, says in `document`.

    An actor is addressed by its id; a key with dots in it stands in double quotes. The value is
    YAML. Raises `InvalidInputError` where the text or its path makes no sense.
    """
    place = Place.option(f"--set {text if len(text) <= _LONGEST else text[:_LONGEST] + '...'}")
    key, equals, value_text = text.partition("=")
    parts = split_key(key)
    if not equals or not parts:
        raise refusal(place, "", "should be KEY=VALUE, such as actors.coders.accounts=5")
    if len(parts) > _MOST_PARTS:
        raise refusal(place, "", f"a key of {len(parts):,} parts; it has at most {_MOST_PARTS}")
    value = parse_yaml(value_text, str(place), place)
    if value.problems:
        raise_problems(value.problems)
    set_value(document, parts, value.data, place)


def split_key(key: str) -> list[str]:
    """Split `a.b."c.d"` into its parts; empty if it is malformed."""
    matches = list(_KEY.finditer(key.strip()))
    parts = [match[1] or match[2].strip() for match in matches]
    return parts if ".".join(match[0] for match in matches) == key.strip() else []


def set_value(document: Document, parts: list[str], value: Any, place: Place) -> None:
    """Set the value at `parts`, making mappings that are missing on the way."""
    if document.data is None:
        document.data = {}
    inside: Any = document.data
    path: Path = ()
    for part in parts[:-1]:
        inside, path = _descend(inside, path, part, place)
    step = _step(inside, path, parts[-1], place)
    inside[step] = value
    path = (*path, step)
    for places in (document.values, document.keys):
        for below in [known for known in places if known[: len(path)] == path]:
            del places[below]
    document.values[path] = document.keys[path] = place


def _descend(inside: Any, path: Path, part: str, place: Place) -> tuple[Any, Path]:
    step = _step(inside, path, part, place)
    if isinstance(step, str):
        inside.setdefault(step, {})
    return inside[step], (*path, step)


def _step(inside: Any, path: Path, part: str, place: Place) -> str | int:
    """Return the key or index that `part` means in `inside`."""
    if isinstance(inside, dict):
        return part
    if not isinstance(inside, list):
        raise refusal(
            place, "", f"{dotted(path) or 'the file'} holds {found(inside)}, not a mapping"
        )
    ids = [str(item.get("id")) if isinstance(item, dict) else "" for item in inside]
    if path == ("actors",) and part in ids:
        return ids.index(part)
    if part.isdecimal() and int(part) < len(inside):
        return int(part)
    if path == ("actors",):
        raise refusal(place, "", f"unknown actor '{part}'{suggest(part, filter(None, ids))}")
    raise refusal(place, "", f"{dotted(path)} has no item '{part}'")
