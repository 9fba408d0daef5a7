"""`--set a.b=1`: changes to the human form before it is checked."""

from __future__ import annotations

import re
from typing import Any

from sim.documents.problems import Path, Place, raise_problems, refusal, suggest
from sim.documents.quantities import in_words
from sim.documents.strict_yaml import Document, dotted, parse_yaml

# As deep as a file can be nested.
_MOST_PARTS = 40
# Characters of an option that are shown.
_LONGEST = 200
_KEY = re.compile(r'"([^"]+)"|([^."\[\]]+)')


def apply_override(document: Document, text: str) -> None:
    """Set what a text such as `actors.coders.accounts=5` says in a document.

    It works on the human form, before that is checked. So a wrong value is reported like one in the
    file, at the place of the option.

    Parameters
    ----------
    document:
        Changed in place.
    text:
        A key and a value of YAML, split at the first equals sign. An actor is addressed by its id
        or its number from 0; a key with dots in it stands in double quotes.

    Raises
    ------
    InvalidInputError
        Where the text or its path makes no sense.
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
    """Set the value at `parts`, making mappings that are missing on the way.

    Parameters
    ----------
    document
        Changed in place; an empty one becomes a mapping. Places below the path are forgotten.
    parts
        Keys, ids of actors, or numbers of items, at least one.
    value
        What replaces the value that is there.
    place
        Where the value comes from; it becomes the place of the value and its key.

    Raises
    ------
    InvalidInputError
        If a part names no item, or stands below a single value.
    """
    if document.data is None:
        document.data = {}
    container: Any = document.data
    path: Path = ()
    for part in parts[:-1]:
        container, path = _descend(container, path, part, place)
    step = _step(container, path, parts[-1], place)
    container[step] = value

    path = (*path, step)
    for places in (document.values, document.keys):
        for below in [other for other in places if other[: len(path)] == path]:
            del places[below]
    document.values[path] = document.keys[path] = place


def _descend(container: Any, path: Path, part: str, place: Place) -> tuple[Any, Path]:
    """Return what stands under `part` of a container, made if it is missing, and its path."""
    step = _step(container, path, part, place)
    if isinstance(step, str):
        container.setdefault(step, {})
    return container[step], (*path, step)


def _step(container: Any, path: Path, part: str, place: Place) -> str | int:
    """Return the key or index that `part` means in a container.

    Parameters
    ----------
    container
        A mapping takes any key. Of a list items are numbered from 0, and actors have their ids too;
        an id is tried first.
    path
        Of the container.
    part
        What the option says.
    place
        The option, for messages.
    """
    if isinstance(container, dict):
        return part
    if not isinstance(container, list):
        raise refusal(
            place, "", f"{dotted(path) or 'the file'} holds {in_words(container)}, not a mapping"
        )

    ids = [str(item.get("id")) if isinstance(item, dict) else "" for item in container]
    if path == ("actors",) and part in ids:
        return ids.index(part)
    if part.isdecimal() and int(part) < len(container):
        return int(part)
    if path == ("actors",):
        raise refusal(place, "", f"unknown actor '{part}'{suggest(part, filter(None, ids))}")
    raise refusal(place, "", f"{dotted(path)} has no item '{part}'")
