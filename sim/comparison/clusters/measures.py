"""What one can measure of a cluster of accounts, from counts that are small beside its log."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Ints

Ids = NDArray[np.int64]


def gini(counts: Ints) -> float | None:
    """Return the Gini coefficient of positive counts, in [0, 1 - 1/n]; None below two of them.

    It is the mean difference of two members, drawn with replacement, over twice the mean; of the
    counts x_1 <= ... <= x_n it is 2 sum_i(i x_i) / (n sum x) - (n + 1) / n (Dixon et al., Ecology
    68, 1987).

    Parameters
    ----------
    counts:
        Shape (n,), in any order.
    """
    n = len(counts)
    if n < 2:
        return None
    ordered = np.sort(counts).astype(np.float64)
    ranked = float(np.arange(1, n + 1) @ ordered)
    return 2 * ranked / (n * float(ordered.sum())) - (n + 1) / n


def synchrony(account: Ids, hour: Ints, count: Ints, hours: int) -> float | None:
    """Return the mean Pearson correlation of the hourly counts of two accounts.

    The mean is over all pairs of accounts that vary; those with the same count in every hour have
    no correlation. None below two that vary; in [-1/(m - 1), 1] for m of them.

    With z the counts of an account standardised over the hours, the variance of sum_a z_a is m plus
    the sum of the correlations of all ordered pairs; so no pair is ever looked at.

    Parameters
    ----------
    account, hour, count:
        `count` > 0 exchanges of `account` in `hour` of 0 to `hours` - 1, shape (n,) each, one row
        for each pair that occurs; what is not listed is 0.
    hours:
        Length of the log.
    """
    _, place = np.unique(account, return_inverse=True)

    # mean and sum of squares of each account, hours without an exchange included
    listed = np.bincount(place)
    mean = np.bincount(place, count) / hours
    squares = np.bincount(place, (count - mean[place]) ** 2) + (hours - listed) * mean**2
    varies = (listed < hours) | (np.bincount(place, count != mean[place]) > 0)
    m = int(varies.sum())
    if m < 2:
        return None

    # the sum of all standardised accounts, hour by hour
    weight = np.zeros(len(mean))
    weight[varies] = 1 / np.sqrt(squares[varies] / hours)
    z = np.bincount(hour, count * weight[place], hours) - float(mean @ weight)
    return (float(z.var()) / m - 1) / (m - 1)


def shared(account: Ids, instrument: Ids) -> float | None:
    """Return the share of paying accounts with an instrument with which another of them pays.

    None below two accounts.

    Parameters
    ----------
    account, instrument:
        One row for each account and an instrument of it, shape (n,) each; rows may be repeated.
    """
    pairs = np.unique(np.stack([account, instrument]), axis=1)
    payers, payer = np.unique(pairs[0], return_inverse=True)
    if len(payers) < 2:
        return None
    _, instrument_of_pair, users = np.unique(pairs[1], return_inverse=True, return_counts=True)
    sharing = np.bincount(payer, users[instrument_of_pair] > 1, len(payers)) > 0
    return float(sharing.mean())
