"""Predictive draws against the slow second implementation; `make bench` prints the tables.

One process. The slow one takes tasks one by one, so its time goes with the tasks, and the shipped
priors now and then ask for hundreds of millions of them. It is measured over the shipped
explanations with little work, at which both can be asked for draws, and at the middle of the
shipped priors, at which tasks per second are compared with those of the fast one at the shipped
priors themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.inference.prior_predictive import draw
from tests.benchmarks.test_speed import table
from tests.support.hypotheses import shipped, with_little_work
from tests.unit.comparison.plain_predictive import predict

pytestmark = pytest.mark.bench

MANY, SOME, FEW = 10_000, 300, 3
MIDDLE = 0.05


class Pace(NamedTuple):
    """Draws and their tasks, in all, and the seconds that they took."""

    draws: int
    tasks: float
    seconds: float

    @property
    def draws_per_second(self) -> float:
        return self.draws / self.seconds

    @property
    def tasks_per_second(self) -> float:
        return self.tasks / self.seconds


def fast(x: Hypothesis, size: int) -> float:
    """Tasks in `size` draws, all at once."""
    rng = np.random.default_rng(1)
    return float(draw(x, rng.random((size, len(x.columns))), rng).counts[5].sum())


def slow(x: Hypothesis, size: int) -> float:
    """Tasks in `size` draws, one after the other."""
    rng = Random(1)
    return float(sum(predict(x, rng).tasks for _ in range(size)))


def pace(
    draws: Callable[[Hypothesis, int], float], explanations: Sequence[Hypothesis], size: int
) -> Pace:
    """The faster of two rounds over all explanations, after a draw of each for what is cached."""
    for x in explanations:
        fast(x, 1)
    rounds = []
    for _ in range(2):
        begun = time.perf_counter()
        tasks = sum(draws(x, size) for x in explanations)
        rounds.append(Pace(size * len(explanations), tasks, time.perf_counter() - begun))
    return min(rounds, key=lambda made: made.seconds)


def row(name: str, made: Pace) -> list[str]:
    return [
        name,
        f"{made.draws:,}",
        f"{made.tasks / made.draws:,.0f}",
        f"{made.draws_per_second:,.1f}",
        f"{made.tasks_per_second:.3g}",
    ]


HEADER = ["", "draws", "tasks per draw", "draws per second", "tasks per second"]


def test_draws_against_the_slow_ones(show: Any) -> None:
    explanations = [with_little_work(x) for x in shipped().hypotheses.values()]
    by_one, at_once = pace(slow, explanations, SOME), pace(fast, explanations, MANY)
    ratio = at_once.draws_per_second / by_one.draws_per_second
    rows = [row("slow", by_one), row("fast", at_once)]
    show("Draws with little work", f"Ratio {ratio:,.0f}.\n\n{table(HEADER, rows)}")
    assert ratio > 10


def test_tasks_against_the_slow_ones(show: Any) -> None:
    explanations = list(shipped().hypotheses.values())
    middle = [x.with_prior(1, MIDDLE) for x in explanations]
    by_one, at_once = pace(slow, middle, FEW), pace(fast, explanations, MANY)
    same = pace(fast, middle, MANY)
    rows = [
        row("slow, middle of the priors", by_one),
        row("fast, middle of the priors", same),
        row("fast, shipped priors", at_once),
    ]
    draws = same.draws_per_second / by_one.draws_per_second
    tasks = at_once.tasks_per_second / by_one.tasks_per_second
    ratios = f"Ratio {draws:,.0f} of draws at the middle, {tasks:,.0f} of tasks."
    show("Shipped work", f"{ratios}\n\n{table(HEADER, rows)}")
    assert draws > 10
