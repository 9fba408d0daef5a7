"""The invariants hold on real runs, and a damaged row is found and named."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.catalog import tiers
from sim.checking import check_run
from sim.checking.crews import in_progress
from sim.checking.grouping import latest, previous
from sim.checking.limits import limit_segments
from sim.engine.run import run
from sim.scenario.resolved import Scenario
from sim.tables.reading import Run
from tests.helpers import (
    HOUR_US,
    PLAIN_ANSWERS,
    coders,
    event,
    lab,
    log_with_truth,
    make_parts_small,
    ordinary,
    pool,
    read,
    scenario,
)
from tests.verbs import sim

MINUTE_US = 60_000_000
IDS = [f"INV-{number}" for number in range(1, 9)]
# A pool at its limits, a laboratory with four workers, people who give up.
BUSY = scenario(
    coders(12, on_failure="give_up"),
    lab(items=60, runs=2),
    pool(16, 1_500, organisations=4, tier="tier-1"),
    days=0.3,
    world=ordinary(overload=0.1, timeout_us=60_000_000),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of `BUSY` in several parts."""
    out = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        make_parts_small(patch)
        run(BUSY, out)
    return out


@pytest.fixture(scope="module")
def rows(whole: Path) -> Any:
    """Log and truth of that run, and the left of every answered attempt."""
    made = log_with_truth(whole)
    made["left"] = made["cache_read_tokens"]
    made["left"] += made["cache_write_5m_tokens"] + made["cache_write_1h_tokens"]
    return made


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


def place(run_: Path, stem: str, index: int) -> tuple[str, int]:
    """File and row of the row `index` of a table."""
    for entry in json.loads((run_ / "manifest.json").read_text())["files"]:
        if entry["path"].startswith(f"{stem}/") or entry["path"] == f"{stem}.parquet":
            if index < entry["rows"]:
                return entry["path"], index
            index -= entry["rows"]
    raise AssertionError(f"{stem} has no such row")


