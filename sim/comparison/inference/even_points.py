"""Points that fill the unit cube more evenly than chance does, and tell their own error."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints

# Sequences of points that draws are made of; how much they differ tells the error.
SEQUENCES = 10


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
