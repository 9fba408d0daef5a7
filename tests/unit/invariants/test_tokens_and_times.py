"""Rules on one exchange (INV-3, INV-4), each at the edge of what it allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.invariants.timestamps import Times
from sim.invariants.tokens import Tokens
from sim.tables.words import END_TURN, MAX_TOKENS, PAUSE_TURN, REFUSAL
from tests.support.checks import (
    MODEL,
    MODEL_NUMBER,
    MODELS,
    OPENS_US,
    exchanges,
    failed,
    first_wrong,
    index_of,
)
from tests.support.scenarios import coders, event, ordinary, scenario

ONE = scenario(coders(2), days=1)
CLOSES_US = OPENS_US + ONE.clock.duration_us
TIMEOUT_US = ONE.world.timeout_us
WINDOW = int(MODELS.window_tokens[MODEL_NUMBER])
USER, TOOL = 1, 0


def tokens(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Tokens(index_of(index.pop("asked", ONE), **index)), rows)


def test_answers_failures_and_prewarming_calls_are_fine() -> None:
    assert tokens(exchanges(3)) is None
    for error, status in enumerate((403, 429, 529, 500, 499)):
        assert tokens(failed(status=status, error=error)) is None
    prewarm = {"output": 0, "finish": MAX_TOKENS, "role": USER, "max_tokens": 0}
    assert tokens(exchanges(**prewarm)) is None
    assert tokens(exchanges(**{**prewarm, "max_tokens": 9}), full=False) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"uncached": -1}, "-1 in a column of counts"),
        ({"read": -1}, "-1 in a column of counts"),
        ({"write_5m": -1}, "-1 in a column of counts"),
        ({"write_1h": -1}, "-1 in a column of counts"),
        ({"tools": -1}, "-1 in a column of counts"),
        ({"reasoning": -1}, "-1 in a column of counts"),
        ({"server": -1}, "-1 in a column of counts"),
        ({"choices": 0}, "choice_count 0"),
        ({"total": 1_999}, "input_tokens_total 1999"),
        ({"uncached": WINDOW + 1}, f"input_tokens_total {WINDOW + 1}"),
        ({"error": 0}, "error_type permission_error of status 200"),
        ({"status": 418}, "error_type none of status 418"),
        ({"finish": -1}, "status 200 with 2000 tokens of input, 20 of output, finish_reason none"),
        (
            {"output": 0},
            "status 200 with 2000 tokens of input, 0 of output, finish_reason end_turn",
        ),
        (
            {"uncached": 0},
            "status 200 with 0 tokens of input, 20 of output, finish_reason end_turn",
        ),
        ({"cost": np.float32(9)}, "cost_usd 9.0"),
        ({"output": 4_001}, "output_tokens 4001"),
        ({"finish": MAX_TOKENS}, "output_tokens 20"),
        ({"reasoning": 1}, "reasoning_tokens 1"),
        ({"reasoning": 21, "thinks": True}, "reasoning_tokens 21"),
        ({"server": 11}, "server_tool_requests 11, finish_reason end_turn"),
        ({"finish": PAUSE_TURN}, "server_tool_requests 0, finish_reason pause_turn"),
        ({"category": 1}, "refusal_category bio, finish_reason end_turn"),
        ({"finish": REFUSAL}, "refusal_category none, finish_reason refusal"),
        ({"tier": -1}, "service_tier none of status 200"),
    ],
)
def test_a_row_that_breaks_a_rule_is_found(given: dict[str, Any], found: str) -> None:
    names = {name: [exchanges()[name][0], value] for name, value in given.items()}
    assert tokens(exchanges(2, **names)) == (1, found)


@pytest.mark.parametrize(
    "given",
    [
        {"uncached": WINDOW},
        {"output": 4_000, "finish": MAX_TOKENS},
        {"output": 8_000, "choices": 2},
        {"reasoning": 20, "thinks": True},
        {"server": 10},
        {"server": 1, "finish": PAUSE_TURN},
        {"category": 0, "finish": REFUSAL},
        {"tier": 1, "batch": True},
        {"read": 100, "write_1h": 200, "write_5m": 0},
    ],
)
def test_a_row_at_the_edge_of_a_rule_is_fine(given: dict[str, Any]) -> None:
    assert tokens(exchanges(**given)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"uncached": 1},
        {"output": 1},
        {"tools": 1},
        {"finish": END_TURN},
        {"ttft": np.float32(0.1)},
        {"reasoning": 1},
        {"server": 1},
    ],
)
def test_a_failure_has_nothing_of_an_answer(given: dict[str, Any]) -> None:
    found = tokens(failed(**given))
    assert found is not None
    assert found[1].startswith("status 529 with ")


@pytest.mark.parametrize(
    "given", [{"role": TOOL}, {"tools": 1}, {"max_tokens": 1}, {"finish": END_TURN}]
)
def test_only_a_prewarming_call_is_answered_with_nothing(given: dict[str, Any]) -> None:
    prewarm = {"output": 0, "finish": MAX_TOKENS, "role": USER, "max_tokens": 0}
    found = tokens(exchanges(**{**prewarm, **given}))
    assert found is not None
    assert found[1].startswith("status 200 with 2000 tokens of input, 0 of output")


@pytest.mark.parametrize(("status", "error"), [(429, 1), (499, 4)])
def test_a_batch_is_not_limited_and_does_not_time_out(status: int, error: int) -> None:
    found = tokens(failed(status=status, error=error, batch=True, tier=1))
    assert found == (0, f"service_tier batch of status {status}")


def test_a_batch_costs_half_and_may_do_so_where_none_is_told_apart() -> None:
    half = exchanges(batch=True, tier=1)["cost"]
    assert tokens(exchanges(cost=half)) is not None
    assert tokens(exchanges(cost=half), full=False) is not None
    sells = scenario(coders(2, batch_share=0.1))
    assert tokens(exchanges(cost=half), asked=sells, full=False) is None
    assert tokens(exchanges(), asked=sells, full=False) is None


def test_a_model_that_is_not_in_the_catalog_has_no_price() -> None:
    rows = exchanges(uncached=1, output=1) | {"model": np.array([-1])}
    assert tokens(rows) == (0, "input_tokens_total 1")
    failure = failed() | {"model": np.array([-1])}
    assert tokens(failure) == (0, "cost_usd 0.0")


def test_changes_of_price_act_on_their_model_within_their_times() -> None:
    dear = event("price", 60_000_000, 120_000_000, factor=2.0, model=MODEL)
    other = event("price", 0, model="claude-opus-4.5", factor=3.0)
    asked = scenario(coders(2), world=ordinary(dear, other))
    start = OPENS_US + np.array([59_999_999, 60_000_000, 119_999_999, 120_000_000])
    plain = exchanges(4, start=start)
    rows = plain | {"cost": plain["cost"] * np.array([1, 2, 2, 1], np.float32)}
    assert tokens(rows, asked=asked) is None
    for k in range(4):
        wrong = rows["cost"].copy()
        wrong[k] = plain["cost"][k] * (1 if k in (1, 2) else 2)
        found = tokens(rows | {"cost": wrong}, asked=asked)
        assert found is not None
        assert found[0] == k


def times(rows: Any, **index: Any) -> tuple[int, str] | None:
    return first_wrong(Times(index_of(index.pop("asked", ONE), **index)), rows)


def test_times_at_the_edges_of_the_log_and_of_the_timeout_are_fine() -> None:
    assert times(exchanges(start=OPENS_US)) is None
    assert times(exchanges(start=CLOSES_US - 1)) is None
    start = int(exchanges()["start"][0])
    assert times(exchanges(end=start)) is None
    assert times(exchanges(end=start + TIMEOUT_US)) is None
    assert times(exchanges(batch=True, end=start + 25 * 3_600_000_000)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"start": OPENS_US - 1},
        {"start": CLOSES_US},
        {"end": int(exchanges()["start"][0]) - 1},
        {"end": int(exchanges()["start"][0]) + TIMEOUT_US + 1},
        {"end": int(exchanges()["start"][0]) + 25 * 3_600_000_000 + 1, "batch": True},
        {"duration": np.float32(1.5)},
        {"ttft": np.float32(-0.1)},
        {"ttft": np.float32(1.1)},
    ],
)
def test_times_beyond_an_edge_are_found(given: dict[str, Any]) -> None:
    assert times(exchanges(**given)) is not None


def test_a_batch_may_take_a_day_where_none_is_told_apart() -> None:
    late = exchanges(end=int(exchanges()["start"][0]) + TIMEOUT_US + 1)
    assert times(late, full=False) is not None
    sells = scenario(coders(2, batch_share=0.1))
    assert times(late, asked=sells, full=False) is None
    assert times(exchanges(duration=np.float32(7)), full=False) is None


def test_an_answer_without_a_first_token_and_one_at_its_end_are_fine() -> None:
    assert times(exchanges(ttft=np.float32(np.nan))) is None
    assert times(exchanges(ttft=np.float32(1.0))) is None
    assert times(exchanges(ttft=np.float32(0.0))) is None


def test_rows_are_in_order_of_time_and_then_of_identifier_across_parts() -> None:
    at = int(exchanges()["start"][0])
    assert times(exchanges(3, start=at, id=[1, 2, 2])) is None
    assert times(exchanges(3, start=at, id=[1, 3, 2])) is not None
    assert times(exchanges(2, start=[at, at - 1])) is not None
    for start, number, is_fine in (
        (at, 6, True),
        (at, 5, True),
        (at, 4, False),
        (at - 1, 9, False),
    ):
        check = Times(index_of(ONE))
        check.see(exchanges(start=at, id=5))
        assert (first_wrong(check, exchanges(start=start, id=number)) is None) == is_fine


def test_notes_say_what_the_core_profile_lacks() -> None:
    sells = scenario(coders(2, batch_share=0.1))
    for check in (Times, Tokens):
        assert check(index_of(ONE)).note == ""
        plain, batches = (check(index_of(asked, full=False)).note for asked in (ONE, sells))
        assert plain.startswith("the core profile has no ")
        assert batches.startswith(f"{plain}, and no service_tier: all may ")
