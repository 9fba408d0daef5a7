"""The log tells nothing that only the truth knows."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from sim.catalog import typologies
from sim.detectors.quality import auc_error
from sim.engine.run import run
from sim.scenario.resolved import Scenario
from sim.tables import schema
from sim.tables.formats import as_text
from sim.tables.reading import Run
from tests.support.scenarios import (
    FLAT,
    auc,
    coders,
    lab,
    log_with_truth,
    micros,
    pool,
    read,
    scenario,
    simple,
)

Names = pytest.FixtureRequest


TABLES = {
    stem.removeprefix("log/"): columns
    for stem, columns in schema.TABLES.items()
    if stem.startswith("log/")
}
TRUTH = {
    name: kind
    for stem, columns in schema.TABLES.items()
    if stem.startswith("truth/")
    for name, kind in columns.items()
}


# Nothing bunches or paces these exchanges, so that all that is left to find is how they were made:
# single exchanges, flat rhythm, one to an address, for the whole of the log.
PLAIN: dict[str, Any] = {
    "rhythm": FLAT,
    "waves_sigma": 0.0,
    "agentic_share": 0.0,
    "accounts_per_ip": 1.0,
    "end_user_id_share": 0.9,
    "account_volume_sigma": 0.0,
}
ACCOUNTS = 4_000


def sealed_scenario(accounts: int = ACCOUNTS, fmt: str = "parquet") -> Scenario:
    same: dict[str, Any] = {**PLAIN, "agents": {"coding-cli": 1.0}, "refusal_share": 0.03}
    queue: dict[str, Any] = {**same, "accounts": accounts, "organisations": None}
    script = {"agents": {"api-script": 1.0}}  # what such a benchmark is run with
    actors = (
        coders(accounts, "wombats", **{**simple(6), **same}),
        lab("mmlu-pro", 3 * accounts, "numbats", runs=2, workers=12, **{**queue, **script}),
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
        assert re.fullmatch(r"part-\d{5}", path.stem) or path.stem in TABLES


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
        # there is no enforcement
        assert len(words) > 100 or path.stem in ("enforcement_events", "model_catalog")
        assert not words & set(secret_words())


def split(frame: Any, actor: str) -> tuple[Any, Any]:
    mine = frame["actor_id"] == actor
    return frame[mine], frame[~mine]


SENDERS = ("wombats", "numbats", "quokkas")
# The hash of a prompt is no identifier: it says what the prompt is like.
IDS = ("exchange_id", "conversation_id", "end_user_hash")


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("name", IDS)
def test_identifiers_of_exchanges_do_not_rank_the_classes(
    seen: Any, sender: str, name: str
) -> None:
    mine, others = split(seen.dropna(subset=name).drop_duplicates(name), sender)
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
    mine, others = split(accounts.dropna(subset=name), sender)
    assert auc_error(len(mine), len(others)) < 0.02 / 3
    assert 0.48 < auc(mine[name], others[name]) < 0.52


@pytest.mark.parametrize("name", ["accounts", "credentials", "orgs"])
def test_entities_are_in_order_of_their_opaque_identifier(sealed: Path, name: str) -> None:
    table = Run(sealed).table(f"log/{name}", TABLES[name]).to_pandas()
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

    once = seen.dropna(subset=name).drop_duplicates(name)
    # the first digit is that of a number between 2^62 and 2^63
    low, high = (4, 8) if place == 15 else (0, 16)
    digits = [hex_digit(once.loc[once["actor_id"] == s, name], place) for s in SENDERS]
    counts = [np.bincount(d - low, minlength=high - low) for d in digits]
    assert {len(found) for found in counts} == {high - low}
    assert np.min(counts) > 0
    assert chi2_contingency(counts).pvalue > 1e-3


def test_identifiers_of_one_kind_are_equally_long(sealed: Path) -> None:
    for name, columns in TABLES.items():
        stem = f"log/{name}"
        ids = [n for n, kind in columns.items() if kind.startswith("id")]
        text = as_text(next(Run(sealed).tables(stem, columns, ids)).slice(0, 20_000))
        for id_ in ids:
            lengths = {len(word) for word in text.column(id_).to_pylist() if word is not None}
            assert len(lengths) == 1 or not len(text), id_


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


@pytest.mark.parametrize("name", ["conversation_id", "client_request_group", "temperature"])
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
    of_answers = {"ttft_s", "finish_reason", "refusal_category", "error_type"}
    of_clients = {"conversation_id", "client_request_group", "end_user_hash", "temperature"}
    network = {"ip_hash", "ip24_hash", "asn", "asn_type", "geo_country", "tcp_rtt_ms", "tls_rtt_ms"}
    assert holding == nullable == of_clients | network | of_answers


@pytest.mark.parametrize("name", schema.EXCHANGES)
def test_every_column_is_filled_by_every_class(seen: Any, name: str) -> None:
    filled = seen[name].notna().groupby(seen["actor_id"], observed=True).mean()
    assert (filled > 0).all()


@pytest.mark.parametrize("sender", SENDERS)
def test_failures_of_an_unloaded_provider_are_as_frequent_in_all_classes(
    seen: Any, sender: str
) -> None:
    """Retries fail like first attempts, so every attempt counts alike."""
    failed = (seen["http_status"] != 200).to_numpy()
    mine = (seen["actor_id"] == sender).to_numpy()
    assert abs(z_of_shares(failed[mine], failed[~mine])) < 4


def test_rows_are_in_order_of_time_and_of_random_identifier(sealed: Path) -> None:
    log = read(sealed, "log/exchanges")
    order = np.lexsort((log["exchange_id"], micros(log["ts_start"])))
    assert (order == np.arange(len(log))).all()


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
