"""From pydantic's errors to problems in the words and places of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sim.documents.bounds import shown
from sim.documents.problems import Path, Problem, suggest
from sim.documents.quantities import in_words, quoted
from sim.documents.strict_yaml import Document, dotted

_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
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
class Union:
    """A list whose items have different forms: a discriminated union.

    Attributes
    ----------
    path:
        Where the list stands.
    tag:
        The key of an item that says which form it has.
    forms:
        The forms by tag.
    """

    path: Path
    tag: str
    forms: Mapping[str, type[BaseModel]]

    def holds(self, path: Path) -> bool:
        """Tell whether `path` leads to an item of the list or into one; to the list does not."""
        return len(path) > len(self.path) and path[: len(self.path)] == self.path


@dataclass(frozen=True)
class Layout:
    """What messages have to know of a format of files.

    Attributes
    ----------
    root:
        The form of a whole file.
    title, item:
        What such a file is, and what it holds, in words: `a scenario`, `actor`.
    unions:
        Lists whose items have different forms.
    path_name:
        From the data and a path to what messages show. Default: dotted, as `actors[0].models`.
    mappings:
        What a mapping of some form may be instead, in words.
    missing:
        What to add about a missing key, by key.
    """

    root: type[BaseModel]
    title: str
    item: str
    unions: tuple[Union, ...] = ()
    path_name: Callable[[Any, Path], str] = lambda _, path: dotted(path)
    mappings: Mapping[type[BaseModel], str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def problems_of_form(
    layout: Layout, document: Document
) -> tuple[BaseModel | None, Any, list[Problem]]:
    """Check a document by its form, and raise nothing.

    Problems of all kinds are found in one round: those of reading, keys without a value, and what
    the form refuses. What only follows from another problem is left out.

    Parameters
    ----------
    layout
        The format of the file.
    document
        What was read. It is not changed.

    Returns
    -------
    form:
        None if the data do not fit it. It may be there while there are problems of reading.
    data:
        The data of the document without keys that have no value, lists as tuples; None if the
        document is no mapping.
    problems:
        Those of the document included, not sorted.
    """
    problems = list(document.problems)
    if not isinstance(document.data, dict):
        return None, None, [*problems, _not_a_mapping(layout, document)]

    # An alias has no value either, but that is said already.
    nulls = list(_null_paths(document.data, ()))
    aliases = {problem.place for problem in problems}
    problems.extend(
        _null_problem(layout, document, path)
        for path in nulls
        if document.place(path) not in aliases
    )

    data = _without_nulls(document.data)
    try:
        return layout.root.model_validate(data, strict=True), data, problems
    except ValidationError as error:
        problems.extend(_Translator(layout, document, data, nulls).problems(error))
        return None, data, problems


def _not_a_mapping(layout: Layout, document: Document) -> Problem:
    """Return the problem of a document that is empty, or a list or a single value."""
    if document.data is None:
        message = f"the file is empty; {layout.title} begins 'version: 1'"
    else:
        message = f"should be a mapping that begins 'version: 1', found {in_words(document.data)}"
    return Problem(document.place(()), "", message)


def _null_paths(value: Any, path: Path) -> Iterator[Path]:
    """Yield the paths of all nulls at or below a value, in the order of the file."""
    if value is None:
        yield path
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield from _null_paths(item, (*path, key))


def _null_problem(layout: Layout, document: Document, path: Path) -> Problem:
    """Return the problem of a key, or an item of a list, that has no value."""
    place = document.place(path, key=isinstance(path[-1], str))
    where = layout.path_name(document.data, path)
    return Problem(place, where, "no value; give one or drop the key")


def _without_nulls(value: Any) -> Any:
    """Drop keys without a value, and turn lists into tuples; null items stay, to keep positions."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return tuple(map(_without_nulls, value)) if isinstance(value, list) else value


