"""What recorded calls of a library become in a session: their pauses, answers and new input."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog import Library
from sim.scaffold.library_sessions import stretched

# Spread of a factor on the context that a session begins with, as standard deviation of its
# logarithm; a prior.
_BEGIN_SPREAD = 0.03


class RecordedCalls(NamedTuple):
    """Calls that are taken from a library.

    Attributes
    ----------
    wait_s : array of float, shape (M,)
        Seconds from the end of the answer before.
    appended, output : array of float, shape (M,)
        Tokens that the request has beyond the one before it and its answer, below 0 where the
        client drops more than it adds, and tokens of the answer.
    begin : array of float, shape (S,)
        Tokens of the first request of each session.
    """

    wait_s: Floats
    appended: Floats
    output: Floats
    begin: Floats


def recorded_calls(
    library: Library, rows: Ints, first: Ints, rng: np.random.Generator
) -> RecordedCalls:
    """Return what calls do that are taken from `rows` of a library.

    Where the recorded client began a new context, the new input is that of an ordinary call: when a
    context is full follows from the window.

    Parameters
    ----------
    library : Library
        The recorded calls.
    rows : array of int, shape (M,)
        Row of each call.
    first : array of int, shape (S,)
        Index of the first call of each session.
    rng : numpy.random.Generator
        Gives the factors that stretch the numbers.
    """
    wait_s, appended, output = stretched(library, rows, rng)
    net = (library.growth - library.before_tokens)[~library.compacts]
    appended = np.where(library.compacts[rows], float(np.median(net)), appended)
    stretch = np.exp(_BEGIN_SPREAD * rng.standard_normal(len(first)))
    begin = np.asarray(library.begin_tokens[rows[first]] * stretch, np.float64)
    return RecordedCalls(wait_s, appended, output, begin)
