"""The contracts of the design: same bytes, named streams, derived columns, sealed truth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from sim.catalog import models, typologies
from sim.engine import windows as windows_module
from sim.engine.run import run
from sim.scenario.resolved import Scenario
from sim.streams import Streams
from sim.tables import schema
from sim.tables.parts import as_text
from sim.tables.reading import Run
from tests.helpers import (
    FLAT,
    auc,
    auc_error,
    coders,
    digests,
    lab,
    log_with_truth,
    lognormal,
    micros,
    pool,
    read,
    scenario,
    simple,
)

Names = pytest.FixtureRequest


# === 1. same scenario and seed, same bytes ======================================================

# two actors of one typology, and two typologies that share a purpose, as scenarios have them
ASKED = scenario(
    coders(20), coders(10, "others"), lab(runs=1), pool(15, 800), pool(9, 500, "second"), days=0.5
)

IN_ANOTHER_PROCESS = """
import json, sys
from pathlib import Path
from sim.engine import windows as windows_module
from sim.engine.run import run
from sim.scenario.resolved import Scenario
run(Scenario.from_dict(json.loads(sys.stdin.read())), Path(sys.argv[1]))
"""


def run_elsewhere(asked: Scenario, out: Path, surroundings: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, str(out)],
        input=json.dumps(asked.to_dict()),
        text=True,
        check=True,
        env={**os.environ, **surroundings},
    )


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("once") / "run"
    run(ASKED, out)
    return out


@pytest.mark.parametrize("again", range(4))
def test_the_same_scenario_gives_the_same_bytes(once: Path, tmp_path: Path, again: int) -> None:
    """Repeated, because bytes that depend on memory or threads differ only now and then."""
    run(ASKED, tmp_path / f"run {again}")
    assert digests(tmp_path / f"run {again}") == digests(once)


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "0", "TZ": "Asia/Tokyo"},
        {"PYTHONHASHSEED": "1234", "OMP_NUM_THREADS": "1", "TZ": "UTC"},
    ],
)
def test_another_process_gives_the_same_bytes(
    once: Path, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    run_elsewhere(ASKED, tmp_path / "run", surroundings)
    assert digests(tmp_path / "run") == digests(once)


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_text_formats_give_the_same_bytes(tmp_path: Path, fmt: str) -> None:
    asked = ASKED.model_copy(update={"tables": scenario(fmt=fmt).tables})
    run(asked, tmp_path / "one")
    run(asked, tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_another_log(once: Path, tmp_path: Path) -> None:
    run(ASKED.model_copy(update={"seed": 2}), tmp_path / "run")
    mine, theirs = read(once, "log/exchanges"), read(tmp_path / "run", "log/exchanges")
    for name in ("exchange_id", "account_id", "org_id", "api_key_id", "ts_start", "ja4"):
        assert not set(mine[name]) & set(theirs[name]), name


# === 2. removing an actor leaves every other row as it was ======================================


def without(asked: Scenario, *actors: str) -> Scenario:
    left = tuple(a for a in asked.actors if a.id not in actors)
    return asked.model_copy(update={"actors": left})


def sorted_strings(frame: Any, key: str) -> Any:
    """Rows in order of `key`, words as strings, so that only the values count."""
    words = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(words, "str")).sort_values(key).reset_index(drop=True)


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("everyone") / "run"
    run(MIXED, out)
    return out


MIXED = scenario(
    coders(40),
    coders(15, "chatters", agents={"chat": 1.0}, models={"claude-haiku-4.5": 1.0}),
    lab(models={"claude-opus-4.1": 1.0}),
    pool(30, 3_000),
    days=0.7,
)


@pytest.mark.parametrize("gone", ["pool", "coders", "chatters", "lab"])
def test_removing_an_actor_leaves_every_other_row_as_it_was(
    everyone: Path, tmp_path: Path, gone: str
) -> None:
    run(without(MIXED, gone), tmp_path / "run")
    before, after = log_with_truth(everyone), log_with_truth(tmp_path / "run")
    before = before[before["actor_id"] != gone]
    assert 1_000 < len(after) < len(log_with_truth(everyone))
    # not sorted: the order of the other rows must not change either
    words = before.select_dtypes("category").columns
    left, right = (f.astype(dict.fromkeys(words, "str")) for f in (before, after))
    assert left.reset_index(drop=True).equals(right.reset_index(drop=True))


@pytest.mark.parametrize("gone", ["pool", "coders"])
@pytest.mark.parametrize(
    ("stem", "key"), [("truth/tasks", "task_uid"), ("truth/accounts", "account_id")]
)
def test_removing_an_actor_leaves_other_tasks_and_accounts_as_they_were(
    everyone: Path, tmp_path: Path, gone: str, stem: str, key: str
) -> None:
    run(without(MIXED, gone), tmp_path / "run")
    before, after = read(everyone, stem), read(tmp_path / "run", stem)
    before = before[before["actor_id"] != gone]
    assert sorted_strings(before, key).equals(sorted_strings(after, key))


@pytest.mark.parametrize("name", ["accounts", "credentials", "orgs"])
def test_removing_an_actor_only_takes_its_own_entities_away(
    everyone: Path, tmp_path: Path, name: str
) -> None:
    run(without(MIXED, "pool"), tmp_path / "run")
    before, after = (
        {tuple(row.values()) for row in Run(path).table(f"log/{name}", TABLES[name]).to_pylist()}
        for path in (everyone, tmp_path / "run")
    )
    assert after < before
    assert len(before - after) == 30


def test_the_order_of_the_actors_does_not_matter(everyone: Path, tmp_path: Path) -> None:
    run(MIXED.model_copy(update={"actors": MIXED.actors[::-1]}), tmp_path / "run")
    before, after = log_with_truth(everyone), log_with_truth(tmp_path / "run")
    assert sorted_strings(before, "exchange_id").equals(sorted_strings(after, "exchange_id"))


TABLES = {
    "exchanges": schema.EXCHANGES,
    "accounts": schema.ACCOUNTS,
    "credentials": schema.CREDENTIALS,
    "orgs": schema.ORGS,
}
TRUTH = {
    **schema.TRUTH_EXCHANGES,
    **schema.TRUTH_TASKS,
    **schema.TRUTH_ACCOUNTS,
    **schema.TRUTH_CAMPAIGNS,
    **schema.TRUTH_ACTORS,
}


# === 4. derived, never drawn apart ==============================================================

CLASSES = ("coders", "scripts", "lab", "swe", "pool")


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Log and truth of a run with every agent, three models, long sessions and caching."""
    thirds = {"chat": 0.3, "api-script": 0.3, "swe-agent": 0.4}
    asked = scenario(
        coders(60),
        coders(40, "scripts", agents=thirds, account_volume_sigma=0.5),
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
def pairs(rows: Any) -> tuple[Any, Any]:
    """(earlier, later): consecutive requests of one session, of accounts that name sessions."""
    named = rows.dropna(subset="conversation_id").sort_values(
        ["conversation_id", "ts_start"], kind="stable"
    )
    same = (named["conversation_id"] == named["conversation_id"].shift()).to_numpy()
    assert same.sum() > 100
    return named[np.append(same[1:], False)].reset_index(), named[same].reset_index()


def test_input_is_the_sum_of_its_parts(rows: Any) -> None:
    parts = (
        rows["input_tokens_uncached"] + rows["cache_read_tokens"] + rows["cache_write_5m_tokens"]
    )
    assert (rows["input_tokens_total"] == parts).all()
    assert (rows[["input_tokens_uncached", "cache_read_tokens"]] >= 0).all(axis=None)
    assert (rows["input_tokens_total"] > 0).all()


def test_cost_follows_from_tokens_and_prices(rows: Any) -> None:
    served = {m: models()[m] for m in rows["model_served"].unique()}
    usd = np.zeros(len(rows))
    for id_, m in served.items():
        mine = rows[rows["model_served"] == id_]
        inputs = (
            mine["input_tokens_uncached"].astype(float)
            + mine["cache_read_tokens"] * m.cache_read_factor
            + mine["cache_write_5m_tokens"] * m.cache_write_5m_factor
        )
        total = inputs * m.input_usd_per_mtok + mine["output_tokens"] * m.output_usd_per_mtok
        usd[(rows["model_served"] == id_).to_numpy()] = total / 1e6
    assert rows["cost_usd"].to_numpy() == pytest.approx(usd, rel=2e-7)


def test_duration_is_the_time_between_start_and_end(rows: Any) -> None:
    measured = (micros(rows["ts_end"]) - micros(rows["ts_start"])) / 1e6
    assert (measured.astype(np.float32) == rows["duration_s"].to_numpy()).all()


def test_the_first_token_comes_within_the_answer(rows: Any) -> None:
    assert (rows["ttft_s"] > 0).all()
    assert (rows["ttft_s"] <= rows["duration_s"]).all()


def test_answers_hold_at_least_one_token_and_at_most_the_limit(rows: Any) -> None:
    assert (rows["output_tokens"] >= 1).all()
    assert (rows["output_tokens"] <= rows["max_tokens"]).all()
    truncated = rows["finish_reason"] == "max_tokens"
    assert (rows.loc[truncated, "output_tokens"] == rows.loc[truncated, "max_tokens"]).all()


def test_an_answer_stops_for_tools_exactly_if_it_calls_any(rows: Any) -> None:
    whole = rows[rows["finish_reason"] != "max_tokens"]
    for_tools = whole["finish_reason"] == "tool_use"
    assert (for_tools == (whole["n_tool_calls_out"] > 0)).all()
    assert set(whole["finish_reason"]) <= {"tool_use", "end_turn"}


def test_tool_results_come_exactly_in_requests_by_a_tool(rows: Any) -> None:
    by_tool = rows["last_role_in"] == "tool"
    assert (by_tool == (rows["n_tool_results_in"] > 0)).all()
    assert (by_tool == ~rows["user_initiated"]).all()


def test_the_number_of_messages_is_odd(rows: Any) -> None:
    assert (rows["n_messages"] % 2 == 1).all()
    assert (rows["n_messages"] > 0).all()


def test_the_model_that_was_asked_for_answers(rows: Any) -> None:
    assert (rows["model_requested"].astype(str) == rows["model_served"].astype(str)).all()


def test_a_request_begins_after_the_answer_before_it(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    assert (later["ts_start"] >= earlier["ts_end"]).all()
    assert (later["account_id"] == earlier["account_id"]).all()


def test_tool_results_are_those_of_the_calls_before(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    by_tool = (later["last_role_in"] == "tool").to_numpy()
    assert (later["n_tool_results_in"] == earlier["n_tool_calls_out"])[by_tool].all()
    assert (earlier["n_tool_calls_out"] == 0)[~by_tool].all()
    assert (later["task_uid"] == earlier["task_uid"])[by_tool].all()
    assert (later["task_uid"] != earlier["task_uid"])[~by_tool].all()


def test_context_grows_within_a_session_except_after_a_compaction(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    compacted = (later["n_messages"] == 1).to_numpy()
    growth = later["input_tokens_total"] - earlier["input_tokens_total"] - earlier["output_tokens"]
    assert (growth[~compacted] >= 1).all()
    assert (growth[compacted] < 0).all()
    assert (later["n_messages"] == earlier["n_messages"] + 2)[~compacted].all()


def test_the_cache_gives_back_at_most_what_was_stored_five_minutes_ago(
    pairs: tuple[Any, Any],
) -> None:
    earlier, later = pairs
    reads = (later["cache_read_tokens"] > 0).to_numpy()
    since_us = micros(later["ts_start"]) - micros(earlier["ts_start"])
    stored = earlier["cache_read_tokens"] + earlier["cache_write_5m_tokens"]
    assert reads.any()
    assert (since_us[reads] <= 300_000_000).all()
    assert (later["cache_read_tokens"] <= stored).all()
    assert not (reads & (later["n_messages"] == 1).to_numpy()).any()


def test_the_cache_is_read_whenever_it_can_be(pairs: tuple[Any, Any]) -> None:
    earlier, later = pairs
    stored = earlier["cache_read_tokens"] + earlier["cache_write_5m_tokens"]
    recent = micros(later["ts_start"]) - micros(earlier["ts_start"]) <= 300_000_000
    can = (stored > 0).to_numpy() & recent & (later["n_messages"] > 1).to_numpy()
    assert (later["cache_read_tokens"] == stored)[can].all()


def test_the_first_request_of_a_session_reads_nothing(rows: Any) -> None:
    assert rows.loc[rows["n_messages"] == 1, "cache_read_tokens"].max() == 0


def test_what_an_account_always_sends_never_changes(rows: Any) -> None:
    constants = ["org_id", "api_key_id", "ip_hash", "ip24_hash", "asn", "asn_type", "geo_country"]
    constants += ["prompt_lang", "ja4", "user_agent", "stream", "toolset_hash", "n_tool_defs"]
    distinct = rows.groupby("account_id")[constants].nunique()
    assert (distinct == 1).all(axis=None)


def test_every_exchange_of_a_task_shows_its_prompt(rows: Any) -> None:
    assert (rows.groupby("task_uid")["prompt_simhash64"].nunique() == 1).all()


# === 5. truth is sealed =========================================================================

# Nothing bunches or paces these exchanges, so that all that is left to find is how they were made:
# single exchanges, flat rhythm, one to an address, for the whole of the log.
PLAIN: dict[str, Any] = {"rhythm": FLAT, "agentic_share": 0.0, "accounts_per_ip": 1.0}
ACCOUNTS = 4_000


def sealed_scenario(accounts: int = ACCOUNTS, fmt: str = "parquet") -> Scenario:
    alike = {"account_age_days": lognormal(30, 1.0, 365), "account_volume_sigma": 0.0}
    same = {**PLAIN, **alike, "agents": {"coding-cli": 1.0}}
    queue = {**same, "accounts": accounts, "organisations": None}
    actors = (
        coders(accounts, "wombats", **{**simple(6), **same}),
        lab("mmlu-pro", 3 * accounts, "numbats", runs=2, workers=12, **queue),
        pool(target=6 * accounts, id_="quokkas", templates=None, balance="random", **queue),
    )
    named = {"name": "marsupials", "title": "Marsupials at night", "about": "nocturnal"}
    return scenario(*actors, fmt=fmt).model_copy(update=named)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sealed") / "run"
    run(sealed_scenario(), out)
    return out


@pytest.fixture(scope="module")
def seen(sealed: Path) -> Any:
    frame = log_with_truth(sealed)
    assert frame["actor_id"].value_counts().min() > 20_000
    return frame


@pytest.fixture(scope="module")
def accounts(sealed: Path) -> Any:
    """One row per account in the log, with what it sends and what is true of it."""
    known = Run(sealed).table("log/accounts", schema.ACCOUNTS).to_pandas()
    known["place"] = np.arange(len(known))
    log = read(sealed, "log/exchanges").drop_duplicates("account_id")
    truth = read(sealed, "truth/accounts")
    frame = known.drop(columns="org_id").merge(log, on="account_id")
    return frame.merge(truth, on="account_id")


def secret_words() -> list[str]:
    """Whatever names the scenario, its actors or what is true of them."""
    asked = sealed_scenario()
    words = [asked.name, asked.title, asked.about, *(a.id for a in asked.actors), *typologies()]
    for kind in typologies().values():
        words += [kind.purpose, kind.access_legitimacy, kind.coordination, kind.title]
    return sorted(set(words) - {"none"})


def log_files(run_: Path) -> list[Path]:
    return sorted(p for p in (run_ / "log").rglob("*") if p.is_file())


def test_no_column_of_the_truth_is_in_the_log(sealed: Path) -> None:
    seen_names = {n for path in log_files(sealed) for n in pq.read_schema(path).names}
    assert seen_names == {name for columns in TABLES.values() for name in columns}
    assert seen_names & set(TRUTH) == {"exchange_id", "account_id"}


def test_no_name_of_file_or_column_in_the_log_tells_anything(sealed: Path) -> None:
    secret = re.compile("|".join(re.escape(w) for w in [*secret_words(), "typology", "actor"]))
    for path in log_files(sealed):
        names = [*path.relative_to(sealed).parts, *pq.read_schema(path).names]
        assert [name for name in names if secret.search(name)] == []
        assert re.fullmatch(r"part-\d{5}|accounts|credentials|orgs", path.stem)


def test_no_metadata_of_the_log_tells_anything(sealed: Path) -> None:
    for path in log_files(sealed):
        metadata = pq.ParquetFile(path).metadata.metadata or {}
        assert set(metadata) <= {b"ARROW:schema"}
        assert pq.read_schema(path).metadata is None
        assert all(field.metadata is None for field in pq.read_schema(path))


def test_no_word_in_the_log_tells_anything(sealed: Path) -> None:
    """Dictionaries too, which can hold words that no row uses."""
    secret = set(secret_words())
    for path in log_files(sealed):
        for column in pq.read_table(path, partitioning=None).columns:
            if pa.types.is_dictionary(column.type):
                words = {w for chunk in column.chunks for w in chunk.dictionary.to_pylist()}
                assert not words & secret


def test_no_word_of_a_log_in_text_tells_anything(tmp_path: Path) -> None:
    run(sealed_scenario(50, "csv"), tmp_path / "run")
    for path in log_files(tmp_path / "run"):
        words = set(re.split(r"[^\w-]+", path.read_text()))
        assert len(words) > 100
        assert not words & set(secret_words())


def split(frame: Any, actor: str) -> tuple[Any, Any]:
    mine = frame["actor_id"] == actor
    return frame[mine], frame[~mine]


SENDERS = ("wombats", "numbats", "quokkas")
IDS = ("exchange_id", "prompt_simhash64")


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("name", IDS)
def test_identifiers_of_exchanges_do_not_rank_the_classes(
    seen: Any, sender: str, name: str
) -> None:
    mine, others = split(seen.drop_duplicates(name), sender)
    assert auc_error(len(mine), len(others)) < 0.02 / 3
    assert 0.48 < auc(mine[name], others[name]) < 0.52


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize(
    "name", ["account_id", "org_id", "api_key_id", "ip_hash", "signup_ip_hash", "place"]
)
def test_identifiers_of_accounts_do_not_rank_the_classes(
    accounts: Any, sender: str, name: str
) -> None:
    """`place` is the order of rows in the table of accounts."""
    mine, others = split(accounts, sender)
    assert auc_error(len(mine), len(others)) < 0.02 / 3
    assert 0.48 < auc(mine[name], others[name]) < 0.52


@pytest.mark.parametrize("name", ["accounts", "credentials", "orgs"])
def test_entities_are_in_order_of_their_opaque_identifier(everyone: Path, name: str) -> None:
    table = Run(everyone).table(f"log/{name}", TABLES[name]).to_pandas()
    assert table.iloc[:, 0].is_monotonic_increasing
    assert table.iloc[:, 0].is_unique


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("column", ["ts_start", "ts_end"])
@pytest.mark.parametrize("grid_us", [1_000_000, 1_000])
def test_fractions_of_a_second_do_not_rank_the_classes(
    seen: Any, sender: str, column: str, grid_us: int
) -> None:
    mine, others = (micros(part[column]) % grid_us for part in split(seen, sender))
    assert 0.48 < auc(mine, others) < 0.52
    for part in (mine, others):
        from scipy.stats import chisquare

        assert chisquare(np.bincount(part * 50 // grid_us, minlength=50)).pvalue > 1e-3


def test_times_of_registration_lie_on_no_grid(accounts: Any) -> None:
    for grid_us in (1_000_000, 1_000):
        fraction = micros(accounts["created_at"]) % grid_us
        for mine, others in (
            (fraction[mask], fraction[~mask])
            for mask in ((accounts["actor_id"] == s).to_numpy() for s in SENDERS)
        ):
            assert 0.48 < auc(mine, others) < 0.52


def test_the_order_of_rows_does_not_rank_the_classes(seen: Any) -> None:
    """Of the two classes that work all day; the benchmark is over when it is."""
    both = seen[seen["actor_id"] != "numbats"].reset_index(drop=True)
    mine, others = split(both, "quokkas")
    assert 0.48 < auc(mine.index, others.index) < 0.52


def hex_digit(ids: Any, place: int) -> NDArray[np.int64]:
    shift = np.uint64(4 * place)
    digits = (ids.to_numpy(np.uint64) >> shift) & np.uint64(15)
    return np.asarray(digits, np.int64)


@pytest.mark.parametrize("place", [0, 1, 8, 15])
@pytest.mark.parametrize("name", [*IDS, "account_id", "org_id", "api_key_id"])
def test_digits_of_identifiers_are_alike_in_all_classes(seen: Any, name: str, place: int) -> None:
    from scipy.stats import chi2_contingency

    once = seen.drop_duplicates(name)
    counts = [
        np.bincount(hex_digit(once.loc[once["actor_id"] == s, name], place), minlength=16)
        for s in SENDERS
    ]
    assert np.min(counts) > 0
    assert chi2_contingency(counts).pvalue > 1e-3


def test_identifiers_of_one_kind_are_equally_long(sealed: Path) -> None:
    for name, columns in TABLES.items():
        stem = f"log/{name}"
        ids = [n for n, kind in columns.items() if kind.startswith("id")]
        text = as_text(next(Run(sealed).tables(stem, columns, ids)).slice(0, 20_000))
        for id_ in ids:
            lengths = {len(word) for word in text.column(id_).to_pylist() if word is not None}
            assert len(lengths) == 1, id_


@pytest.mark.parametrize("name", ["user_agent", "ja4", "sdk_version", "runtime", "os"])
def test_lengths_of_words_do_not_rank_the_classes(accounts: Any, name: str) -> None:
    length = accounts[name].astype(str).str.len()
    for sender in SENDERS:
        mine = (accounts["actor_id"] == sender).to_numpy()
        assert 0.48 < auc(length[mine], length[~mine]) < 0.52


def z_of_shares(first: Any, second: Any) -> float:
    """Difference of two shares in standard errors."""
    pooled = np.mean(np.concatenate([first, second]))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(first) + 1 / len(second)))
    return float((np.mean(first) - np.mean(second)) / error)


@pytest.mark.parametrize("name", ["conversation_id", "temperature"])
def test_missing_values_are_as_frequent_in_all_classes(accounts: Any, name: str) -> None:
    missing = {s: accounts.loc[accounts["actor_id"] == s, name].isna() for s in SENDERS}
    assert 0 < missing["wombats"].mean() < 1
    for one, other in combinations(SENDERS, 2):
        assert abs(z_of_shares(missing[one], missing[other])) < 4


def test_a_value_is_missing_for_an_account_or_never(seen: Any) -> None:
    missing = seen["conversation_id"].isna().groupby(seen["account_id"]).mean()
    assert set(missing) == {0.0, 1.0}


def test_only_nullable_columns_hold_nulls(seen: Any) -> None:
    nullable = {name for name, kind in schema.EXCHANGES.items() if kind.endswith("?")}
    holding = {name for name in schema.EXCHANGES if seen[name].isna().any()}
    assert holding == nullable == {"conversation_id", "temperature"}


@pytest.mark.parametrize("name", schema.EXCHANGES)
def test_every_column_is_filled_by_every_class(joined: Any, name: str) -> None:
    filled = joined[name].notna().groupby(joined["actor_id"], observed=True).mean()
    assert (filled > 0).all()


def test_no_word_belongs_to_one_class_alone(accounts: Any) -> None:
    """Of those that come from the common pools; at most one in a hundred may be without support."""
    names = ["asn_type", "geo_country", "prompt_lang", "ja4", "user_agent", "os", "arch", "runtime"]
    for name in names:
        for sender in SENDERS:
            mine, others = split(accounts, sender)
            alone = ~mine[name].astype(str).isin(set(others[name].astype(str)))
            assert alone.mean() <= 0.01, name


def test_numbers_of_networks_are_shared(accounts: Any) -> None:
    for sender in SENDERS:
        mine, others = split(accounts, sender)
        assert (~mine["asn"].isin(set(others["asn"]))).mean() <= 0.01


# === 7. time order ==============================================================================


@pytest.mark.parametrize("name", ["everyone", "sealed", "once"])
def test_rows_are_in_order_of_time_and_of_random_identifier(request: Names, name: str) -> None:
    log = read(request.getfixturevalue(name), "log/exchanges")
    order = np.lexsort((log["exchange_id"], micros(log["ts_start"])))
    assert (order == np.arange(len(log))).all()


def test_rows_of_one_moment_are_in_order_of_identifier_not_of_actor() -> None:
    n, streams = 20_000, Streams(1)
    actor_of_account = np.repeat([0, 1, 2], 10)
    rows = {
        "ts": np.zeros(n, np.int64),
        "account": np.sort(np.random.default_rng(0).integers(0, 30, n)),
        "serial": np.arange(n) << 20,
    }
    keys = np.array([streams.key(actor, "exchange") for actor in "abc"], np.uint64)
    ordered = windows_module._ordered(rows, keys, actor_of_account)
    assert (np.diff(ordered["id"].astype(object)) > 0).all()
    for actor in range(3):
        places = np.flatnonzero(ordered["actor"] == actor)
        assert 0.48 < auc(places, np.setdiff1d(np.arange(n), places)) < 0.52
