"""A scale that rounds small numbers says so, with what was wanted and what it became."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.actors.arrivals.rates import expected_exchanges
from sim.population.population import build_population
from sim.scenario import load_scenario
from sim.scenario.resolved import Scenario
from sim.scenario.resolved_checks import problems_of
from sim.scenario.rounding import Rounded, rounding_words
from sim.scenario.size import scaled
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
    "few.yaml: warning: scale 0.01 moves numbers by more than a fifth, since they are whole and at "
    "least 1: coders.accounts 10 x 0.01 = 0.1 became 1; laboratory.items 30 x 0.01 = 0.3 became 1; "
    "pool.accounts 30 x 0.01 = 0.3 became 1; accounts of these actors in all: 0.4 wanted, 2 made; "
    "from a scale of 0.17 on they stay within a fifth\n"
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


ALIKE = (
    "account_volume_sigma: 0, waves_sigma: 0, lifetime_days: 3660, dormant_share: 0, ramp_days: 0, "
    "drift_sigma: 0"
)
SHARES = """\
version: 1
name: shares
seed: 1
clock: {start: 2026-02-02, duration: 7 d}
actors:
  - {id: coders, typology: L01, accounts: 730, ALIKE}
  - {id: products, typology: L02, accounts: 2, copies: 150, ALIKE}
  - {id: pool, typology: A16, accounts: 45, copies: 10, target_exchanges: 4000}
""".replace("ALIKE", ALIKE)


def sizes(scenario: Scenario) -> dict[str, tuple[int, float]]:
    """Accounts and exchanges of each actor, its copies together."""
    found: dict[str, tuple[int, float]] = {}
    for context in build_population(scenario).contexts:
        actor = context.actor
        name = actor.id.partition("-")[0]
        expected = expected_exchanges(context, range(actor.accounts))
        accounts, exchanges = found.get(name, (0, 0.0))
        sent = actor.target_exchanges or expected
        found[name] = accounts + actor.accounts, exchanges + sent
    return found


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
    assert one.endswith("became 1; leave the scale out for shares and totals that hold")
    above = rounding_words([Rounded("a", "accounts", 1, 1.3, 1)], 1.3)
    assert above.endswith("1 x 1.3 = 1.3 became 1; choose a whole number as scale")


@pytest.mark.parametrize("number", [2, 3, 7, 10, 30, 999])
def test_the_scale_that_is_named_is_enough(number: int) -> None:
    said = rounding_words([Rounded("a", "accounts", number, number / 1000, 1)], 0.001)
    enough = float(said.partition("from a scale of ")[2].partition(" ")[0])
    for scale in np.linspace(enough, 1, 500)[:-1]:
        assert abs(scaled(number, scale) / (number * scale) - 1) <= 0.2 + 1e-9
    assert abs(scaled(number, 1.6 / number) / 1.6 - 1) > 0.2
    assert enough < 1.75 / number


COPIES = """\
version: 1
name: copies
seed: 1
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - {id: few, typology: L07, accounts: 2, copies: 30}
  - {id: many, typology: A16, accounts: 15, copies: 4, target_exchanges: 1000}
  - {id: laboratory, typology: L04, accounts: 2, copies: 3, benchmark: aime, agent: api-script,
     model: claude-haiku-4.5, runs: 2}
"""


def test_copies_are_rounded_together(tmp_path: Path) -> None:
    (tmp_path / "copies.yaml").write_text(COPIES)
    told: list[Rounded] = []
    scenario = load_scenario("copies.yaml", scale=0.1, rounds=told.extend)
    made = [(actor.id, actor.accounts) for actor in scenario.actors]
    assert made == [
        *((f"few-{n}", 1) for n in range(1, 7)),
        *(("many-1", 2), ("many-2", 2), ("many-3", 1), ("many-4", 1)),
        *((f"laboratory-{n}", 2) for n in range(1, 4)),
    ]
    assert [a.target_exchanges for a in scenario.actors if a.id.startswith("many")] == [100] * 4
    assert told == []

    load_scenario("copies.yaml", scale=0.01, rounds=told.extend)
    assert {(x.actor, x.key): (x.number, x.became) for x in told} == {
        ("few", "accounts"): (60, 1),
        ("many", "accounts"): (60, 1),
        ("laboratory", "items"): (30, 1),
    }


@pytest.mark.parametrize("scale", [1, 0.3, 0.1, 2.5])
def test_a_run_of_scaled_copies_can_be_read(tmp_path: Path, scale: float) -> None:
    """Though their typology names ten organisations for the two accounts of a copy."""
    text = f"{COPIES}  - {{id: products, typology: L02, accounts: 2, copies: 10}}\n"
    (tmp_path / "copies.yaml").write_text(text)
    assert problems_of(load_scenario("copies.yaml", scale=scale), "manifest.json") == []


def test_a_budget_is_scaled_with_what_it_pays_for(tmp_path: Path) -> None:
    text = COPIES.replace("accounts: 15", "operator: {budget_usd: 300}, accounts: 15")
    (tmp_path / "copies.yaml").write_text(text)

    def budgets(scale: float) -> list[float | None]:
        actors = load_scenario("copies.yaml", scale=scale).actors
        return [a.operator.budget_usd for a in actors if a.operator and a.id.startswith("many")]

    assert budgets(1) == [300] * 4
    assert budgets(0.1) == pytest.approx([30] * 4)
    assert budgets(0.02) == pytest.approx([24])  # 1 copy is left, with the budget of all
    assert budgets(2) == [600] * 4


def test_shares_hold_within_rounding(tmp_path: Path) -> None:
    """Of accounts, and of what is asked for or expected where all accounts are alike."""
    (tmp_path / "shares.yaml").write_text(SHARES)
    whole = sizes(load_scenario("shares.yaml", scale=1))
    for scale in (0.1, 0.01):
        part = sizes(load_scenario("shares.yaml", scale=scale))
        for actor, (accounts, exchanges) in whole.items():
            assert abs(part[actor][0] - accounts * scale) <= 0.5
            assert part[actor][1] == pytest.approx(exchanges * scale, rel=0.5 / (accounts * scale))
        for column in (0, 1):
            total, of_part = (sum(x[column] for x in every.values()) for every in (whole, part))
            for actor, numbers in whole.items():
                share = numbers[column] / total
                halves = sum(0.5 / (accounts * scale) for accounts, _ in whole.values())
                error = 2 * halves / len(whole)
                assert part[actor][column] / of_part == pytest.approx(share, rel=error + 0.05)
