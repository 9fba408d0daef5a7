"""A pack that nothing happened to."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.packs.build import build
from sim.packs.recipe import Recipe
from tests.support.packs import tiny_recipe


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return tiny_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="session")
def tiny_pack(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished pack without an audit; do not change it."""
    out = tmp_path_factory.mktemp("tiny-pack") / "pack"
    build(recipe, out, audit=False)
    return out
