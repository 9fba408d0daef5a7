"""The JSON Schema of recipes, for editors and for programs that write recipes."""

from __future__ import annotations

from typing import Any

from sim.documents.json_schema import DRAFT, any_of, tidy
from sim.packs.recipe_form import RecipeForm


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a recipe, version 1.

    It knows types, ranges and catalog ids; what holds between keys, and what a scenario says, is
    checked on loading only.
    """
    schema = tidy(RecipeForm.model_json_schema())
    definitions = schema["$defs"]
    if "Distribution" in definitions:
        number = {"type": "number", "minimum": 0, "description": "Always this value."}
        definitions["Distribution"] = any_of(number, definitions["Distribution"])
    return {"$schema": DRAFT, "title": "sim recipe of a pack, version 1", **schema}
