"""Findings of a comparison with the default draws must not change with the seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.comparison import analyse, findings
from sim.engine.run import run
from sim.scenario import load_scenario

pytestmark = pytest.mark.verify

SEEDS = range(5)


def test_findings_of_the_default_claims_hold_over_five_seeds() -> None:
    """All sections, as `sim compare` without options answers them."""
    first, *others = (findings(analyse(seed=seed)) for seed in SEEDS)
    for other in others:
        assert other == first


def test_findings_of_the_demo_by_actor_hold_over_five_seeds(tmp_path: Path) -> None:
    """Once 4 of 7 true explanations were recognised with seed 0, and 3 of 7 with seed 1."""
    place = tmp_path / "demo"
    run(load_scenario("reported_2026_02", scale=0.1), place)
    first, *others = (
        findings(analyse([place], by_actor=True, sections=["odds"], seed=seed)) for seed in SEEDS
    )
    for other in others:
        assert other == first
    assert any(
        "the true explanation is surely ten times likelier than any other" in x for x in first
    )
