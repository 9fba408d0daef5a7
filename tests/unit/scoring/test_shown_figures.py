"""Figures that lack a value for one reason share a row of a table."""

from __future__ import annotations

from sim.scoring.figures import Figure
from sim.scoring.words import shown

NONE = "the predictions have no clusters"


def test_neighbours_that_lack_a_value_for_one_reason_share_a_row() -> None:
    figures = [Figure(x, x, why_not=NONE) for x in ("purity", "links", "B-cubed")]
    alone = Figure("alone", "alone", 0.2)
    rows = shown([*figures, alone, figures[0]])
    assert [row.words for row in rows] == ["purity, and 2 more", "alone", "purity"]


def test_figures_that_have_a_value_or_rest_on_something_keep_theirs() -> None:
    figures = [
        Figure("recall_at_fpr_1e-2", "recall", 0.1),
        Figure("recall_at_fpr_1e-2", "recall", 0.1, of="A15"),
        Figure("days", "days", rests_on="3 of 9", why_not="fewer than half are detected"),
        Figure("half", "half", rests_on="3 of 9", why_not="fewer than half are detected"),
    ]
    assert shown(figures) == tuple(figures)
