"""What the engine asks of an actor, and what the actors share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.catalog import Agent
from sim.entities.accounts import Accounts
from sim.scaffold.fill import Drawn, Sessions, fill
from sim.scaffold.ragged import starts_of
from sim.scaffold.rows import Placement, task_rows
from sim.scaffold.turns import Turns
from sim.scenario.resolved import Actor, Clock, World
from sim.streams import Streams
from sim.tables.columns import Columns, take
from sim.world.attempts import Attempts, Fates, Policy
from sim.world.contended import Contended
from sim.world.gateway import Gateway
from sim.world.limits import Sizes
from sim.world.models import ModelTable
from sim.world.releases import Releases
from sim.world.settle import Settled, settle
from sim.world.weather import Weather

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class HitsLimitError(Exception):
    """A queue hit a limit, so that what was assumed about its workers does not hold."""


class Block(NamedTuple):
    """Rows of the exchange log and of the task table."""

    rows: Columns
    tasks: Columns


class Workload(Protocol):
    """One shard of one actor, from its opening to the end of the log."""

    rows_per_us: float

    def blocks(self) -> Iterator[Block]:
        """Yield all its rows, as if nothing were limited.

        Raises HitsLimitError when that proves wrong, and then everything yielded is void.
        """

    def blocks_under_limits(self) -> Iterator[Block]:
        """Yield all its rows, event by event."""


@dataclass(frozen=True)
class Stage:
    """All that an actor's workload is built on.

    `model_number` maps the actor's own models to rows of `models`; `first_account` is the
    number of its first account in the scenario. `prefix_of_account` numbers the pairs of
    organisation and template. `sizes` are the limits by class of model.
    """

    actor: Actor
    accounts: Accounts
    first_account: int
    agents: tuple[Agent, ...]
    models: ModelTable
    model_number: Ints
    clock: Clock
    world: World
    streams: Streams
    weather: Weather
    releases: Releases
    fates: Fates
    policy: Policy
    sizes: list[Sizes | None]
    prefix_of_account: Ints

    @property
    def horizon_us(self) -> int:
        return self.clock.duration_us

    def sessions(
        self,
        account: Ints,
        at_us: Ints,
        moves_at: Floats,
        per_session: Ints,
        turns: Turns,
        human_gap_us: Ints,
        task_no: Ints,
    ) -> Sessions:
        """Sessions of accounts that choose their model at `at_us`; see `Releases.model`."""
        model = self.releases.model(
            self.model_number[self.accounts.model[account]],
            at_us,
            moves_at,
            self.accounts.asks_latest[account],
            self.actor.uptake,
        )
        classes = len(self.sizes)
        single = np.add.reduceat(turns.calls, starts_of(per_session)) == 1
        batch = self.accounts.batches[account] & single
        bucket = self.accounts.organisation[account] * classes + self.models.class_of[model]
        return Sessions(
            model=model,
            lifetime_us=self.accounts.cache_lifetime_us[account],
            key=self.prefix_of_account[account] * len(self.models.ids) + model,
            bucket=np.where(batch, -1, bucket),
            batch=batch,
            thinks=self.accounts.thinks[account],
            per_session=per_session,
            turns=turns,
            human_gap_us=human_gap_us,
            task_no=task_no,
        )

    def fill(self, sessions: Sessions, agent: int, *name: str | int) -> Drawn:
        """Draw what is inside `sessions` of one of the actor's agents."""
        return fill(sessions, self.agents[agent], self.models, self.fates, self.streams, *name)

    def gateway(self, opens_us: int) -> Gateway:
        keys = (int(self.prefix_of_account.max()) + 1) * len(self.models.ids)
        organisations = int(self.accounts.organisation.max()) + 1
        return Gateway(self.weather, keys, organisations, self.sizes, opens_us)

    def event_loop(self, from_us: int) -> Contended:
        """An event loop for organisations of this actor that hit their limits."""
        return Contended(
            self.sizes, self.weather, self.fates, self.policy, from_us, self.horizon_us
        )

    def settle(self, drawn: Drawn, start_us: Ints) -> Settled:
        """What becomes of sessions begun at `start_us`, as if nothing were limited."""
        shape = drawn.shape
        return settle(
            start_us,
            shape.calls_per_session,
            shape.task,
            shape.wait_us,
            shape.calls,
            self.weather,
            self.fates,
            self.policy,
            self.horizon_us,
        )

    def ends_us(self, drawn: Drawn, start_us: Ints) -> Ints:
        """When sessions begun at `start_us` end, as if nothing were limited."""
        last = np.cumsum(drawn.shape.calls_per_session) - 1
        return self.settle(drawn, start_us).ends_us[last]

    def tasks(self, drawn: Drawn, placement: Placement, attempts: Attempts) -> Columns:
        return task_rows(drawn, placement, attempts, self.policy, self.horizon_us)

    def in_log(self, rows: Columns) -> Columns:
        inside = (rows["ts"] >= 0) & (rows["ts"] < self.horizon_us)
        return rows if inside.all() else take(rows, inside)
