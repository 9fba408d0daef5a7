"""Runs of every class against the traces that ship: near enough, and nearer than naive calls."""

from __future__ import annotations

import pytest

from sim.scorecard import Scorecard
from tests.verification.report import Report
from tools.realism_table import CLASSES, measure

pytestmark = pytest.mark.verify

# Share of the goals that one seed may miss.
MOST_MISSED = {"coding": 0.25, "chat": 0.3, "api": 0.65, "benchmark": 0.4}


@pytest.fixture(scope="module", params=CLASSES)
def scored(request: pytest.FixtureRequest) -> tuple[str, Scorecard]:
    """A class, and the scorecard of one run."""
    return request.param, measure(request.param, 1)


def naive_over_run(card: Scorecard) -> float:
    """How many goals the naive generator reaches for one that the run reaches."""
    return card.passes_of_naive / max(card.passes, 1)


def test_the_goals_are_reached(scored: tuple[str, Scorecard]) -> None:
    name, card = scored
    report = Report(f"realism, {name}")
    missed = 1 - card.passes / len(card)
    report.at_most("share of goals that are missed", missed, MOST_MISSED[name])
    report.at_most("goals of the naive generator over those of the run", naive_over_run(card), 1.0)
    report.close()
