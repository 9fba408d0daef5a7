"""Scenarios from Python: check, show, list and schema, in every form that names a scenario."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim._front.scenarios import KINDS, SCHEMAS
from sim._listing import LISTS, entries
from sim.comparison.schemas import claims_schema, hypotheses_schema
from sim.scenario import dump_resolved, json_schema

TINY: dict[str, Any] = {
    "version": 1,
    "name": "tiny",
    "seed": 7,
    "clock": {"start": datetime.date(2026, 2, 2), "duration": "1 d"},
    "actors": [
        {"id": "coders", "typology": "L01", "accounts": np.int64(20)},
        {
            "id": "laboratory",
            "typology": "L04",
            "accounts": 2,
            "benchmark": "aime",
            "agent": "api-script",
            "model": "claude-haiku-4.5",
            "runs": 2,
            "workers": 4,
        },
        {"id": "pool", "typology": "A16", "accounts": 30, "target_exchanges": np.float64(500)},
    ],
}


def refusal(scenario: Any, **changes: Any) -> str:
    with pytest.raises(sim.InvalidInputError) as caught:
        sim.check(scenario, **changes)
    return str(caught.value)


# every form of a scenario


def test_a_scenario_can_be_a_path_a_name_a_mapping_a_scenario_or_a_run(here: Path) -> None:
    scenario = sim.check("tiny.yaml")
    assert repr(scenario) == ("<Scenario tiny: 3 actors, 52 accounts, 1 d from 2026-02-02, seed 7>")
    for same in (here / "tiny.yaml", TINY, scenario, sim.open_run("out")):
        assert sim.check(same) == scenario
    assert sim.check("worked_example").name == "worked_example"
    assert sim.load_scenario is sim.check


@pytest.mark.parametrize("source", [42, None, ["tiny.yaml"], b"tiny.yaml"])
def test_other_types_are_told_what_can_be_given(source: Any) -> None:
    with pytest.raises(TypeError) as caught:
        sim.check(source)
    assert str(caught.value) == (
        "a scenario is a file, the name of a shipped scenario, a mapping, a Scenario or a Run; "
        f"found {type(source).__name__}"
    )


# changes


def test_overrides_are_texts_or_a_mapping(here: Path) -> None:
    text = sim.check("tiny.yaml", overrides=["actors.coders.accounts=5", "name=few"])
    mapping = {"actors.coders.accounts": 5, "name": "few"}
    assert sim.check(TINY, overrides=mapping) == text
    assert (text.actors[0].accounts, text.name) == (5, "few")
    assert sim.check(here / "tiny.yaml", overrides="name=few").name == "few"


def test_seed_and_scale_come_before_those_of_the_scenario() -> None:
    scenario = sim.check(TINY, seed=8, scale=0.5)
    assert (scenario.seed, scenario.scale, scenario.actors[0].accounts) == (8, 0.5, 10)
    assert TINY["seed"] == 7


def test_a_resolved_scenario_takes_another_seed_and_nothing_else() -> None:
    scenario = sim.check(TINY)
    assert sim.check(scenario, seed=0).to_dict() == scenario.to_dict() | {"seed": 0}
    assert sim.check(scenario, seed=2**64 - 1).seed == 2**64 - 1
    said = (
        "tiny: is resolved, so only its seed can be changed; give overrides and scale with the "
        "file, name or mapping that it was made of"
    )
    assert refusal(scenario, scale=2) == refusal(scenario, overrides=["name=x"]) == said
    assert refusal(scenario, seed=-1) == f"seed: should be 0 to {2**64 - 1}, found -1"
    assert refusal(scenario, seed=2**64) == f"seed: should be 0 to {2**64 - 1}, found {2**64}"
    for seed in ("7", True, 1.0):
        with pytest.raises(TypeError, match="a seed is a whole number; found "):
            sim.check(scenario, seed=seed)  # type: ignore[arg-type]


# faults of a mapping


def test_faults_of_a_mapping_name_the_path_of_the_key() -> None:
    coders = {"id": "coders", "typology": "L01", "accounts": 0, "acounts": 5}
    assert refusal({**TINY, "actors": [coders], "clock": {"start": "2026-02-02"}}) == (
        "<mapping>: actors.coders: unknown key 'acounts'; did you mean 'accounts'?\n"
        "<mapping>: actors.coders.accounts: should be at least 1, found 0\n"
        "<mapping>: clock: missing key 'duration'"
    )


def test_a_mapping_holds_what_yaml_can_hold() -> None:
    assert refusal({**TINY, "about": {1, 2}, "actors": [{3: object()}]}) == (
        "<mapping>: about: found set; give a mapping, a list, text, a number or true or false\n"
        "<mapping>: actors[0]: a key must be text, not int 3"
    )


# show, list and schema


def test_show_gives_the_resolved_scenario_as_text(here: Path) -> None:
    text = sim.show("tiny.yaml", scale=0.5, overrides=["name=half"], seed=3)
    assert text == dump_resolved(sim.check(TINY, scale=0.5, overrides=["name=half"], seed=3))
    assert sim.show(here / "tiny.yaml").startswith("version: 1\nname: tiny\n")


def test_list_of_a_kind_has_a_row_for_each_entry() -> None:
    assert list(LISTS) == list(KINDS)
    for kind in KINDS:
        assert sim.list(kind).to_dict("list")["id"] == [x.record["id"] for x in entries(kind)]
    assert sim.list("models").set_index("id").loc["claude-opus-4.5", "values"]


def test_list_of_everything_has_kind_id_and_title() -> None:
    everything = sim.list()
    assert list(everything) == ["kind", "id", "title"]
    assert list(dict.fromkeys(everything["kind"])) == list(KINDS)
    row = everything[everything["id"] == "worked_example"].iloc[0]
    assert tuple(row) == ("scenarios", "worked_example", "One user request becomes four exchanges")


def test_schema_of_each_kind_of_files() -> None:
    assert sim.schema() == sim.schema("scenario") == json_schema()
    assert sim.schema("claims") == claims_schema()
    assert sim.schema("hypotheses") == hypotheses_schema()


def test_unknown_kinds_are_told_which_there_are() -> None:
    with pytest.raises(sim.InvalidInputError) as caught:
        sim.list("actors")
    assert str(caught.value) == f"kind: found 'actors'; allowed: {', '.join(KINDS)}"
    with pytest.raises(sim.InvalidInputError) as caught:
        sim.schema("claim")
    assert str(caught.value) == f"kind: found 'claim'; allowed: {', '.join(SCHEMAS)}"
