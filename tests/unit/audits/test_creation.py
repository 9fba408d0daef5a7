"""T19: sign-ups inside the log, and times that only a generator makes."""

from __future__ import annotations

import numpy as np
import pytest

from sim.audits import audit
from sim.audits.creation import atom_share, bursts, equal_share, lift
from sim.tables.database import RunTables
from tests.unit.audits.plants import plant

_HOUR = 3_600_000_000
RATIO = "born inside the log: how much more of them extract, ratio"


def test_times_of_a_clean_run_are_nobodys_grid(tables: RunTables) -> None:
    found = audit(tables, only=["T19"])
    assert found.ok, found.to_text()
    late = found.of("T19")[0]
    assert late.status == "not_checked"
    assert late.where.startswith("too few to tell: ")
    assert late.where.endswith(" accounts, 0.5 days")


PLANTS = {
    "equal times, share": (
        "log/accounts",
        "TIMESTAMPTZ '2025-12-24 10:11:12.345678' + (k // 3) * INTERVAL 1 DAY",
    ),
    "times on a grid or at one point, share": (
        "log/credentials",
        "date_trunc('day', created_at)",
    ),
    "seconds with more times than chance": (
        "log/accounts",
        "date_trunc('hour', created_at) + (account_id % 1000000) * INTERVAL 1 MICROSECOND",
    ),
}


@pytest.mark.parametrize("title", PLANTS)
def test_times_of_a_generator_are_found(tables: RunTables, title: str) -> None:
    stem, value = PLANTS[title]
    plant(tables, stem, created_at=value)
    failed = {f.title: f for f in audit(tables, only=["T19"]).failed}
    assert failed[title].where == f"{stem}.created_at"


def test_sign_ups_inside_the_log_of_those_that_extract_are_found(tables: RunTables) -> None:
    """Of few that extract; where most do, it cannot be three times as many."""
    rare = "typology_id IN ('A16', 'A17', 'A18', 'A19', 'A20')"
    tables.plant(
        "log/accounts",
        f"SELECT a.* FROM log_accounts a JOIN truth_accounts USING (account_id) WHERE NOT {rare}",
    )
    late = "IF(extracts, to_timestamp({} / 1e6) + k * INTERVAL 11 MINUTE, created_at)"
    plant(tables, "log/accounts", created_at=late.format(tables.opens_us))
    (failed,) = (f for f in audit(tables, only=["T19"]).failed if f.title == RATIO)
    assert failed.figure is not None
    assert failed.figure > 3


def test_nobody_that_does_not_extract_signs_up_inside_the_log(tables: RunTables) -> None:
    tables.opens_us -= 28 * 24 * _HOUR
    opens = f"to_timestamp({tables.opens_us} / 1e6)"
    plant(
        tables,
        "log/accounts",
        created_at=f"least(created_at, {opens} - (k + 1) * INTERVAL 1 MINUTE)",
    )
    failed = audit(tables, only=["T19"]).failed[0]
    assert failed.title == "born inside the log: of those that do not extract, share"
    assert failed.figure == 0.0


def test_chance_alone_is_no_grid_and_no_burst() -> None:
    us = np.sort(np.random.default_rng(1).integers(0, 30 * 24 * _HOUR, 20_000))
    assert atom_share(us) == 0
    assert bursts(us) == 0
    assert equal_share(us) < 1e-3
    assert atom_share(us // 1000 * 1000) == 1.0


def test_lift_is_how_much_more_of_some_are_bad() -> None:
    late = np.array([True, True, False, False, False, False])
    bad = np.array([True, False, True, False, False, False])
    ratio, error = lift(late, bad, np.arange(6))
    assert ratio == pytest.approx(0.5 / (2 / 6))
    assert error > 0
