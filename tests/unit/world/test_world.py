"""What the provider does to requests, as the log shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine.run import run
from sim.scenario.resolved import RateLimits, Scenario, Uptake, World
from sim.tables.words import CUT_OFF, FINISHED, GIVEN_UP
from tests.support.scenarios import (
    FLAT,
    HOUR_US,
    SHORT,
    answered,
    calm,
    coders,
    constant,
    event,
    lab,
    log_with_truth,
    micros,
    ordinary,
    pool,
    read,
    scenario,
    simple,
    simulated,
    summary_of,
)

RETRIES = 2


def endless() -> World:
    """Ordinary conditions, in which nobody hangs up."""
    return ordinary(timeout_us=10 * HOUR_US)


# single exchanges at a steady pace, unlimited
STEADY: dict[str, Any] = {**SHORT, "agentic_share": 0.0, "tier": "none"}


def busy(**parameters: Any) -> Scenario:
    """Retries of every kind: a bad hour, a tier that is too small, people and a pool."""
    people = coders(60, tier="tier-1", **parameters)
    bad = event("incident", 6 * HOUR_US, 10 * HOUR_US, overload=0.4, server_error=0.2)
    prompts = pool(20, 4_000, resume_after_s=30.0, **parameters)
    return scenario(people, prompts, days=0.75, world=ordinary(bad))


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Log and truth of `busy`, attempts of a call one after the other, with times in seconds."""
    out = tmp_path_factory.mktemp("busy") / "run"
    run(busy(), out)
    frame = log_with_truth(out)
    frame["at_s"], frame["end_s"] = micros(frame["ts_start"]) / 1e6, micros(frame["ts_end"]) / 1e6
    frame["resend_count"] = frame["resend_count"].astype(int)
    frame["call"] = frame["attempt_of"].fillna(frame["exchange_id"]).astype("int64")
    frame = frame.sort_values(["call", "at_s"], kind="stable").reset_index(drop=True)
    assert {200, 429, 529, 500} <= set(frame["http_status"])
    return frame


@pytest.fixture(scope="module")
def retries(attempts: Any) -> tuple[Any, Any]:
    """(attempt, the next attempt of the same call)."""
    same = (attempts["call"] == attempts["call"].shift(-1)).to_numpy()
    assert same.sum() > 500
    return attempts[same].reset_index(), attempts[np.roll(same, 1)].reset_index()


# --- retries ------------------------------------------------------------------------------------


def test_only_failed_attempts_are_made_again(retries: tuple[Any, Any]) -> None:
    before, _ = retries
    assert (before["http_status"] != 200).all()


def test_a_failed_attempt_is_made_again_unless_the_log_closes(attempts: Any) -> None:
    """But after the client hung up three times: such a task is given up."""
    last = attempts.drop_duplicates("call", keep="last")
    hung_up = (last["http_status"] == 499) & (last["resend_count"] == RETRIES)
    open_ = last[(last["http_status"] != 200) & ~hung_up]
    assert hung_up.sum() <= 5
    assert (open_["end_s"] > attempts["at_s"].max() - 3_700).all()
    assert len(open_) < 0.02 * len(last)


def test_a_chain_has_three_attempts_at_most_and_counts_them(
    attempts: Any, retries: tuple[Any, Any]
) -> None:
    before, after = retries
    assert set(attempts["resend_count"]) == set(range(RETRIES + 1))
    expected = (before["resend_count"] + 1) % (RETRIES + 1)
    assert (after["resend_count"] == expected).all()


def test_the_first_attempt_of_a_call_names_it(attempts: Any) -> None:
    first = attempts.drop_duplicates("call")
    inside = first["resend_count"] == 0
    assert first["attempt_of"].isna()[inside].mean() > 0.98
    again = attempts[attempts["attempt_of"].notna()]
    assert (again["exchange_id"] != again["attempt_of"]).all()
    assert attempts["exchange_id"].is_unique


def test_attempts_of_a_call_follow_each_other_and_ask_the_same(retries: tuple[Any, Any]) -> None:
    before, after = retries
    assert (after["at_s"] > before["end_s"]).all()
    for name in ("account_id", "task_uid", "n_messages", "n_tool_results_in", "prompt_simhash64"):
        assert (after[name] == before[name]).all(), name
    for name in ("last_role_in", "model_served"):
        assert (after[name].astype(str) == before[name].astype(str)).all(), name


