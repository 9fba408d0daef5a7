"""Steps per benchmark task: measured marginals joined by a copula over instances.

No single family fits all the measured models, so the marginal of a model is its own sample.
Whether one instance is long for one model and also for another is carried by a Gaussian copula
with one factor: z = loading * instance + sqrt(1 - loading^2) * noise, steps = Q(Phi(z)).
"""

from __future__ import annotations

from functools import cache
from math import erf, sqrt

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import StepDistribution
from sim.streams import Streams

_GRID = np.linspace(-8.5, 8.5, 17_001)


def instance_scores(streams: Streams, benchmark: str, items: int) -> Floats:
    """Return the difficulty score of each item, standard normal, shape (items,).

    The score belongs to the benchmark, not to who runs it: every actor that works on an item meets
    the same difficulty, in all runs of one world, whose `streams` are asked for.
    """
    return streams.rng("benchmark", benchmark, "instances").standard_normal(items)


def draw_steps(
    distribution: StepDistribution,
    scores: Floats,
    rng: np.random.Generator,
    step_limit: int | None = None,
) -> Ints:
    """Draw the steps of one attempt at each item.

    Parameters
    ----------
    distribution : StepDistribution
        Steps measured of one model with one scaffold, and the loading of its copula.
    scores : array of float
        Difficulty of the items, from `instance_scores`.
    rng : numpy.random.Generator
        Gives the noise.
    step_limit : int, optional
        Cuts longer tasks off. Above the limit of the measurement it changes nothing: what lies
        beyond that was never observed.

    Returns
    -------
    array of int, shape of `scores`
        At least 1.
    """
    loading, sample = distribution.loading, distribution.steps
    z = loading * scores + np.sqrt(1 - loading**2) * rng.standard_normal(scores.shape)
    rank = np.minimum((normal_cdf(z) * sample.size).astype(np.intp), sample.size - 1)
    steps = sample[rank]
    return steps if step_limit is None else np.minimum(steps, step_limit)


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function, by linear interpolation.

    The absolute error is below 4e-8.
    """
    return np.interp(z, _GRID, _normal_cdf_on_grid())


@cache
def _normal_cdf_on_grid() -> Floats:
    return np.array([0.5 * (1 + erf(x / sqrt(2))) for x in _GRID.tolist()])
