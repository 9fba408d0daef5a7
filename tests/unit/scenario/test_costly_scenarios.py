"""Scenarios that once did not end, cost far more than they log, or broke the invariants."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.engine.shards import workloads
from sim.population.population import build_population
from sim.scenario import load_scenario
from tests.support.commands import sim
from tests.support.scenarios import DAY_US, read
from tests.torture.trials import time_limit

CALM = ", agentic_share: 0, batch_share: 0"
HEAD = "version: 1\nname: bounds\nseed: 7\n"
DAY = "clock: {start: 2026-02-02, duration: 1 d}\n"
SATURDAY = "clock: {start: 2026-02-07, duration: 1 d}\n"
AIME = "typology: L04, benchmark: aime, agent: api-script, model: claude-haiku-4.5"


def lab(more: str, accounts: int = 5) -> str:
    return f"actors:\n  - {{id: lab, accounts: {accounts}, {AIME}, runs: 2, {more}}}\n"


def coders(more: str = "", accounts: int = 3) -> str:
    return f"actors:\n  - {{id: coders, typology: L01, accounts: {accounts}{more}}}\n"


RING = "actors:\n  - {id: ring, typology: A16, accounts: 4, target_exchanges: 300, "
CASES = {
    "accounts that are there for a second": DAY + lab("lifetime_days: 0"),
    "accounts that are there for minutes": DAY + lab("lifetime_days: 0.01", accounts=40),
    "accounts that never warm up": DAY + lab("operator: {warm_up_days: 3660}"),
    "accounts that warm up in the log": DAY + lab("lifetime_days: 30, operator: {warm_up_days: 9}"),
    "a pool without money for tokens": DAY
    + RING
    + "balance: weighted, operator: {budget_usd: 0.001}}\n",
    "a pool that rests all day": SATURDAY + RING + "rhythm: {weekend: 0}}\n",
    "a pool that hardly works": SATURDAY + RING + "rhythm: {weekend: 0.000001}}\n",
    "a pool in a log of a microsecond": "clock: {start: 2026-02-02, duration: 0.001 ms}\n"
    + RING
    + "lifetime_days: 0.5}\n",
    "a provider that is down": DAY + "world: {overload: 1}\n" + coders(),
    "clients that hang up at once": DAY + "world: {timeout: 0.001 ms}\n" + coders(),
    "clients that hang up on errors": DAY
    + "world: {timeout: 100 ms, overload: 0.3, server_error: 0.3}\n"
    + coders(),
    "clients that hang up on refusals": DAY
    + "world: {timeout: 200 ms, burst: 0.001, events: [{kind: limits, at: 0 s, factor: 0.0001}]}\n"
    + coders(", tier: tier-1, exchanges_per_account_day: 200"),
    "clients that hang up when barred": DAY
    + "world: {timeout: 60 ms, enforcement: {noise_rate_per_day: 20, rule_delay_h: 0}}\n"
    + coders(accounts=6),
    "cover without a list": DAY + coders(", cover: benchmark, benchmark: gaia"),
    "own cover where the typology has a benchmark": DAY
    + "actors:\n  - {id: many, typology: A19, accounts: 5, cover: own}\n",
    "cover without a list in a queue": DAY + RING + "list_share: 0, cover: benchmark}\n",
}


@pytest.mark.parametrize("case", CASES)
def test_a_valid_scenario_ends_and_keeps_the_invariants(case: str, tmp_path: Path) -> None:
    place, run = tmp_path / "scenario.yaml", str(tmp_path / "run")
    place.write_text(HEAD + CASES[case], encoding="utf-8")
    with time_limit(60):
        made = sim("run", str(place), "-o", run, "-q")
    assert made.exit_code == 0, made.stderr
    checked = sim("check-run", run)
    assert checked.exit_code == 0, checked.stdout


def test_all_that_is_not_from_a_list_is_cover(tmp_path: Path) -> None:
    place, run = tmp_path / "scenario.yaml", tmp_path / "run"
    place.write_text(HEAD + CASES["cover without a list in a queue"], encoding="utf-8")
    assert sim("run", str(place), "-o", str(run), "-q").exit_code == 0
    tasks = read(run, "truth/tasks")
    assert set(tasks["work"]) == {"cover"}
    assert (tasks["item"] >= 0).all()


def test_a_benchmark_waits_for_an_account(tmp_path: Path) -> None:
    """Of accounts that come and go, those who are there work off all that there is."""
    place, run = tmp_path / "scenario.yaml", tmp_path / "run"
    place.write_text(HEAD + DAY + lab("lifetime_days: 0.2", accounts=6), encoding="utf-8")
    assert sim("run", str(place), "-o", str(run), "-q").exit_code == 0
    tasks = read(run, "truth/tasks")
    assert (tasks["run"] >= 0).sum() == 60


@pytest.mark.parametrize(
    ("text", "most_us"),
    [
        (DAY + lab("workers: 64"), 900_000_000),
        ("clock: {start: 2026-02-02, duration: 1 s}\n" + RING + "jitter_sigma: 0}\n", 900_000_000),
        (DAY + coders(", turns_per_session: {single_share: 1}" + CALM), DAY_US // 16),
    ],
    ids=["benchmark", "pool", "single turns"],
)
def test_what_comes_before_the_log_is_no_longer_than_tasks_are(
    text: str, most_us: int, tmp_path: Path
) -> None:
    from sim.actors.arrivals.session_arrivals import draw_arrivals

    place = tmp_path / "scenario.yaml"
    place.write_text(HEAD + text, encoding="utf-8")
    [work] = workloads(build_population(load_scenario(str(place))))
    if hasattr(work, "opens_us"):
        assert -most_us <= work.opens_us < 0
    else:
        context = work._context  # type: ignore[attr-defined]
        begun = draw_arrivals(context, 0, range(context.actor.accounts)).start_us
        assert begun.min(initial=0) >= -most_us
