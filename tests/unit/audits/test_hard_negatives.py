"""T13: a hard negative that a baseline never takes for extraction is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.audits import audit
from sim.audits.hard_negatives import share_of
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant


def test_few_accounts_tell_nothing_of_hard_negatives(tables: RunTables) -> None:
    (found,) = audit(tables, only=["T13"])
    assert found.status == "not_checked"
    assert found.where.startswith("fewer than 100 accounts, or none flagged of few owners: L01 (")


def test_a_hard_negative_that_is_never_flagged_is_found(
    tables: RunTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score is a temperature, which is 0 for the pipelines and anything for others."""
    anything = "(account_id % 1009 / 1009.0)::FLOAT"
    plant(tables, "log/exchanges", temperature=f"IF(kind = 'L07', 0, {anything})")

    def by_temperature(*given: Any) -> Any:
        return given[-1]["exchanges.temperature mean"].to_numpy()

    monkeypatch.setattr("sim.audits.hard_negatives.by_marginals", by_temperature)
    monkeypatch.setattr("sim.audits.hard_negatives.LEAST_EXPECTED", 0.5)
    monkeypatch.setattr("sim.audits.hard_negatives.LEAST_OWNERS", 3)
    (few,) = (f for f in audit(tables, only=["T13"]) if f.status == "not_checked")
    assert "L07 (" in few.where  # so few owners may be spared by chance
    monkeypatch.setattr("sim.audits.hard_negatives.CHANCE", 1.0)
    found = {f.title: f for f in audit(tables, only=["T13"])}
    failed = found["L07: false positives, times those of all"]
    assert (failed.status, failed.figure) == ("failed", 0.0)
    assert found["L01: false positives, times those of all"].status == "passed"


def test_the_error_of_a_share_is_by_owner() -> None:
    flagged = np.array([True] * 10 + [False] * 30)
    assert share_of(flagged, np.arange(40)) == pytest.approx((0.25, np.sqrt(0.25 * 0.75 / 40)))
    _, error = share_of(flagged, np.repeat(np.arange(4), 10))
    assert error == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
