"""A scale that rounds small numbers says so, with what was wanted and what it became."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sim
from sim.scenario import load_scenario
from sim.scenario.rounding import Rounded, rounding_words
from tests.support.commands import sim as command

FILE = """\
version: 1
name: few
seed: 1
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: coders, typology: L01, accounts: 10}
  - {id: many, typology: L01, accounts: 1_000}
  - {id: laboratory, typology: L04, accounts: 3, benchmark: aime, agent: api-script,
     model: claude-haiku-4.5, runs: 2}
  - {id: pool, typology: A16, accounts: 30, target_exchanges: 500}
"""
CODERS = Rounded("coders", "accounts", 10, 0.1, 1)
WARNED = (
    "few.yaml: warning: scale 0.01 distorts, since numbers are whole and at least 1: "
    "coders.accounts 10 x 0.01 = 0.1 became 1; laboratory.items 30 x 0.01 = 0.3 became 1; "
    "pool.accounts 30 x 0.01 = 0.3 became 1; accounts of these actors in all: 0.4 wanted, 2 "
    "made; choose a larger scale for shares and totals that hold\n"
)


@pytest.fixture(autouse=True)
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.yaml").write_text(FILE)
    return tmp_path


def rounded(scale: float) -> list[Rounded]:
    told: list[Rounded] = []
    load_scenario("few.yaml", scale=scale, rounds=told.extend)
    return told


def test_numbers_that_move_by_more_than_a_fifth_are_told() -> None:
    found = {(x.actor, x.key): (x.number, x.wanted, x.became) for x in rounded(0.01)}
    assert found == {
        ("coders", "accounts"): (10, 0.1, 1),
        ("laboratory", "items"): (30, pytest.approx(0.3), 1),
        ("pool", "accounts"): (30, pytest.approx(0.3), 1),
    }
    assert [x.became for x in rounded(0.15) if x.actor == "coders"] == [2]
    assert rounded(0.5) == []


def test_without_a_scale_nothing_is_rounded() -> None:
    assert rounded(1) == []
    assert rounded(3) == []


@pytest.mark.parametrize("words", [("check",), ("show",), ("run", "-n")])
def test_verbs_warn_of_a_scale(words: tuple[str, ...]) -> None:
    said = command(*words, "few.yaml", "--scale", "0.01")
    assert (said.exit_code, said.stderr) == (0, WARNED)
    assert command(*words, "few.yaml").stderr == ""


def test_replicates_warn_once_and_quiet_not_at_all() -> None:
    words = (
        "replicate",
        "few.yaml",
        "--replicates",
        "1",
        "--scale",
        "0.01",
        "--vs-set",
        "name=other",
    )
    assert command(*words).stderr == WARNED
    assert command(*words, "-q").stderr == ""


def test_a_plan_holds_what_is_rounded() -> None:
    plan = sim.plan("few.yaml", scale=0.01)
    assert plan.rounded[0] == CODERS
    assert sim.plan("few.yaml", scale=0.5).rounded == ()
    said = command("run", "-n", "few.yaml", "--scale", "0.01", "--json", "-q")
    assert json.loads(said.stdout)["rounded"][0] == {
        "actor": "coders",
        "key": "accounts",
        "number": 10,
        "wanted": 0.1,
        "became": 1,
    }


def test_the_worst_five_are_named() -> None:
    seven = [Rounded(f"a{n}", "accounts", n, n / 100, 1) for n in range(1, 8)]
    said = rounding_words(seven, 0.01)
    assert "a1.accounts 1 x 0.01 = 0.01 became 1; a2" in said
    assert "a5.accounts 5 x 0.01 = 0.05 became 1; and 2 more; accounts of these actors" in said
    one = rounding_words(seven[:1], 0.01)
    assert one.endswith("became 1; choose a larger scale for shares and totals that hold")
