"""The six conventions, attempt by attempt."""

from __future__ import annotations

import numpy as np

from sim.tables.conventions import CONVENTIONS, FROM_LOG, row_weights

# status, output tokens, choices, refused, from a user, and what each counts under C1 to C5
CASES = (
    ((200, 10, 1, False, True), (1, 1, 1, 1, 1)),
    ((200, 10, 3, False, False), (1, 1, 1, 3, 0)),
    ((200, 1, 3, True, True), (1, 1, 1, 0, 1)),
    ((200, 0, 3, False, True), (1, 1, 0, 0, 0)),
    ((529, 10, 3, False, True), (1, 0, 0, 0, 0)),
    ((499, 0, 1, False, True), (1, 0, 0, 0, 0)),
)


def test_an_attempt_counts_as_each_convention_says() -> None:
    status, output, choices, refused, from_user = (
        np.array(column) for column in zip(*(row for row, _ in CASES), strict=True)
    )
    weights = row_weights(status, output, choices, refused, from_user)
    assert tuple(weights) == FROM_LOG
    counted = [tuple(int(w[k]) for w in weights.values()) for k in range(len(CASES))]
    assert counted == [expected for _, expected in CASES]


def test_the_sixth_is_no_matter_of_the_log() -> None:
    assert [name for name in CONVENTIONS if name not in FROM_LOG] == ["C6"]
