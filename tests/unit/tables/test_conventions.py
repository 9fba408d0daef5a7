"""The six conventions, attempt by attempt."""

from __future__ import annotations

import numpy as np

from sim.tables.conventions import CONVENTIONS, COUNTED, ESTIMATE, FROM_LOG, OF_ROWS, row_weights

# status, output tokens, choices, refused, whether it opens a turn, whether its last message is a
# user's, and what each counts under C1 to C5 and the estimate of C5
CASES = (
    ((200, 10, 1, False, True, True), (1, 1, 1, 1, 1, 1)),
    ((200, 10, 1, False, False, True), (1, 1, 1, 1, 0, 1)),
    ((200, 10, 3, False, False, False), (1, 1, 1, 3, 0, 0)),
    ((200, 1, 3, True, True, True), (1, 1, 1, 0, 1, 1)),
    ((200, 0, 3, False, True, True), (1, 1, 0, 0, 0, 0)),
    ((529, 10, 3, False, True, True), (1, 0, 0, 0, 0, 0)),
    ((499, 0, 1, False, True, True), (1, 0, 0, 0, 0, 0)),
)


def test_an_attempt_counts_as_each_convention_says() -> None:
    status, output, choices, refused, opens, user = (
        np.array(column) for column in zip(*(row for row, _ in CASES), strict=True)
    )
    weights = row_weights(status, output, choices, refused, opens_turn=opens, from_user=user)
    assert tuple(weights) == OF_ROWS
    assert tuple(row_weights(status, output, choices, refused, from_user=user)) == FROM_LOG
    simulated = row_weights(status, output, choices, refused, opens_turn=opens)
    assert tuple(simulated) == OF_ROWS[:5]
    counted = [tuple(int(w[k]) for w in weights.values()) for k in range(len(CASES))]
    assert counted == [expected for _, expected in CASES]


def test_the_log_knows_neither_the_fifth_nor_the_sixth() -> None:
    assert [name for name in CONVENTIONS if name not in FROM_LOG] == ["C5", "C6"]
    assert [name for name in COUNTED if name not in CONVENTIONS] == [ESTIMATE]
