"""Exchanges in order of time: each keeps its task, and gets its identifier."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.exchange_order import in_order
from sim.scaffold.exchange_records import EXCHANGE_RECORD, ORIGIN_RECORD, Exchanges
from sim.scaffold.fill import POSITION_BITS
from sim.streams import mixed, opaque_ids

KEYS = np.array([5, 2**64 - 7], np.uint64)
ACTOR_OF_ACCOUNT = np.array([0, 1, 1])


def expected_id(account: int, task: int, position: int, number: int) -> int:
    """The identifier of an attempt: retries have keys of their own."""
    key = int(KEYS[ACTOR_OF_ACCOUNT[account]])
    key = int(mixed(key, np.array([number]))[0]) if number else key
    return int(opaque_ids(key, np.array([(task << POSITION_BITS) + position]))[0])


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**40)), min_size=1, max_size=5),
    st.lists(
        st.tuples(
            st.integers(-2, 2), st.integers(0, 4), st.integers(0, 3), st.sampled_from([0, 0, 1, 2])
        ),
        max_size=30,
    ),
)
def test_order_and_identifiers(
    tasks: list[tuple[int, int]], attempts: list[tuple[int, int, int, int]]
) -> None:
    """Of attempts (time, task, position, number), many at one moment."""
    records, origins = np.zeros(len(attempts), EXCHANGE_RECORD), np.zeros(len(tasks), ORIGIN_RECORD)
    for k, (account, task) in enumerate(tasks):
        origins[k]["account"], origins[k]["task"], origins[k]["session"] = account, task, 10 + k
    for k, (ts, task, position, number) in enumerate(attempts):
        records[k]["ts"], records[k]["origin"] = ts, task % len(tasks)
        records[k]["position"], records[k]["number"], records[k]["think"] = position, number, k

    rows, of_tasks = in_order(Exchanges(records, origins), KEYS, ACTOR_OF_ACCOUNT)

    expected = []
    for k, (ts, task, position, number) in enumerate(attempts):
        account, task_no = tasks[task % len(tasks)]
        expected.append((ts, expected_id(account, task_no, position, number), k))
    expected.sort()
    assert rows["ts"].tolist() == [ts for ts, _, _ in expected]
    assert rows["id"].tolist() == [id_ for _, id_, _ in expected]

    # what tasks share is found by `origin`, and beside each exchange where that is asked for
    assert sorted(rows["think"].tolist()) == list(range(len(attempts)))
    for name in ("account", "session", "actor"):
        assert (rows[name] == of_tasks[name][rows["origin"]]).all()
    assert (rows["session"] - 10 == rows["origin"]).all()
    assert (of_tasks["serial"] >> POSITION_BITS).tolist() == [task for _, task in tasks]
