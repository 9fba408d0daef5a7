"""A document from a Python mapping, for scenarios that a program writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from numbers import Integral, Real
from typing import Any

from sim.documents.problems import Path, Place, Problem, raise_problems
from sim.documents.strict_yaml import Document, dotted

# What messages call a mapping, where they name the file of a document that was read from one.
SOURCE = "<mapping>"


def document_of(mapping: Mapping[str, Any]) -> Document:
    """Make a document of a mapping, as if it had been read from a file of YAML.

    Messages call it `<mapping>`, and its values have no lines.

    Parameters
    ----------
    mapping
        Holds what YAML can hold: mappings with keys of text, lists or tuples, text, numbers (of
        NumPy too), true and false, None. Dates become text in ISO 8601. It is copied.

    Raises
    ------
    InvalidInputError
        Lists each value of another type, and each key that is not text, with its path.
    """
    document = Document(SOURCE)
    document.data = _plain(mapping, (), document.problems)
    raise_problems(document.problems)
    return document


def _plain(value: Any, path: Path, problems: list[Problem]) -> Any:
    """Return a copy of plain types; what has no such copy becomes a problem, and None.

    Parameters
    ----------
    value
        Any value of a program.
    path
        Where it stands.
    problems
        Grows by what is found.
    """
    if isinstance(value, Mapping):
        return {
            key: _plain(item, (*path, key), problems)
            for key, item in value.items()
            if _is_text(key, path, problems)
        }
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, number), problems) for number, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)

    message = (
        f"found {type(value).__name__}; give a mapping, a list, text, a number or true or false"
    )
    problems.append(Problem(Place.whole(SOURCE), dotted(path), message))
    return None


def _is_text(key: Any, path: Path, problems: list[Problem]) -> bool:
    """Tell whether a key is text; if not, add a problem for the mapping at `path`."""
    if not isinstance(key, str):
        message = f"a key must be text, not {type(key).__name__} {key!r}"
        problems.append(Problem(Place.whole(SOURCE), dotted(path), message))
    return isinstance(key, str)
