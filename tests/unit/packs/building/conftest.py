"""A pack that nothing happened to, and one that was stopped before its last steps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sim.packs.build import build, resume
from sim.packs.recipe import Recipe
from tests.support.packs import Stop, stopping_at, tiny_recipe
from tests.support.shared import made_once


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return tiny_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="session")
def before_features(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unfinished pack, whose last step was that of splits; do not change it."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            stopping_at(patch, "features", Stop())
            with pytest.raises(Stop):
                build(recipe, folder / "pack", audit=False)

    return made_once(tmp_path_factory, "before-features", make) / "pack"


@pytest.fixture(scope="session")
def tiny_pack(before_features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished pack without an audit; do not change it."""

    def make(folder: Path) -> None:
        shutil.copytree(before_features, folder / "pack")
        resume(folder / "pack", audit=False)

    return made_once(tmp_path_factory, "tiny-pack", make) / "pack"


@pytest.fixture
def unfinished(before_features: Path, tmp_path: Path) -> Path:
    """A copy of the unfinished pack."""
    shutil.copytree(before_features, tmp_path / "pack")
    return tmp_path / "pack"


@pytest.fixture
def finished_pack(tiny_pack: Path, tmp_path: Path) -> Path:
    """A copy of the finished pack."""
    shutil.copytree(tiny_pack, tmp_path / "pack")
    return tmp_path / "pack"
