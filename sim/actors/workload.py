"""What the engine asks of an actor: SimPy processes to start, and blocks of rows to collect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.catalog import Agent
from sim.entities.accounts import Accounts
from sim.scaffold.fill import Sessions
from sim.scenario.resolved import Actor, Clock
from sim.streams import Streams
from sim.tables.columns import Columns
from sim.world.models import ModelTable

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stage:
    """All that an actor's workload is built on.

    `model_number` maps the actor's own models to rows of `models`; `first_account` is the
    number of its first account in the scenario.
    """

    actor: Actor
    accounts: Accounts
    first_account: int
    agents: tuple[Agent, ...]
    models: ModelTable
    model_number: Ints
    clock: Clock
    streams: Streams

    def sessions(self, account: Ints, turns: Ints, calls: Ints, human_gap_us: Ints) -> Sessions:
        return Sessions(
            model=self.model_number[self.accounts.model[account]],
            caches=self.accounts.caches[account],
            turns=turns,
            calls=calls,
            human_gap_us=human_gap_us,
        )


class Block(NamedTuple):
    """Rows of the exchange log and of the task table."""

    rows: Columns
    tasks: Columns


class Workload(Protocol):
    """One shard of one actor."""

    opens_us: int
    slice_us: int
    rows_per_us: float

    def start(self, env: simpy.Environment) -> None:
        """Start the processes; `env` begins at `opens_us`."""

    def collect(self) -> list[Block]:
        """Return what was begun since the last call; called at the end of every slice."""


def draw_calls(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """Exchanges of `size` user turns: one, and in agentic turns what the tools add to it."""
    agentic = rng.random(size) < actor.agentic_share
    tool_steps = np.maximum(np.rint(actor.tool_steps.sample(rng, size)), 1)
    return 1 + np.where(agentic, tool_steps, 0).astype(np.int64)


def mean_calls(actor: Actor) -> float:
    """Expected exchanges of a user turn."""
    return 1 + actor.agentic_share * actor.tool_steps.rounded_mean(low=1)
