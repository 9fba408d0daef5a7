"""T12 and T17: twins that one feature tells apart are found, and others are not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.audits import audit
from sim.audits.best_feature import best_feature
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant


def test_twins_of_a_clean_run_are_not_told_apart(tables: RunTables) -> None:
    found = audit(tables, only=["T12", "T17"])
    assert found.ok, found.to_text()
    asked = {f.title for f in found if f.status == "passed"}
    assert asked == {"A15 and L07, AUC", "A15 and L10, AUC"}
    few = found.of("T12")[-1]
    assert few.status == "not_checked"
    assert "A17 and G13 (2 and 2 owners)" in few.where


def test_a_feature_that_tells_twins_apart_is_found(tables: RunTables) -> None:
    plant(tables, "log/exchanges", temperature="IF(kind = 'A15', 0.3, 0.6)::FLOAT")
    failed = audit(tables, only=["T12"]).failed
    assert [f.title for f in failed] == ["A15 and L07, AUC", "A15 and L10, AUC"]
    assert {f.figure for f in failed} == {1.0}
    assert all("exchanges.temperature" in f.where for f in failed)


def test_an_organisation_of_constant_size_is_found(tables: RunTables) -> None:
    """What A15 has is neither small nor large among those of L07, and yet always the same."""
    of_twin = "1000 + IF(k < 10, k, 100 + k // 5)"
    size = f"CASE kind WHEN 'A15' THEN 1 + k // 2 WHEN 'L07' THEN {of_twin} END"
    plant(tables, "log/accounts", org_id=f"coalesce(({size})::BIGINT, org_id)")
    found = audit(tables, only=["T17"])
    assert any(f.title == "A15 and L07, AUC" and "org" in f.where for f in found.failed)


def test_sign_ups_of_one_day_are_found(tables: RunTables) -> None:
    plant(
        tables,
        "log/accounts",
        created_at="IF(kind = 'A15', TIMESTAMPTZ '2025-10-01' + k * INTERVAL 1 HOUR, created_at)",
    )
    assert {"A15 and L07, AUC", "A15 and L10, AUC"} == {
        f.title for f in audit(tables, only=["T17"]).failed
    }


def test_the_best_of_many_features_by_chance_tells_nothing() -> None:
    rng = np.random.default_rng(5)
    owner = np.repeat(np.arange(40), 5)
    features = pd.DataFrame(rng.normal(size=(200, 300)) + rng.normal(size=(40, 300))[owner])
    found = best_feature(features, owner < 20, owner, np.random.default_rng(1))
    assert abs(found.auc - 0.5) < 3 * found.error
    assert found.error > 0.05


def test_what_is_constant_is_told_by_its_distance_from_the_middle() -> None:
    rng = np.random.default_rng(5)
    sought = np.arange(200) < 50
    features = pd.DataFrame({"size": np.where(sought, 0.0, rng.normal(size=200))})
    found = best_feature(features, sought, np.arange(200), np.random.default_rng(1))
    assert found.auc > 0.95
    assert found.name == "size from its middle"
