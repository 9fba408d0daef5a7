"""Events are valid by the schema of OCSF, with the profile for operations of AI."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """Knows the class of API activity with the profile."""
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
    name = schemas.lookup_class_name_from_uid(6003)
    return Draft202012Validator(schemas.get_class_schema(name, ["ai_operation"]))


def test_every_event_is_valid(export, validator):
    exported = export("ocsf", "events.jsonl")
    events = exported.lines()
    assert len(events) == exported.records == exported.summary["exchanges"] > 10_000
    faults = [fault.message for event in events for fault in validator.iter_errors(event)]
    assert faults == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"typology": "A15"}, "Additional properties|unevaluated|was unexpected"),
        ({"time": "noon"}, "is not of type 'integer'"),
        ({"message_context": {"prompt_tokens": "many"}}, "is not of type 'integer'"),
    ],
)
def test_a_broken_event_is_not(export, validator, change, fault):
    event = export("ocsf", "events.jsonl").lines()[0] | change
    with pytest.raises(Exception, match=fault):
        validator.validate(event)
