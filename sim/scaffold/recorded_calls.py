"""What recorded calls of a library become in a session: their pauses, answers and new input.

Factors near 1 stretch every number, so that no exact sequence of a person comes back.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Library

# Standard deviations of the logarithms of the factors; priors.
_WAIT_SIGMA, _LENGTH_SIGMA, _BEGIN_SIGMA = 0.1, 0.05, 0.03


def recorded_waits_s(library: Library, rows: Ints, rng: np.random.Generator) -> Floats:
    """Return the pause in seconds before each call that is taken from `rows`, shape of `rows`."""
    return library.wait_s[rows] * _factors(rng, len(rows), _WAIT_SIGMA)


def recorded_output(library: Library, rows: Ints, rng: np.random.Generator) -> Floats:
    """Return the tokens of each answer, shape of `rows`."""
    return library.output_tokens[rows] * _factors(rng, len(rows), _LENGTH_SIGMA)


def recorded_appended(library: Library, rows: Ints, rng: np.random.Generator) -> Floats:
    """Return what each request has more than the one before it and its answer, shape of `rows`.

    It is below 0 where a client drops more, such as reasoning, than it adds. Where the recorded
    client began a new context, the new input is that of an ordinary call: when a context is full
    follows from the window.
    """
    appended = library.growth[rows] - library.before_tokens[rows]
    usual = np.median(library.growth[~library.compacts] - library.before_tokens[~library.compacts])
    appended = np.where(library.compacts[rows], usual, appended)
    return appended * _factors(rng, len(rows), _LENGTH_SIGMA)


def recorded_begin(library: Library, rows: Ints, rng: np.random.Generator) -> Floats:
    """Return the context of sessions whose first calls are taken from `rows`, shape of `rows`."""
    begin = library.begin_tokens[library.source[rows]]
    return begin * _factors(rng, len(rows), _BEGIN_SIGMA)


def _factors(rng: np.random.Generator, size: int, sigma: float) -> Floats:
    """Draw lognormal factors of median 1."""
    return np.exp(sigma * rng.standard_normal(size))