def change(run_: Path, stem: str, index: int, **values: Any) -> str:
    """Give one row other values, and return where it stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, row = place(run_, stem, index)
    table = pq.read_table(run_ / file, partitioning=None)
    for name, value in values.items():
        field = table.schema.field(name)
        listed = table.column(name).to_pylist()
        listed[row] = value
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        column = pa.array(listed, kind)
        column = column.cast(field.type) if kind != field.type else column
        table = table.set_column(table.column_names.index(name), field, column)
    pq.write_table(table, run_ / file)
    return f"{file} row {row}"


def verdict(run_: Path, id_: str) -> str:
    return next(str(v) for v in check_run(run_) if v.id == id_)


def assert_holds(run_: Path) -> None:
    assert [str(v) for v in check_run(run_) if v.status == "failed"] == []


def req(number: Any) -> str:
    return f"req_{int(number):016x}"


def stamp(at: Any) -> str:
    return f"{np.datetime64(int(at.value) // 1000, 'us')}Z"


# Real runs


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
    at, lasts = draw(st.integers(0, 240)) * MINUTE_US, draw(st.integers(1, 120)) * MINUTE_US
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


@settings(max_examples=18)
@given(asked=scenarios(), small=st.booleans(), truth=st.booleans())
def test_every_invariant_holds_on_any_run(
    tmp_path_factory: pytest.TempPathFactory, asked: Scenario, small: bool, truth: bool
) -> None:
    out = tmp_path_factory.mktemp("any") / "run"
    with pytest.MonkeyPatch.context() as patch:
        if small:
            make_parts_small(patch)
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
        "INV-5 cache: ok (reads are held against the account, not the task)",
        "INV-6 attempts: not checked: needs truth",
        "INV-7 accounts and identifiers: ok",
        "INV-8 workers: not checked: needs truth",
    ]


# The verb


def test_the_verb_names_the_first_row_and_exits_with_3(copy: Path, rows: Any) -> None:
    where = change(copy, "log/exchanges", 1_000, org_id=5)
    wrong = rows.iloc[1_000]
    result = sim("check-run", str(copy))
    assert result.exit_code == 3
    assert result.stderr == f"{copy}: broken: INV-7\n"
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


# INV-1


def test_a_label_of_another_exchange(copy: Path, rows: Any) -> None:
    change(copy, "truth/exchanges", 950, exchange_id=7)
    file, row = place(copy, "log/exchanges", 950)
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {file} row {row} ({req(rows['exchange_id'][950])}): found "
        "exchange req_0000000000000007 in this row of truth/exchanges; allowed: the same "
        "exchange_id"
    )


@pytest.mark.parametrize(
    ("column", "more", "found", "allowed"),
    [
        ("exchanges_in_log", 1, "exchanges_in_log {in_log}", "{seen}, as many as the log has"),
        ("exchanges", -1, "exchanges {exchanges}, exchanges_in_log {seen}", "at least one in"),
        ("calls", 1, "finished with {answered} calls answered", "{calls} calls answered by"),
        ("calls", -1, "finished with {answered} calls answered", "{calls} calls answered by"),
    ],
)
def test_a_task_that_does_not_add_up(
    copy: Path, column: str, more: int, found: str, allowed: str
) -> None:
    tasks = read(copy, "truth/tasks")
    fine = (tasks["state"] == "finished") & (tasks["exchanges"] == tasks["exchanges_in_log"])
    index = int(np.flatnonzero(fine)[40])
    task = tasks.iloc[index].copy()
    seen = task["exchanges_in_log"]
    where = change(copy, "truth/tasks", index, **{column: int(task[column] + more)})
    task[column] += more
    values = {
        "in_log": task["exchanges_in_log"],
        "exchanges": task["exchanges"],
        "calls": task["calls"],
        "seen": seen,
        "answered": tasks["calls"][index],
    }
    said = verdict(copy, "INV-1")
    start = f"INV-1 conservation: FAILED: {where} (task_{int(task['task_uid']):016x}): found "
    assert said.startswith(start + found.format(**values))
    assert f"; allowed: {allowed.format(**values)}" in said


@pytest.mark.parametrize(
    ("stem", "column", "name"),
    [
        ("truth/actors", "tasks_finished", "pool"),
        ("truth/actors", "tasks_given_up", "pool"),
        ("truth/actors", "exchanges_in_log", "pool"),
        ("truth/actors", "requested", "pool"),
        ("truth/campaigns", "accounts_in_log", None),
        ("truth/campaigns", "achieved_exchanges", None),
    ],
)
def test_a_table_that_does_not_add_up(copy: Path, stem: str, column: str, name: Any) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(copy / f"{stem}.parquet").to_pylist()
    index = [row["actor_id"] for row in table].index("pool")
    row = table[index]
    where = change(copy, stem, index, **{column: row[column] + 1})
    name = name or f"camp_{row['campaign_uid']:016x}"
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: {where} ({name}): found {column} {row[column] + 1}; "
        f"allowed: {row[column]}, as counted"
    )


def test_a_manifest_that_does_not_add_up(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["actors"][1]["tasks_finished"] += 1
    (copy / "manifest.json").write_text(json.dumps(manifest))
    said = manifest["actors"][1]["tasks_finished"]
    assert verdict(copy, "INV-1") == (
        f"INV-1 conservation: FAILED: manifest.json: found tasks_finished {said} of lab; "
        f"allowed: {said - 1}, as counted"
    )


@pytest.mark.parametrize("stem", ["log/exchanges", "truth/exchanges"])
def test_a_row_that_is_lost(copy: Path, rows: Any, stem: str) -> None:
    import pyarrow.parquet as pq

    file = f"{stem}/part-00001.parquet"
    table = pq.read_table(copy / file, partitioning=None)
    pq.write_table(table.slice(0, table.num_rows - 1), copy / file)
    last = table.num_rows - 1
    first = json.loads((copy / "manifest.json").read_text())["files"]
    before = next(f["rows"] for f in first if f["path"] == f"{stem}/part-00000.parquet")
    if stem == "log/exchanges":
        expected = f"{file}: found {last} rows; allowed: {last + 1}, as in the manifest"
    else:
        id_ = req(rows["exchange_id"][before + last])
        expected = (
            f"log/exchanges/part-00001.parquet row {last} ({id_}): found no row of "
            f"truth/exchanges, which has {last} in this part; allowed: one of the same exchange_id"
        )
    assert verdict(copy, "INV-1") == f"INV-1 conservation: FAILED: {expected}"


# INV-2


def bucket_levels(rows: Any, at: str, per_minute: int, asked: Any) -> list[float]:
    """What a bucket that is never given anything back holds before each of `rows`."""
    level, levels = float(per_minute), []
    times = rows[at].astype("datetime64[us, UTC]").astype("int64").tolist()
    for k, now in enumerate(times):
        if k:
            level = min(per_minute, level + (now - times[k - 1]) / MINUTE_US * per_minute)
        levels.append(level)
        level -= min(asked[k], per_minute)
    return levels


def test_input_beyond_the_bucket(copy: Path, rows: Any) -> None:
    limit = tiers()["tier-1"]["Sonnet 4.x"]
    sonnet = rows["model_served"].str.contains("sonnet") & (rows["actor_id"] == "pool")
    admitted = rows[sonnet & (rows["http_status"] != 429)]
    took = np.where(admitted["http_status"] == 200, admitted["input_tokens_total"], 0)
    took = took - admitted["cache_read_tokens"]
    for org in admitted["org_id"].unique():
        mine = admitted[admitted["org_id"] == org]
        per_minute = limit.input_tokens_per_min
        levels = bucket_levels(mine, "ts_start", per_minute, took[mine.index].tolist())
        low = [k for k, held in enumerate(levels) if held < per_minute - 2_000]
        low = [k for k in low if mine.iloc[k]["http_status"] == 200]
        if low:
            break
    index, held = int(mine.index[low[0]]), int(levels[low[0]])
    values = {"input_tokens_total": 900_000, "cache_read_tokens": 0}
    where = change(copy, "log/exchanges", index, **values)
    assert verdict(copy, "INV-2") == (
        f"INV-2 limits: FAILED: {where} ({req(rows['exchange_id'][index])}): found {per_minute} "
        f"input tokens taken by org_{int(org):016x}; allowed: at most {held}, left of a bucket of "
        f"{per_minute} refilled {per_minute} a minute"
    )


@pytest.mark.parametrize(("burst", "kind"), [(1.0, "output tokens"), (0.02, "requests")])
def test_an_attempt_that_should_have_been_refused(tmp_path: Path, burst: float, kind: str) -> None:
    """The first refused attempt that comes while an answer is under way, let through."""
    world = ordinary(burst=burst, overload=0.0, server_error=0.0)
    dials: dict[str, Any] = {
        "organisations": 1,
        "tier": "tier-1",
        "models": {"claude-sonnet-4.5": 1.0},
    }
    run(scenario(pool(8, 800, **dials), days=0.3, world=world), tmp_path / "run")
    rows = log_with_truth(tmp_path / "run")
    starts = rows["ts_start"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    refused = (rows["http_status"] == 429).to_numpy()
    if kind == "requests":
        busy = np.zeros(len(rows), np.bool_)
        admitted = np.flatnonzero(~refused)
        for k in np.flatnonzero(refused):
            before = admitted[admitted < k]
            busy[k] = len(before) > 0 and starts[k] - starts[before[-1]] < 1_100_000
    else:
        late = starts > starts[0] + 1_200_000_000
        ends = rows["ts_end"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
        running = np.maximum.accumulate(np.where(refused, 0, ends))
        recent = np.maximum.accumulate(np.where(refused, 0, starts))
        # an answer under way holds the whole bucket, which 10 s refill by a sixth
        busy = refused & late & (running > starts) & (starts - recent < 10_000_000)
    index = int(np.flatnonzero(busy & refused)[0])
    where = change(tmp_path / "run", "log/exchanges", index, http_status=529)
    size = {"requests": 1, "output tokens": 8_000}[kind]
    said = verdict(tmp_path / "run", "INV-2")
    assert said.startswith(
        f"INV-2 limits: FAILED: {where} ({req(rows['exchange_id'][index])}): found {size} {kind} "
        f"taken by org_{int(rows['org_id'][0]):016x}; allowed: at most "
    )
    per_minute = {"requests": 50, "output tokens": 8_000}[kind]
    assert said.endswith(f", left of a bucket of {size} refilled {per_minute} a minute")


def test_segments_of_limits() -> None:
    halved = event("limits", 90_000_000, 5 * MINUTE_US, factor=0.5)
    tripled = event("limits", 3 * MINUTE_US, None, factor=3.0)
    starts, factors = limit_segments(ordinary(halved, tripled), HOUR_US)
    assert (starts // MINUTE_US).tolist() == [0, 1, 3, 5, 60]
    assert factors == [1.0, 0.5, 1.5, 3.0, 3.0]


# INV-3


def test_an_end_before_the_start(copy: Path, rows: Any) -> None:
    start = rows["ts_start"][1_500]
    end = start - timedelta(microseconds=1)
    where = change(copy, "log/exchanges", 1_500, ts_end=end)
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][1_500])}): found ts_end "
        f"{stamp(end)}, ts_start {stamp(start)}; allowed: an end 0 to 60 s after the start"
    )


def test_a_row_out_of_order_across_parts(copy: Path, rows: Any) -> None:
    before = place(copy, "log/exchanges", 2_000)
    index = 2_000 - before[1]
    start = rows["ts_start"][index - 1] - timedelta(microseconds=1)
    where = change(copy, "log/exchanges", index, ts_start=start)
    assert where.endswith("row 0")
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): found ts_start "
        f"{stamp(start)}; allowed: {stamp(rows['ts_start'][index - 1])} of the row before or "
        "later, in one microsecond in order of exchange_id"
    )


def test_a_row_outside_the_clock(copy: Path, rows: Any) -> None:
    index = len(rows) - 1
    late = BUSY.clock.end
    where = change(copy, "log/exchanges", index, ts_start=late, ts_end=late)
    assert verdict(copy, "INV-3") == (
        f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): found ts_start "
        "2026-01-05T07:12:00.000000Z; allowed: from 2026-01-05T00:00:00.000000Z to before "
        "2026-01-05T07:12:00.000000Z"
    )


@pytest.mark.parametrize(
    ("column", "allowed"),
    [("duration_s", "{duration}, ts_end less ts_start"), ("ttft_s", "0 to {duration}, the whole")],
)
def test_seconds_that_do_not_add_up(copy: Path, rows: Any, column: str, allowed: str) -> None:
    index = int(np.flatnonzero(rows["http_status"] == 200)[1_000])
    where = change(copy, "log/exchanges", index, **{column: 1_000.0})
    start = f"INV-3 time: FAILED: {where} ({req(rows['exchange_id'][index])}): "
    allowed = allowed.format(duration=rows["duration_s"][index])
    assert verdict(copy, "INV-3").startswith(f"{start}found {column} 1000.0; allowed: {allowed}")


# INV-4


def tokens_of(row: Any, **values: Any) -> tuple[dict[str, Any], str, str]:
    total = row["input_tokens_total"]
    kinds: dict[str, tuple[dict[str, Any], str, str]] = {
        "total": (
            {"input_tokens_total": int(total + 1)},
            f"input_tokens_total {total + 1}",
            f"{total}, the sum of its four parts",
        ),
        "window": (
            {"input_tokens_total": 2_000_000, "input_tokens_uncached": 2_000_000 - row["left"]},
            "input_tokens_total 2000000",
            "at most 200000, the window of the model",
        ),
        "cost": (
            {"output_tokens": int(row["output_tokens"] + 1)},
            f"cost_usd {row['cost_usd']}",
            "",
        ),
        "error": (
            {"error_type": "api_error"},
            "error_type api_error of status 200",
            "none",
        ),
        "status": (
            {"http_status": 500, "error_type": "api_error"},
            f"status 500 with {total} tokens of input, {row['output_tokens']} of output, "
            f"finish_reason {row['finish_reason']}",
            "no tokens, no tool calls and no finish_reason in a failed attempt",
        ),
        "nothing": (
            {"output_tokens": 0},
            f"status 200 with {total} tokens of input, 0 of output, "
            f"finish_reason {row['finish_reason']}",
            "at least one token of each, if not pre-warming, and a finish_reason",
        ),
        "negative": ({"cache_read_tokens": -1}, "-1 in a column of counts", "0 or more"),
        "max_tokens": (
            {"max_tokens": int(row["output_tokens"] - 1)},
            f"output_tokens {row['output_tokens']}",
            f"at most {row['output_tokens'] - 1}, max_tokens of each choice",
        ),
    }
    return kinds[values["kind"]]


@pytest.mark.parametrize(
    "kind",
    ["total", "window", "cost", "error", "status", "nothing", "negative", "max_tokens"],
)
def test_tokens_that_do_not_add_up(copy: Path, rows: Any, kind: str) -> None:
    answered = (rows["http_status"] == 200) & (rows["finish_reason"] != "max_tokens")
    index = int(np.flatnonzero(answered)[1_200])
    values, found, allowed = tokens_of(rows.iloc[index], kind=kind)
    where = change(copy, "log/exchanges", index, **values)
    assert verdict(copy, "INV-4").startswith(
        f"INV-4 tokens and cost: FAILED: {where} ({req(rows['exchange_id'][index])}): found "
        f"{found}; allowed: {allowed}"
    )


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("choice_count", 0, "choice_count 0"),
        ("reasoning_tokens", 1, "reasoning_tokens 1"),
        ("server_tool_requests", 11, "server_tool_requests 11, finish_reason "),
        ("refusal_category", "bio", "refusal_category bio, finish_reason "),
        ("service_tier", "batch", "cost_usd "),
    ],
)
def test_an_answer_that_does_not_fit(
    copy: Path, rows: Any, column: str, value: Any, found: str
) -> None:
    index = int(np.flatnonzero(rows["http_status"] == 200)[1_200])
    where = change(copy, "log/exchanges", index, **{column: value})
    assert verdict(copy, "INV-4").startswith(
        f"INV-4 tokens and cost: FAILED: {where} ({req(rows['exchange_id'][index])}): found {found}"
    )


def test_another_price(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    price = {"kind": "price", "at_us": HOUR_US, "factor": 2.0}
    manifest["scenario"]["world"]["events"] = [price]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    rows = read(copy, "log/exchanges")
    since = rows["ts_start"] - BUSY.clock.start >= timedelta(hours=1)
    index = int(np.flatnonzero(since & (rows["http_status"] == 200))[0])
    file, row = place(copy, "log/exchanges", index)
    cost = rows["cost_usd"][index]
    assert verdict(copy, "INV-4") == (
        f"INV-4 tokens and cost: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): "
        f"found cost_usd {cost}; allowed: {cost * np.float32(2)}, price times tokens"
    )


# INV-5


def reader(rows: Any, lead_us: int = HOUR_US) -> tuple[int, int]:
    """A call that reads what the one before it in its task left, and that one."""
    answered = rows[rows["http_status"] == 200]
    before = answered.groupby("task_uid")["left"].shift(1)
    since = answered["ts_start"] - BUSY.clock.start > timedelta(microseconds=lead_us)
    reads = since & (answered["cache_read_tokens"] == before) & (before > 20_000)
    index = int(answered.index[reads][0])
    mine = answered[answered["task_uid"] == rows["task_uid"][index]]
    return index, int(mine.index[list(mine.index).index(index) - 1])


def cached(lifetime_s: int) -> str:
    return (
        "what an answered attempt left, or the static prefix of one of its template, "
        f"within {lifetime_s} s before"
    )


def lifetime_s(rows: Any, index: int) -> int:
    mine = rows[rows["account_id"] == rows["account_id"][index]]
    return 3_600 if mine["cache_write_1h_tokens"].sum() else 300


@pytest.mark.parametrize("truth", [True, False])
def test_a_read_of_more_than_there_was(copy: Path, rows: Any, truth: bool) -> None:
    index, before = reader(rows)
    tokens = int(rows["cache_read_tokens"][index]) + 1
    where = change(copy, "log/exchanges", index, cache_read_tokens=tokens)
    own = f"{rows['left'][before]}, what the call before it left; "
    if not truth:
        shutil.rmtree(copy / "truth")
        own = ""
    assert verdict(copy, "INV-5").startswith(
        f"INV-5 cache: FAILED: {where} ({req(rows['exchange_id'][index])}): found "
        f"cache_read_tokens {tokens}; allowed: {own}{cached(lifetime_s(rows, index))}"
    )


def test_a_read_of_what_was_never_answered(copy: Path, rows: Any) -> None:
    index, before = reader(rows)
    change(copy, "log/exchanges", before, http_status=529, cache_read_tokens=0)
    file, row = place(copy, "log/exchanges", index)
    said = verdict(copy, "INV-5")
    assert said.startswith(
        f"INV-5 cache: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"cache_read_tokens {rows['cache_read_tokens'][index]}; allowed: "
    )


def test_a_read_after_the_lifetime(copy: Path, rows: Any) -> None:
    """The manifest and the log say that the account writes for five minutes; it waits longer."""
    index, before = reader(rows)
    gap = timedelta(seconds=lifetime_s(rows, index) + 1)
    early = rows["ts_start"][index] - gap
    change(copy, "log/exchanges", before, ts_start=early)
    assert f"({req(rows['exchange_id'][index])}): found cache_read_tokens" in verdict(copy, "INV-5")


def test_a_short_input_in_the_cache(copy: Path, rows: Any) -> None:
    index, _ = reader(rows)
    left = int(rows["left"][index])
    where = change(copy, "log/exchanges", index, input_tokens_total=100)
    said = verdict(copy, "INV-5")
    assert said.startswith(f"INV-5 cache: FAILED: {where} ({req(rows['exchange_id'][index])})")
    assert f"found {left} tokens cached of 100; allowed: 0 of an input shorter than" in said


# INV-6


def chain(rows: Any, resend: int) -> int:
    """An attempt with that resend_count in the later part of the log, first attempt in it too."""
    late = rows["ts_start"] - BUSY.clock.start > timedelta(hours=2)
    return int(rows.index[late & (rows["resend_count"] == resend)][0])


@pytest.mark.parametrize(
    ("resend", "to", "found", "allowed"),
    [
        (0, 1, "resend_count 1 of the first attempt of a call", "0"),
        (1, 2, "resend_count 2", "1 after 0"),
        (2, 0, "resend_count 0", "2 after 1"),
    ],
)
def test_attempts_with_a_gap(
    copy: Path, rows: Any, resend: int, to: int, found: str, allowed: str
) -> None:
    index = chain(rows, resend)
    where = change(copy, "log/exchanges", index, resend_count=to)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {where} ({req(rows['exchange_id'][index])}): found {found}; "
        f"allowed: {allowed}"
    )


def before_in_task(rows: Any, index: int) -> int:
    mine = list(rows.index[rows["task_uid"] == rows["task_uid"][index]])
    return int(mine[mine.index(index) - 1])


def test_attempts_that_overlap(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    before = before_in_task(rows, index)
    end = rows["ts_start"][index] + timedelta(microseconds=1)
    change(copy, "log/exchanges", before, ts_end=end)
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"ts_start {stamp(rows['ts_start'][index])}; allowed: {stamp(end)} or later, when the "
        "attempt before it in the task had ended"
    )


def test_an_attempt_after_success(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    change(copy, "log/exchanges", before_in_task(rows, index), http_status=200)
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found an "
        "attempt after status 200, resend_count 0; allowed: none after success or giving up"
    )


def test_a_call_of_its_own(copy: Path, rows: Any) -> None:
    index = chain(rows, 1)
    change(copy, "truth/exchanges", index, attempt_of=9)
    file, row = place(copy, "log/exchanges", index)
    status = rows["http_status"][before_in_task(rows, index)]
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found "
        f"another call after status {status}; allowed: another attempt of the call before it"
    )


def test_a_task_that_ends_with_a_failure(copy: Path, rows: Any) -> None:
    tasks = read(copy, "truth/tasks")
    done = tasks[(tasks["state"] == "finished") & (tasks["calls"] > 1)]
    uid = done["task_uid"].iloc[30]
    index = int(rows.index[rows["task_uid"] == uid][-1])
    where = change(copy, "log/exchanges", index, http_status=500)
    assert verdict(copy, "INV-6") == (
        f"INV-6 attempts: FAILED: {where} ({req(rows['exchange_id'][index])}): found status 500, "
        f"resend_count {rows['resend_count'][index]}, and no attempt after it; allowed: an end by "
        "success, by giving up, or by the end of the log"
    )


# INV-7


def test_an_exchange_before_its_account(copy: Path, rows: Any) -> None:
    index = 1_700
    accounts = Run(copy).table("log/accounts", {"account_id": "id"}).to_pydict()["account_id"]
    own = accounts.index(int(rows["account_id"][index]))
    mine = rows[rows["account_id"] == rows["account_id"][index]]
    first = int(mine.index[0])
    created = rows["ts_start"][first] + timedelta(microseconds=1)
    change(copy, "log/accounts", own, created_at=created)
    file, row = place(copy, "log/exchanges", first)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {file} row {row} "
        f"({req(rows['exchange_id'][first])}): found ts_start {stamp(rows['ts_start'][first])}; "
        f"allowed: {stamp(created)}, created_at of the account, or later"
    )


def test_an_account_that_nobody_knows(copy: Path, rows: Any) -> None:
    where = change(copy, "log/exchanges", 30, account_id=1)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(rows['exchange_id'][30])}): found "
        "account acc_0000000000000001; allowed: an account of log/accounts"
    )


@pytest.mark.parametrize("at_a_time", [None, 700])
def test_an_identifier_that_occurs_twice(
    copy: Path, rows: Any, monkeypatch: pytest.MonkeyPatch, at_a_time: int | None
) -> None:
    if at_a_time:
        monkeypatch.setattr("sim.checking.lives._IDS_AT_A_TIME", at_a_time)
    twice = int(rows["exchange_id"][100])
    where = change(copy, "log/exchanges", 2_000, exchange_id=twice)
    assert verdict(copy, "INV-7") == (
        f"INV-7 accounts and identifiers: FAILED: {where} ({req(twice)}): found an identifier "
        "that occurred before; allowed: each once"
    )


# INV-8


def test_more_tasks_than_workers(copy: Path) -> None:
    tasks = read(copy, "truth/tasks")
    mine = tasks[tasks["actor_id"] == "lab"].sort_values("started_at", kind="stable")
    busy = [
        (mine["started_at"] <= at).sum() - (mine["ended_at"] <= at).sum()
        for at in mine["started_at"]
    ]
    full = int(np.flatnonzero(np.array(busy) == 4)[5])
    # a task that had ended when this one began is said to end at the end of the day
    ended = int(np.flatnonzero(mine["ended_at"] <= mine["started_at"].iloc[full])[0])
    end = mine["ended_at"].iloc[ended]
    over = next(k for k in range(len(mine)) if busy[k] == 4 and mine["started_at"].iloc[k] >= end)
    change(copy, "truth/tasks", int(mine.index[ended]), ended_at=BUSY.clock.end)
    file, row = place(copy, "truth/tasks", int(mine.index[over]))
    assert verdict(copy, "INV-8") == (
        f"INV-8 workers: FAILED: {file} row {row} (task_{int(mine['task_uid'].iloc[over]):016x}): "
        "found 5 tasks in progress; allowed: at most 4, the workers of its actor"
    )


def test_more_attempts_than_workers(copy: Path, rows: Any) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    actors = manifest["scenario"]["actors"]
    next(a for a in actors if a["id"] == "lab")["workers"] = 3
    (copy / "manifest.json").write_text(json.dumps(manifest))
    mine = rows[rows["actor_id"] == "lab"]
    begun = np.arange(1, len(mine) + 1)
    ended = [(mine["ts_end"] <= at).sum() for at in mine["ts_start"]]
    index = int(mine.index[np.flatnonzero(begun - ended == 4)[0]])
    file, row = place(copy, "log/exchanges", index)
    assert verdict(copy, "INV-8") == (
        f"INV-8 workers: FAILED: {file} row {row} ({req(rows['exchange_id'][index])}): found 4 "
        "attempts in progress; allowed: at most 3, the workers of its actor"
    )


# What came before


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 6), st.booleans()), min_size=1, max_size=30
    )
)
def test_the_latest_source(drawn: list[tuple[int, int, bool]]) -> None:
    group, at, source = (np.array(c) for c in zip(*drawn, strict=True))
    found = latest(group, at, source)
    for k in range(len(group)):
        before = [
            j
            for j in range(len(group))
            if j != k and source[j] and group[j] == group[k] and at[j] <= at[k]
        ]
        assert (found[k] == -1) == (not before)
        assert not before or (found[k] in before and at[found[k]] == max(at[j] for j in before))


@given(st.lists(st.integers(0, 4), max_size=30))
def test_the_previous_row(drawn: list[int]) -> None:
    before = previous(np.array(drawn, np.int64))
    for k, value in enumerate(drawn):
        expected = [j for j in range(k) if drawn[j] == value]
        assert before[k] == (expected[-1] if expected else -1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=30))
def test_how_many_are_in_progress(drawn: list[tuple[int, int]]) -> None:
    start = np.sort(np.array([s for s, _ in drawn]))
    end = start + np.array([length for _, length in drawn])
    counted = in_progress(start, end)
    for k in range(len(start)):
        assert counted[k] == k + 1 - (end <= start[k]).sum()
