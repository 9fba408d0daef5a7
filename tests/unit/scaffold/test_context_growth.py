"""Contexts of calls against the plain loop of the reference engine, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import Agent, agents
from sim.reference.plain_growth import plain_growth
from sim.scaffold.context_growth import cut_to_window, grow_contexts

# number of the agent, context if it is its first, appended, output
CALLS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(1, 1_500),
        st.integers(-400, 1_200),
        st.integers(0, 300),
    ),
    min_size=1,
    max_size=25,
)
WINDOW, LIMIT, COMPACTED, PROMPT = 2_001, 1_000, 400, 30


def agent_that(compacts: bool) -> Agent:
    return agents()["coding-cli"].model_copy(
        update={
            "compacts": compacts,
            "compaction_at": 0.5,
            "compaction_to_tokens": COMPACTED,
            "compaction_prompt_tokens": PROMPT,
            "static_prefix_tokens": 50,
        }
    )


@pytest.mark.parametrize("compacts", [True, False])
@given(calls=CALLS)
def test_contexts_are_those_of_a_loop_over_the_calls(
    calls: list[tuple[int, int, int, int]], compacts: bool
) -> None:
    who, begin, appended, output = (np.array(column) for column in zip(*calls, strict=True))
    asked = agent_that(compacts), np.full(len(calls), WINDOW), who, begin, appended, output
    found, expected = grow_contexts(*asked), plain_growth(*asked)
    assert [c.tolist() for c in found] == [c.tolist() for c in expected]


def grown(*calls: tuple[int, int, int, int]) -> list[tuple[int, bool, int]]:
    """Context of each call, whether a compaction comes before it, and the context of that."""
    who, begin, appended, output = (np.array(column) for column in zip(*calls, strict=True))
    window = np.full(len(calls), WINDOW)
    found = grow_contexts(agent_that(True), window, who, begin, appended, output)
    return list(zip(*(column.tolist() for column in found), strict=True))


def test_no_more_is_dropped_from_a_context_than_the_last_answer() -> None:
    calls = (0, 500, 0, 60), (0, 9, -20, 10), (0, 9, -300, 5), (0, 9, 7, 0)
    assert [context for context, _, _ in grown(*calls)] == [500, 540, 540, 552]


def test_a_full_context_is_compacted_with_what_waits_and_an_instruction() -> None:
    calls = (0, 900, 5, 60), (0, 9, 41, 10), (0, 9, 20, 0)
    assert grown(*calls) == [(900, False, 0), (441, True, 1_031), (471, False, 0)]


def test_a_context_at_the_limit_is_not_compacted() -> None:
    assert grown((0, 900, 5, 60), (0, 9, 40, 10))[1] == (1_000, False, 0)


def test_a_sub_agent_grows_and_is_compacted_by_itself() -> None:
    calls = (0, 900, 5, 60), (1, 80, 30, 900), (1, 9, 100, 40), (0, 9, 30, 0)
    assert grown(*calls) == [
        (900, False, 0),
        (80, False, 0),
        (500, True, 1_110),
        (990, False, 0),
    ]


def test_a_compaction_has_room_in_the_window_for_the_longest_summary() -> None:
    (_, _, asked), *_ = grown((0, 5_000, 1, 1))
    assert asked == WINDOW - (COMPACTED - 50)


def test_what_waits_is_cut_to_the_limit() -> None:
    assert grown((0, 1_100, 700, 1))[0][0] == LIMIT


@pytest.mark.parametrize(
    ("context", "output", "expected"),
    [
        (90, 10, (90, 10, False)),
        (90, 11, (90, 10, True)),
        (99, 0, (99, 0, False)),
        (100, 0, (99, 0, True)),
        (250, 30, (99, 1, True)),
    ],
)
def test_context_and_answer_are_cut_to_the_window(
    context: int, output: int, expected: tuple[int, int, bool]
) -> None:
    cut = cut_to_window(np.array([100]), np.array([context]), np.array([output]))
    assert tuple(column[0] for column in cut) == expected
