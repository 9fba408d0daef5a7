"""JSON Schemas (2020-12) of forms, without what pydantic adds for Python."""

from __future__ import annotations

from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def any_of(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of either, under the description of `second`, which loses it.

    Parameters
    ----------
    first
        Schema of what may stand in place of the mapping; it keeps its description.
    second
        Schema of the mapping, which must have a description. It is changed.
    """
    return {"description": second.pop("description"), "anyOf": [first, second]}


def tidy(node: Any) -> Any:
    """Return a schema without titles of fields, branches for null and defaults of null.

    Keys without a value are refused in files, so null is no value of any key there.

    Parameters
    ----------
    node
        A JSON Schema or any part of one; it is not changed.
    """
    if isinstance(node, list):
        return [tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {
        key: _default_as_written(key, value)
        for key, value in node.items()
        if not _is_noise(key, value)
    }

    # A choice that is left with one branch is no choice.
    branches = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        node = {**branches[0], **{key: node[key] for key in node if key != "anyOf"}}
    elif branches:
        node["anyOf"] = branches
    return {key: tidy(value) for key, value in node.items()}


def _default_as_written(key: str, value: Any) -> Any:
    """Drop from a default that is a mapping the keys that it leaves out."""
    if key == "default" and isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _is_noise(key: str, value: Any) -> bool:
    """Tell whether a key says nothing to a writer: the title of a field, a default of null."""
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
