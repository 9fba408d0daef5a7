"""What chance does to an AUC where a few owners have most of the rows.

Rows of one owner are alike, so that counts of rows say nothing of the error: what is drawn anew is
the owner, with all its rows.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata

from sim.arrays.types import Bools, Floats, Ints

# A test that asks many things is wrong by chance in one of a hundred audits.
ALPHA = 0.01


def clustered_auc(values: Floats, sought: Bools, owner: Ints) -> tuple[Floats, Floats]:
    """Return the AUC of each column, and its standard error over owners.

    The error is that of Obuchowski (1997), "Nonparametric analysis of clustered ROC curve data",
    Biometrics 53: the sum over owners of the squared sums of what their rows contribute.

    Parameters
    ----------
    values
        Shape (rows, columns), without missing values.
    sought
        Which rows are sought, shape (rows,); of either kind there is at least one.
    owner
        Number of each row's owner, from 0.

    Returns
    -------
    tuple of arrays
        AUC and error, each of shape (columns,). .5 and 0 for a constant column.
    """
    some, rest = int(sought.sum()), int((~sought).sum())
    ranks = rankdata(values, axis=0)
    above = (ranks[sought] - rankdata(values[sought], axis=0)) / rest
    below = 1 - (ranks[~sought] - rankdata(values[~sought], axis=0)) / some
    area = above.mean(axis=0)

    # what each row adds to the AUC, summed up by owner
    parts = np.empty(values.shape)
    parts[sought] = (above - area) / some
    parts[~sought] = (below - area) / rest
    owners = int(owner.max()) + 1
    sums = np.zeros((owners, values.shape[1]))
    np.add.at(sums, owner, parts)
    mine = np.bincount(owner, sought, owners) > 0
    squares = np.zeros(values.shape[1])
    for side in (mine, ~mine):
        there = int((side & (np.bincount(owner, minlength=owners) > 0)).sum())
        squares += (sums[side] ** 2).sum(axis=0) * there / max(1, there - 1)
    return area, np.sqrt(squares)


def permuted_labels(
    sought: Bools, owner: Ints, rng: np.random.Generator, rounds: int
) -> tuple[Floats, Ints]:
    """Return labels of owners, the true ones first and then those of others.

    An owner keeps its rows and gets the label of another; so the spread over rounds is that of
    chance among owners. An owner of both kinds has the label of most of its rows.

    Parameters
    ----------
    sought, owner
        Of each row whether it is sought, and the number of its owner.
    rng
        Of the permutations.
    rounds
        How many.

    Returns
    -------
    tuple of arrays
        1 for an owner that is sought, else 0, shape (1 + rounds, owners); and the place of each
        row's owner among them, shape (rows,).
    """
    place = np.unique(owner, return_inverse=True)[1]
    own = np.bincount(place, sought) > np.bincount(place) / 2
    drawn = np.stack([own, *(rng.permutation(own) for _ in range(rounds))])
    return drawn.astype(float), place


def permuted_aucs(values: Floats, labels: Floats, place: Ints) -> Floats:
    """Return the AUC of each column under each round of labels, shape (rounds, columns).

    Parameters
    ----------
    values
        Shape (rows, columns).
    labels, place
        As of `permuted_labels`.
    """
    sums = np.zeros((labels.shape[1], values.shape[1]))
    np.add.at(sums, place, rankdata(values, axis=0))
    rows = np.bincount(place).astype(float)
    some = (labels @ rows)[:, None]
    rest = len(values) - some
    return np.asarray((labels @ sums - some * (some + 1) / 2) / np.maximum(some * rest, 1.0))


def bonferroni(looks: int, alpha: float = ALPHA) -> float:
    """Return how many standard errors the largest of `looks` figures may be off by chance."""
    return float(norm.isf(alpha / (2 * max(1, looks))))
