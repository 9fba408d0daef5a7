"""Levels of difficulty, and the separability that actors have by them."""

from __future__ import annotations

import pytest

from sim.catalog import levels, typologies
from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from sim.scenario.load import load_scenario, scenario_of
from sim.scenario.resolved_checks import problems_of

TWO_ACTORS = """\
version: 1
name: two
{key}
clock: {{start: 2026-02-02, duration: 1 d}}
actors:
  - {{id: coders, typology: L01, accounts: 5}}
  - {{id: pool, typology: A16, accounts: 5, separability: 0.25}}
"""


@pytest.mark.parametrize(
    ("key", "separability"),
    [
        ("title: none", 1),
        ("separability: 0.5", 0.5),
        ("level: easy", levels()["easy"].parameters["L01"]),
        ("level: hard", 0),
    ],
)
def test_actors_have_the_separability_of_their_own_else_that_of_the_scenario(
    key: str, separability: float
) -> None:
    scenario = scenario_of(parse_yaml(TWO_ACTORS.format(key=key), "t.yaml"))
    assert [actor.separability for actor in scenario.actors] == [separability, 0.25]
    assert not problems_of(scenario, "run")


def test_a_level_has_every_typology_and_a_harder_one_no_higher_separability() -> None:
    easy, medium, hard = (levels()[name].parameters for name in ("easy", "medium", "hard"))
    assert set(easy) == set(medium) == set(hard) == set(typologies())
    assert all(1 >= easy[t] >= medium[t] >= hard[t] >= 0 for t in easy)


def test_the_summary_names_the_level() -> None:
    """So `sim check` does."""
    named = scenario_of(parse_yaml(TWO_ACTORS.format(key="level: easy"), "t.yaml"))
    assert named.summary() == "2 actors, 10 accounts, 1 d from 2026-02-02, level easy"
    unnamed = scenario_of(parse_yaml(TWO_ACTORS.format(key="title: none"), "t.yaml"))
    assert unnamed.summary() == "2 actors, 10 accounts, 1 d from 2026-02-02"


def test_an_override_replaces_the_level_or_the_separability_of_the_file() -> None:
    """But both as overrides are an error, as they are in a file."""
    document = {**parse_yaml(TWO_ACTORS.format(key="level: hard"), "t.yaml").data}
    changed = load_scenario(document, overrides=["separability=0.5"])
    assert (changed.level, changed.actors[0].separability) == (None, 0.5)
    back = load_scenario({**document, "separability": 0.5}, overrides=["level=hard"])
    assert (back.level, back.actors[0].separability) == ("hard", 0)
    with pytest.raises(InvalidInputError, match="sets separability, which is given as 1"):
        load_scenario(document, overrides=["level=hard", "separability=1"])
