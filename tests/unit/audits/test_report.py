"""What becomes of findings in a file."""

from __future__ import annotations

import math

from sim.audits.report import Audit, Finding


def figure_of(figure: float | None) -> object:
    """What a file says of a figure."""
    audit = Audit(
        what="a pack", difficulty="hard", findings=(Finding("T1", "x", "passed", figure),)
    )
    return audit.to_dict()["findings"][0]["figure"]


def test_the_order_in_which_a_sum_was_added_does_not_change_the_file() -> None:
    assert figure_of(0.1 + 0.2) == figure_of(0.3) == 0.3
    assert figure_of(1.5e-12) == 1.5e-12
    assert figure_of(3_462_107) == 3_462_107
    assert figure_of(math.nan) is None
    assert figure_of(None) is None
