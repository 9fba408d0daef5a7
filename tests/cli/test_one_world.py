"""Runs of one world: what they have in common, what they never have, and how they add up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.commands import refused, sim
from tests.support.scenarios import read

WEEK = """\
version: 1
name: week
clock: {start: 2026-02-02, duration: 1 d}
actors:
  - id: coders
    typology: L01
    accounts: 150
    popular_address_share: 0.9
    exchanges_per_account_day: 12
  - id: sharers
    typology: G12
    accounts: 150
    organisations: 150
    pooled_card_share: 0.5
    exchanges_per_account_day: 3
"""
PLANET = (
    "toolset_hash",
    "ja4",
    "system_prompt_hash",
    "prompt_cluster",
    "ip_hash",
    "ip24_hash",
)
RUN = (
    "exchange_id",
    "account_id",
    "org_id",
    "api_key_id",
    "conversation_id",
    "end_user_hash",
)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two weeks of one world, and one of another."""
    place = tmp_path_factory.mktemp("weeks")
    (place / "week.yaml").write_text(WEEK, encoding="utf-8")
    asked = {
        "first": ("--seed", "1"),
        "second": ("--seed", "2", "--set", "clock.start=2026-02-09"),
        "elsewhere": ("--seed", "3", "--set", "world.seed=7"),
    }
    for name, options in asked.items():
        result = sim("run", str(place / "week.yaml"), "-o", str(place / name), *options)
        assert (result.exit_code, result.stderr) == (0, "")
    return {name: place / name for name in asked}


@pytest.fixture(scope="module")
def logs(weeks: dict[str, Path]) -> dict[str, Any]:
    return {name: read(run, "log/exchanges") for name, run in weeks.items()}


def values(frame: Any, column: str) -> set[Any]:
    return set(frame[column].dropna().tolist())


@pytest.mark.parametrize("column", PLANET)
def test_what_belongs_to_the_planet_is_the_same_in_both_weeks(
    logs: dict[str, Any], column: str
) -> None:
    first, second, elsewhere = (values(log, column) for log in logs.values())
    assert len(first & second) >= min(3, len(first), len(second))
    assert not second & elsewhere


@pytest.mark.parametrize("column", RUN)
def test_accounts_and_what_they_do_belong_to_the_run(logs: dict[str, Any], column: str) -> None:
    first, second, elsewhere = (values(log, column) for log in logs.values())
    assert first
    assert not first & second
    assert not (first | second) & elsewhere


def test_cards_of_the_pool_are_the_same_and_others_are_not(weeks: dict[str, Path]) -> None:
    cards = [read(run, "log/payment_instruments") for run in weeks.values()]
    first, second, elsewhere = (values(table, "instrument_hash") for table in cards)
    assert 10 <= len(first & second) < 0.5 * len(first)
    assert not first & elsewhere
    both = cards[0].merge(cards[1], on="instrument_hash")
    assert (both["type_x"] == both["type_y"]).all()


def test_two_weeks_laid_side_by_side_are_one_log(
    weeks: dict[str, Path], logs: dict[str, Any]
) -> None:
    both = pd.concat([logs["first"], logs["second"]])
    assert both["ts_start"].is_monotonic_increasing
    assert both["exchange_id"].is_unique
    for table, key in (
        ("accounts", "account_id"),
        ("orgs", "org_id"),
        ("credentials", "api_key_id"),
    ):
        rows = pd.concat([read(weeks[name], f"log/{table}") for name in ("first", "second")])
        assert rows[key].is_unique
        assert values(both, key) <= values(rows, key)


def test_the_world_stands_in_show_and_manifest(weeks: dict[str, Path]) -> None:
    shown = json.loads(sim("show", "typology_l01", "--json").stdout)
    assert shown["world"]["seed"] == 1
    for name, seed in (("first", 1), ("elsewhere", 7)):
        manifest = json.loads((weeks[name] / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["scenario"]["world"]["seed"] == seed


@pytest.mark.parametrize("value", ["-1", "1.5", "earth", "18446744073709551616"])
def test_a_world_has_a_whole_number(value: str) -> None:
    said = refused(sim("check", "typology_l01", "--set", f"world.seed={value}"))
    assert said.startswith(f"--set world.seed={value}: world.seed: should be ")
    assert sim("check", "typology_l01", "--set", "world.seed=18446744073709551615").exit_code == 0
