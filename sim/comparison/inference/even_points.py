"""Points that fill the unit cube more evenly than chance does, and tell their own error."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints

# Sequences of points that draws are made of; how much they differ tells the error.
SEQUENCES = 10
# Points of a lattice.
_POINTS = 256


def even_points(n: int, dimensions: int, key: int, sequences: int) -> Floats:
    """Return points that fill the unit cube more evenly than chance does, (n, dimensions).

    They are Sobol sequences one after the other, each scrambled by itself (Owen, Ann. Stat. 25,
    1997), so that how much they differ tells the error of what is made of all. `sequence_of` tells
    which points belong together where there are ten.

    Parameters
    ----------
    n, dimensions:
        Shape of the result.
    key:
        Names the random numbers that scramble.
    sequences:
        How many sequences.
    """
    from scipy.stats.qmc import Sobol

    sizes = np.diff(np.arange(sequences + 1) * n // sequences)
    rng = np.random.default_rng(key)
    points = [
        Sobol(dimensions, rng=rng).random_base2(max(int(size) - 1, 0).bit_length())[:size]
        for size in sizes
    ]
    return np.asarray(np.clip(np.concatenate(points), 0, 1 - 1e-12))


def sequence_of(n: int) -> Ints:
    """Return the number, 0 to 9, of the sequence that each of n draws belongs to, (n,), rising."""
    ends = np.arange(1, SEQUENCES + 1) * n // SEQUENCES
    return np.searchsorted(ends, np.arange(n), side="right")


def lattice(dimensions: int) -> Floats:
    """Return points that fill the unit cube evenly: a Kronecker sequence, always the same one.

    Parameters
    ----------
    dimensions:
        Dimensions of the cube, 1 or more.

    Returns
    -------
    ndarray
        Points in [0, 1), (256, dimensions).
    """
    steps = _plastic(dimensions)
    return np.asarray((0.5 + np.arange(1, _POINTS + 1)[:, None] * steps) % 1)


def _plastic(dimensions: int) -> Floats:
    """Return the steps of the R_d sequence (Roberts 2018): powers of 1 / phi.

    phi is the root of x^(d+1) = x + 1, the golden ratio in one dimension.
    """
    phi = 2.0
    for _ in range(60):
        phi = (1 + phi) ** (1 / (dimensions + 1))
    return np.asarray(phi ** -np.arange(1.0, dimensions + 1))
