"""Clusters of accounts that pairs join: single linkage, which is union-find over the pairs."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Ints


def clusters_of(accounts: Ints, a: Ints, b: Ints) -> Ints:
    """Return the cluster of each of `accounts`: its number from 1, or 0 for an account alone.

    Parameters
    ----------
    accounts
        Identifiers without repetition, shape (accounts,).
    a, b
        The pairs that are joined, by identifiers, shape (pairs,) each. Accounts of pairs that are
        not among `accounts` join others all the same.

    Returns
    -------
    numpy.ndarray
        Connected components, shape (accounts,), numbered by their least identifier. One of which
        but one account is asked for counts as a cluster: the others are there, unasked.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    every = np.unique(np.concatenate([accounts, a, b]))
    ends = np.searchsorted(every, a), np.searchsorted(every, b)
    graph = coo_array((np.ones(len(a)), ends), shape=(len(every), len(every)))
    component = connected_components(graph, directed=False)[1]

    _, first, place = np.unique(component, return_index=True, return_inverse=True)
    size = np.bincount(place)
    number = np.zeros(len(size), np.int64)
    order = np.argsort(first)[size[np.argsort(first)] > 1]
    number[order] = np.arange(1, len(order) + 1)
    return np.asarray(number[place][np.searchsorted(every, accounts)])
