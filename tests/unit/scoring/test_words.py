"""Figures as texts."""

from __future__ import annotations

import pytest

from sim.scoring.figures import Figure
from sim.scoring.words import interval_words, number_words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (1.0, "1.00"),
        (0.314, "0.31"),
        (0.0999, "0.10"),
        (0.0314, "0.031"),
        (0.00314, "0.0031"),
        (0.000314, "0.0003"),
        (-0.02, "-0.020"),
        (9.96, "10.0"),
        (12.34, "12.3"),
        (123.4, "123"),
        (12_345.6, "12,346"),
    ],
)
def test_a_figure_has_as_many_digits_as_tell_something(value: float | None, words: str) -> None:
    assert number_words(value) == words


def test_an_interval_has_the_decimals_of_its_figure() -> None:
    assert interval_words(Figure("x", "x", 0.031, 0.0099, 0.2)) == "0.031 (0.010 to 0.200)"
    assert interval_words(Figure("x", "x", 0.0, 0.0, 0.004)) == "0.000 (0.000 to 0.004)"
    assert interval_words(Figure("x", "x", 1.0, 0.9996, 1.0)) == "1.0000 (0.9996 to 1.0000)"
    assert interval_words(Figure("x", "x", 0.0, 0.0, 0.0)) == "0.00 (0.00 to 0.00)"
    assert interval_words(Figure("x", "x", 0.5)) == "0.50"
    assert interval_words(Figure("x", "x")) == interval_words(None) == "-"