def test_waits_before_retries_are_those_of_client_libraries(retries: tuple[Any, Any]) -> None:
    """0.5 s, then 1 s, less up to a quarter; see docs/reference/world.md."""
    before, after = retries
    wait_s = after["at_s"] - before["end_s"]
    for retry, most_s in ((0, 0.5), (1, 1.0)):
        drawn = wait_s[(before["http_status"] != 429) & (before["resend_count"] == retry)]
        assert len(drawn) > 50
        assert drawn.between(0.75 * most_s - 2e-6, most_s + 2e-6).all()
        assert drawn.max() - drawn.min() > 0.2 * most_s


def test_after_a_refusal_clients_wait_whole_seconds_as_they_are_told(
    retries: tuple[Any, Any],
) -> None:
    before, after = retries
    told = ((before["http_status"] == 429) & (before["resend_count"] < RETRIES)).to_numpy()
    wait_s = (after["at_s"] - before["end_s"])[told]
    assert told.sum() > 50
    whole = np.abs(wait_s - wait_s.round()) < 2e-6
    assert (wait_s[whole] >= 1 - 2e-6).all()
    assert (wait_s[whole] <= 60 + 2e-6).all()
    # told to wait longer than a minute, they take their own pause
    assert (wait_s[~whole] <= 1).all()


def test_a_task_is_resumed_after_its_pause(retries: tuple[Any, Any]) -> None:
    before, after = retries
    again = before["resend_count"] == RETRIES
    pause_s = before["actor_id"].astype(str).map({"coders": 60.0, "pool": 30.0})
    wait_s = after["at_s"] - before["end_s"]
    assert again.sum() > 20
    assert wait_s[again].to_numpy() == pytest.approx(pause_s[again].to_numpy(), abs=2e-6)


# --- giving up ----------------------------------------------------------------------------------


def test_clients_that_resume_give_nothing_up_but_what_always_times_out() -> None:
    rows, tasks = simulated(busy(on_failure="resume"))
    last = rows.drop_duplicates(["actor", "serial"], keep="last")
    timed_out = (last["status"] == 499) & (last["number"] % 3 == RETRIES)
    assert (tasks["state"] == GIVEN_UP).sum() == timed_out.sum() < 0.01 * len(tasks)
    _, patient = simulated(busy(on_failure="resume").model_copy(update={"world": endless()}))
    assert set(patient["state"]) <= {FINISHED, CUT_OFF}


def test_clients_that_give_up_never_make_a_fourth_attempt(tmp_path: Path) -> None:
    run(busy(on_failure="give_up"), tmp_path / "run")
    log, tasks = log_with_truth(tmp_path / "run"), read(tmp_path / "run", "truth/tasks")
    assert log.groupby("attempt_of").size().max() == RETRIES
    given_up = tasks[tasks["state"] == "given_up"]
    assert len(given_up) > 20
    last = log.sort_values("ts_start", kind="stable").drop_duplicates("task_uid", keep="last")
    ends = last.set_index("task_uid").loc[given_up["task_uid"]]
    assert (ends["http_status"] != 200).all()
    assert (ends["resend_count"] == RETRIES).all()


def test_what_is_given_up_is_reported_beside_the_target() -> None:
    bad = ordinary(event("incident", 0, None, overload=0.6))
    asked = scenario(pool(target=3_000, on_failure="give_up", **STEADY), world=bad)
    summary, tasks = summary_of(asked)
    assert summary.tasks_given_up == (tasks["state"] == GIVEN_UP).sum() > 100
    assert summary.shortfall == 3_000 - summary.achieved > 100
    resumed = summary_of(scenario(pool(target=3_000, on_failure="resume", **STEADY), world=bad))[0]
    assert resumed.tasks_given_up == 0


# --- conditions ---------------------------------------------------------------------------------


def test_one_to_eight_in_a_hundred_attempts_fail_at_ordinary_times() -> None:
    rows, _ = simulated(scenario(coders(200), lab(), pool(60, 20_000)))
    for _, mine in rows.groupby("actor"):
        assert 0.01 < (mine["status"] != 200).mean() < 0.08


def test_failures_come_as_often_as_the_world_says() -> None:
    rows, _ = simulated(scenario(pool(target=30_000, **STEADY), world=ordinary()))
    for status, share in ((529, 0.02), (500, 0.01)):
        error = np.sqrt(share * (1 - share) / len(rows))
        assert abs((rows["status"] == status).mean() - share) < 4 * error


