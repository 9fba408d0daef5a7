"""What follows from other columns is derived, never drawn apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.catalog import agents, models
from sim.engine.run import run
from sim.entities.content import template_lengths
from tests.support.scenarios import answered, coders, lab, log_with_truth, micros, pool, scenario

Names = pytest.FixtureRequest


PARTS = [
    "input_tokens_uncached",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
]
CLASSES = ("coders", "scripts", "lab", "swe", "pool")


def thirds() -> dict[str, float]:
    return {"chat": 0.3, "api-script": 0.3, "swe-agent": 0.4}


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Log and truth of a run with every agent, three models, long sessions and caching."""
    asked = scenario(
        coders(60),
        coders(60, "scripts", agents=thirds(), account_volume_sigma=0.5),
        lab(accounts=20, models={"claude-haiku-4.5": 1.0}),
        lab("swe-bench-pro", 60, "swe", accounts=20, runs=1, agents={"swe-agent": 1.0}, workers=8),
        pool(60, 12_000),
        days=1.5,
    )
    out = tmp_path_factory.mktemp("joined") / "run"
    run(asked, out)
    frame = log_with_truth(out)
    assert frame["actor_id"].value_counts().min() > 1_000
    return frame


@pytest.fixture(params=CLASSES)
def rows(joined: Any, request: Names) -> Any:
    """The rows of one class."""
    return joined[joined["actor_id"] == request.param]


@pytest.fixture
def answers(rows: Any) -> Any:
    """Those that were answered."""
    return answered(rows)


@pytest.fixture
def pairs(answers: Any) -> tuple[Any, Any]:
    """(earlier, later): consecutive answered requests of one session, where accounts name it."""
    named = answers.dropna(subset="conversation_id").sort_values(
        ["conversation_id", "ts_start"], kind="stable"
    )
    same = (named["conversation_id"] == named["conversation_id"].shift()).to_numpy()
    assert same.sum() > 100
    return named[np.append(same[1:], False)].reset_index(), named[same].reset_index()


def test_input_is_the_sum_of_its_parts(rows: Any) -> None:
    assert (rows["input_tokens_total"] == rows[PARTS].sum(axis=1)).all()
    assert (rows[PARTS] >= 0).all(axis=None)
    assert (answered(rows)["input_tokens_total"] > 0).all()


def test_failed_attempts_say_why_and_hold_no_tokens(rows: Any) -> None:
    failed = rows[rows["http_status"] != 200]
    names = {429: "rate_limit_error", 529: "overloaded_error", 500: "api_error"}
    assert len(failed) > 20
    assert (failed["error_type"].astype(str) == failed["http_status"].map(names)).all()
    nothing = [*PARTS, "input_tokens_total", "output_tokens", "n_tool_calls_out", "cost_usd"]
    assert (failed[nothing] == 0).all(axis=None)
    assert failed[["ttft_s", "finish_reason"]].isna().all(axis=None)


def test_answers_have_all_that_failures_miss(answers: Any) -> None:
    assert answers["error_type"].isna().all()
    assert answers[["ttft_s", "finish_reason"]].notna().all(axis=None)


def test_an_account_writes_for_one_lifetime_only(answers: Any) -> None:
    written = answers.groupby("account_id")[["cache_write_5m_tokens", "cache_write_1h_tokens"]]
    assert not (written.max() > 0).all(axis=1).any()


def test_cost_follows_from_tokens_and_prices(rows: Any) -> None:
    served = {m: models()[m] for m in rows["model_served"].unique()}
    usd = np.zeros(len(rows))
    for id_, m in served.items():
        mine = rows[rows["model_served"] == id_]
        inputs = (
            mine["input_tokens_uncached"].astype(float)
            + mine["cache_read_tokens"] * m.cache_read_factor
            + mine["cache_write_5m_tokens"] * m.cache_write_5m_factor
            + mine["cache_write_1h_tokens"] * m.cache_write_1h_factor
        )
        total = inputs * m.input_usd_per_mtok + mine["output_tokens"] * m.output_usd_per_mtok
        usd[(rows["model_served"] == id_).to_numpy()] = total / 1e6
    assert rows["cost_usd"].to_numpy() == pytest.approx(usd, rel=2e-7)


