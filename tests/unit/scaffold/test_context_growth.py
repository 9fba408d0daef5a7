"""Contexts of calls against a loop that knows compaction and sub-agents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.catalog import Agent, agents
from sim.scaffold.context_growth import cut_to_window, grow_contexts

STATIC = 50
# appended, output, whether a sub-agent makes the call, whether a task begins, whether a session
CALLS = st.lists(
    st.tuples(
        st.integers(1, 300),
        st.integers(0, 300),
        st.booleans(),
        st.booleans(),
        st.sampled_from([True, False, False, False]),
    ),
    min_size=1,
    max_size=25,
)
WINDOW, LIMIT, COMPACTED = 2_001, 1_000, 400


def agent_that(compacts: bool) -> Agent:
    return agents()["coding-cli"].model_copy(
        update={
            "compacts": compacts,
            "compaction_at": 0.5,
            "compaction_to_tokens": COMPACTED,
            "static_prefix_tokens": STATIC,
        }
    )


def by_loop(
    calls: list[tuple[int, int, bool, bool, bool]], base: int, compacts: bool
) -> list[tuple[int, int, int]]:
    """Tokens, epoch and messages of each call."""
    limit = LIMIT if compacts else 1 << 40
    found: list[tuple[int, int, int]] = []
    context = epoch = own = sub_context = sub_messages = 0
    task = -1
    before = 0
    for k, (appended, output, in_sub, opens_task, opens_session) in enumerate(calls):
        opens_session |= not k
        if opens_task or opens_session:
            task += 1
            sub_messages = 0
        if opens_session:
            context, epoch, own, before = base, 0, 0, 0
        grown = 0 if opens_session else appended + before
        if in_sub:
            sub_context = STATIC + appended if not sub_messages else sub_context + grown
            sub_messages = sub_messages + 2 if sub_messages else 1
            found.append((min(sub_context, limit), -1 - task, sub_messages))
        else:
            context += grown
            while context > limit:
                context -= limit - COMPACTED
                epoch, own = epoch + 1, 0
            own = own + 2 if own else 1
            found.append((context, epoch, own))
        before = output
    return found


def layout(calls: list[tuple[int, int, bool, bool, bool]]) -> dict[str, Any]:
    """The same calls as arrays. A sub-agent never makes the first call of a session."""
    opens_session = np.array([call[4] or not k for k, call in enumerate(calls)])
    opens_task = np.array([call[3] for call in calls]) | opens_session
    return {
        "appended": np.array([call[0] for call in calls]),
        "output": np.array([call[1] for call in calls]),
        "task": np.cumsum(opens_task) - 1,
        "in_sub_agent": np.array([call[2] for call in calls]),
        "per_session": np.diff(np.flatnonzero(np.append(opens_session, True))),
    }


def tidy(
    calls: list[tuple[int, int, bool, bool, bool]],
) -> list[tuple[int, int, bool, bool, bool]]:
    """No sub-agent at the begin of a task, and one run of its calls in each."""
    result: list[tuple[int, int, bool, bool, bool]] = []
    ended = False
    for k, (appended, output, in_sub, opens_task, opens_session) in enumerate(calls):
        opens = opens_task or opens_session or not k
        before = bool(result) and result[-1][2]
        ended = not opens and (ended or (before and not in_sub))
        in_sub = in_sub and not opens and not ended
        result.append((appended, output, in_sub, opens_task, opens_session))
    return result


@pytest.mark.parametrize("compacts", [True, False])
@given(drawn=CALLS, base=st.integers(1, 1_500))
def test_contexts_are_those_of_a_loop_over_the_calls(
    drawn: list[tuple[int, int, bool, bool, bool]], base: int, compacts: bool
) -> None:
    calls = tidy(drawn)
    columns = layout(calls)
    bases = np.full(len(columns["per_session"]), base)
    window = np.full(len(calls), WINDOW)
    contexts = grow_contexts(agent_that(compacts), window, bases, **columns)
    found = list(zip(*(column.tolist() for column in contexts), strict=True))
    assert found == by_loop(calls, base, compacts)


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
