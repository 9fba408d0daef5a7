"""Load balancing: which account of a pool takes a ticket.

The policies are those of a reverse proxy, with accounts in the place of servers.
"""

from __future__ import annotations

import heapq
from typing import Protocol

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.streams import U64

POLICIES = ("weighted", "round_robin", "least_used", "sticky", "random")


class Balancer(Protocol):
    """Chooses accounts for consecutive tickets."""

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints:
        """Return the account of each ticket; `calls` and `prompt` have shape (tickets,)."""


def balancer(policy: str, volume: Floats) -> Balancer:
    """Return a balancer for a pool of accounts.

    Parameters
    ----------
    policy
        One of `POLICIES`. "weighted": at random in proportion to volume. "round_robin": one after
        the other. "least_used": who was handed the fewest exchanges. "sticky": by hash, the same
        account for the same prompt. "random": all alike.
    volume
        Relative volumes of the accounts, shape (accounts,), with a positive sum.
    """
    accounts = len(volume)
    if policy == "least_used":
        return _LeastUsed(accounts)
    if policy == "round_robin":
        return _RoundRobin(accounts)
    if policy == "sticky":
        return lambda calls, prompt, rng: (prompt % np.uint64(accounts)).astype(np.int64)
    if policy == "random":
        return lambda calls, prompt, rng: rng.integers(0, accounts, size=len(calls))

    # weighted: invert the cumulative distribution
    edges = np.cumsum(volume / volume.sum())
    edges[-1] = 1.0
    return lambda calls, prompt, rng: np.searchsorted(edges, rng.random(len(calls)), side="right")


class _RoundRobin:
    """Every account in turn, across blocks of tickets."""

    def __init__(self, accounts: int) -> None:
        self._accounts, self._next = accounts, 0

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints:
        chosen = (self._next + np.arange(len(calls))) % self._accounts
        self._next = (self._next + len(calls)) % self._accounts
        return chosen


class _LeastUsed:
    """The account that was handed the fewest exchanges so far, the lowest number first.

    A heap of (exchanges, account) has it at the top.
    """

    def __init__(self, accounts: int) -> None:
        self._heap = [(0, account) for account in range(accounts)]

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints:
        chosen = []
        for n in calls.tolist():
            used, account = self._heap[0]
            heapq.heapreplace(self._heap, (used + n, account))
            chosen.append(account)
        return np.array(chosen, np.int64)
