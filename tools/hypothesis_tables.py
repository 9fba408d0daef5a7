"""The generated parts of docs/reference/hypotheses.md, for tools/generate_docs.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]

SECTIONS = {
    "works": "Work",
    "hypotheses": "HypothesisForm",
    "calls": "Calls",
    "suites": "Suite",
    "access": "Access",
    "uptake": "Uptake",
    "families": "Families",
}
_SHAPES = {
    "lognormal": "PriorLognormal",
    "loguniform": "PriorLogUniform",
    "uniform": "Uniform",
    "normal": "Normal",
    "beta": "Beta",
}
_PLAIN = {
    "constant": ["`constant: 30`", "always this value; the same as the plain number `30`"],
    "choice": [
        "`choice: {1: 3, 5: 1}`",
        "one of the named things or numbers, by relative weights; a plain name is a choice of it",
    ],
}


def blocks(table: Table) -> dict[str, Callable[[], str]]:
    """Return the blocks by name, each as a Markdown table made by `table`."""
    return {
        "explanation keys": lambda: table(["section", "key", "meaning"], list(_keys())),
        "explanation dials": lambda: table(
            ["dial", "stands in", "unit", "meaning", "may be"], list(_parameters())
        ),
        "prior shapes": lambda: table(["shape", "meaning"], list(_shapes())),
        "shipped explanations": lambda: table(
            ["id", "explanation", "group", "work", "lever", "typologies"], list(_explanations())
        ),
        "shipped priors": lambda: table(
            ["name", "prior", "status", "source", "note", "explanations"], list(_priors())
        ),
        "shipped calls": lambda: table(
            ["id", "calls of a task", "status", "source", "note"], list(_calls())
        ),
        "shipped suites": lambda: table(["id", "suite", "benchmarks"], list(_suites())),
    }


def _schema() -> dict[str, Any]:
    from sim.comparison.schemas import hypotheses_schema

    definitions: dict[str, Any] = hypotheses_schema()["$defs"]
    return definitions


def _keys() -> Iterator[list[str]]:
    """Keys of the sections, but for parameters, which have a table of their own."""
    from sim.comparison.hypotheses.parameters import PARAMETERS

    for section, form in SECTIONS.items():
        node = _schema()[form]
        for key, value in node["properties"].items():
            if key not in PARAMETERS:
                required = "; required" if key in node.get("required", ()) else ""
                yield [f"`{section}`", f"`{key}`", value["description"] + required]


def _parameters() -> Iterator[list[str]]:
    from sim.comparison.hypotheses.parameters import (
        ACCESS_PARAMETERS,
        COMMON_PARAMETERS,
        PARAMETERS,
    )

    places = {
        **dict.fromkeys(COMMON_PARAMETERS, "common"),
        **dict.fromkeys(ACCESS_PARAMETERS, "access"),
    }
    places |= {"moved": "uptake", "hours": "uptake", "mixed": "works"}
    for name, parameter in PARAMETERS.items():
        number = f"0 to {parameter.most:g}" if parameter.most in (1, 24) else "0 or more"
        within = "a choice" if name == "convention" else number
        yield [f"`{name}`", f"`{places[name]}`", parameter.unit, parameter.meaning, within]


def _shapes() -> Iterator[list[str]]:
    for shape, words in _PLAIN.items():
        yield [words[0], words[1]]
        if shape == "constant":
            for name, form in _SHAPES.items():
                node = _schema()[form]
                keys = "; ".join(f"`{k}` {v['description']}" for k, v in node["properties"].items())
                yield [f"`{name}`", f"{node['description'].splitlines()[0]} Keys: {keys}"]


def _explanations() -> Iterator[list[str]]:
    for x in _library().hypotheses.values():
        said = f"**{x.title}**. {x.about}"
        work = ", ".join(f"`{name}`" for name in x.work)
        yield [f"`{x.id}`", said, x.group, work, f"`{x.driver}`", ", ".join(x.typologies)]


def _priors() -> Iterator[list[str]]:
    """A row for each prior; explanations that have it, or `all`."""
    found: dict[str, tuple[Any, list[str]]] = {}
    library = _library()
    for x in library.hypotheses.values():
        for name, prior in x.priors.items():
            found.setdefault(name, (prior, []))[1].append(x.id)
    for name, (prior, ids) in found.items():
        by = "all" if len(ids) == len(library.hypotheses) else ", ".join(ids)
        yield [f"`{name}`", prior.words(), prior.status, prior.source, prior.note, by]


def _calls() -> Iterator[list[str]]:
    for name, x in next(iter(_library().hypotheses.values())).calls.items():
        more = "" if x.more is None else f"; then {_words(x.more.model_dump(exclude_none=True))}"
        said = f"{x.title}: tools in {100 * x.tools_share:g} % of the tasks{more}"
        yield [f"`{name}`", said, x.status, x.source, x.note]


def _words(distribution: dict[str, Any]) -> str:
    shape, values = next(iter(distribution.items()))
    return ", ".join([f"{shape} steps", *(f"{k} {v:,g}" for k, v in values.items())])


def _suites() -> Iterator[list[str]]:
    for name, x in next(iter(_library().hypotheses.values())).suites.items():
        yield [f"`{name}`", x.title, ", ".join(f"`{id_}`" for id_ in x.benchmarks)]


def _library() -> Any:
    from sim.comparison.hypotheses.load_hypotheses import load_library

    return load_library()
