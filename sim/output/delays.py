"""Delays that follow from hashed numbers, so that they belong to one thing and to nothing else."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Ints
from sim.streams import U64, mixed, uniforms


def lognormal_us(numbers: U64, median_us: int, sigma: float) -> Ints:
    """Return lognormal delays, in microseconds.

    A normal number by Box and Muller (1958, "A note on the generation of random normal deviates")
    out of two uniform ones.

    Parameters
    ----------
    numbers
        Of `mixed`, one for each delay.
    median_us
        Median, in microseconds.
    sigma
        Standard deviation of the natural logarithm.
    """
    u, v = 1 - uniforms(numbers), uniforms(mixed(1, numbers))
    normal = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
    return np.asarray(np.rint(median_us * np.exp(sigma * normal)), np.int64)
