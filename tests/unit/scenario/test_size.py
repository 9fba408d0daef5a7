"""Scaling: what is multiplied, how it is rounded, and what gets too large."""

from __future__ import annotations

from typing import Any

import pytest

from sim.documents.bounds import MOST_ACCOUNTS, MOST_RUNS, MOST_WORKERS
from sim.scenario.actor_forms import ACTOR_FORMS, AnyActorForm
from sim.scenario.size import accounts_of, scale_of, scaled, scaled_keys, too_large, too_many


def form(typology: str, **keys: Any) -> AnyActorForm:
    values = {"id": "a", "typology": typology, "accounts": 10, **keys}
    return ACTOR_FORMS[typology].model_validate(values, strict=True)


@pytest.mark.parametrize(
    ("number", "scale", "result"),
    [(10, 1, 10), (5, 0.5, 3), (5, 0.49, 2), (3, 0.01, 1), (7, 3, 21), (0, 1, 0), (0, 2, 1)],
)
def test_numbers_are_rounded_half_up_and_at_least_1(number: int, scale: float, result: int) -> None:
    assert scaled(number, scale) == result


def test_a_benchmark_has_fewer_items_or_more_runs() -> None:
    assert scaled_keys(form("L04"), 0.5) == ("items", "workers")
    assert scaled_keys(form("L04"), 1) == ("runs", "workers")
    assert scaled_keys(form("L04"), 2) == ("runs", "workers")
    others = ("accounts", "organisations", "target_exchanges", "workers")
    assert scaled_keys(form("L01"), 0.5) == scaled_keys(form("A16"), 2) == others


@pytest.mark.parametrize(
    ("data", "scale"),
    [
        ({"scale": 0.5}, 0.5),
        ({"scale": 10**6}, 1e6),
        ({"scale": 10**6 + 1}, 1),
        ({"scale": 0}, 1),
        ({"scale": True}, 1),
        ({"scale": "2"}, 1),
        ({}, 1),
        (None, 1),
    ],
)
def test_a_scale_that_is_none_counts_as_1(data: Any, scale: float) -> None:
    assert scale_of(data) == scale


def test_what_is_out_of_range_once_it_is_scaled() -> None:
    half = MOST_ACCOUNTS // 2
    assert list(too_large(form("L01", accounts=half), 2)) == []
    assert list(too_large(form("L01", accounts=half + 1), 2)) == [
        (
            "accounts",
            f"should be at most 2,000,000,000 after scale, found {half + 1:,} x 2",
        )
    ]
    keys = [key for key, _ in too_large(form("L04", runs=MOST_RUNS, workers=MOST_WORKERS), 2)]
    assert keys == ["runs", "workers"]


def test_values_of_the_typology_can_be_too_large_as_well() -> None:
    assert [key for key, _ in too_large(form("L04"), 1e6)] == ["runs", "workers"]


def test_accounts_count_with_all_their_copies() -> None:
    assert accounts_of(form("L01", copies=3), 2) == 60
    assert accounts_of(form("L04", copies=3), 2) == 30


def test_all_actors_together_can_be_too_many() -> None:
    half = MOST_ACCOUNTS // 2
    two = {0: form("L01", accounts=half), 1: form("L01", accounts=half)}
    assert list(too_many(two, 1)) == []
    assert list(too_many({**two, 2: form("L04", accounts=1)}, 1)) == [
        "should have at most 2,000,000,000 accounts in all, found 2,000,000,001"
    ]
