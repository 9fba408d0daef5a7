"""Loading hypotheses: the shipped ones, a file of the user's own, and single changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from sim.comparison.hypotheses.hypothesis_checks import SECTIONS, problems_of_library
from sim.comparison.hypotheses.hypothesis_forms import (
    Access,
    Calls,
    HypothesisForm,
    LibraryForm,
    Suite,
    Uptake,
    Work,
)
from sim.comparison.hypotheses.model import Library, resolve
from sim.comparison.hypotheses.parameters import COMMON_PARAMETERS
from sim.comparison.hypotheses.priors import SHAPES, USER, Prior
from sim.distributions import SHAPE_NAMES, Distribution
from sim.documents.files import read_file
from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.overrides import set_value, split_key
from sim.documents.problems import Path as Keys
from sim.documents.problems import Place, Problem, raise_problems, refusal, suggest
from sim.documents.strict_yaml import Document, dotted, parse_yaml
from sim.errors import InvalidInputError

_SHIPPED = "hypotheses.yaml"
# What messages call the shipped file: a user's own may have its name.
_SHIPPED_SOURCE = "<shipped>"
_FORMS: Mapping[str, type[BaseModel]] = {
    "works": Work,
    "hypotheses": HypothesisForm,
    "access": Access,
    "uptake": Uptake,
    "calls": Calls,
    "suites": Suite,
}
_LAYOUT = Layout(
    root=LibraryForm,
    title="a file of explanations",
    item="entry",
    mappings={
        Prior: f"a number, a name, or a mapping with one of {', '.join(SHAPES)}",
        Distribution: f"a number, or a mapping with one of {SHAPE_NAMES}",
    },
)


def load_library(path: str | Path | None = None, changes: Iterable[str] = ()) -> Library:
    """Return the shipped hypotheses, with those of a file and with changes.

    Parameters
    ----------
    path:
        A file of hypotheses, `-` for standard input. What it defines is added, or replaces what has
        the same id; of `common` and `families` it replaces single keys.
    changes:
        Texts such as `evaluations.runs=30`, by the names that tables show, made in their order.

    Raises
    ------
    InvalidInputError
        Lists every fault with its place, a line each; a change that cannot be made is refused
        before anything else is checked.
    """
    document = parse_yaml(_shipped_text(), _SHIPPED_SOURCE)
    if path is not None:
        _add(document, _read(path))
    if isinstance(document.data, dict):
        for change in changes:
            _change(document, change)

    form, _, problems = problems_of_form(_LAYOUT, document)
    if isinstance(form, LibraryForm):
        problems += problems_of_library(form, document)
    raise_problems(problems)
    if not isinstance(form, LibraryForm):
        raise AssertionError("a document without problems has a form")
    return resolve(form)


def chosen(library: Library, wanted: Iterable[str], accused: str | None) -> Library:
    """Return the library with some of its hypotheses, one of them marked as accused.

    Parameters
    ----------
    library:
        Hypotheses to choose from; it stays as it is.
    wanted:
        Ids of the hypotheses to keep; all if none is named. The accused one is always kept.
    accused:
        Id of the accused hypothesis; None takes that of the library.

    Returns
    -------
    Library
        In the order of the library, not of `wanted`; its prior sets stay.

    Raises
    ------
    InvalidInputError
        For an unknown id, or where nothing is left to compare with.
    """
    ids = list(wanted) or list(library.hypotheses)
    for key in [*ids, *([accused] if accused else [])]:
        if key not in library.hypotheses:
            hint = suggest(key, library.hypotheses)
            raise InvalidInputError(f"unknown explanation '{key}'{hint}")

    first = accused or library.accused
    hypotheses = {
        key: replace(hypothesis, accused=key == first)
        for key, hypothesis in library.hypotheses.items()
        if key in ids or key == first
    }
    if len(hypotheses) < 2:
        raise InvalidInputError(
            f"'{first}' is alone; name at least one explanation to hold it against"
        )
    return replace(library, hypotheses=MappingProxyType(hypotheses))


def _shipped_text() -> str:
    return files("sim.catalog").joinpath("data", _SHIPPED).read_text(encoding="utf-8")


def _read(path: str | Path) -> Document:
    """Read a file of the user's; a file that is not there is a fault of the input."""
    try:
        return read_file(Path(path))
    except FileNotFoundError:
        raise InvalidInputError(f"{path}: no such file") from None


# --- a file of the user's own, laid over the shipped document


def _add(document: Document, users: Document) -> None:
    """Put the entries of the user's document into `document`, with the places where they stand.

    Entries of a section are added or replaced one by one, never merged key by key; of `common` and
    `families` single keys are. A document that is no mapping takes the place of all, so that the
    checks of forms refuse it.

    Parameters
    ----------
    document:
        The shipped document; it is changed.
    users:
        The user's document; it needs a version of its own.
    """
    document.problems.extend(users.problems)
    if not isinstance(users.data, dict):
        document.data, document.source = users.data, users.source
        document.values, document.keys = users.values, users.keys
        return
    if "version" not in users.data:
        document.problems.append(Problem(users.place(()), "", "missing key 'version'"))

    for key, value in users.data.items():
        section = document.data.get(key)
        if value is None and key in LibraryForm.model_fields:
            _report_no_value(document, users, (key,))
        elif not isinstance(value, dict) or not isinstance(section, dict):
            _put(document, users, (key,), value)
        else:
            for name, entry in value.items():
                if entry is None and name in section:
                    _report_no_value(document, users, (key, name))
                else:
                    _put(document, users, (key, name), entry)

    _move_accusation(document.data.get("hypotheses"), users.data.get("hypotheses"))


