"""What the recipes of the extraction bench hold, by what their scenarios ask for."""

from __future__ import annotations

from collections import Counter

import pytest

from sim.catalog import look_alikes, typologies
from sim.packs.load_recipe import load_recipe
from sim.packs.recipe import Recipe
from sim.scenario.resolved import Scenario

NAME = "extraction-bench-v1"
LEAST_CAMPAIGNS = {"small": 10, "medium": 100, "large": 100}
ABUSIVE = [t.id for t in typologies().values() if t.is_extraction]
# Typologies of which an operator has many accounts.
MANY = ("G13", "G14", "A16", "A17", "A18", "A19", "A20")


@pytest.fixture(scope="module", params=LEAST_CAMPAIGNS)
def size(request: pytest.FixtureRequest) -> tuple[str, Recipe]:
    return request.param, load_recipe(f"{NAME}-hard-{request.param}")


def scenario(size: tuple[str, Recipe]) -> Scenario:
    return size[1].scenarios[0]


def test_there_are_campaigns_enough_of_every_typology_and_half_of_them_adapt(
    size: tuple[str, Recipe],
) -> None:
    campaigns, adapting = Counter[str](), Counter[str]()
    for each in size[1].scenarios:
        campaigns.update(actor.typology for actor in each.actors)
        adapting.update(a.typology for a in each.actors if a.operator and a.operator.feedback_share)
    for typology in ABUSIVE:
        assert campaigns[typology] >= LEAST_CAMPAIGNS[size[0]]
        assert 2 * adapting[typology] == campaigns[typology]


def test_operators_are_small_and_every_typology_has_several(size: tuple[str, Recipe]) -> None:
    accounts: dict[str, list[int]] = {}
    for actor in scenario(size).actors:
        if actor.id not in look_alikes():
            accounts.setdefault(actor.typology, []).append(actor.accounts)
    assert set(accounts) == set(typologies())
    assert all(20 <= n <= 60 for typology in MANY for n in accounts[typology])
    assert all(len(sizes) >= 6 for typology, sizes in accounts.items() if typology != "L01")


def test_look_alikes_and_both_worlds_are_there(size: tuple[str, Recipe]) -> None:
    assert set(look_alikes()) <= {actor.id for actor in scenario(size).actors}
    assert len(size[1].worlds) == 2


def test_thresholds_on_volume_move_with_the_volume_of_everybody() -> None:
    """Else the provider of `large` would find accounts that that of `small` lets pass."""
    small, large = (load_recipe(f"{NAME}-hard-{size}").scenarios[0] for size in ("small", "large"))
    factor = (large.actors[0].volume or 1) / (small.actors[0].volume or 1)
    rules = [each.world.enforcement for each in (small, large)]
    assert rules[0] is not None
    assert rules[1] is not None
    assert rules[1].volume_threshold == pytest.approx(factor * rules[0].volume_threshold)
    assert rules[1].refusal_threshold == pytest.approx(factor * rules[0].refusal_threshold)


@pytest.mark.parametrize("level", ["easy", "medium"])
def test_levels_differ_in_level_and_seeds_alone(level: str) -> None:
    hard, other = (load_recipe(f"{NAME}-{each}-small").form for each in ("hard", level))
    changed = {"name", "title", "about", "level", "difficulty", "seeds"}
    assert other.model_dump(exclude=changed) == hard.model_dump(exclude=changed)
    assert (other.level, other.difficulty) == (level, level)
    assert set(other.seeds or ()).isdisjoint(hard.seeds or ())
