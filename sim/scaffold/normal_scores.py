"""Values of distributions by normal scores: what a Gaussian copula turns into numbers.

A score z of a standard normal stands for the quantile Q(Phi(z)). Scores that have parts in common
give values that go together, and each value still follows its distribution.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import erf, log, sqrt

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Floats
from sim.distributions import Distribution, Lognormal

# Functions of scores are tabulated from minus to plus so many standard deviations.
_LIMIT, _PER_UNIT = 8.5, 1_000
_GRID = np.linspace(-_LIMIT, _LIMIT, 17 * _PER_UNIT + 1)
# A mixture is tabulated on so many points, as far as its parts reach; its jumps are that steep.
_POINTS, _FAR, _STEEP = 4_001, 6.5, 1e-12
# Tables of the distributions that were asked for last.
_MOST_TABLES = 256
_TABLES: dict[int, tuple[Distribution, tuple[Floats, Floats]]] = {}
# From one point of the grid to the next a quantile rises by less, but across a gap.
_GAP = 0.1


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function, by linear interpolation.

    The absolute error is below 4e-8.
    """
    return np.interp(z, _GRID, _normal_cdf_on_grid())


def normal_quantile(p: Floats) -> Floats:
    """Return the inverse of `normal_cdf`, at least -8.5 and at most 8.5."""
    return np.interp(p, _normal_cdf_on_grid(), _GRID)


@cache
def _normal_cdf_on_grid() -> Floats:
    return np.array([0.5 * (1 + erf(x / sqrt(2))) for x in _GRID.tolist()])


def with_part(common: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Return normal scores of which a share of the variance is that of given scores.

    Parameters
    ----------
    common : array of float
        The part in common, standard normal, such as the difficulty of each item.
    share : float
        Share of the variance that it has, 0 to 1.
    rng : numpy.random.Generator
        Gives the rest, one normal number for each score.
    """
    noise = rng.standard_normal(common.shape)
    return np.asarray(sqrt(share) * common + sqrt(1 - share) * noise)


def values_at(distribution: Distribution, z: Floats) -> Floats:
    """Return the quantiles Q(Phi(z)) of a distribution at normal scores.

    Parameters
    ----------
    distribution : Distribution
        Its quantiles are exact for a constant and a lognormal; those of other shapes are tabulated,
        to a relative 1e-4 within five standard deviations. They jump where the distribution does.
    z : array of float
        Normal scores.

    Returns
    -------
    array of float, shape of `z`
        In the unit of the distribution, not rounded.
    """
    if distribution.constant is not None:
        return np.full(z.shape, distribution.constant)
    if (law := distribution.lognormal) is not None:
        values = law.sigma * z
        values += log(law.median)
        np.exp(values, out=values)
        return values if law.max is None else np.minimum(values, law.max, out=values)

    values = np.empty(len(z))
    _interpolate(z, *_table_of(distribution), values)
    return values


@compiled
def _interpolate(z: Floats, at: Floats, rise: Floats, values: Floats) -> None:
    """Read a table of quantiles at the points of the grid, and by straight lines between them."""
    for row in range(len(z)):
        place = (min(max(z[row], -_LIMIT), _LIMIT) + _LIMIT) * _PER_UNIT
        cell = int(place)
        values[row] = at[cell] + rise[cell] * (place - cell)


def _table_of(distribution: Distribution) -> tuple[Floats, Floats]:
    """Return `_table`, found by the object, because it takes longer to hash a distribution."""
    known = _TABLES.get(id(distribution))
    if known is None or known[0] is not distribution:
        if len(_TABLES) >= _MOST_TABLES:
            _TABLES.clear()
        known = _TABLES[id(distribution)] = distribution, _table(distribution)
    return known[1]


@lru_cache(maxsize=_MOST_TABLES)
def _table(distribution: Distribution) -> tuple[Floats, Floats]:
    """Return the quantile at each point of the grid, and how much it rises to the next.

    Where it rises by more than a tenth the distribution has a gap, in which no value may fall.
    """
    if distribution.quantiles is not None:
        at = distribution.quantiles.at(_normal_cdf_on_grid())
    elif (law := distribution.loguniform) is not None:
        at = law.low * np.exp(law.span * _normal_cdf_on_grid())
    else:
        scores, log_values = _scores_of_mixture(distribution)
        at = np.exp(np.interp(_GRID, scores, log_values))

    rise = np.append(np.diff(at), 0.0)
    rise[rise > _GAP * at] = 0.0
    return at, rise


def _scores_of_mixture(distribution: Distribution) -> tuple[Floats, Floats]:
    """Return normal scores of a mixture, ascending, and the logarithm of its quantile at each.

    Its distribution function is tabulated on an even grid of logarithms, with two more points at
    each jump, and read the other way.
    """
    laws = [(part.weight, part.lognormal) for part in distribution.mixture or ()]
    ends = [log(law.median) + side * _FAR * law.sigma for _, law in laws for side in (-1, 1)]
    jumps = [log(law.median) for _, law in laws if not law.sigma]
    jumps += [log(law.max) for _, law in laws if law.max is not None]
    grid = np.linspace(min(ends), max(ends), _POINTS)
    grid = np.unique(np.concatenate([grid, jumps, np.array(jumps) - _STEEP]))
    below = sum(weight * _below(law, grid) for weight, law in laws)
    return normal_quantile(np.asarray(below)), grid


def _below(law: Lognormal, log_values: Floats) -> Floats:
    """Return the share of a lognormal that is at most as large, by logarithm."""
    above = log_values - log(law.median)
    share = normal_cdf(above / law.sigma) if law.sigma else (above >= 0).astype(np.float64)
    return share if law.max is None else np.where(log_values >= log(law.max), 1.0, share)