class _Translator:
    """Turns pydantic's errors into problems in the words and places of the file.

    Attributes
    ----------
    layout
        The format of the file.
    document
        What was read, with places.
    data
        What pydantic saw: without nulls, lists as tuples.
    nulls
        Paths that were left out of `data`; they are problems already.
    """

    def __init__(self, layout: Layout, document: Document, data: Any, nulls: list[Path]) -> None:
        """Keep what messages are made of; nothing is checked yet."""
        self.layout = layout
        self.document = document
        self.data = data
        self.nulls = set(nulls)

    def problems(self, error: ValidationError) -> Iterator[Problem]:
        """Yield a problem for each error, but for those that follow from another one."""
        for detail in error.errors(include_url=False):
            path, at_key = self.path(detail["loc"])
            if path in self.nulls or self.is_aftermath(detail, path):
                continue
            yield self.problem(dict(detail), path, at_key)

    def path(self, location: Path) -> tuple[Path, bool]:
        """Return the path that a location of pydantic's means, and whether a key is at fault.

        Dropped is what pydantic adds: tags of unions, fields of a plain number, `[key]`. The path
        ends where the data end, but may name a key that is missing there.
        """
        for union in filter(lambda union: union.holds(location), self.layout.unions):
            item = len(union.path) + 1
            location = (*location[:item], *location[item + 1 :])
        at_key = bool(location) and location[-1] == "[key]"

        # as far as the data go
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
        """Tell whether an error only follows from one that is reported already.

        A list may be too short because its items are wrong; a tag may be missing because it has no
        value.
        """
        if detail["type"] == "too_short":
            return bool(self.value_at(path))
        if detail["type"] == "union_tag_not_found":
            union = next(union for union in self.layout.unions if union.holds(path))
            return (*path, union.tag) in self.nulls
        return False

    def problem(self, detail: dict[str, Any], path: Path, at_key: bool) -> Problem:
        """Return the problem of one error, at the place that a writer has to change.

        Parameters
        ----------
        detail
            An entry of `ValidationError.errors()`.
        path, at_key
            What `path` returned for it. An unknown key is shown at itself, a missing one at the
            mapping that lacks it.
        """
        kind = detail["type"]
        if kind == "extra_forbidden":
            key = str(path[-1])
            message = f"unknown key {quoted(key)}{suggest(key, self.allowed(path[:-1]))}"
            return self.at(path, path[:-1], message, at_key=True)
        if kind == "missing":
            hint = self.layout.missing.get(str(path[-1]), "")
            return self.at(path[:-1], path[:-1], f"missing key '{path[-1]}'{hint}")
        if kind.startswith("union_tag"):
            return self.tag_problem(path)
        if at_key:
            return self.at(path, path[:-1], self.message(detail, path), at_key=True)
        return self.at(path, path, self.message(detail, path))

    def at(self, path: Path, shown: Path, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem with the place of `path`, or of its key; messages name `shown`."""
        place = self.document.place(path, key=at_key)
        return Problem(place, self.layout.path_name(self.document.data, shown), message)

    def tag_problem(self, path: Path) -> Problem:
        """Return what is wrong with the key that says which form an item has."""
        union = next(union for union in self.layout.unions if union.holds(path))
        item, tag = self.value_at(path), union.tag
        if not isinstance(item, dict):
            return self.at(path, path, f"should be a mapping, found {in_words(item)}")
        if tag not in item:
            names = ", ".join(sorted(union.forms))
            return self.at(path, path, f"missing key '{tag}'; allowed: {names}")

        below = (*path, tag)
        if not isinstance(item[tag], str):
            return self.at(below, below, f"should be text, found {in_words(item[tag])}")
        hint = suggest(item[tag], union.forms)
        return self.at(below, below, f"unknown {tag} {quoted(item[tag])}{hint}")

    def value_at(self, path: Path) -> Any:
        """Return the value at a path of `data`, which must be there."""
        value: Any = self.data
        for part in path:
            value = value[part]
        return value

    def message(self, detail: dict[str, Any], path: Path) -> str:
        """Return the words for an error about the value at `path`."""
        if detail["type"] in ("model_type", "model_attributes_type"):
            return f"should be {self.wanted_mapping(path)}; found {in_words(detail['input'])}"
        if detail["type"] == "too_short":
            return f"should hold at least one {self.layout.item}"
        return plain_message(detail)

    def wanted_mapping(self, path: Path) -> str:
        """Return in words what should stand at `path`: a mapping, or what may stand for one."""
        form = self.form_at(path)
        return self.layout.mappings.get(form, "a mapping") if form else "a mapping"

    def allowed(self, path: Path) -> list[str]:
        """Return the keys of the mapping at `path`; empty if no form describes it."""
        form = self.form_at(path)
        return list(form.model_fields) if form else []

    def form_at(self, path: Path) -> type[BaseModel] | None:
        """Return the model that describes the mapping at `path`, None if none does.

        Names of the writer's own, as in shares by model, have no field; the path passes over them.
        """
        form: type[BaseModel] | None = self.layout.root
        by_name = False  # whether the next part is a name of the writer's own
        for depth, part in enumerate(path, start=1):
            if isinstance(part, int):
                form = self.form_of_item(path[:depth], form)
            elif form is not None and not by_name:
                annotation = form.model_fields[part].annotation
                form, by_name = _model_in(annotation), get_origin(annotation) is dict
            else:
                by_name = False
        return form

    def form_of_item(self, path: Path, otherwise: type[BaseModel] | None) -> type[BaseModel] | None:
        """Return the form that an item of a union says it has; other lists have one form.

        Parameters
        ----------
        path
            Of the item.
        otherwise
            The form that the list gives to items where it is no union.
        """
        for union in self.layout.unions:
            if path[:-1] == union.path:
                item = self.value_at(path)
                tag = item.get(union.tag) if isinstance(item, dict) else None
                return union.forms.get(tag) if isinstance(tag, str) else None
        return otherwise


def plain_message(detail: dict[str, Any]) -> str:
    """Return what one of pydantic's errors says, in the words of this program.

    Parameters
    ----------
    detail
        An entry of `ValidationError.errors()`. Kinds that are not known here keep pydantic's words,
        followed by what was found.
    """
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "value_error":  # of a validator of ours, which speaks these words already
        return str(context["error"])

    if kind in _WANTED:
        return f"should be {_WANTED[kind]}, found {in_words(value)}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"should be {words} {shown(context[name])}, found {in_words(value)}"

    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        return f"should be one of {allowed}; found {in_words(value)}"
    if kind == "finite_number":
        return f"should be finite, found {in_words(value)}"
    if kind == "string_too_long":
        most = context["max_length"]
        return f"should have at most {most} characters, found {len(value)}"
    return f"{detail['msg']}, found {in_words(value)}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model in a type, also within lists and unions; None without one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
