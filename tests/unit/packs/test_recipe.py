"""The recipe format: what loads, what is refused and how, what changes do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sim
from sim.documents.strict_yaml import parse_yaml
from sim.errors import InvalidInputError
from sim.packs.load_recipe import load_recipe, shipped_recipes
from sim.packs.recipe import Recipe
from tests.support.paths import CASES, ROOT

HERE = CASES / "recipes"
VALID = sorted((HERE / "valid").glob("*.yaml"))
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
SHIPPED = sorted(shipped_recipes().values())
SHORT = HERE / "valid" / "short.yaml"


def name_of(path: Path) -> str:
    return path.stem


def fault(*overrides: str, **options: Any) -> str:
    """The message of changes to the short recipe."""
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(SHORT, overrides=overrides, **options)
    return str(caught.value).replace(f"{SHORT}", "short.yaml").replace(f"{SHORT.parent}/", "")


# Conformance cases


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_valid_recipe_loads_and_round_trips(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_invalid_recipe_gives_its_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(InvalidInputError) as caught:
        load_recipe(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_shipped_recipes_load_and_name_themselves() -> None:
    for path in SHIPPED:
        assert load_recipe(path.stem).name == path.stem


def test_committed_schema_is_up_to_date() -> None:
    """Remedy: `sim schema recipe > scenarios/packs/schema.json`."""
    path = ROOT / "scenarios" / "packs" / "schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == sim.schema("recipe")


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=name_of)
def test_schema_accepts_what_loads(path: Path) -> None:
    data = parse_yaml(path.read_text(encoding="utf-8"), path.name).data
    jsonschema.Draft202012Validator(sim.schema("recipe")).validate(data)


def test_schema_refuses_what_no_form_takes() -> None:
    data = parse_yaml((HERE / "invalid" / "form.yaml").read_text(encoding="utf-8"), "form").data
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(sim.schema("recipe")).validate(data)


# Members


def test_worlds_are_dealt_to_seeds_in_turn() -> None:
    recipe = load_recipe(SHORT)
    assert [(each.seed, each.world.seed) for each in recipe.scenarios] == [(1, 7), (2, 8), (3, 7)]
    assert recipe.worlds == (7, 8)


def test_a_simulation_is_what_its_scenario_is_with_this_seed_and_world() -> None:
    keys = {"version": 1, "name": "x", "scenario": "coordinated_pool", "seeds": [3, 4]}
    recipe = sim.load_recipe({**keys, "worlds": [8, 9], "level": "easy", "scale": 0.1})
    overrides = ["world.seed=9", "level=easy"]
    assert recipe.scenarios[1] == sim.load_scenario(
        "coordinated_pool", seed=4, scale=0.1, overrides=overrides
    )


def test_keys_at_the_top_hold_for_members_that_lack_them() -> None:
    scenarios = load_recipe(HERE / "valid" / "members.yaml").scenarios
    assert [each.name for each in scenarios] == ["mixed", "harmless", "harmless", "separability"]
    assert [each.seed for each in scenarios] == [1, 2, 3, 4]
    assert [each.scale for each in scenarios] == [1, 0.5, 0.5, 0.02]
    assert {each.clock.duration_us for each in scenarios} == {86_400_000_000}


def test_a_file_beside_the_recipe_comes_before_a_shipped_scenario(tmp_path: Path) -> None:
    own = (HERE / "scenarios" / "mixed.yaml").read_text(encoding="utf-8")
    (tmp_path / "separability").write_text(own, encoding="utf-8")
    (tmp_path / "r.yaml").write_text("version: 1\nname: r\nscenario: separability\nseeds: [1]\n")
    assert load_recipe(tmp_path / "r.yaml").scenarios[0].name == "mixed"


def test_difficulty_is_that_of_the_level_unless_it_is_said() -> None:
    assert load_recipe(SHORT).difficulty == "hard"
    assert load_recipe(SHORT, overrides=["level=easy"]).difficulty == "easy"
    assert load_recipe(SHORT, overrides=["level=medium"]).difficulty == "medium"
    assert load_recipe(SHORT, overrides=["level=easy", "difficulty=hard"]).difficulty == "hard"


def test_summary_says_how_much_there_is() -> None:
    assert load_recipe(SHORT).summary() == (
        "3 simulations in 2 worlds, 75 accounts, 2 d from 2026-02-02, hard"
    )


# Changes


def test_seed_draws_all_seeds_anew_and_always_alike() -> None:
    one, again, other = (load_recipe(SHORT, seed=seed) for seed in (5, 5, 6))
    assert one == again
    seeds = [{each.seed for each in recipe.scenarios} for recipe in (one, other)]
    assert [len(each) for each in seeds] == [3, 3]
    assert not seeds[0] & seeds[1]
    assert (one.seed, other.seed) == (5, 6)


def test_scale_holds_for_every_member() -> None:
    recipe = load_recipe(HERE / "valid" / "members.yaml", scale=0.1)
    assert {each.scale for each in recipe.scenarios} == {0.1}


def test_faults_of_options_name_the_option() -> None:
    assert fault("prevalence=[2]") == (
        "--set prevalence=[2]: prevalence[0]: should be less than 1, found 2"
    )
    assert fault(scale=0) == "--scale 0: scale: should be greater than 0, found 0"
    assert fault(seed=-1).startswith("--seed -1: seed: should be at least 0, found -1")
    assert fault("scenario=none.yaml") == (
        "--set scenario=none.yaml: scenario: scenario none.yaml: none.yaml: no such file"
    )


@pytest.mark.parametrize(
    ("key", "own"),
    [
        ("seed", "seeds"),
        ("world.seed", "worlds"),
        ("scale", "scale"),
        ("level", "level"),
        ("tables.part_rows", "part_rows"),
    ],
)
def test_a_key_that_the_recipe_gives_itself_is_not_set_in_silence(key: str, own: str) -> None:
    assert fault(f"set={{{key}: 3}}").endswith(
        f": set.{key}: is given by the key {own} of the recipe"
    )


def test_a_recipe_is_no_scenario() -> None:
    with pytest.raises(InvalidInputError) as caught:
        sim.load_scenario("extraction-bench-v1-easy-small")
    assert str(caught.value) == (
        "extraction-bench-v1-easy-small: is a recipe of a pack, no scenario; "
        "`sim dataset extraction-bench-v1-easy-small` makes it"
    )


def test_a_scenario_is_no_recipe() -> None:
    with pytest.raises(InvalidInputError) as caught:
        load_recipe("separability")
    assert str(caught.value) == (
        "separability: no such file, and no shipped recipe of this name; it is a scenario: "
        "`sim run` simulates it, and a recipe may name it"
    )
