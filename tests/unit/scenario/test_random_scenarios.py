"""Random scenarios of the schema end, and pass every verb; more of them: `make torture`."""

from __future__ import annotations

import random
from collections import Counter

from sim.scenario.scenario_schema import json_schema
from tests.torture.drawing import Drawer
from tests.torture.scenarios import try_seed
from tests.torture.trials import guarded

SEEDS = range(1, 5)


def test_random_scenarios_end_and_pass_every_verb() -> None:
    ended = [guarded(try_seed, seed, 60, {"most": 1_000}) for seed in SEEDS]
    assert not [f"{t.seed}: {t.message}" for t in ended if t.ended == "failed"]
    assert Counter(t.ended for t in ended)["passed"] >= 3


def test_what_is_drawn_covers_every_key_of_the_schema() -> None:
    """A key that is added to a form is drawn without a change here."""
    schema = json_schema()
    forms = [schema, *schema["$defs"].values()]
    plain = [form for form in forms if "properties" in form]
    plain += [
        branch for form in forms for branch in form.get("anyOf", ()) if "properties" in branch
    ]
    known = {key for form in plain for key in form["properties"]}
    drawn: set[str] = set()
    for seed in range(2_000):
        if known <= drawn:
            break
        drawn |= _keys(Drawer(schema, random.Random(seed), extreme=False).scenario())
    assert known <= drawn, known - drawn


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in _keys(item)}
    return {key for item in value for key in _keys(item)} if isinstance(value, list) else set()
