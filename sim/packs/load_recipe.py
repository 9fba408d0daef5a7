"""Finding, reading and checking recipes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.documents.files import read_file
from sim.documents.form_problems import problems_of_form
from sim.documents.mappings import document_of
from sim.documents.overrides import apply_override, set_value
from sim.documents.problems import Place, raise_problems, suggest
from sim.documents.strict_yaml import Document
from sim.errors import InvalidInputError
from sim.packs.recipe import Recipe
from sim.packs.recipe_checks import problems_of_pack
from sim.packs.recipe_form import MembersForm, RecipeForm
from sim.packs.recipe_parse import LAYOUT
from sim.packs.simulations import Simulations, simulations_of
from sim.scenario.load import shipped_scenarios
from sim.streams import Streams

_NAME = re.compile(r"[A-Za-z0-9_-]+")
# Lies beside the recipes: checksums of the values of the packs that they make.
_NO_RECIPES = ("checksums",)


def load_recipe(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    overrides: Iterable[str] = (),
    seed: int | None = None,
    scale: float | None = None,
) -> Recipe:
    """Read, check and resolve a recipe.

    Parameters
    ----------
    source
        A file, `-` for standard input, the name of a shipped recipe, or a mapping that holds what a
        file would. A file of the name of a shipped recipe comes first.
    overrides
        Texts such as `labels.review.capacity_per_day=50`, applied in order before checking.
    seed
        Draws the seeds of all simulations, and is that of labels and splits, instead of those of
        the recipe; 0 to 2^64 - 1.
    scale
        Of all simulations, instead of those of the recipe; above 0.

    Raises
    ------
    InvalidInputError
        Lists every fault with its place, a line each; those of scenarios too.
    """
    document, folder = _read(source)
    for text in overrides:
        apply_override(document, text)
    if scale is not None:
        _set_scale(document, scale)
    if seed is not None and isinstance(document.data, dict):
        _set_seed(document, seed)

    form, simulations = _checked(document, folder)
    return Recipe(form, document.data, tuple(simulations.scenarios))


def shipped_recipes() -> dict[str, Path]:
    """Return the recipes that come with the package by name, sorted; they lie with scenarios."""
    folders = {path.parent / "packs" for path in shipped_scenarios().values()}
    files = [path for folder in sorted(folders) for path in sorted(folder.glob("*.yaml"))]
    return {path.stem: path for path in files if path.stem not in _NO_RECIPES}


def ships(recipe: Recipe) -> bool:
    """Return whether a recipe is the one of its name that ships, changed in nothing."""
    path = shipped_recipes().get(recipe.name)
    return path is not None and load_recipe(path).to_dict() == recipe.to_dict()


def _read(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Document, Path]:
    """Return the document of a recipe, and the folder from which its paths are meant."""
    if isinstance(source, Mapping):
        return document_of(source), Path()
    name = os.fspath(source)
    path = Path(source)
    if name != "-" and name in (shipped := shipped_recipes()) and not path.exists():
        path = shipped[name]
    try:
        return read_file(path), path.parent
    except FileNotFoundError:
        raise InvalidInputError(_missing(name)) from None


def _missing(name: str) -> str:
    """Say that there is no such file; for a plain name also which shipped recipe may be meant."""
    if not _NAME.fullmatch(name):
        return f"{name}: no such file"
    shipped = shipped_recipes()
    if name in shipped_scenarios():
        hint = "; it is a scenario: `sim run` simulates it, and a recipe may name it"
    else:
        hint = suggest(name, shipped) if shipped else ""
    return f"{name}: no such file, and no shipped recipe of this name{hint}"


def _set_scale(document: Document, scale: float) -> None:
    """Set the scale of all simulations, those of members too."""
    place = Place.option(f"--scale {scale}")
    set_value(document, ["scale"], scale, place)
    for member in _members(document):
        member.pop("scale", None)


def _set_seed(document: Document, seed: int) -> None:
    """Set the seed of the recipe, and draw from it as many seeds as each member has."""
    place = Place.option(f"--seed {seed}")
    set_value(document, ["seed"], seed, place)
    for number, holder in enumerate([document.data, *_members(document)]):
        seeds = holder.get("seeds")
        if isinstance(seeds, list):
            holder["seeds"] = [
                Streams(seed).key("simulation", number, k) >> 1 for k in range(len(seeds))
            ]


def _members(document: Document) -> list[dict[str, Any]]:
    """Return the members that are mappings, whatever else is wrong with the document."""
    members = document.data.get("members") if isinstance(document.data, dict) else None
    return [each for each in members if isinstance(each, dict)] if isinstance(members, list) else []


def _checked(document: Document, folder: Path) -> tuple[RecipeForm, Simulations]:
    """Return the form of a recipe and its simulations, or raise every fault of both."""
    form, data, problems = problems_of_form(LAYOUT, document)
    of_members = form if isinstance(form, RecipeForm) else _members_form(data)
    simulations = Simulations()
    if of_members is not None:
        simulations = simulations_of(of_members, document, folder)
        problems.extend(simulations.problems)
        if not simulations.problems:
            whole = form if isinstance(form, RecipeForm) else None
            problems.extend(problems_of_pack(whole, simulations, document))
    raise_problems(problems)
    if not isinstance(form, RecipeForm):
        raise AssertionError("a document without problems has a form")
    return form, simulations


def _members_form(data: Any) -> MembersForm | None:
    """Return what a faulty recipe says of its members; None if that is faulty too."""
    if not isinstance(data, dict):
        return None
    known = {key: data[key] for key in MembersForm.model_fields if key in data}
    try:
        return MembersForm.model_validate(known, strict=True)
    except ValidationError:
        return None
