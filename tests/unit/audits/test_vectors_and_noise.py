"""T21 and T22: numbers of vectors that tell a class, and noise that another column gives away."""

from __future__ import annotations

import numpy as np

from sim.audits import audit
from sim.audits.noise import strengths, unmixed
from sim.audits.vectors import looks
from sim.streams import mixed
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant


def test_vectors_and_noise_of_a_clean_run_tell_nothing(tables: RunTables) -> None:
    found = audit(tables, only=["T21", "T22"])
    assert found.ok, found.to_text()
    assert len(found.of("T21")) == 5
    assert len(found.of("T22")) == 3
    assert {f.status for f in found} == {"passed"}


# What becomes of the vectors of a typology, and which looks tell it.
VECTORS = {
    "L05": ("[round(x * 32) / 32 FOR x IN prompt_emb]", ("last bits", "exact zeros")),
    "L06": ("first(prompt_emb) OVER (PARTITION BY kind)", ("same for another prompt",)),
    "L11": (
        "[x * (1 + prompt_simhash64 % 2 * 0.3) FOR x IN prompt_emb]",
        ("length", "spread of lengths"),
    ),
}


def test_vectors_that_are_made_otherwise_are_found(tables: RunTables) -> None:
    cases = " ".join(f"WHEN '{kind}' THEN {value}" for kind, (value, _) in VECTORS.items())
    plant(tables, "log/exchanges", prompt_emb=f"CASE kind {cases} ELSE prompt_emb END")
    assert {f.title: f.where for f in audit(tables, only=["T21"]).failed} == {
        f"vectors: {look}, AUC beyond .5": kind
        for kind, (_, told) in VECTORS.items()
        for look in told
    }


def test_looks_at_a_vector() -> None:
    vectors = np.array([[0.5, 0.0], [0.1, 0.3], [0.1, 0.3]], np.float16)
    found = looks(vectors, np.array([1, 2, 3]))
    assert found["exact zeros"].tolist() == [0.5, 0.0, 0.0]
    assert found["same for another prompt"].tolist() == [0.0, 1.0, 1.0]
    assert found["last bits"][0] == 10.0


def test_noise_that_is_given_away_is_found(tables: RunTables) -> None:
    """One leg is a multiple of the other, and an address of sign-up is made of the account."""
    rows = tables.rows("SELECT account_id FROM log_accounts")
    rows["made"] = mixed(rows["account_id"].to_numpy(np.uint64), 0).view(np.int64)
    tables.connection.register("made", rows)
    tables.plant(
        "log/accounts",
        "SELECT a.* REPLACE (made AS signup_ip_hash)"
        " FROM log_accounts a JOIN made USING (account_id)",
    )
    tables.plant(
        "log/exchanges",
        "SELECT * REPLACE ((tcp_rtt_ms * 2.5)::FLOAT AS tls_rtt_ms) FROM log_exchanges",
    )
    assert {f.title: f.where for f in audit(tables, only=["T22"]).failed} == {
        "noise of one leg of a round trip against the other, correlation": "tcp_rtt_ms and"
        " tls_rtt_ms",
        "identifiers that follow from others": "log/exchanges.account_id",
    }


def test_what_was_drawn_from_an_identifier_is_found(tables: RunTables) -> None:
    """The number of an answer's tokens is drawn from the identifier of the exchange, hashed."""
    rows = tables.rows("SELECT exchange_id FROM log_exchanges")
    drawn = mixed(rows["exchange_id"].to_numpy(np.uint64), 1) >> np.uint64(50)
    rows["drawn"] = drawn.astype(np.int64)
    tables.connection.register("drawn", rows)
    tables.plant(
        "log/exchanges",
        "SELECT e.* REPLACE (drawn::INT AS output_tokens) FROM log_exchanges e"
        " JOIN drawn USING (exchange_id)",
    )
    (failed,) = audit(tables, only=["T22"]).failed
    assert failed.where == "log/exchanges.exchange_id as key, 1: output_tokens"


def test_identifiers_in_the_order_of_time_are_found(tables: RunTables) -> None:
    plant(tables, "log/accounts", account_id="epoch_us(created_at)")
    (failed,) = audit(tables, only=["T22"]).failed
    assert failed.where == "log/accounts.account_id itself: created_at"


def test_numbers_are_unmixed() -> None:
    numbers = np.arange(5, dtype=np.uint64)
    assert (np.diff(unmixed(mixed(numbers, 3))) != 0).all()


def test_chance_is_weak() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(300, 2_000)).astype(np.float32)
    found = strengths(values, rng.integers(2**62, size=(2_000, 5)))
    assert 3 < found.max() < 5
    one = np.zeros((1, 2_000), np.float32)
    one[0, 7] = 1.0
    assert strengths(one, rng.integers(2**62, size=(2_000, 5))).max() == 0
