"""Steps per benchmark task: measured marginals joined by a copula over instances.

No single family fits all the measured models, so the marginal of a model is its own sample.
Whether one instance is long for one model and also for another is carried by a Gaussian copula
with one factor: z = loading * instance + sqrt(1 - loading^2) * noise, steps = Q(Phi(z)).
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import StepDistribution
from sim.streams import Streams


def instance_scores(streams: Streams, benchmark: str, items: int) -> Floats:
    """Return the difficulty score of each item, standard normal, shape (items,).

    The score belongs to the benchmark, not to who runs it: every actor of a scenario that works
    on an item meets the same difficulty.
    """
    return streams.rng("benchmark", benchmark, "instances").standard_normal(items)


def draw_steps(
    distribution: StepDistribution,
    scores: Floats,
    rng: np.random.Generator,
    step_limit: int | None = None,
) -> Ints:
    """Draw the steps of one attempt at each item, shape of `scores`, at least 1.

    A `step_limit` below the measured one cuts longer tasks off there; what lies beyond the
    measured limit was never observed, so a higher one changes nothing.
    """
    loading = distribution.loading
    z = loading * scores + np.sqrt(1 - loading**2) * rng.standard_normal(scores.shape)
    rank = np.minimum(
        (normal_cdf(z) * distribution.steps.size).astype(np.intp), distribution.steps.size - 1
    )
    steps = distribution.steps[rank]
    return steps if step_limit is None else np.minimum(steps, step_limit)


_GRID = np.linspace(-8.5, 8.5, 17_001)
_CDF: Floats | None = None


def normal_cdf(z: Floats) -> Floats:
    """Standard normal distribution function by linear interpolation, absolute error below 4e-8."""
    global _CDF
    if _CDF is None:
        from math import erf, sqrt

        _CDF = np.array([0.5 * (1 + erf(x / sqrt(2))) for x in _GRID.tolist()])
    return np.interp(z, _GRID, _CDF)
