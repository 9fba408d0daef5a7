"""Loading explanations: the shipped ones, a file of the user's own, and single changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from sim.comparison.hypotheses.checks import SECTIONS, problems_of_library
from sim.comparison.hypotheses.model import (
    COMMON,
    Access,
    Calls,
    HypothesisForm,
    Library,
    LibraryForm,
    Suite,
    Uptake,
    Work,
    resolve,
)
from sim.comparison.hypotheses.priors import SHAPES, USER, Prior
from sim.distributions import Distribution
from sim.documents.files import read_file
from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.overrides import set_value, split_key
from sim.documents.problems import Path as Keys
from sim.documents.problems import Place, Problem, raise_problems, refusal, suggest
from sim.documents.strict_yaml import Document, dotted, parse_yaml
from sim.errors import InvalidInputError

_SHIPPED = "hypotheses.yaml"
_INSIDE = "<shipped>"  # what messages call the shipped file: a user's own may have its name
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
        Distribution: "a number, or a mapping with one of constant, lognormal, loguniform, mixture",
    },
)


def load_library(path: str | Path | None = None, changes: Iterable[str] = ()) -> Library:
    """Return the shipped explanations, with those of a file and with `changes`.

    path: a file of explanations, `-` for standard input. What it defines is added, or replaces what
    has the same id; of `common` and `families` it replaces single keys. changes: texts such as
    `evaluations.runs=30`, by the names that tables show, made in their order.
    Raises InvalidInputError that lists every fault with its place, a line each; a change that
    cannot be made is refused before anything else is checked.
    """
    document = parse_yaml(_text(), _INSIDE)
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


def _text() -> str:
    return files("sim.catalog").joinpath("data", _SHIPPED).read_text(encoding="utf-8")


def chosen(library: Library, wanted: Iterable[str], accused: str | None) -> Library:
    """Return the library with the wanted explanations only, all if none is named, and the accused.

    Raises InvalidInputError for an unknown id, or where nothing is left to compare with.
    """
    ids = list(wanted) or list(library.hypotheses)
    for id_ in [*ids, *([accused] if accused else [])]:
        if id_ not in library.hypotheses:
            hint = suggest(id_, library.hypotheses)
            raise InvalidInputError(f"unknown explanation '{id_}'{hint}")
    first = accused or library.accused
    kept = {k: v for k, v in library.hypotheses.items() if k in ids or k == first}
    if len(kept) < 2:
        raise InvalidInputError(
            f"'{first}' is alone; name at least one explanation to hold it against"
        )
    marked = {k: replace(v, accused=k == first) for k, v in kept.items()}
    return Library(MappingProxyType(marked), library.families)


def _read(path: str | Path) -> Document:
    try:
        return read_file(Path(path))
    except FileNotFoundError:
        raise InvalidInputError(f"{path}: no such file") from None


def _add(document: Document, own: Document) -> None:
    """Put the entries of `own` into `document`, with the places where they stand."""
    document.problems.extend(own.problems)
    if not isinstance(own.data, dict):
        document.data, document.source = own.data, own.source
        document.values, document.keys = own.values, own.keys
        return
    if "version" not in own.data:
        document.problems.append(Problem(own.place(()), "", "missing key 'version'"))
    for key, value in own.data.items():
        inside = document.data.get(key)
        if value is None and key in LibraryForm.model_fields:
            _no_value(document, own, (key,))
        elif isinstance(value, dict) and isinstance(inside, dict):
            for name, entry in value.items():
                if entry is None and name in inside:
                    _no_value(document, own, (key, name))
                else:
                    _put(document, own, (key, name), entry)
        else:
            _put(document, own, (key,), value)
    _accuse(document.data.get("hypotheses"), own.data.get("hypotheses"))


def _accuse(all_of_them: Any, own: Any) -> None:
    """Where the user marks an explanation as accused, the marks of others are dropped."""
    if not isinstance(all_of_them, dict) or not isinstance(own, dict):
        return
    if any(isinstance(x, dict) and x.get("accused") is True for x in own.values()):
        for id_, x in all_of_them.items():
            if id_ not in own and isinstance(x, dict):
                x.pop("accused", None)


def _no_value(document: Document, own: Document, path: Keys) -> None:
    """Report a key without a value, and keep what is there, so that nothing else seems wrong."""
    place = own.place(path, key=True)
    document.problems.append(Problem(place, dotted(path), "no value; give one or drop the key"))


def _put(document: Document, own: Document, path: Keys, value: Any) -> None:
    inside = document.data
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = value
    for places, others in ((document.values, own.values), (document.keys, own.keys)):
        for old in [x for x in places if x[: len(path)] == path]:
            del places[old]
        places.update({x: place for x, place in others.items() if x[: len(path)] == path})


def _change(document: Document, text: str) -> None:
    place = Place.option(f"--set {text}")
    key, equals, value_text = text.partition("=")
    parts = split_key(key)
    if not equals or not parts:
        raise refusal(place, "", "should be KEY=VALUE, such as evaluations.runs=30")
    value = parse_yaml(value_text, str(place), place)
    raise_problems(value.problems)
    if value.data is None:
        raise refusal(place, "", "no value; give one")
    full = _full(document.data, parts, place)
    set_value(document, full, value.data, place)
    _sign(document.data, full)
    if full[0] == "hypotheses" and full[2:] == ["accused"]:
        _accuse(document.data["hypotheses"], {full[1]: document.data["hypotheses"][full[1]]})


def _full(data: Mapping[str, Any], parts: list[str], place: Place) -> list[str]:
    """Return the whole path of a name as tables show it, such as `evaluations.runs`."""
    first = parts[0]
    if first in COMMON:
        return ["common", *parts]
    if first in LibraryForm.model_fields:
        _refuse_a_dial_of_many(data, parts, place)
        return parts
    holders = [x for x in SECTIONS if isinstance(data[x], dict) and first in data[x]]
    if not holders:
        known = [
            *COMMON,
            *(name for x in SECTIONS if isinstance(data[x], dict) for name in data[x]),
        ]
        raise refusal(place, "", f"unknown name '{first}'{suggest(first, known)}")
    if len(parts) == 1:
        return [holders[0], first]
    keys = {section: _keys(section, data[section][first]) for section in holders}
    for section in holders:
        if parts[1] in keys[section]:
            inner = ["tasks"] if section == "works" and parts[1] not in Work.model_fields else []
            return [section, first, *inner, *parts[1:]]
    inside = {key for section in holders for key in keys[section]}
    raise refusal(place, "", f"'{first}' has no '{parts[1]}'{suggest(parts[1], inside)}")


def _refuse_a_dial_of_many(data: Mapping[str, Any], parts: list[str], place: Place) -> None:
    """Some tables speak of `access` and `access.accounts`, whichever entry was drawn."""
    section = parts[0]
    if section not in ("access", "uptake"):
        return
    names: Iterable[str] = ()
    if len(parts) == 1:
        names = (f"{id_}.{section}" for id_ in data["hypotheses"])
    elif parts[1] in _FORMS[section].model_fields:
        names = (f"{id_}.{parts[1]}" for id_ in data[section])
    if said := ", ".join(names):
        raise refusal(place, "", f"there are several; name one of {said}")


def _keys(section: str, entry: Any) -> list[str]:
    """What may follow the id of an entry: its keys, and the factors of a work."""
    tasks = entry.get("tasks") if section == "works" and isinstance(entry, dict) else None
    return [*_FORMS[section].model_fields, *(tasks if isinstance(tasks, dict) else ())]


def _sign(data: Any, path: list[str]) -> None:
    """Let a prior, or kind of calls, that was changed from inside name the user as its source.

    A whole shape takes the place of the shape that was there.
    """
    for part, after in pairwise(path):
        data = data[part] if isinstance(data, dict) else None
        if isinstance(data, dict) and after in (*SHAPES, "tools_share", "more"):
            whole = after == path[-1] and after in SHAPES
            for key in ("note", *(x for x in SHAPES if whole and x != after)):
                data.pop(key, None)
            data |= {"source": USER, "status": "prior"}
            return