def test_duration_is_the_time_between_start_and_end(rows: Any) -> None:
    measured = (micros(rows["ts_end"]) - micros(rows["ts_start"])) / 1e6
    assert (measured.astype(np.float32) == rows["duration_s"].to_numpy()).all()


def test_the_first_token_comes_within_the_answer(answers: Any) -> None:
    assert (answers["ttft_s"] > 0).all()
    assert (answers["ttft_s"] <= answers["duration_s"]).all()


def test_answers_hold_at_least_one_token_and_at_most_the_limit(answers: Any) -> None:
    assert (answers["output_tokens"] >= 1).all()
    assert (answers["output_tokens"] <= answers["max_tokens"]).all()
    truncated = answers[answers["finish_reason"] == "max_tokens"]
    assert (truncated["output_tokens"] == truncated["max_tokens"]).all()


def test_an_answer_stops_for_tools_exactly_if_it_calls_any(answers: Any) -> None:
    whole = answers[answers["finish_reason"] != "max_tokens"]
    for_tools = whole["finish_reason"] == "tool_use"
    assert (for_tools == (whole["n_tool_calls_out"] > 0)).all()
    stops = {"tool_use", "end_turn", "stop_sequence", "model_context_window_exceeded"}
    assert set(whole["finish_reason"]) <= stops


def test_tool_results_come_exactly_in_requests_by_a_tool(rows: Any) -> None:
    """Or where a scaffold asks for a summary while they wait."""
    by_tool = rows["last_role_in"] == "tool"
    asks_summary = (rows["last_role_in"] == "user") & ~rows["user_initiated"]
    brings = rows["n_tool_results_in"] > 0
    assert brings[by_tool].all()
    assert (by_tool | asks_summary)[brings].all()
    assert not (by_tool & rows["user_initiated"]).any()


def test_the_number_of_messages_is_odd_unless_an_answer_goes_on(rows: Any) -> None:
    goes_on = rows["last_role_in"] == "assistant"
    assert ((rows["n_messages"] % 2 == 0) == goes_on).all()
    assert (rows["n_messages"] > 0).all()


def test_clients_that_send_a_group_join_the_attempts_of_a_call(rows: Any) -> None:
    sends = rows["client_request_group"].notna()
    assert 0.05 < sends.groupby(rows["account_id"]).first().mean() < 0.8
    assert (sends.groupby(rows["account_id"]).nunique() == 1).all()
    call = rows["attempt_of"].fillna(rows["exchange_id"])[sends]
    group = rows["client_request_group"][sends]
    assert (call.groupby(group).nunique() == 1).all()
    assert (group.groupby(call).nunique() == 1).all()


def test_the_model_that_was_asked_for_answers(rows: Any) -> None:
    """Or the newest, where the alias was asked for."""
    requested, served = rows["model_requested"].astype(str), rows["model_served"].astype(str)
    assert ((requested == served) | (requested == "latest")).all()
    assert (rows.groupby("account_id")["model_requested"].nunique() == 1).all()


