"""Findings that other draws would change are not said: short cases of `tests/verification`."""

from __future__ import annotations

from typing import Any

import pytest

from sim.comparison import analyse, findings

CASES: dict[str, dict[str, Any]] = {
    "odds of two": {"sections": ["odds"], "hypotheses": ["benchmarking"], "claim_ids": ["A4"]},
    "suspicion": {"sections": ["priors-needed"], "hypotheses": ["product-use"]},
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(CASES["odds of two"], id="odds of two", marks=pytest.mark.verify),
        pytest.param(CASES["suspicion"], id="suspicion"),
    ],
)
def test_findings_do_not_change_with_the_seed(case: dict[str, Any]) -> None:
    first, second = (findings(analyse(**case, seed=seed)) for seed in (0, 1))
    assert first == second
    assert first