def _move_accusation(hypotheses: Any, of_user: Any) -> None:
    """Drop the marks of others where the user marks a hypothesis as accused."""
    if not isinstance(hypotheses, dict) or not isinstance(of_user, dict):
        return
    if any(isinstance(form, dict) and form.get("accused") is True for form in of_user.values()):
        for key, form in hypotheses.items():
            if key not in of_user and isinstance(form, dict):
                form.pop("accused", None)


def _report_no_value(document: Document, users: Document, path: Keys) -> None:
    """Report a key without a value, and keep what is there, so that nothing else seems wrong."""
    place = users.place(path, key=True)
    document.problems.append(Problem(place, dotted(path), "no value; give one or drop the key"))


def _put(document: Document, users: Document, path: Keys, value: Any) -> None:
    """Set a value of the user's, and let places at and below it be those of the user's file.

    All mappings above the last part of `path` must be there already.
    """
    mapping = document.data
    for part in path[:-1]:
        mapping = mapping[part]
    mapping[path[-1]] = value

    for places, new in ((document.values, users.values), (document.keys, users.keys)):
        for old in [below for below in places if below[: len(path)] == path]:
            del places[old]
        places.update({key: place for key, place in new.items() if key[: len(path)] == path})


# --- single changes: --set evaluations.runs=30


def _change(document: Document, text: str) -> None:
    """Make one change of the form KEY=VALUE in a document, VALUE being YAML.

    A change that marks a hypothesis as accused takes the mark from all others. Whether the value is
    right is checked later, with the whole document.

    Raises
    ------
    InvalidInputError
        For a text of another form, and for a name that is unknown or means several things.
    """
    place = Place.option(f"--set {text}")
    key, equals, value_text = text.partition("=")
    parts = split_key(key)
    if not equals or not parts:
        raise refusal(place, "", "should be KEY=VALUE, such as evaluations.runs=30")
    value = parse_yaml(value_text, str(place), place)
    raise_problems(value.problems)
    if value.data is None:
        raise refusal(place, "", "no value; give one")

    path = _path_of_name(document.data, parts, place)
    set_value(document, path, value.data, place)
    _name_user_as_source(document.data, path)
    if path[0] == "hypotheses" and path[2:] == ["accused"]:
        hypotheses = document.data["hypotheses"]
        _move_accusation(hypotheses, {path[1]: hypotheses[path[1]]})


def _path_of_name(data: Mapping[str, Any], parts: list[str], place: Place) -> list[str]:
    """Return the whole path of a name as tables show it, such as `evaluations.runs`.

    Parameters
    ----------
    data:
        Mappings of the document.
    parts:
        Parts of the name. The first is a common parameter, a section, or the id of an entry in any
        section; of an id in several sections the second part decides.
    place:
        The option that the name is from, for messages.

    Returns
    -------
    list
        Keys from the top, such as `works`, `evaluations`, `tasks`, `runs`.
    """
    first = parts[0]
    if first in COMMON_PARAMETERS:
        return ["common", *parts]
    if first in LibraryForm.model_fields:
        _refuse_name_of_many(data, parts, place)
        return parts

    # the id of an entry, which may stand in several sections
    sections = {name: data[name] for name in SECTIONS if isinstance(data[name], dict)}
    holders = [name for name, entries in sections.items() if first in entries]
    if not holders:
        names = [*COMMON_PARAMETERS, *(key for entries in sections.values() for key in entries)]
        raise refusal(place, "", f"unknown name '{first}'{suggest(first, names)}")
    if len(parts) == 1:
        return [holders[0], first]

    keys = {section: _keys_of(section, data[section][first]) for section in holders}
    for section in holders:
        if parts[1] in keys[section]:
            is_factor = section == "works" and parts[1] not in Work.model_fields
            return [section, first, *(["tasks"] if is_factor else []), *parts[1:]]
    inside = {key for section in holders for key in keys[section]}
    raise refusal(place, "", f"'{first}' has no '{parts[1]}'{suggest(parts[1], inside)}")


def _refuse_name_of_many(data: Mapping[str, Any], parts: list[str], place: Place) -> None:
    """Refuse `access` and `access.accounts`, as some tables say whichever entry was drawn.

    The message names all that may be meant. Names of other sections pass.
    """
    section = parts[0]
    if section not in ("access", "uptake"):
        return
    names: Iterable[str] = ()
    if len(parts) == 1:
        names = (f"{key}.{section}" for key in data["hypotheses"])
    elif parts[1] in _FORMS[section].model_fields:
        names = (f"{key}.{parts[1]}" for key in data[section])
    if alternatives := ", ".join(names):
        raise refusal(place, "", f"there are several; name one of {alternatives}")


def _keys_of(section: str, entry: Any) -> list[str]:
    """Return what may follow the id of an entry: its keys, and the factors of a work."""
    tasks = entry.get("tasks") if section == "works" and isinstance(entry, dict) else None
    return [*_FORMS[section].model_fields, *(tasks if isinstance(tasks, dict) else ())]


def _name_user_as_source(data: Any, path: list[str]) -> None:
    """Let a prior, or kind of calls, that was changed from inside name the user as its source.

    A whole shape takes the place of the shape that was there. Its note is dropped, for it spoke of
    the old value; status becomes *prior*. A prior that was replaced as a whole has a source of its
    own.
    """
    for part, key in pairwise(path):
        data = data[part] if isinstance(data, dict) else None
        if isinstance(data, dict) and key in (*SHAPES, "tools_share", "more"):
            is_whole_shape = key == path[-1] and key in SHAPES
            replaced = [shape for shape in SHAPES if is_whole_shape and shape != key]
            for old in ("note", *replaced):
                data.pop(old, None)
            data |= {"source": USER, "status": "prior"}
            return