def test_nothing_fails_in_a_calm_world() -> None:
    rows, tasks = simulated(scenario(pool(target=3_000, **STEADY), world=calm()))
    assert (rows["status"] == 200).all()
    assert len(rows) == tasks["exchanges"].sum() - (tasks["exchanges"] - tasks["logged"]).sum()


def test_an_incident_shows_between_its_times_and_nowhere_else() -> None:
    bad = event("incident", 6 * HOUR_US, 8 * HOUR_US, overload=0.3, server_error=0.1)
    rows, _ = simulated(scenario(pool(target=30_000, **STEADY), world=calm(bad)))
    within = rows["ts"].between(6 * HOUR_US, 8 * HOUR_US - 1)
    assert (rows.loc[~within, "status"] == 200).all()
    shares = rows.loc[within, "status"].value_counts(normalize=True)
    error = np.sqrt(0.25 / within.sum())
    assert shares[529] == pytest.approx(0.3, abs=4 * error)
    assert shares[500] == pytest.approx(0.1, abs=4 * error)


def test_an_incident_makes_answers_slower_by_its_factor() -> None:
    bad = event("incident", 6 * HOUR_US, 12 * HOUR_US, slowdown=2.0)
    asked = scenario(coders(300, **simple(24)), days=0.75, world=calm(bad))
    plain = asked.model_copy(update={"world": calm()})
    slow, fast = (simulated(s)[0].set_index("serial") for s in (asked, plain))
    within = fast["ts"].between(6 * HOUR_US, 12 * HOUR_US - 1)
    ratio = (slow["duration"] / fast["duration"]).loc[fast.index]
    assert ratio[within].to_numpy() == pytest.approx(2.0, rel=1e-3)
    assert (ratio[~within] == 1).all()


def test_answers_are_slowest_at_the_peak_of_the_load() -> None:
    load = {"peak_hour": 12.0, "strength": 0.8, "weekend": 1.0, "slowdown_at_peak": 2.0}
    rows, _ = simulated(scenario(coders(600, **simple(40)), world=ordinary(load=load)))
    hour, seconds = rows["ts"] // HOUR_US, rows["duration"][rows["status"] == 200]
    median = seconds.groupby(hour[rows["status"] == 200]).median()
    assert median.loc[11:12].mean() / median.loc[[23, 0]].mean() == pytest.approx(1.64, rel=0.15)


def test_clients_hang_up_after_the_timeout() -> None:
    impatient = ordinary(timeout_us=8_000_000, overload=0.0, server_error=0.0)
    rows, _ = simulated(scenario(coders(60, **simple(24)), world=impatient))
    gone = rows["status"] == 499
    assert 0.01 < gone.mean() < 0.9
    assert (rows.loc[gone, "duration"] == 8_000_000).all()
    assert (rows.loc[~gone, "duration"] <= 8_000_000).all()


# --- limits -------------------------------------------------------------------------------------


def in_a_hurry(tier: str, *events: Any, workers: int = 60) -> Any:
    """Rows of a laboratory that may have more workers than its tier has room for."""
    actor = lab("mmlu-pro", 1_500, runs=1, workers=workers, tier=tier, starts_us=0)
    return simulated(scenario(actor, days=0.5, world=calm(*events)))[0]


def test_limits_refuse_what_a_higher_tier_lets_through() -> None:
    refused = {t: (in_a_hurry(t)["status"] == 429).mean() for t in ("tier-1", "tier-4", "none")}
    assert refused["none"] == 0
    assert refused["tier-4"] < refused["tier-1"]
    assert refused["tier-1"] > 0.2


def test_a_change_of_limits_acts_from_its_time_on() -> None:
    plain = in_a_hurry("tier-4", workers=4)
    half = int(plain["ts"].median()) // 60_000_000 * 60_000_000
    tight = in_a_hurry("tier-4", event("limits", half, None, factor=0.005), workers=4)
    columns = ["ts", "serial", "status", "duration"]
    before, same = (rows.loc[rows["ts"] < half, columns] for rows in (tight, plain))
    assert before.reset_index(drop=True).equals(same.reset_index(drop=True))
    later, usual = (rows.loc[rows["ts"] >= half, "status"] == 429 for rows in (tight, plain))
    assert later.mean() > usual.mean() + 0.2


