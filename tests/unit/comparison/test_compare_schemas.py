"""The JSON Schemas of files of explanations and of claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sim.comparison.claims.user_claims import load_claims
from sim.comparison.schemas import claims_schema, hypotheses_schema
from sim.documents.strict_yaml import parse_yaml
from tests.support.paths import CASES, ROOT

HERE = CASES
VALID = sorted((HERE / "hypotheses" / "valid").glob("*.yaml"))
SHIPPED = ROOT / "sim" / "catalog" / "data" / "hypotheses.yaml"


def name_of(path: Path) -> str:
    return path.stem


def data_of(path: Path) -> Any:
    return parse_yaml(path.read_text(encoding="utf-8"), path.name).data


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", [SHIPPED, *VALID], ids=name_of)
def test_schema_accepts_explanations_that_load(path: Path) -> None:
    validator(hypotheses_schema()).validate(data_of(path))


@pytest.mark.parametrize(
    "stem",
    [
        "list-at-top",
        "missing-keys",
        "missing-version",
        "nothing-done",
        "ids",
        "shapes",
        "unknown-benchmark",
        "unknown-keys",
        "sections-that-are-no-mappings",
        "version",
    ],
)
def test_schema_refuses_explanations_that_are_malformed(stem: str) -> None:
    path = HERE / "hypotheses" / "invalid" / f"{stem}.yaml"
    assert not validator(hypotheses_schema()).is_valid(data_of(path))


def test_schema_of_claims() -> None:
    path = HERE / "claims" / "valid" / "every-key.yaml"
    validator(claims_schema()).validate(data_of(path))
    assert load_claims(path)
    data = data_of(path)
    for key, value in (
        ("metric", "exchange"),
        ("value", -1),
        ("value", "many"),
        ("window", 30),
        ("bound", "atleast"),
        ("report", ""),
        ("date", "soon"),
        ("vlaue", 3),
    ):
        claim = {**data["claims"]["mine"], key: value}
        assert not validator(claims_schema()).is_valid({**data, "claims": {"mine": claim}}), key
    assert not validator(claims_schema()).is_valid({**data, "claims": {}})
    mine = data["claims"]["mine"]
    assert not validator(claims_schema()).is_valid({**data, "claims": {"1 bad": mine}})


@pytest.mark.parametrize("schema", [hypotheses_schema(), claims_schema()])
def test_schemas_describe_every_key(schema: dict[str, Any]) -> None:
    for owner in (schema, *schema["$defs"].values()):
        for form in (owner, *owner.get("anyOf", ())):
            for key, value in form.get("properties", {}).items():
                described = value.get("description") or key in ("lognormal", "loguniform")
                assert described, f"{key} in {sorted(form['properties'])}"


@pytest.mark.parametrize("schema", [hypotheses_schema(), claims_schema()])
def test_definitions_are_named_without_modules(schema: dict[str, Any]) -> None:
    assert [name for name in schema["$defs"] if "__" in name] == []


def test_priors_and_distributions_of_the_same_shape_keep_their_names() -> None:
    assert {"Lognormal", "PriorLognormal"} <= set(hypotheses_schema()["$defs"])
