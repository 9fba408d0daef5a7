"""What user turns ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.catalog import models
from sim.scaffold import expected_calls, session_turns
from sim.scaffold.expected_calls import compactions_per_call, mean_calls, mean_session_calls
from sim.scaffold.turns import (
    Turns,
    draw_tool_steps,
    draw_turns_of,
    plain_turns,
)
from sim.scenario.resolved import Actor
from sim.scenario.resolved import Turns as TurnsPerSession
from tests.support.scenarios import coders, constant, lognormal

SIZE = 40_000


def drawn(steps: Any = 3, **parameters: Any) -> Turns:
    """Turns of so many steps of tools, of an actor without anything special but `parameters`."""
    tool_steps = np.broadcast_to(np.asarray(steps), SIZE)
    return draw_turns_of(coders(**parameters), tool_steps, np.random.default_rng(1))


def near(flags: Any, share: float) -> bool:
    return bool(abs(np.mean(flags) - share) < 4 * np.sqrt(share * (1 - share) / SIZE))


def test_a_plain_turn_is_one_exchange_and_one_for_each_step() -> None:
    turns = drawn(3)
    assert (turns.calls == 4).all()
    assert (turns.choices == 1).all()
    for column in (turns.prewarmed, turns.refused, turns.server_steps, turns.sub_agent):
        assert not column.any()


def test_plain_turns_are_nothing_special() -> None:
    calls = np.array([3, 1])
    turns = plain_turns(calls)
    assert turns.calls.tolist() == [3, 1]
    assert turns.choices.tolist() == [1, 1]
    for column in (turns.prewarmed, turns.refused, turns.server_steps, turns.sub_agent):
        assert column.tolist() == [0, 0]
    assert turns.pick(np.array([1])).calls.tolist() == [1]


def test_a_refused_turn_is_one_exchange() -> None:
    turns = drawn(3, refusal_share=0.3)
    assert near(turns.refused, 0.3)
    assert (turns.calls == np.where(turns.refused, 1, 4)).all()


@pytest.mark.parametrize(("steps", "calls"), [(1, 1), (9, 1), (10, 2), (25, 3)])
def test_ten_steps_at_the_provider_are_one_exchange(steps: int, calls: int) -> None:
    turns = drawn(steps, server_tools_share=0.4)
    server = turns.server_steps > 0
    assert near(server, 0.4)
    assert (turns.server_steps[server] == steps).all()
    assert (turns.calls == np.where(server, calls, 1 + steps)).all()


def test_turns_without_steps_have_no_tools_at_the_provider() -> None:
    assert not drawn(0, server_tools_share=1.0).server_steps.any()


def test_several_choices_are_asked_for_in_turns_without_tools() -> None:
    turns = drawn(np.arange(SIZE) % 2, several_choices_share=0.5, refusal_share=0.2)
    several = turns.choices > 1
    plain = (np.arange(SIZE) % 2 == 0) & ~turns.refused
    assert not several[~plain].any()
    assert near(several[plain], 0.5)
    shares = np.bincount(turns.choices[several], minlength=6) / several.sum()
    assert shares.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0], abs=0.02)


def test_prewarming_is_one_exchange_more() -> None:
    turns = drawn(2, prewarm_share=0.25)
    assert near(turns.prewarmed, 0.25)
    assert (turns.calls == 3 + turns.prewarmed).all()


def test_sub_agents_do_part_of_turns_of_four_steps_or_more() -> None:
    steps = np.arange(SIZE) % 8
    turns = drawn(steps, sub_agent_share=0.5, server_tools_share=0.3)
    enough = (steps >= 4) & (turns.server_steps == 0)
    assert near(turns.sub_agent[enough], 0.5)
    assert not turns.sub_agent[~enough].any()


def test_special_turns_of_one_kind_do_not_depend_on_the_shares_of_others() -> None:
    plain = drawn(3, prewarm_share=0.3)
    special = drawn(3, prewarm_share=0.3, refusal_share=0.5, sub_agent_share=0.5)
    assert (plain.prewarmed == special.prewarmed).all()


def test_agentic_turns_use_tools_once_at_least() -> None:
    actor = coders(agentic_share=0.3, tool_steps=lognormal(0.7, 1.0))
    steps = draw_tool_steps(actor, SIZE, np.random.default_rng(2))
    assert near(steps > 0, 0.3)
    assert (steps == 1).any()
    assert steps.max() > 3
    assert steps.dtype == np.int64


def expected(**parameters: Any) -> float:
    return mean_calls(coders(**parameters))


def test_expected_calls_of_plain_turns_are_exact() -> None:
    assert expected(agentic_share=0.25, tool_steps=constant(8)) == 3.0
    assert expected(agentic_share=0.0, tool_steps=constant(8)) == 1.0


def test_expected_calls_of_special_turns_are_near_the_exact_ones() -> None:
    steps = {"agentic_share": 1.0, "tool_steps": constant(12)}
    assert expected(**steps, refusal_share=0.25) == pytest.approx(0.75 * 13 + 0.25, rel=0.01)
    assert expected(**steps, server_tools_share=0.5) == pytest.approx(0.5 * 13 + 0.5 * 2, rel=0.01)
    assert expected(**steps, prewarm_share=0.5) == pytest.approx(13.5, rel=0.01)


def test_expected_calls_are_remembered_by_what_they_depend_on() -> None:
    once = expected(agentic_share=0.5, tool_steps=constant(5), prewarm_share=0.1)
    assert once == expected(agentic_share=0.5, tool_steps=constant(5), prewarm_share=0.1)
    for name, value in (
        ("agentic_share", 0.4),
        ("tool_steps", constant(6)),
        ("prewarm_share", 0.2),
        ("refusal_share", 0.2),
        ("server_tools_share", 0.2),
    ):
        parameters = {"agentic_share": 0.5, "tool_steps": constant(5), "prewarm_share": 0.1}
        assert expected(**{**parameters, name: value}) != once


def test_expected_calls_of_a_session_are_those_of_its_turns() -> None:
    per_session = TurnsPerSession(single_share=0.5, more=constant(4))
    dials: dict[str, Any] = {
        "agentic_share": 1.0,
        "tool_steps": constant(2),
        "turns_per_session": per_session,
    }
    actor: Actor = coders(agents={"swe-agent": 1.0}, **dials)
    assert mean_session_calls(actor, "swe-agent") == pytest.approx(2.5 * 3)


def test_expected_calls_have_the_compactions_of_agents_that_compact() -> None:
    """A coding agent grows by some 1,700 tokens a call, and a compaction takes off 120,000."""
    per_session = TurnsPerSession(single_share=0.0, more=constant(100))
    dials: dict[str, Any] = {
        "agentic_share": 1.0,
        "tool_steps": constant(9),
        "turns_per_session": per_session,
        "long_context_share": 0.0,
    }
    actor: Actor = coders(agents={"coding-cli": 0.5, "swe-agent": 0.5}, **dials)
    share = compactions_per_call(actor, one_turn=False)
    assert share == pytest.approx(0.5 * 1_700 / 121_000, rel=0.1)
    assert mean_session_calls(actor, "coding-cli") == pytest.approx(1_000 * (1 + 2 * share))
    assert mean_session_calls(actor, "swe-agent") == pytest.approx(1_000)
    # a single turn is compacted only if its session begins near the limit
    assert 0 < compactions_per_call(actor, one_turn=True) < 3 * share


@pytest.mark.verify
def test_expected_compactions_follow_the_answers_and_the_windows_of_the_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    per_session = TurnsPerSession(single_share=0.0, more=constant(100))
    dials: dict[str, Any] = {
        "agentic_share": 1.0,
        "tool_steps": constant(9),
        "turns_per_session": per_session,
    }

    def share(**more: Any) -> float:
        actor: Actor = coders(agents={"coding-cli": 1.0}, **dials, **more)
        return compactions_per_call(actor, one_turn=False)

    # answers stay in the context
    assert share(output_tokens=constant(5_000)) > 2.5 * share(output_tokens=constant(10))

    # no two models of the catalog differ in their windows
    large, other = list(models().values())[:2]
    small = other.model_copy(update={"context_window_tokens": 50_000})
    monkeypatch.setattr(session_turns, "models", lambda: {large.id: large, small.id: small})
    monkeypatch.setattr(expected_calls, "_compactions_by_parameters", {})
    alone = share(models={large.id: 1.0}), share(models={small.id: 1.0})
    assert alone[1] > 2 * alone[0]
    for weight in (0.1, 0.9):
        of_both = share(models={large.id: weight, small.id: 1 - weight})
        assert of_both == pytest.approx(weight * alone[0] + (1 - weight) * alone[1], rel=0.05)
