"""`sim dataset`: from a recipe to a pack, and what it refuses."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

import sim as front
from sim.packs.load_recipe import load_recipe, shipped_recipes
from tests.support.commands import refused, sim
from tests.support.packs import RECIPE, SCENARIO


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a recipe of two small simulations."""
    (tmp_path / "tiny.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_pack_is_made_archived_and_opened() -> None:
    made = sim("dataset", "recipe.yaml", "--no-audit", "--archive", "tiny.tar")
    assert (made.exit_code, made.stderr) == (0, "")
    lines = made.stdout.splitlines()
    assert lines[0] == (
        "packs/tiny-pack: 2 simulations in 2 worlds, 100 accounts, 1 d from 2026-02-02, hard"
    )
    pack = front.open_pack("packs/tiny-pack")
    said = dict(line.split() for line in lines if line.startswith("  "))
    assert {name: int(rows.replace(",", "")) for name, rows in said.items()} == (
        pack.manifest["rows"]
    )
    assert lines[-2:] == [
        "archive: tiny.tar",
        'read it: README.md there says how; in Python sim.open_pack("packs/tiny-pack")',
    ]
    with tarfile.open("tiny.tar") as archive:
        assert "tiny-pack/manifest.json" in archive.getnames()

    record = json.loads(sim("dataset", "--resume", "packs/tiny-pack", "--json").stdout)
    assert (record["pack"], record["simulations"]) == ("packs/tiny-pack", 2)
    assert record["rows"] == pack.manifest["rows"]

    again = sim("dataset", "recipe.yaml", "--no-audit")
    assert refused(again).startswith("packs/tiny-pack: folder is not empty;")


def test_dry_run_writes_nothing(here: Path) -> None:
    planned = sim("dataset", "recipe.yaml", "-n", "--scale", "2")
    assert planned.exit_code == 0
    assert planned.stdout.startswith(
        "packs/tiny-pack: would hold 2 simulations in 2 worlds, 200 accounts, 1 d from 2026-02-02"
    )
    assert [line.split()[0] for line in planned.stdout.splitlines()[1:]] == [
        "exchanges",
        "disk",
        "memory",
        "time",
    ]
    record = json.loads(sim("dataset", "recipe.yaml", "-n", "--json").stdout)
    assert (record["pack"], record["simulations"]) == ("packs/tiny-pack", 2)
    assert sorted(path.name for path in here.iterdir()) == ["recipe.yaml", "tiny.yaml"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["recipe.yml"], "recipe.yml: no such file"),
        (["extraction-bench-v1-easy-smal"], "did you mean 'extraction-bench-v1-easy-small'?"),
        (["recipe.yaml", "--set", "seedss=1"], "--set seedss=1: unknown key 'seedss'"),
        (["recipe.yaml", "--scale", "-1"], "--scale -1.0: scale: should be greater than 0"),
        (["recipe.yaml", "--archive", "a.zip"], "a.zip: is no name of an archive"),
        (["recipe.yaml", "--set", "prevalence=[.9]"], "prevalence[0]: should be at most"),
        (["--resume", "none"], "none: no such folder"),
        (["--resume", "none", "--force"], "--resume takes the pack alone: its recipe is known"),
        ([], "Missing argument 'RECIPE'."),
    ],
)
def test_what_cannot_be_made_is_refused(here: Path, options: list[str], message: str) -> None:
    assert message in refused(sim("dataset", *options))
    assert sorted(path.name for path in here.iterdir()) == ["recipe.yaml", "tiny.yaml"]


@pytest.mark.usefixtures("here")
def test_front_takes_a_recipe_as_it_is() -> None:
    recipe = load_recipe({"version": 1, "name": "mine", "scenario": "tiny.yaml", "seeds": [3]})
    with pytest.raises(front.InvalidInputError, match="mine: is resolved; give overrides, seed"):
        front.dataset(recipe, "out", seed=3)
    with pytest.raises(TypeError, match="a recipe is a file, the name of a shipped recipe"):
        front.dataset(3, "out")  # type: ignore[arg-type]
    assert not Path("out").exists()


def test_recipes_are_listed_with_what_they_hold() -> None:
    listed = front.list("recipes")
    assert list(listed["id"]) == list(shipped_recipes())
    assert set(listed["difficulty"]) <= {"easy", "medium", "hard"}
    lines = sim("list", "recipes").stdout
    assert all(name in lines for name in shipped_recipes())


def test_schema_of_recipes_is_printed() -> None:
    assert json.loads(sim("schema", "recipe").stdout) == front.schema("recipe")
