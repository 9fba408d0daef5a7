"""Means, intervals and paired differences, of counts that are written down here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from sim.errors import InvalidInputError
from sim.replicates.counts import Counted, Spread
from sim.replicates.summary import Estimate, Replicates, differences, estimates
from sim.tables.conventions import CONVENTIONS

NUMBERS = {"C1": 10, "C2": 9, "C3": 8, "C4": 7, "C5": 6, "C6": 5}


def replicates(*c1: int, actors: tuple[str, ...] = ("one",), name: str = "made") -> Replicates:
    """Replicates of which the count of C1 is given, that of the others follows from it."""
    counted = []
    for number, count in enumerate(c1):
        row = [count * n // 10 for n in NUMBERS.values()]
        spread = Spread(4, count / 4, float(count), count + 1.0, count + 2.0, count + 3)
        totals = np.array([row] * len(actors))
        counted.append(Counted(number, 100 + number, totals, [[spread] * 6] * len(actors)))
    return Replicates(name, actors, tuple(counted))


def estimate(made: list[Estimate], actor: str, convention: str, what: str) -> Estimate:
    [found] = [e for e in made if (e.actor, e.convention, e.what) == (actor, convention, what)]
    return found


def test_totals_are_a_row_an_actor_and_convention() -> None:
    frame = replicates(100, 200, actors=("one", "two")).totals()
    assert list(frame) == ["replicate", "seed", "actor", "convention", "count"]
    assert len(frame) == 2 * 3 * len(CONVENTIONS)
    c5 = frame[(frame.convention == "C5") & (frame.replicate == 1)]
    assert dict(zip(c5.actor, c5["count"], strict=True)) == {"one": 120, "two": 120, "total": 240}
    assert set(frame[frame.replicate == 1].seed) == {101}


def test_replicates_are_shown_in_a_line() -> None:
    assert repr(replicates(1, 2, actors=("a", "b"))) == "<Replicates of made: 2 replicates of a, b>"


def test_an_estimate_is_a_mean_with_student_s_interval() -> None:
    values = np.array([100.0, 140.0, 180.0, 220.0])
    made = estimates(replicates(100, 140, 180, 220), 0.9)
    found = estimate(made, "one", "C1", "exchanges")
    half = student.ppf(0.95, 3) * values.std(ddof=1) / 2
    assert (found.replicates, found.mean) == (4, 160)
    assert found.sd == pytest.approx(values.std(ddof=1))
    assert [found.low, found.high] == pytest.approx([160 - half, 160 + half])
    assert [found.p50, found.p2_5] == pytest.approx([160, np.quantile(values, 0.025)])
    assert found.p97_5 == pytest.approx(np.quantile(values, 0.975))


def test_the_spread_over_accounts_is_estimated_measure_by_measure() -> None:
    made = estimates(replicates(100, 200))
    means = {e.what: e.mean for e in made if (e.actor, e.convention) == ("one", "C2")}
    assert means == {
        "exchanges": 135.0,
        "accounts": 4.0,
        "mean per account": 37.5,
        "p50 per account": 150.0,
        "p90 per account": 151.0,
        "p99 per account": 152.0,
        "max per account": 153.0,
    }


def test_an_interval_ends_at_zero_and_needs_two_replicates() -> None:
    wide = estimate(estimates(replicates(0, 1_000)), "one", "C1", "exchanges")
    assert wide.low == 0
    assert wide.high > 1_000
    alone = estimate(estimates(replicates(70)), "one", "C1", "exchanges")
    assert alone.mean == 70
    assert all(math.isnan(x) for x in (alone.low, alone.high, alone.sd))


def test_a_difference_is_taken_in_pairs() -> None:
    this, other = replicates(100, 200, 300), replicates(110, 230, 320, name="other")
    found = {d.convention: d for d in differences(this, other, 0.9)}["C1"]
    apart = np.array([10.0, 30.0, 20.0])
    half = student.ppf(0.95, 2) * 10 / math.sqrt(3)
    assert (found.replicates, found.this, found.other, found.difference) == (3, 200, 220, 20)
    assert [found.low, found.high] == pytest.approx([20 - half, 20 + half])
    assert found.sd == pytest.approx(apart.std(ddof=1))
    assert found.unpaired_sd == pytest.approx(math.hypot(100, np.std([110, 230, 320], ddof=1)))


def test_actors_of_one_side_alone_are_left_out() -> None:
    this = replicates(10, 20, actors=("one", "two"))
    other = replicates(10, 20, actors=("two", "three"), name="other")
    assert {d.actor for d in differences(this, other)} == {"two", "total"}
    with pytest.raises(InvalidInputError, match=r"other: has no actor in common with made \(one"):
        differences(replicates(1, 2), replicates(1, 2, actors=("three",), name="other"))
