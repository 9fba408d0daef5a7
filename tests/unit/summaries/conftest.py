"""A run in which much happens, in several parts, and its log with truth as a data frame."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sim.engine.run import run
from sim.scenario.enforcement_policy import Operator
from tests.support.enforcement import BANS, noisy
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    MONDAY,
    coders,
    event,
    lab,
    log_with_truth,
    ordinary,
    pool,
    scenario,
)

NEW, NEWER = "claude-opus-4.5", "claude-sonnet-4.5"
OPENED = MONDAY + timedelta(minutes=20)
RELEASED_US = 30 * HOUR_US + 17 * 60_000_000


@pytest.fixture(scope="session")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases, an incident, bans with replacements; the log opens within an hour."""
    world = ordinary(
        event("release", RELEASED_US, model=NEW),
        event("release", 70 * HOUR_US, model=NEWER),
        event("incident", 5 * HOUR_US, 7 * HOUR_US, overload=0.3),
        event("incident", 3 * DAY_US, 9 * DAY_US, overload=0.3),
        enforcement=noisy(BANS, 0.1),
    )
    actors = (coders(20), coders(5, "more-coders"), lab(), pool(20, 1_500, operator=Operator()))
    out = tmp_path_factory.mktemp("eventful") / "run"
    run(scenario(*actors, days=3.05, world=world, start=OPENED, part_rows=1_500), out)
    return out


@pytest.fixture(scope="session")
def log(eventful: Path) -> Any:
    """Its log with truth, and what summaries are made of, a column each."""
    frame = log_with_truth(eventful)
    frame["ok"] = (frame["http_status"] == 200).astype(int)
    frame["tokens"] = frame["input_tokens_total"] + frame["output_tokens"]
    frame["actor"] = frame["actor_id"].astype(str)
    frame["typology"] = frame["typology_id"].astype(str)
    return frame
