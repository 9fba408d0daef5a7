"""Finding, reading and loading scenarios."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.documents.files import read_file
from sim.documents.mappings import document_of
from sim.documents.overrides import apply_override, set_value
from sim.documents.problems import Place, Problem, raise_problems, suggest
from sim.documents.strict_yaml import Document
from sim.errors import InvalidInputError
from sim.scenario.checks import validate
from sim.scenario.parse import parse, path_name
from sim.scenario.resolve import UnresolvedError, resolve
from sim.scenario.resolved import Scenario
from sim.scenario.rounding import Rounded, rounded_numbers

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def load_scenario(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    overrides: Iterable[str] = (),
    seed: int | None = None,
    scale: float | None = None,
    rounds: Callable[[Sequence[Rounded]], None] | None = None,
) -> Scenario:
    """Read, check and resolve a scenario.

    Parameters
    ----------
    source:
        A file, `-` for standard input, the name of a shipped scenario, or a mapping that holds what
        a file would. A file of the name of a shipped scenario comes first.
    overrides:
        Texts such as `actors.coders.accounts=5`, applied in order before checking.
    seed:
        Instead of the one in the file, 0 to 2^64 - 1; left out in both, it is drawn.
    scale:
        Instead of the one in the file, > 0. It multiplies populations and targets.
    rounds:
        Is told which numbers a scale rounds by more than a fifth, if any.

    Returns
    -------
    Scenario
        The resolved form, with the seed that a run of it has.

    Raises
    ------
    InvalidInputError
        Lists every fault with its place, a line each.
    """
    document = read_document(source)
    overrides = list(overrides)
    for text in overrides:
        apply_override(document, text)
    _drop_what_is_replaced(document, overrides)
    for key, value in (("seed", seed), ("scale", scale)):
        if value is not None and (document.data is None or isinstance(document.data, dict)):
            set_value(document, [key], value, Place.option(f"--{key} {value}"))
    return scenario_of(document, rounds)


def _drop_what_is_replaced(document: Document, overrides: Sequence[str]) -> None:
    """Drop the level of the file where an override says a separability, and the reverse."""
    given = {text.partition("=")[0].strip() for text in overrides} & {"level", "separability"}
    if len(given) == 1 and isinstance(document.data, dict):
        [other] = {"level", "separability"} - given
        document.data.pop(other, None)


def scenario_of(
    document: Document, rounds: Callable[[Sequence[Rounded]], None] | None = None
) -> Scenario:
    """Parse, validate and resolve a document.

    Parameters
    ----------
    document
        With overrides, seed and scale already set in it.
    rounds
        As for `load_scenario`.

    Raises
    ------
    InvalidInputError
        Lists every fault. What only the resolved form refuses is found once all else is right.
    """
    parsed = parse(document)
    raise_problems(validate(parsed, document))
    if parsed.form is None:
        raise AssertionError("a document without problems has a form")
    try:
        scenario = resolve(parsed.form)
    except UnresolvedError as error:
        raise_problems(
            Problem(document.place(path), path_name(document.data, path), message)
            for path, message in error.faults
        )
        raise
    if rounds is not None and (rounded := rounded_numbers(parsed.form)):
        rounds(rounded)
    return scenario


def read_document(source: str | os.PathLike[str] | Mapping[str, Any]) -> Document:
    """Return the document of a file, of standard input (`-`), a shipped scenario, or a mapping.

    Raises
    ------
    InvalidInputError
        If there is no such file or name, or if it cannot be read or parsed.
    """
    if isinstance(source, Mapping):
        return document_of(source)
    name = os.fspath(source)
    path = Path(source)
    if name != "-" and name in (shipped := shipped_scenarios()) and not path.exists():
        path = shipped[name]
    try:
        document = read_file(path)
    except FileNotFoundError:
        raise InvalidInputError(_missing(name)) from None
    _place_calibrations(document, path.parent)
    return document


def _place_calibrations(document: Document, folder: Path) -> None:
    """Make paths of calibrations, which are relative to the file, relative to where we are."""
    actors = document.data.get("actors") if isinstance(document.data, dict) else None
    for actor in actors if isinstance(actors, list) else ():
        if isinstance(actor, dict) and isinstance(actor.get("calibration"), str):
            actor["calibration"] = str(folder / actor["calibration"])


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the package by name, sorted.

    They lie in the package if it was built, else beside it in the working copy. Empty if there is
    neither folder.
    """
    package = Path(__file__).resolve().parents[1]
    folder = next(filter(Path.is_dir, (package / "_scenarios", package.parent / "scenarios")), None)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}


def _missing(name: str) -> str:
    """Say that there is no such file; for a plain name also which shipped scenario may be meant."""
    if not _NAME.fullmatch(name):
        return f"{name}: no such file"
    shipped = shipped_scenarios()
    if any((path.parent / "packs" / f"{name}.yaml").is_file() for path in shipped.values()):
        return f"{name}: is a recipe of a pack, no scenario; `sim dataset {name}` makes it"
    hint = suggest(name, shipped) if shipped else ""
    return f"{name}: no such file, and no shipped scenario of this name{hint}"
