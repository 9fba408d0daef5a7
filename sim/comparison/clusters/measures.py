"""What one can measure of a cluster of accounts, from counts that are small beside its log."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Ints

Ids = NDArray[np.int64]


def gini(counts: Ints) -> float | None:
    """Gini coefficient of positive counts, shape (n,), in [0, 1 - 1/n]; None below two of them.

    The mean difference of two members, drawn with replacement, over twice the mean; of the counts
    x_1 <= ... <= x_n it is 2 sum_i(i x_i) / (n sum x) - (n + 1) / n (Dixon et al., Ecology 68,
    1987).
    """
    n = len(counts)
    if n < 2:
        return None
    ordered = np.sort(counts).astype(np.float64)
    ranked = float(np.arange(1, n + 1) @ ordered)
    return 2 * ranked / (n * float(ordered.sum())) - (n + 1) / n


def synchrony(account: Ids, hour: Ints, count: Ints, hours: int) -> float | None:
    """Mean Pearson correlation of the hourly counts of two accounts, over all pairs that vary.

    `count` > 0 exchanges of `account` in `hour` of 0 to `hours` - 1, shape (n,) each, one row for
    each pair that occurs; what is not listed is 0. Accounts with the same count in every hour have
    no correlation and are left out; None below two that vary. In [-1/(m - 1), 1] for m accounts.

    With z the counts of an account standardised over the hours, the variance of sum_a z_a is m plus
    the sum of the correlations of all ordered pairs; so no pair is ever looked at.
    """
    _, of = np.unique(account, return_inverse=True)
    listed = np.bincount(of)
    mean = np.bincount(of, count) / hours
    squares = np.bincount(of, (count - mean[of]) ** 2) + (hours - listed) * mean**2
    varies = (listed < hours) | (np.bincount(of, count != mean[of]) > 0)
    m = int(varies.sum())
    if m < 2:
        return None
    weight = np.zeros(len(mean))
    weight[varies] = 1 / np.sqrt(squares[varies] / hours)
    z = np.bincount(hour, count * weight[of], hours) - float(mean @ weight)
    return (float(z.var()) / m - 1) / (m - 1)


def shared(account: Ids, instrument: Ids) -> float | None:
    """Share of paying accounts with an instrument with which another of them pays.

    One row for each account and an instrument of it, shape (n,) each; rows may be repeated. None
    below two accounts.
    """
    pairs = np.unique(np.stack([account, instrument]), axis=1)
    payers, of = np.unique(pairs[0], return_inverse=True)
    if len(payers) < 2:
        return None
    _, with_, users = np.unique(pairs[1], return_inverse=True, return_counts=True)
    sharing = np.bincount(of, users[with_] > 1, len(payers)) > 0
    return float(sharing.mean())
