"""Every invariant holds on real runs; the verb."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.catalog import models
from sim.engine.run import run
from sim.invariants import check_run
from sim.scenario.resolved import Scenario
from tests.invariants.damage import (
    IDS,
    MINUTE_US,
    assert_holds,
    change,
    place,
    req,
)
from tests.support.commands import sim
from tests.support.scenarios import (
    PART_ROWS,
    PLAIN_ANSWERS,
    coders,
    event,
    lab,
    log_with_truth,
    lognormal,
    ordinary,
    pool,
    read,
    scenario,
)


def test_every_invariant_holds(whole: Path) -> None:
    verdicts = check_run(whole)
    assert [v.id for v in verdicts] == IDS
    assert {v.id: v.status for v in verdicts} == dict.fromkeys(IDS, "ok")
    assert str(verdicts[0]) == "INV-1 conservation: ok"
    assert str(verdicts[7]) == "INV-8 workers: ok (the scenario states no workers for pool)"


def test_the_run_has_what_can_break(rows: Any) -> None:
    assert {200, 429, 499, 529, 500} <= set(rows["http_status"])
    assert set(rows["resend_count"]) == {0, 1, 2}


@pytest.mark.parametrize("columns", ["full", "core"])
def test_every_invariant_holds_with_answers_of_all_kinds(tmp_path: Path, columns: str) -> None:
    dials: dict[str, Any] = dict.fromkeys(PLAIN_ANSWERS, 0.3)
    asked = scenario(
        coders(12, on_failure="give_up", **dials),
        lab(items=60, runs=2, **dials),
        pool(16, 1_500, organisations=4, tier="tier-1", **dials),
        days=0.3,
        columns=columns,
        world=ordinary(overload=0.1, timeout_us=60_000_000),
    )
    run(asked, tmp_path / "run")
    assert_holds(tmp_path / "run")
    if columns == "full":
        rows = read(tmp_path / "run", "log/exchanges")
        reasons = set(rows["finish_reason"].dropna())
        assert {"pause_turn", "refusal", "max_tokens", "tool_use"} <= reasons
        assert rows["choice_count"].max() > 1
        assert ((rows["http_status"] == 200) & (rows["output_tokens"] == 0)).any()
        assert (rows["service_tier"] == "batch").any()
    shutil.rmtree(tmp_path / "run" / "truth")
    assert_holds(tmp_path / "run")


def test_every_invariant_holds_where_sessions_end_at_the_window(tmp_path: Path) -> None:
    dials: dict[str, Any] = {
        **dict.fromkeys(PLAIN_ANSWERS, 0.1),
        "prewarm_share": 0.5,
        "agents": {"swe-agent": 1.0},
        "tool_steps": lognormal(200, 0.8, 600),
        "agentic_share": 0.7,
    }
    asked = scenario(
        coders(20, exchanges_per_account_day=800, **dials),
        pool(6, 12_000, tier="tier-2", **dials),
        days=1,
        seed=3,
    )
    run(asked, tmp_path / "run")
    assert_holds(tmp_path / "run")
    rows = log_with_truth(tmp_path / "run")
    ended = rows[rows["finish_reason"] == "model_context_window_exceeded"]
    assert (ended.groupby("actor_id", observed=True).size() >= 3).all()
    assert set(ended["actor_id"]) == {"coders", "pool"}
    both = ended["input_tokens_total"] + ended["output_tokens"] // ended["choice_count"]
    served = ended["model_served"].astype(str).map(lambda name: models()[name])
    longest = served.map(lambda model: model.context_window_tokens)
    standard = served.map(lambda model: model.standard_window_tokens).fillna(longest)
    assert ((both == standard) | (both == longest)).all()
    assert {200_000, 1_000_000} <= set(both)
    last = rows.groupby("task_uid")["ts_start"].transform("max")
    assert (ended["ts_start"] == last[ended.index]).all()


@st.composite
def scenarios(draw: Any) -> Scenario:
    """Small scenarios of all kinds of actors, with limits, incidents, prices and failures."""
    dials = st.fixed_dictionaries(
        {
            "tier": st.sampled_from(["none", "tier-1", "tier-2", "tier-4"]),
            "on_failure": st.sampled_from(["give_up", "resume"]),
            "cache_1h_share": st.sampled_from([0.0, 0.5, 1.0]),
            **dict.fromkeys(PLAIN_ANSWERS, st.sampled_from([0.0, 0.1, 0.5])),
        }
    )
    few = {"organisations": draw(st.sampled_from([None, 1, 2]))}
    actors = [
        coders(6, **draw(dials), **few),
        lab(items=15, runs=2, workers=draw(st.integers(1, 8)), **draw(dials)),
        pool(8, 250, **draw(dials), **few, workers=draw(st.sampled_from([None, 3, 20]))),
    ]
    chosen = draw(st.lists(st.sampled_from(range(3)), min_size=1, unique=True))
    at, lasts = draw(st.integers(0, 220)) * MINUTE_US, draw(st.integers(1, 120)) * MINUTE_US
    events = [
        event("incident", at, at + lasts, overload=0.5, server_error=0.1, slowdown=2.0),
        event("limits", at, at + lasts, factor=draw(st.sampled_from([0.37, 0.5, 3.0]))),
        event("limits", at + lasts // 2 // MINUTE_US * MINUTE_US, factor=0.5),
        event("price", at, at + lasts, factor=0.7),
        event("price", at, model="claude-opus-4.5", factor=1.3),
        event("release", at, model="claude-opus-4.6"),
    ]
    picked = draw(st.lists(st.sampled_from(events), unique_by=lambda e: (e.kind, e.factor)))
    timeout_us = draw(st.sampled_from([30_000_000, 600_000_000]))
    return scenario(
        *(actors[k] for k in sorted(chosen)),
        days=0.2,
        seed=draw(st.integers(0, 2**32)),
        fmt=draw(st.sampled_from(["parquet", "parquet", "csv", "jsonl"])),
        columns=draw(st.sampled_from(["full", "full", "core"])),
        world=ordinary(*picked, burst=draw(st.sampled_from([0.1, 1.0])), timeout_us=timeout_us),
    )


ANY_RUN = given(asked=scenarios(), small=st.booleans(), truth=st.booleans())


@settings(max_examples=8)
@ANY_RUN
def test_every_invariant_holds_on_any_run(
    tmp_path_factory: pytest.TempPathFactory, asked: Scenario, small: bool, truth: bool
) -> None:
    holds(tmp_path_factory, asked, small, truth)


@pytest.mark.verify
@settings(max_examples=60)
@ANY_RUN
def test_every_invariant_holds_on_many_runs(
    tmp_path_factory: pytest.TempPathFactory, asked: Scenario, small: bool, truth: bool
) -> None:
    holds(tmp_path_factory, asked, small, truth)


def holds(folders: pytest.TempPathFactory, asked: Scenario, small: bool, truth: bool) -> None:
    out = folders.mktemp("any") / "run"
    if small:
        tables = asked.tables.model_copy(update={"part_rows": PART_ROWS})
        asked = asked.model_copy(update={"tables": tables})
    run(asked, out)
    if not truth:
        shutil.rmtree(out / "truth")
    assert_holds(out)


def test_without_truth_says_what_was_not_checked(copy: Path) -> None:
    shutil.rmtree(copy / "truth")
    result = sim("check-run", str(copy))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "INV-1 conservation: ok (without truth: the log against the manifest alone)",
        "INV-2 limits: ok (without truth the highest tier of the scenario counts for all)",
        "INV-3 time: ok",
        "INV-4 tokens and cost: ok",
        "INV-5 cache: ok (reads are held against the account, not the agent)",
        "INV-6 attempts: not checked: needs truth",
        "INV-7 accounts and identifiers: ok",
        "INV-8 workers: not checked: needs truth",
        "INV-9 requests: ok (without truth each row by itself)",
        "INV-10 sessions: not checked: needs truth",
    ]


# The verb


def test_the_verb_names_the_first_row_and_exits_with_3(copy: Path, rows: Any) -> None:
    where = change(copy, "log/exchanges", 1_000, org_id=5)
    wrong = rows.iloc[1_000]
    result = sim("check-run", str(copy))
    assert result.exit_code == 3
    note, broken = result.stderr.splitlines()
    assert note.startswith(f"note: {copy / where.split()[0]}: has ")
    assert broken == f"{copy}: broken: INV-7"
    assert (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(wrong.exchange_id)}): "
        f"found organisation org_0000000000000005; allowed: org_{int(wrong.org_id):016x}, that of "
        "the account\n"
    ) in result.stdout


def test_json_of_the_verb(copy: Path, rows: Any) -> None:
    change(copy, "log/exchanges", 1_000, cost_usd=9.0)
    result = sim("check-run", str(copy), "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["run"] == str(copy)
    assert [v["id"] for v in document["invariants"]] == IDS
    file, row = place(copy, "log/exchanges", 1_000)
    wrong = document["invariants"][3]
    assert wrong["status"] == "failed"
    assert wrong["breach"] == {
        "file": file,
        "row": row,
        "id": req(rows["exchange_id"][1_000]),
        "found": "cost_usd 9.0",
        "allowed": f"{rows['cost_usd'][1_000]}, price times tokens",
    }


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    result = sim("check-run", str(tmp_path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{tmp_path}: holds no run: manifest.json is missing\n"
