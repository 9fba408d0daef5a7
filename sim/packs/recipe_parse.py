"""From a document to the form of a recipe; scenarios are not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.mappings import document_of
from sim.documents.problems import raise_problems
from sim.packs.recipe_form import RecipeForm

LAYOUT = Layout(root=RecipeForm, title="a recipe", item="value")


def form_of(written: Mapping[str, Any]) -> RecipeForm:
    """Return the checked form of a recipe that a pack holds.

    Raises
    ------
    InvalidInputError
        Lists every fault.
    """
    form, _, problems = problems_of_form(LAYOUT, document_of(written))
    raise_problems(problems)
    if not isinstance(form, RecipeForm):
        raise AssertionError("a document without problems has a form")
    return form
