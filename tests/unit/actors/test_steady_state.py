"""Memory, and the first day of a log against those after it."""

from __future__ import annotations

import tracemalloc
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from sim.engine.run import run
from sim.scenario.resolved import Rhythm, Scenario, Turns
from tests.support.scenarios import (
    DAY_US,
    FLAT,
    HOUR_US,
    calm,
    coders,
    constant,
    lab,
    pool,
    scenario,
    simple,
    simulated,
)

# --- memory -------------------------------------------------------------------------------------


def steady(days: float) -> Scenario:
    """Two kinds of work, in sessions of eight hours and in tasks of minutes."""
    turns = Turns(single_share=0, more=constant(8))
    dials = {**simple(48), "turns_per_session": turns, "human_gap_s": constant(3_600)}
    work = pool(30, round(2_000 * days), agentic_share=0.2, tool_steps=constant(8))
    return scenario(coders(100, **dials), work, days=days)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few hundred rows, so that none of them holds a long log."""
    for name, rows in {
        "engine.run_context.WINDOW_ROWS": 4_000,
        "engine.spill._CHUNK_ROWS": 2_000,
        "actors.arrivals.rates.SHARD_EXCHANGES": 4_000,
        "actors.queue.teams.SHARD_EXCHANGES": 4_000,
        "actors.sessions.session_pieces._BLOCK_ROWS": 400,
        "actors.queue.queue_workload._SLICE_ROWS": 400,
        "tables.formats.GROUP_ROWS": 4_000,
    }.items():
        monkeypatch.setattr(f"sim.{name}", rows)


def peak_bytes(asked: Scenario) -> int:
    with TemporaryDirectory() as folder:
        tracemalloc.start()
        try:
            run(asked, folder)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.verify
def test_memory_does_not_grow_with_the_length_of_the_log() -> None:
    peak_bytes(steady(0.5))
    assert peak_bytes(steady(8)) < 1.25 * peak_bytes(steady(2))


# --- steady state -------------------------------------------------------------------------------


def daily_counts(asked: Scenario, accounts: int, days: int) -> Any:
    rows, _ = simulated(asked)
    cell = rows["account"] * days + rows["ts"] // DAY_US
    return np.bincount(cell, minlength=accounts * days).reshape(accounts, days)


def test_the_first_day_of_a_log_is_like_those_after_it() -> None:
    """Sessions last a day, so that without a lead the first day would have half the exchanges.

    Accounts are independent: the difference is held against its standard error over accounts.
    """
    dials = {
        **simple(24),
        "turns_per_session": Turns(single_share=0.0, more=constant(24)),
        "human_gap_s": constant(3_600),
    }
    counts = daily_counts(scenario(coders(900, **dials), days=4, world=calm()), 900, 4)
    difference = counts[:, 0] - counts[:, 1:].mean(axis=1)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(900)
    assert difference.std() / np.sqrt(900) < 0.05 * counts.mean()


def test_the_first_hours_are_like_the_same_hours_of_later_days() -> None:
    dials = {
        **simple(40),
        "rhythm": Rhythm(peak_hour=15.0, strength=0.7, weekend=1.0),
        "human_gap_s": constant(600),
        "turns_per_session": Turns(single_share=0.0, more=constant(12)),
    }
    rows, _ = simulated(scenario(coders(600, **dials), days=4))
    morning = rows[rows["ts"] % DAY_US < 4 * HOUR_US]
    cell = morning["account"] * 4 + morning["ts"] // DAY_US
    counts = np.bincount(cell, minlength=2_400).reshape(600, 4)
    difference = counts[:, 0] - counts[:, 1:].mean(axis=1)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(600)
    assert difference.std() / np.sqrt(600) < 0.1 * counts.mean()


def test_sessions_are_in_progress_when_the_log_opens() -> None:
    rows, tasks = simulated(scenario(coders(300, rhythm=FLAT), days=0.25))
    assert (tasks["start"] < 0).sum() >= 3
    opened = rows.sort_values("ts").drop_duplicates("session")
    assert (opened["n_messages"] > 1).sum() >= 10


def test_queues_are_at_work_in_the_first_minutes() -> None:
    rows, _ = simulated(scenario(coders(200), lab(), pool(target=20_000), days=1))
    early = set(rows.loc[rows["ts"] < HOUR_US / 6, "actor"])
    assert early == {0, 1, 2}
