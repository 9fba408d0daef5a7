"""From a document to the human form: every fault at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from sim.distributions import Distribution
from sim.scenario.models import (
    ACTOR_FORMS,
    AnyActorForm,
    RhythmForm,
    ScenarioForm,
)
from sim.scenario.problems import Path, Problem, suggest
from sim.scenario.quantities import found
from sim.scenario.strict_yaml import Document, dotted
from sim.scenario.world_forms import EVENT_FORMS

_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


@dataclass(frozen=True)
class _Union:
    """A list whose items have different forms: where it stands, and the key that says which."""

    path: Path
    tag: str
    forms: Mapping[str, type[BaseModel]]

    def holds(self, path: Path) -> bool:
        """Tell whether `path` leads to an item of the list or into one."""
        return len(path) > len(self.path) and path[: len(self.path)] == self.path


_UNIONS = (
    _Union(("actors",), "typology", ACTOR_FORMS),
    _Union(("world", "events"), "kind", EVENT_FORMS),
)


@dataclass(frozen=True)
class Parsed:
    """What became of a document: the form unless there are problems, and the actors by position.

    Actors that are right on their own are there even if something else is wrong, so that they can
    be checked further in the same round.
    """

    form: ScenarioForm | None
    actors: Mapping[int, AnyActorForm]
    problems: tuple[Problem, ...]


def parse(document: Document) -> Parsed:
    """Check types, ranges and keys of the human form; raises nothing."""
    problems = list(document.problems)
    if not isinstance(document.data, dict):
        problems.append(_not_a_mapping(document))
        return Parsed(None, {}, tuple(problems))
    nulls = list(_null_paths(document.data, ()))
    aliases = {problem.place for problem in problems}
    problems.extend(
        _null_problem(document, path) for path in nulls if document.place(path) not in aliases
    )
    data = _without_nulls(document.data)
    form: ScenarioForm | None = None
    try:
        form = ScenarioForm.model_validate(data, strict=True)
    except ValidationError as error:
        problems.extend(_Translator(document, data, nulls).problems(error))
    if form is None or problems:
        return Parsed(None, _sound_actors(data), tuple(problems))
    return Parsed(form, dict(enumerate(form.actors)), ())


def path_name(data: Any, path: Path) -> str:
    """Return `path` as messages show it, an actor by its id where the id is text."""
    if len(path) < 2 or path[0] != "actors" or not isinstance(path[1], int):
        return dotted(path)
    actor = data["actors"][path[1]]
    name = actor.get("id") if isinstance(actor, dict) else None
    return dotted(("actors", name, *path[2:]) if isinstance(name, str) and name else path)


def _not_a_mapping(document: Document) -> Problem:
    if document.data is None:
        return Problem(document.place(()), "", "the file is empty; a scenario begins 'version: 1'")
    message = f"should be a mapping that begins 'version: 1', found {found(document.data)}"
    return Problem(document.place(()), "", message)


def _null_paths(value: Any, path: Path) -> Iterator[Path]:
    if value is None:
        yield path
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _null_paths(item, (*path, key))


def _null_problem(document: Document, path: Path) -> Problem:
    place = document.place(path, key=isinstance(path[-1], str))
    return Problem(place, path_name(document.data, path), "no value; give one or drop the key")


def _without_nulls(value: Any) -> Any:
    """Drop keys without a value, and turn lists into tuples; null items stay, to keep positions."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return tuple(map(_without_nulls, value)) if isinstance(value, list) else value


def _sound_actors(data: dict[str, Any]) -> dict[int, AnyActorForm]:
    actors = data.get("actors")
    sound: dict[int, AnyActorForm] = {}
    for number, raw in enumerate(actors if isinstance(actors, tuple) else ()):
        form = _form_of_actor(raw)
        if form is None:
            continue
        try:
            sound[number] = TypeAdapter(form).validate_python(raw, strict=True)
        except ValidationError:
            continue
    return sound


def _form_of_actor(raw: Any) -> type[AnyActorForm] | None:
    typology = raw.get("typology") if isinstance(raw, dict) else None
    return ACTOR_FORMS.get(typology) if isinstance(typology, str) else None


