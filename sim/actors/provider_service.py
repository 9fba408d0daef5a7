"""How the provider serves one actor: models, timing of calls, limits, cache, and bans."""

from __future__ import annotations

from dataclasses import dataclass

from sim.arrays.types import Bools, Floats, Ints
from sim.scaffold.exchange_records import Records
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement
from sim.scaffold.task_rows import task_rows
from sim.scenario.resolved import Uptake
from sim.world.attempts import Attempts, CallConditions
from sim.world.event_loop import EventLoop
from sim.world.limits import Sizes
from sim.world.models import ModelTable
from sim.world.releases import Releases
from sim.world.timing import SolvedTiming, solve_timing


@dataclass(frozen=True)
class ProviderService:
    """What the provider offers an actor, and what becomes of its calls there.

    Attributes
    ----------
    models
        All models of the scenario.
    model_number
        Row in `models` of each of the models of all behaviours, laid end to end.
    conditions
        What decides what becomes of a call, apart from limits.
    limits
        Token buckets of the actor's tier by class of model; None where there is no limit.
    counting
        Whether exchanges are only to be counted.
    """

    models: ModelTable
    model_number: Ints
    releases: Releases
    conditions: CallConditions
    limits: list[Sizes | None]
    counting: bool = False

    def model_in_use(
        self, own_model: Ints, at_us: Ints, moves_at: Floats, asks_latest: Bools, uptake: Uptake
    ) -> Ints:
        """Return the row in `models` that clients use at some times; see `Releases.model`.

        `own_model` indexes `model_number`.
        """
        model = self.model_number[own_model]
        return self.releases.model(model, at_us, moves_at, asks_latest, uptake)

    def bucket(self, owner: Ints, model: Ints) -> Ints:
        """Return the bucket of each owner of limits and model: one for each class of model."""
        return owner * len(self.limits) + self.models.class_of[model]

    def event_loop(self, owners: int, keys: int, from_us: int) -> EventLoop:
        """Make an event loop for so many owners of limits and static prefixes; see `EventLoop`.

        Where nothing is limited, what is read from the cache changes no count.
        """
        reads_cache = not self.counting or any(sizes is not None for sizes in self.limits)
        return EventLoop(
            self.conditions,
            self.limits,
            from_us=from_us,
            buckets=owners * len(self.limits),
            keys=keys,
            reads_cache=reads_cache,
        )

    def solve_timing(
        self, drawn: DrawnSessions, start_us: Ints, sessions: Ints | None = None
    ) -> SolvedTiming:
        """Put sessions on the clock as if nothing were limited; see `solve_timing`.

        Parameters
        ----------
        drawn
            The calls of the sessions.
        start_us
            When each of the sessions begins.
        sessions
            Their numbers in `drawn`, ascending; None for all of them.

        Returns
        -------
        SolvedTiming
            `attempts.call` indexes the calls of `drawn`.
        """
        return solve_timing(drawn.calls, start_us, self.conditions, sessions)

    def task_rows(self, drawn: DrawnSessions, placement: Placement, attempts: Attempts) -> Records:
        """Make the rows of the task table; see `sim.scaffold.task_rows.task_rows`."""
        policy, until_us = self.conditions.policy, self.conditions.until_us
        return task_rows(drawn, placement, attempts, policy, until_us)
