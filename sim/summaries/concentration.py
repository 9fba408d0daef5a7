"""How unequally accounts share the exchanges of their group."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats
from sim.summaries.run_figures import Distribution

# Shares of accounts at which the curve is given.
_POINTS = 101


def lorenz(counts: Distribution) -> Floats:
    """Return the share of exchanges that the accounts with fewest hold, at 101 shares of accounts.

    Parameters
    ----------
    counts
        Exchanges of accounts, of at least one.

    Returns
    -------
    numpy.ndarray
        (101,), from 0 to 1, linear between accounts. The diagonal where no account has any.
    """
    shares = np.linspace(0.0, 1.0, _POINTS)
    held = np.cumsum(counts.values * counts.frequencies)
    if not held[-1]:
        return shares
    accounts = np.cumsum(counts.frequencies)
    curve: Floats = np.interp(
        shares, np.append(0, accounts) / accounts[-1], np.append(0, held) / held[-1]
    )
    return curve


def gini(counts: Distribution) -> float:
    """Return the Gini coefficient: 0 if all accounts hold the same, towards 1 if one holds all.

    It is 1 less twice the area below the Lorenz curve; of one account it is 0.

    Parameters
    ----------
    counts
        Exchanges of accounts, of at least one.
    """
    held = np.cumsum(counts.values * counts.frequencies)
    if not held[-1]:
        return 0.0
    share = np.append(0, held) / held[-1]
    width = counts.frequencies / counts.frequencies.sum()
    return float(1 - (width * (share[1:] + share[:-1])).sum())
