"""A population of accounts, each opening sessions in its own time (open loop)."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.actors.rhythm import Intensity

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DRAWS = 4096


class Population:
    """One SimPy process per account; each waits for its next session and notes it down."""

    def __init__(
        self,
        mean_gap_us: Floats,
        intensity: list[Intensity],
        rng: np.random.Generator,
        opens_us: int,
        ends_us: int,
    ) -> None:
        """`mean_gap_us`: mean time between the sessions of each account, shape (accounts,)."""
        self._mean_gap_us = mean_gap_us.tolist()
        self._intensity = intensity
        self._gaps = _exponentials(rng)
        self._opens_us = opens_us
        self._ends_us = ends_us
        self._starts: list[int] = []
        self._accounts: list[int] = []

    def start(self, env: simpy.Environment) -> None:
        for account in range(len(self._mean_gap_us)):
            env.process(self._account(env, account))

    def _account(self, env: simpy.Environment, account: int) -> Generator[simpy.Event, None, None]:
        """A Poisson process in operational time: the rhythm bends the clock, not the draws."""
        intensity, mean_gap = self._intensity[account], self._mean_gap_us[account]
        operational = intensity.operational_scalar(self._opens_us)
        while True:
            operational += next(self._gaps) * mean_gap
            start = round(intensity.clock_scalar(operational))
            if start >= self._ends_us:
                return
            yield env.timeout(start - env.now)
            self._starts.append(start)
            self._accounts.append(account)

    def drain(self) -> tuple[Ints, Ints]:
        """Return start times and account numbers of the sessions opened since the last call."""
        opened = np.array(self._starts, np.int64), np.array(self._accounts, np.int64)
        self._starts.clear()
        self._accounts.clear()
        return opened


def _exponentials(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.standard_exponential(_DRAWS).tolist()
