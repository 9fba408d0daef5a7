"""The JSON Schema of the human form, for editors and for programs that write scenarios."""

from __future__ import annotations

from typing import Any

from sim.documents.json_schema import DRAFT, any_of, tidy
from sim.scenario.scenario_form import ScenarioForm


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of version 1, with a description for every key.

    It knows types, ranges and catalog ids; what holds between keys is checked on loading only. It
    is made anew on each call, so the caller may change it.
    """
    schema = tidy(ScenarioForm.model_json_schema())

    # Words and numbers that stand for a whole mapping.
    definitions = schema["$defs"]
    number = {"type": "number", "minimum": 0, "description": "Always this value."}
    definitions["Distribution"] = any_of(number, definitions["Distribution"])
    flat = {"const": "none", "description": "Flat over day and week."}
    definitions["RhythmForm"] = any_of(flat, definitions["RhythmForm"])
    catalog_values = {"const": "default", "description": "The values of the catalog."}
    definitions["EnforcementForm"] = any_of(catalog_values, definitions["EnforcementForm"])

    return {"$schema": DRAFT, "title": "sim scenario, version 1", **schema}
