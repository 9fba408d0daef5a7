"""The JSON Schemas of files of explanations and of claims, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from sim.comparison.claims.user_claims import ID_PATTERN, ClaimsForm
from sim.comparison.hypotheses import prior_shapes
from sim.comparison.hypotheses.hypothesis_forms import LibraryForm
from sim.comparison.hypotheses.priors import SHAPES
from sim.distributions import shapes
from sim.documents.json_schema import DRAFT, any_of, tidy

# Where two modules have a form of the same name, pydantic puts the module before it.
_PUBLISHED_PREFIX = {prior_shapes.__name__: "Prior", shapes.__name__: ""}


def hypotheses_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a file of explanations, version 1.

    It knows types, ranges and catalog ids; what holds between keys, and the names that entries
    give each other, are checked on loading only. What it adds to the schema that pydantic makes are
    the short forms: a plain number or name for a prior, a plain number for a distribution.
    """
    schema = _schema(LibraryForm)
    definitions = schema["$defs"]
    one = {"type": ["number", "string"], "description": "Always this number, or this name."}
    definitions["Prior"]["oneOf"] = [{"required": [shape]} for shape in SHAPES]
    definitions["Prior"] = any_of(one, definitions["Prior"])
    definitions["Work"]["properties"]["mixed"]["default"] = 0
    always = {"type": "number", "minimum": 0, "description": "Always this value."}
    definitions["Distribution"] = any_of(always, definitions["Distribution"])
    return {"$schema": DRAFT, "title": "sim explanations, version 1", **schema}


def claims_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a file of claims, version 1.

    Which figures and units go together is checked on loading only.
    """
    schema = _schema(ClaimsForm)
    names = {"pattern": f"^{ID_PATTERN}$", "maxLength": 64}
    schema["properties"]["claims"]["propertyNames"] = names
    return {"$schema": DRAFT, "title": "sim claims, version 1", **schema}


def _schema(form: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a form, with the names of its definitions as people write them.

    Pydantic puts the module before the names of two forms that are called alike; here they get a
    prefix of their own.
    """
    text = json.dumps(tidy(form.model_json_schema()))
    for module, prefix in _PUBLISHED_PREFIX.items():
        text = text.replace(f"{module}.".replace(".", "__"), prefix)
    schema: dict[str, Any] = _strict_ids(json.loads(text))
    return schema


def _strict_ids(node: Any) -> Any:
    """Let mappings by id hold nothing but ids that fit their pattern.

    JSON Schema checks the keys of `patternProperties` only where they match. So the pattern becomes
    that of all property names, and the schema of its values that of all properties.

    Parameters
    ----------
    node
        Any part of a schema; it stays as it is.
    """
    if isinstance(node, list):
        return [_strict_ids(x) for x in node]
    if not isinstance(node, dict):
        return node
    strict = {key: _strict_ids(x) for key, x in node.items() if key != "patternProperties"}
    for pattern, value in node.get("patternProperties", {}).items():
        strict["additionalProperties"] = _strict_ids(value)
        strict["propertyNames"] = {**node["propertyNames"], "pattern": pattern}
    return strict