def test_accounts_of_one_organisation_share_its_limits() -> None:
    def refused(organisations: int) -> float:
        actor = lab(
            *("mmlu-pro", 1_500),
            runs=1,
            workers=60,
            tier="tier-1",
            starts_us=0,
            organisations=organisations,
        )
        rows, _ = simulated(scenario(actor, days=0.5, world=calm()))
        return float((rows["status"] == 429).mean())

    assert refused(1) > refused(8)


# --- cache, releases, holidays ------------------------------------------------------------------


def test_a_rotated_pool_reads_less_of_its_first_calls() -> None:
    """Each account has an organisation and so a cache of its own."""

    def read_share(accounts: int) -> float:
        actor = pool(
            accounts,
            4_000,
            caching_share=1.0,
            balance="round_robin",
            templates=1,
            rhythm=FLAT,
            agentic_share=0.0,
            agents={"coding-cli": 1.0},
        )
        rows, _ = simulated(scenario(actor))
        first = answered(rows.rename(columns={"status": "http_status"}))
        return float((first["read"] > 0).mean())

    few, many = read_share(3), read_share(300)
    assert few > 0.8
    assert many < 0.2


def test_people_and_pools_follow_a_release_and_a_laboratory_stays() -> None:
    moves = Uptake(share=0.5, over_us=2 * HOUR_US, latest_share=0.0)
    own = {"models": {"claude-opus-4.5": 1.0}, "uptake": moves}
    asked = scenario(
        coders(300, **{**simple(48), **own}),
        pool(target=10_000, **{**STEADY, **own}),
        lab(models={"claude-opus-4.5": 1.0}, starts_us=0, runs=20),
        world=calm(event("release", 8 * HOUR_US, model="claude-opus-4.6")),
    )
    rows, _ = simulated(asked)
    new = rows["model"] == 1
    assert not new[rows["ts"] < 8 * HOUR_US].any()
    late = rows["ts"] > 12 * HOUR_US
    for actor, share in ((0, 0.5), (1, 0.5), (2, 0.0)):
        mine = (rows["actor"] == actor) & late
        assert mine.sum() > 100
        assert new[mine].mean() == pytest.approx(share, abs=0.12 if share else 0)


def test_people_work_less_on_a_holiday() -> None:
    free = event("holiday", 6 * HOUR_US, 18 * HOUR_US, factor=0.25)
    rows, _ = simulated(scenario(coders(400, **simple(24)), world=calm(free)))
    within = rows["ts"].between(6 * HOUR_US, 18 * HOUR_US - 1).sum()
    assert within / (len(rows) - within) == pytest.approx(0.25, abs=0.03)


def test_prices_change_for_as_long_as_they_should(tmp_path: Path) -> None:
    cheap = event("price", 6 * HOUR_US, 12 * HOUR_US, factor=0.5)
    actor = coders(60, **simple(24))
    for name, world in (("plain", calm()), ("cheap", calm(cheap))):
        run(scenario(actor, world=world), tmp_path / name)
    usual, changed = (read(tmp_path / name, "log/exchanges") for name in ("plain", "cheap"))
    opening = micros(usual["ts_start"]).min() // (24 * HOUR_US) * (24 * HOUR_US)
    at = micros(usual["ts_start"]) - opening
    within = (at >= 6 * HOUR_US) & (at < 12 * HOUR_US)
    ratio = (changed["cost_usd"] / usual["cost_usd"]).to_numpy()
    assert ratio[within] == pytest.approx(0.5, rel=1e-3)
    assert (ratio[~within] == 1).all()


def test_pauses_of_people_and_tools_do_not_depend_on_the_conditions() -> None:
    parameters = {**simple(24), "agentic_share": 1.0, "tool_steps": constant(3)}
    worlds = (calm(), ordinary(event("incident", 0, None, overload=0.3, slowdown=2.0)))
    totals = [len(simulated(scenario(coders(60, **parameters), world=w))[1]) for w in worlds]
    assert totals[0] == pytest.approx(totals[1], rel=0.01)


def test_a_scenario_without_a_world_has_an_ordinary_one() -> None:
    found = sim.load_scenario("coding_users")
    limits = RateLimits(as_of=found.clock.start.date(), output="as_generated")
    assert found.world == ordinary(limits=limits)
