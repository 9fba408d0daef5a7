"""Which account of a pool takes a ticket."""

from __future__ import annotations

import heapq
from typing import Protocol

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.streams import U64

POLICIES = ("weighted", "round_robin", "least_used", "sticky", "random")


class Balancer(Protocol):
    """Chooses accounts for consecutive tickets; `calls` and `prompt` have shape (tickets,)."""

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints: ...


def balancer(policy: str, volume: Floats) -> Balancer:
    """Return the balancer of a pool whose accounts have the relative slot_weights `volume`."""
    accounts = len(volume)
    if policy == "least_used":
        return _LeastUsed(accounts)
    if policy == "round_robin":
        return _RoundRobin(accounts)
    if policy == "sticky":
        return lambda calls, prompt, rng: (prompt % np.uint64(accounts)).astype(np.int64)
    if policy == "random":
        return lambda calls, prompt, rng: rng.integers(0, accounts, size=len(calls))
    edges = np.cumsum(volume / volume.sum())
    edges[-1] = 1.0
    return lambda calls, prompt, rng: np.searchsorted(edges, rng.random(len(calls)), side="right")


class _RoundRobin:
    def __init__(self, accounts: int) -> None:
        self._accounts, self._next = accounts, 0

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints:
        chosen = (self._next + np.arange(len(calls))) % self._accounts
        self._next = (self._next + len(calls)) % self._accounts
        return chosen


class _LeastUsed:
    """The account with the fewest exchanges handed to it so far, the lowest number first."""

    def __init__(self, accounts: int) -> None:
        self._heap = [(0, account) for account in range(accounts)]

    def __call__(self, calls: Ints, prompt: U64, rng: np.random.Generator) -> Ints:
        chosen = []
        for n in calls.tolist():
            used, account = self._heap[0]
            heapq.heapreplace(self._heap, (used + n, account))
            chosen.append(account)
        return np.array(chosen, np.int64)