class _Translator:
    """Turns pydantic's errors into problems in the words and places of the file."""

    def __init__(self, document: Document, data: dict[str, Any], nulls: list[Path]) -> None:
        self.document = document
        self.data = data
        self.nulls = set(nulls)

    def problems(self, error: ValidationError) -> Iterator[Problem]:
        for detail in error.errors(include_url=False):
            path, at_key = self.path(detail["loc"])
            if path in self.nulls or self.is_aftermath(detail, path):
                continue
            yield self.problem(dict(detail), path, at_key)

    def path(self, location: Path) -> tuple[Path, bool]:
        """Drop what pydantic adds to a location: union tags, fields of a plain number, `[key]`."""
        for union in filter(lambda union: union.holds(location), _UNIONS):
            item = len(union.path) + 1
            location = (*location[:item], *location[item + 1 :])
        at_key = bool(location) and location[-1] == "[key]"
        value: Any = self.data
        path: Path = ()
        for part in location[:-1] if at_key else location:
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, tuple) and isinstance(part, int):
                value = value[part] if part < len(value) else None
            else:
                break
            path = (*path, part)
        return path, at_key

    def is_aftermath(self, detail: Any, path: Path) -> bool:
        """Tell whether an error only follows from one that is reported already."""
        if detail["type"] == "too_short":
            return bool(self.data["actors"])
        tags = [(*path, union.tag) for union in _UNIONS if union.holds(path)]
        return detail["type"] == "union_tag_not_found" and tags[0] in self.nulls

    def problem(self, detail: dict[str, Any], path: Path, at_key: bool) -> Problem:
        kind = detail["type"]
        if kind == "extra_forbidden":
            key = str(path[-1])
            message = f"unknown key '{key}'{suggest(key, self.allowed(path[:-1]))}"
            return self.at(path, path[:-1], message, at_key=True)
        if kind == "missing":
            return self.at(path[:-1], path[:-1], f"missing key '{path[-1]}'")
        if kind.startswith("union_tag"):
            return self.tag_problem(path)
        if at_key:
            return self.at(path, path[:-1], self.message(detail, path), at_key=True)
        return self.at(path, path, self.message(detail, path))

    def at(self, path: Path, shown: Path, message: str, *, at_key: bool = False) -> Problem:
        place = self.document.place(path, key=at_key)
        return Problem(place, path_name(self.document.data, shown), message)

    def tag_problem(self, path: Path) -> Problem:
        union = next(union for union in _UNIONS if union.holds(path))
        item, tag = self.value_at(path), union.tag
        if not isinstance(item, dict):
            return self.at(path, path, f"should be a mapping, found {found(item)}")
        if tag not in item:
            names = ", ".join(sorted(union.forms))
            return self.at(path, path, f"missing key '{tag}'; allowed: {names}")
        below = (*path, tag)
        if not isinstance(item[tag], str):
            return self.at(below, below, f"should be text, found {found(item[tag])}")
        hint = suggest(item[tag], union.forms)
        return self.at(below, below, f"unknown {tag} '{item[tag]}'{hint}")

    def value_at(self, path: Path) -> Any:
        value: Any = self.data
        for part in path:
            value = value[part]
        return value

    def message(self, detail: dict[str, Any], path: Path) -> str:
        kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
        if kind == "value_error":
            return str(context["error"])
        if kind in _WANTED:
            return f"should be {_WANTED[kind]}, found {found(value)}"
        if kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            bound = context[name]
            text = str(bound) if isinstance(bound, int) else f"{bound:g}"
            return f"should be {words} {text}, found {found(value)}"
        if kind == "literal_error":
            allowed = context["expected"].replace("'", "").replace(" or ", ", ")
            return f"should be one of {allowed}; found {found(value)}"
        if kind in ("model_type", "model_attributes_type"):
            return f"should be {self.wanted_mapping(path)}; found {found(value)}"
        return self.rare_message(kind, context, value) or f"{detail['msg']}, found {found(value)}"

    def rare_message(self, kind: str, context: dict[str, Any], value: Any) -> str:
        if kind == "too_short":
            return "should hold at least one actor"
        if kind == "finite_number":
            return f"should be finite, found {found(value)}"
        if kind == "string_too_long":
            return f"should have at most {context['max_length']} characters, found {len(value)}"
        return ""

    def wanted_mapping(self, path: Path) -> str:
        form = self.form_at(path)
        if form is Distribution:
            return "a number, or a mapping with one of constant, lognormal, loguniform, mixture"
        return "a mapping or the word none" if form is RhythmForm else "a mapping"

    def allowed(self, path: Path) -> list[str]:
        form = self.form_at(path)
        return list(form.model_fields) if form else []

    def form_at(self, path: Path) -> type[BaseModel] | None:
        """Return the model that describes the mapping at `path`."""
        form: type[BaseModel] | None = ScenarioForm
        for depth, part in enumerate(path, start=1):
            if isinstance(part, int):
                form = self.form_of_item(path[:depth], form)
            elif form is not None:
                form = _model_in(form.model_fields[part].annotation)
        return form

    def form_of_item(self, path: Path, otherwise: type[BaseModel] | None) -> type[BaseModel] | None:
        """Return the form that an item of a union says it has; other lists have one form."""
        for union in _UNIONS:
            if path[:-1] == union.path:
                item = self.value_at(path)
                tag = item.get(union.tag) if isinstance(item, dict) else None
                return union.forms.get(tag) if isinstance(tag, str) else None
        return otherwise


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
