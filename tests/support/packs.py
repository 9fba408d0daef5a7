"""Small packs, and what tests read from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.packs.load_recipe import load_recipe
from sim.packs.recipe import Recipe
from sim.packs.steps import STEPS

SCENARIO = """\
version: 1
name: tiny
seed: 7
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: coders, typology: L01, accounts: 20}
  - {id: pool, typology: A16, accounts: 30, target_exchanges: 500}
"""
RECIPE = """\
version: 1
name: tiny-pack
status: v0
scenario: tiny.yaml
seeds: [1, 2]
worlds: [5, 6]
part_rows: 1_000
"""


def tiny_recipe(folder: Path, *overrides: str) -> Recipe:
    """A recipe of two simulations; its files are written into `folder`."""
    (folder / "tiny.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return load_recipe(folder / "recipe.yaml", overrides=overrides)


def manifest_of(pack: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((pack / "manifest.json").read_text())
    return content


class Stop(KeyboardInterrupt):
    """What ends a build in a test."""


def stopping_at(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    """Let a step of all builds fail."""

    def stopped(*_: Any) -> Any:
        raise error

    steps = tuple(s._replace(make=stopped) if s.name == name else s for s in STEPS)
    monkeypatch.setattr("sim.packs.session.STEPS", steps)
