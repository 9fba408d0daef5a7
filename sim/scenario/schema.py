"""The JSON Schema of the human form, for editors and for programs that write scenarios."""

from __future__ import annotations

from typing import Any

from sim.scenario.models import ScenarioForm

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of version 1, with a description for every key.

    It knows types, ranges and catalog ids; what holds between keys is checked on loading only.
    """
    schema = tidy(ScenarioForm.model_json_schema())
    definitions = schema["$defs"]
    number = {"type": "number", "minimum": 0, "description": "Always this value."}
    definitions["Distribution"] = any_of(number, definitions["Distribution"])
    flat = {"const": "none", "description": "Flat over day and week."}
    definitions["RhythmForm"] = any_of(flat, definitions["RhythmForm"])
    usual = {"const": "default", "description": "The values of the catalog."}
    definitions["EnforcementForm"] = any_of(usual, definitions["EnforcementForm"])
    return {
        "$schema": DRAFT,
        "title": "sim scenario, version 1",
        **schema,
    }


def any_of(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of either, under the description of the second."""
    return {"description": second.pop("description"), "anyOf": [first, second]}


def tidy(node: Any) -> Any:
    """Drop what pydantic adds for Python: titles of fields, null branches, null defaults."""
    if isinstance(node, list):
        return [tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _stated(key, value) for key, value in node.items() if not _is_noise(key, value)}
    branches = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        node = {**branches[0], **{key: node[key] for key in node if key != "anyOf"}}
    elif branches:
        node["anyOf"] = branches
    return {key: tidy(value) for key, value in node.items()}


def _stated(key: str, value: Any) -> Any:
    """A default that is a mapping, less the keys that it leaves out."""
    if key == "default" and isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _is_noise(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
