"""T20: words that one class alone says, or never."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sim.audits import audit
from sim.audits.words import Users, likeness, one_sided
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant

CLASSES = "words that what extracts or does not never says or alone"
TYPOLOGIES = "words that one typology never says or alone"


def test_all_classes_of_a_clean_run_say_all_words(tables: RunTables) -> None:
    found = audit(tables, only=["T20"])
    assert found.ok, found.to_text()
    assert found.of("T20")[0].title == CLASSES


HALF = "(account_id % 2 = 0)"
# A column, what it becomes, and what is said of it.
OF_CLASSES = {
    "model_requested": (
        "IF(extracts, 'new', 'latest')",
        "what extracts alone: model_requested = new",
    ),
    "choice_count": (
        f"IF(NOT extracts AND {HALF}, 4, 1)::TINYINT",
        "what extracts never: choice_count = 4",
    ),
    "end_user_hash": (
        f"IF(NOT extracts AND {HALF}, account_id, 0)",
        "what extracts never: end_user_hash given",
    ),
    "stream": (f"(NOT extracts AND {HALF})", "what extracts never: stream = true"),
}
OF_TYPOLOGIES = {
    "server_tool_requests": (
        "IF(kind = 'L01', 0, 1)::SMALLINT",
        "L01 never: server_tool_requests > 0",
    ),
    "os": ("IF(kind = 'L09', 'inferno', 'linux')", "L09 never: os = linux"),
}


def test_words_of_one_side_are_found(tables: RunTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.audits.words._SHOWN", 100)
    plants = OF_CLASSES | OF_TYPOLOGIES
    plant(tables, "log/exchanges", **{name: value for name, (value, _) in plants.items()})
    failed = {f.title: f.where.split("; ") for f in audit(tables, only=["T20"]).failed}
    assert {said for _, said in OF_CLASSES.values()} <= set(failed[CLASSES])
    assert {said for _, said in OF_TYPOLOGIES.values()} <= set(failed[TYPOLOGIES])


def test_what_a_provider_does_may_spare_a_typology_but_not_a_class(tables: RunTables) -> None:
    spared = f"IF(kind = 'L09' OR {HALF}, 'active', 'banned')"
    plant(tables, "log/accounts", status_at_export=spared)
    assert audit(tables, only=["T20"]).ok
    plant(tables, "log/accounts", status_at_export="IF(extracts, 'banned', 'active')")
    (failed,) = audit(tables, only=["T20"]).failed
    assert failed.where.startswith("what extracts never: status_at_export = active")


def test_one_class_alone_cannot_be_compared(tables: RunTables) -> None:
    tables.plant("truth/accounts", "SELECT * REPLACE ('L01' AS typology_id) FROM truth_accounts")
    (found,) = audit(tables, only=["T20"])
    assert found.status == "not_checked"
    assert found.where.startswith("too few to tell: 0 owners extract")


def users(says: Sequence[float], accounts: Sequence[float], kind: Sequence[str]) -> Users:
    return Users(["word"], np.array(says)[:, None], np.array(accounts), np.array(kind))


def test_owners_that_all_do_alike_count_as_one() -> None:
    """A word that half of the owners say in all of their accounts, and one that half of each."""
    whole = users([10, 0, 10, 0], [10, 10, 10, 10], ["L01"] * 4)
    mixed = users([5, 5, 5, 5], [10, 10, 10, 10], ["L01"] * 4)
    assert likeness(whole).tolist() == [1.0]
    assert likeness(mixed).tolist() == [0.0]


def test_few_owners_may_miss_a_word_by_chance() -> None:
    """Three campaigns of 40 accounts that each choose once; then accounts that choose alone."""
    mine = np.array([True] * 3 + [False] * 20)
    kind = ["A16"] * 3 + ["L09"] * 20
    as_one = users([0] * 3 + [40, 0] * 10, [40] * 23, kind)
    alone = users([0] * 3 + [20, 20] * 10, [40] * 23, kind)
    assert one_sided(as_one, "A16", mine) == []
    assert one_sided(alone, "A16", mine) == ["A16 never: word"]
