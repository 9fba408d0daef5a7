"""What is refused before anything is simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from sim.packs.load_recipe import load_recipe
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.splits.dials import SplitDials
from sim.splits.possible import impossible

PLAIN = """\
version: 1
name: plain
seed: 1
clock: {start: 2026-02-02, duration: 10 d}
actors:
  - {id: coders, typology: L01, accounts: 4}
  - {id: pool, typology: A16, accounts: 4, target_exchanges: 100}
"""
RECIPE = """\
version: 1
name: plain
scenario: plain.yaml
seeds: [1]
prevalence: [0.01]
splits:
  schemes: [campaign, world-held-out]
"""


@pytest.fixture(scope="module")
def plain() -> Scenario:
    return scenario_of(parse_yaml(PLAIN, "plain.yaml"))


def found(scenario: Scenario, **dials: Any) -> list[tuple[tuple[str, ...], str]]:
    return list(impossible(SplitDials.model_validate(dials), [scenario]))


def test_by_default_nothing_is_asked_for(plain: Scenario) -> None:
    assert found(plain) == []


def test_schemes_that_are_named_must_be_possible(plain: Scenario) -> None:
    named = ("world-held-out", "typology-held-out", "regime", "campaign")
    assert found(plain, schemes=named) == [
        (("schemes",), "world-held-out: there is one world; give the recipe two `worlds`"),
        (
            ("schemes",),
            "typology-held-out: 1 of the typologies that extract are in the scenarios, two are "
            "needed",
        ),
        (
            ("schemes",),
            "regime: no model is released within the log; give the scenario a release, or "
            "splits.regime.at",
        ),
    ]


def test_moments_must_leave_something_of_the_log(plain: Scenario) -> None:
    assert found(plain, time={"cut_off": "4 d", "gap": "6 d"}, regime={"at": "10 d"}) == [
        (("time",), "cut_off 4 d and gap 6 d leave nothing to test on in a log of 10 d"),
        (("regime", "at"), "10 d lies behind a log of 10 d"),
    ]
    assert found(plain, time={"cut_off": "4 d", "gap": "5 d"}, regime={"at": "9 d"}) == []


def test_a_recipe_says_so_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(PLAIN, encoding="utf-8")
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}:7:")
    assert line.endswith(
        "splits.schemes: world-held-out: there is one world; give the recipe two `worlds`"
    )