def test_a_request_begins_after_the_answer_before_it(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    assert (later["ts_start"] >= earlier["ts_end"]).all()
    assert (later["account_id"] == earlier["account_id"]).all()


def test_tool_results_are_those_of_the_calls_before(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    by_tool = (later["last_role_in"] == "tool").to_numpy()
    assert (later["n_tool_results_in"] == earlier["n_tool_calls_out"])[by_tool].all()
    # only a summary is asked for while tools have been called for, and brings their results
    waits = ~by_tool & (earlier["n_tool_calls_out"] > 0)
    assert (later["n_tool_results_in"] == earlier["n_tool_calls_out"])[waits].all()
    assert not later["user_initiated"][waits].any()
    assert (later["task_uid"] == earlier["task_uid"])[by_tool].all()
    assert ((later["task_uid"] != earlier["task_uid"]) == (later["turn"] > earlier["turn"])).all()


def test_context_grows_within_a_session_except_after_a_compaction(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    compacted = (later["n_messages"] == 1).to_numpy()
    growth = later["input_tokens_total"] - earlier["input_tokens_total"] - earlier["output_tokens"]
    # what would pass the window is cut, and ends the session
    full = (later["finish_reason"] == "model_context_window_exceeded").to_numpy()
    whole = growth[~compacted & ~full]
    # a history never shrinks, though reasoning may be dropped from its last answer
    assert (whole >= -earlier["output_tokens"][~compacted & ~full]).all()
    assert (whole >= 1).mean() > 0.8
    assert (growth[compacted] < 0).all()
    assert (later["n_messages"] == earlier["n_messages"] + 2)[~compacted].all()


def lifetime_us(rows: Any) -> Any:
    """How long what an account writes to the cache lives, for each of its rows."""
    an_hour = rows["cache_write_1h_tokens"].groupby(rows["account_id"]).transform("max") > 0
    return np.where(an_hour, 3_600_000_000, 300_000_000)


def static_prefix(rows: Any) -> int:
    """The longest static prefix of the scaffolds of a class."""
    used = {"scripts": thirds(), "swe": {"swe-agent": 1.0}}
    names = used.get(rows["actor_id"].iloc[0], {"coding-cli": 1.0})
    usual = max(agents()[name].static_prefix_tokens for name in names)
    return round(usual * float(template_lengths(np.arange(10_000)).max()))


def stored(rows: Any) -> Any:
    return rows[PARTS[1:]].sum(axis=1)


@pytest.fixture
def reads(pairs: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    """(tokens read, tokens the call before left, whether these can be read)."""
    earlier, later = pairs
    since_us = micros(later["ts_start"]) - micros(earlier["ts_start"])
    recent = since_us <= lifetime_us(later)
    can = (stored(earlier) > 0) & recent & (later["n_messages"] > 1)
    return later["cache_read_tokens"], stored(earlier), can.to_numpy()


def test_the_cache_gives_back_what_the_call_before_left_if_it_is_alive(
    reads: tuple[Any, Any, Any],
) -> None:
    read, left, can = reads
    assert can.sum() > 50
    assert (read == left)[can].all()


def test_otherwise_at_most_the_static_prefix_is_read(
    reads: tuple[Any, Any, Any], rows: Any
) -> None:
    read, _, can = reads
    assert (read[~can] <= static_prefix(rows)).all()
    first = answered(rows).loc[answered(rows)["n_messages"] == 1, "cache_read_tokens"]
    assert first.max() <= static_prefix(rows)


@pytest.mark.parametrize("sender", ["lab", "swe"])
def test_accounts_of_one_organisation_share_the_static_prefix(joined: Any, sender: str) -> None:
    opening = answered(joined[(joined["actor_id"] == sender) & (joined["n_messages"] == 1)])
    shared = opening["cache_read_tokens"] > 0
    caching = stored(opening) > 0
    assert shared[caching].mean() > 0.5
    assert not shared[~caching].any()


def test_what_an_account_always_sends_never_changes(rows: Any) -> None:
    constants = ["org_id", "platform", "prompt_lang", "ja4", "user_agent", "stream"]
    constants += ["toolset_hash", "n_tool_defs"]
    distinct = rows.groupby("account_id")[constants].nunique()
    assert (distinct == 1).all(axis=None)


NETWORK = ["ip_hash", "ip24_hash", "asn", "asn_type", "geo_country"]


def test_an_account_sends_from_home_or_from_one_other_network(rows: Any) -> None:
    """A session or a prompt comes from one of the two."""
    networks = rows.groupby("account_id")[NETWORK].nunique()
    assert (networks <= 2).all(axis=None)
    seen = rows.drop_duplicates(["account_id", *NETWORK]).groupby("account_id").size()
    most = 1 if rows["typology_id"].iat[0] == "L04" else 2
    assert seen.max() == networks["ip_hash"].max() == most
    assert (rows.groupby("task_uid")["ip_hash"].nunique() <= 1).all()


def test_a_cloud_platform_hides_the_network_of_all_its_accounts(joined: Any) -> None:
    hidden = joined[[*NETWORK, "tcp_rtt_ms", "tls_rtt_ms"]].isna()
    by_cloud = (joined["platform"] != "first_party").to_numpy()
    assert 0 < by_cloud.mean() < 0.5
    assert hidden[by_cloud].all(axis=None)
    assert not hidden[~by_cloud].any(axis=None)


def test_every_exchange_of_a_task_shows_its_prompt(rows: Any) -> None:
    assert (rows.groupby("task_uid")["prompt_simhash64"].nunique() == 1).all()
