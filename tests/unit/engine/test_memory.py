"""How much memory a scenario takes, and who is refused for it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine import memory
from sim.engine.shards import shards
from sim.errors import InvalidInputError
from sim.population.population import build_population
from tests.support.scenarios import at_separability, coders, pool, scenario, simple

PLENTY = 10**15


@pytest.fixture
def available(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the memory that this machine has free."""
    return lambda number: monkeypatch.setattr(memory, "available_bytes", lambda: number)


def test_accounts_count_one_by_one() -> None:
    one, two = (memory.accounts_bytes(scenario(coders(n))) for n in (1_000, 3_000))
    assert two - one == 2_000 * memory.ACCOUNT
    assert one == memory.PROCESS + 1_000 * memory.ACCOUNT
    mixed = at_separability(scenario(coders(1_000)), 0.5)
    assert memory.accounts_bytes(mixed) == one + 1_000 * memory.OF_MODES


def test_each_day_adds_its_sessions_turns_and_exchanges() -> None:
    """Single exchanges at a known rate: each is a session and a turn of its own."""
    needed = []
    for days in (3, 6):
        population = build_population(scenario(coders(50, **simple(40.0)), days=days))
        [shard] = shards(population)
        needed.append(memory.shard_bytes(population, shard))
    each = memory.SESSION + memory.TURN + memory.EXCHANGE
    assert needed[1] - needed[0] == pytest.approx(3 * 50 * 40 * each, rel=0.01)
    # the same again for those begun before the log, of which only the last day is filled
    assert needed[0] > (3 + 1) * 50 * 40 * memory.EXCHANGE


def test_many_people_cost_more_while_their_sessions_are_drawn() -> None:
    asked = scenario(coders(50, **simple(1.0)), days=1)
    population = build_population(asked)
    crowd = np.full(50, 1_000_000)
    [context] = population.contexts
    accounts = replace(context.accounts, end_users=crowd)
    crowded = replace(population, contexts=(replace(context, accounts=accounts),))
    [shard] = shards(population)
    found = memory.shard_bytes(crowded, shard)
    assert found == pytest.approx(memory.PERSON * 50_000_000, rel=1e-3)
    assert memory._what(crowded, shard) == "50,000,000 end users"
    assert memory._what(population, shard) == "50 accounts at this rate"


def test_the_largest_shard_counts(available: Any) -> None:
    asked = scenario(coders(10, **simple(1.0)), coders(40, "many", **simple(200.0)), days=3)
    population = build_population(asked)
    cut = shards(population)
    needed = memory.needed_bytes(population, cut)
    largest = max(memory.shard_bytes(population, shard) for shard in cut)
    places = memory.PLACE * sum(shard.expected for shard in cut)
    assert needed == memory.accounts_bytes(asked) + math.ceil(places) + largest
    available(needed)
    memory.check_shards(population, cut)
    available(needed - 1)
    with pytest.raises(InvalidInputError, match=r"actors\.many: simulating 40 accounts"):
        memory.check_shards(population, cut)


def test_processes_share_the_memory(available: Any) -> None:
    asked = scenario(coders(2_000))
    needed = memory.accounts_bytes(asked)
    available(2 * needed)
    memory.check_accounts(asked, 2)
    with pytest.raises(InvalidInputError, match=r"in each of 3 processes.*fewer workers \(-j 1\)"):
        memory.check_accounts(asked, 3)
    available(needed - 1)
    with pytest.raises(InvalidInputError, match=r"2,000 accounts in all need") as caught:
        memory.check_accounts(asked, 1)
    assert "-j 1" not in str(caught.value)
    available(None)
    memory.check_accounts(asked, 1_000)


def test_a_shard_has_no_more_tasks_than_numbers(available: Any) -> None:
    available(PLENTY)
    population = build_population(scenario(pool(3, 100)))
    shard = replace(shards(population)[0], expected=1e15)
    with pytest.raises(InvalidInputError, match="share an organisation, at most"):
        memory.check_shards(population, [shard])


def test_a_queue_whose_workers_are_few_is_not_counted() -> None:
    population = build_population(scenario(pool(3, 100)))
    [shard] = shards(population)
    assert memory.shard_bytes(population, shard) == 0
    told = build_population(scenario(pool(3, 100, workers=77)))
    [shard] = shards(told)
    assert memory.shard_bytes(told, shard) == 77 * memory.WORKER
    assert memory._what(told, shard) == "so many workers"


@pytest.mark.parametrize(
    ("number", "text"),
    [(150_000_000, "0.15 GB"), (4_210_000_000, "4.2 GB"), (123_456_000_000, "123 GB")],
)
def test_bytes_are_said_in_gigabytes(number: int, text: str) -> None:
    assert memory._gb(number) == text


def test_a_control_group_leaves_its_limit_less_what_is_used(tmp_path: Path) -> None:
    (tmp_path / "max").write_text("1000\n")
    (tmp_path / "current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 30\ntotal_inactive_file 9\n")
    group = str(tmp_path / "max"), str(tmp_path / "current")
    assert memory._of_group(*group) == 1000 - 700 + 39
    (tmp_path / "current").write_text("1030\n")
    assert memory._of_group(*group) == 9
    (tmp_path / "current").write_text("2000\n")
    assert memory._of_group(*group) == 0
    (tmp_path / "max").write_text("max\n")
    assert memory._of_group(*group) is None
