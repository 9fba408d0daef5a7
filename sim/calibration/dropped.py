"""Which answers the next request left out, as reasoning is: told from how the input grew."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats

_BINS, _ROUNDS, _FEWEST = 40, 100, 20
# A call counts a little in every bin, so that none is impossible.
_PRIOR = 0.5


def left_out(growth: Floats, output: Floats) -> Bools:
    """Return for each call whether it leaves the answer before out, drawn by what is probable.

    With a share d of answers left out, an input grows by the new tokens alone, else by new tokens
    and answer. Where it grew by less than the answer, that was left out; elsewhere both may be, and
    the share and the density of new tokens, as a histogram of logarithms, are those of maximum
    likelihood, by the EM algorithm (Dempster, Laird and Rubin 1977).

    Parameters
    ----------
    growth, output
        What the input grew by, and tokens of the answer before, of one kind of calls.

    Returns
    -------
    numpy.ndarray
        Draws with a fixed seed. None is left out if no input grew by less than the answer, or if
        there are fewer than twenty calls.
    """
    kept = growth - output
    must = kept < 0
    if not must.any() or len(growth) < _FEWEST:
        return must

    top = max(float(growth.max()), 2.0)
    edges = np.concatenate([[-np.inf, 0.5], np.geomspace(1, top + 1, _BINS)])
    widths = np.diff(np.concatenate([[0.0], edges[1:]]))
    bin_all, bin_kept = (np.searchsorted(edges, x, side="right") - 1 for x in (growth, kept))
    weight = np.where(must, 1.0, 0.5)
    for _ in range(_ROUNDS):
        counts = np.bincount(bin_all, weight, len(edges)) + _PRIOR
        counts += np.bincount(bin_kept, 1 - weight, len(edges))
        density = counts[: len(widths)] / widths / counts.sum()
        density = np.append(density, density[-1])
        share = weight.mean()
        dropped = share * density[bin_all]
        weight = dropped / (dropped + (1 - share) * density[bin_kept])
        weight[must] = 1.0
    return np.asarray(np.random.default_rng(0).random(len(weight)) < weight)
