"""Steps per benchmark task, joined by a copula over items.

No single family fits all the measured models, so the marginal of a model is its own sample; where
nothing was measured it is the distribution that the catalog states. Whether one item is long in one
run and also in another is carried by a Gaussian copula with one factor: z = loading * item +
sqrt(1 - loading^2) * noise, steps = Q(Phi(z)). The square of the loading is the share of variance
between items.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import StepDistribution
from sim.distributions import Distribution
from sim.scaffold.normal_scores import normal_cdf, values_at, with_part
from sim.streams import Streams


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
    sample = distribution.steps
    z = with_part(scores, distribution.loading**2, rng)
    rank = np.minimum((normal_cdf(z) * sample.size).astype(np.intp), sample.size - 1)
    return _limited(sample[rank], step_limit)


def draw_stated_steps(
    calls: Distribution,
    item_share: float,
    scores: Floats,
    rng: np.random.Generator,
    step_limit: int | None = None,
) -> Ints:
    """Draw the steps of one attempt at each item of a benchmark that states their distribution.

    Parameters
    ----------
    calls : Distribution
        Calls of an attempt; they are rounded, and at least 1.
    item_share : float
        Share of the variance of normal scores that lies between items, 0 to 1. Of a lognormal it is
        the share of the variance of log steps.
    scores, rng, step_limit
        As in `draw_steps`.

    Returns
    -------
    array of int, shape of `scores`
        At least 1.
    """
    drawn = values_at(calls, with_part(scores, item_share, rng))
    return _limited(np.maximum(np.rint(drawn), 1).astype(np.int64), step_limit)


def _limited(steps: Ints, step_limit: int | None) -> Ints:
    return steps if step_limit is None else np.minimum(steps, step_limit)
