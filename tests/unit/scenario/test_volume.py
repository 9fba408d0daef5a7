"""What a scenario says of the volume of all actors alike."""

from __future__ import annotations

from typing import Any

import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from sim.scenario.load import load_scenario, scenario_of
from sim.scenario.resolved import Actor
from sim.scenario.resolved_checks import problems_of

FOUR_ACTORS = """\
version: 1
name: four
{key}
clock: {{start: 2026-02-02, duration: 1 d}}
actors:
  - {{id: coders, typology: L01, accounts: 5}}
  - {{id: laboratory, typology: L04, accounts: 2, benchmark: swe-bench-verified, workers: 3}}
  - {{id: pool, typology: A16, accounts: 5, target_exchanges: 3000, operator: {{budget_usd: 50}}}}
  - {{id: cover, typology: A19, accounts: 5}}
"""


def actors(key: str) -> dict[str, Actor]:
    scenario = scenario_of(parse_yaml(FOUR_ACTORS.format(key=key), "t.yaml"))
    assert not problems_of(scenario, "run")
    return {actor.id: actor for actor in scenario.actors}


def fields(actor: Actor) -> dict[str, Any]:
    return actor.model_dump(exclude_none=True)


def test_volume_and_cap_reach_all_actors_and_targets_are_multiplied() -> None:
    usual = actors("title: none")
    found = actors("volume: 0.1\nmost_exchanges_per_account_day: 30")
    said = {"volume": 0.1, "most_of_everybody": 30.0}
    changed = {"laboratory": {"items": 50}, "pool": {"target_exchanges": 300}}
    for name, actor in found.items():
        assert fields(actor) == fields(usual[name]) | said | changed.get(name, {})


def test_a_scenario_that_says_neither_has_neither_in_its_resolved_form() -> None:
    """So manifests of other scenarios stay as they are."""
    for actor in actors("title: none").values():
        assert fields(actor).keys().isdisjoint({"volume", "most_of_everybody"})


def test_volume_comes_beside_a_scale_and_keeps_one_of_each() -> None:
    found = actors("scale: 0.01\nvolume: 0.01")
    assert (found["laboratory"].items, found["pool"].target_exchanges) == (1, 1)


@pytest.mark.parametrize("key", ["volume", "most_exchanges_per_account_day"])
@pytest.mark.parametrize("value", [0, -1, 1e8])
def test_a_volume_or_a_cap_out_of_range_is_refused(key: str, value: float) -> None:
    document = parse_yaml(FOUR_ACTORS.format(key="title: none"), "t.yaml").data
    with pytest.raises(InvalidInputError, match=key):
        load_scenario({**document, key: value})
