"""Leaks of the label in what accounts are and share, at separability 0, as the audits find them.

A small run for every commit; a pack of five seeds of one world with `make verify`. That each audit
finds a leak is proven in `tests/unit/audits`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.audits import Audit, audit
from sim.engine.run import run
from sim.packs.build import build
from sim.packs.load_recipe import load_recipe
from sim.scenario import load_scenario
from sim.tables.database import RunTables
from tests.contracts.test_leaks import asked

SEEDS = [41, 42, 43, 44, 45]
WEEKS = """\
version: 1
name: weeks
seed: {seed}
separability: 0
clock: {{start: 2026-01-05, duration: 28 d}}
actors:
  - {{id: wombats, typology: L01, accounts: 500, exchanges_per_account_day: 0.3}}
  - {{id: koalas, typology: L09, accounts: 60, copies: 3, exchanges_per_account_day: 0.3}}
  - {{id: magpies, typology: G13, accounts: 60, copies: 2, exchanges_per_account_day: 0.3}}
  - {{id: quokkas, typology: A16, accounts: 60, copies: 2, target_exchanges: 500}}
  - {{id: goannas, typology: A18, accounts: 40, copies: 2, exchanges_per_account_day: 0.3}}
"""
OF_ACCOUNTS = ("T17", "T18", "T19", "T20", "T21")


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> RunTables:
    """All typologies for a minute: accounts are what is asked about."""
    overrides = ["clock.duration=1 min", "scale=0.15", "separability=0", "tables.vectors=true"]
    out = tmp_path_factory.mktemp("few") / "run"
    run(load_scenario("separability", seed=41, overrides=overrides), out)
    return RunTables(out)


@pytest.fixture(scope="session")
def five(tmp_path_factory: pytest.TempPathFactory) -> RunTables:
    """All typologies for an hour, under five seeds of one world."""
    recipe = load_recipe(
        {
            "version": 1,
            "name": "five-seeds",
            "scenario": "separability",
            "seeds": SEEDS,
            "level": "hard",
            "set": {"clock.duration": "1 h", "tables.vectors": True},
        }
    )
    out = tmp_path_factory.mktemp("five") / "pack"
    build(recipe, out, audit=False)
    return RunTables.over(out, recipe.opens_us, recipe.closes_us)


def assert_passes(found: Audit, *, asked_at_least: int) -> None:
    """Nothing failed, and so many findings are no mere excuse."""
    assert found.ok, found.to_text()
    assert sum(finding.status == "passed" for finding in found) >= asked_at_least, found.to_text()


@pytest.mark.verify
def test_accounts_give_nothing_away(few: RunTables) -> None:
    assert_passes(audit(few, only=OF_ACCOUNTS), asked_at_least=17)


@pytest.mark.verify
def test_five_seeds_give_nothing_away(five: RunTables) -> None:
    """Of every twin pair whose typologies have enough owners, and of single accounts."""
    assert_passes(audit(five, only=("T1", "T12", *OF_ACCOUNTS)), asked_at_least=40)


@pytest.mark.verify
def test_everybody_signs_up_inside_the_log(tmp_path: Path) -> None:
    """At least 2 % in four weeks; those that extract at most three times as often as others."""
    for seed in SEEDS:
        run(asked(WEEKS, seed=seed), tmp_path / str(seed))
        assert_passes(audit(RunTables(tmp_path / str(seed)), only=["T19"]), asked_at_least=4)
