"""Everyone who takes part in a scenario: actors with their accounts, numbered through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.arrivals.rates import LEAD_US as SESSIONS_LEAD_US
from sim.actors.context import Stage
from sim.arrays.types import Ints
from sim.catalog import models, typologies
from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.entities.content import Universe
from sim.population.actor_builder import Furnisher
from sim.scenario.resolved import Actor, Scenario
from sim.streams import U64, Streams
from sim.world.conditions import Weather
from sim.world.models import ModelTable


@dataclass(frozen=True)
class Cast:
    """The accounts of all actors as one table, and what maps them back to their actor."""

    scenario: Scenario
    streams: Streams
    universe: Universe
    clients: pools.Clients
    models: ModelTable
    stages: tuple[Stage, ...]
    accounts: Accounts
    actor_of_account: Ints
    agent_ids: tuple[str, ...]
    agent_of_account: Ints

    def nobody(self) -> NDArray[np.bool_]:
        """A flag for every account, none of them set."""
        return np.zeros(len(self.actor_of_account), np.bool_)

    def actor_key(self, purpose: str) -> U64:
        """The key of each actor's identifiers for one purpose, shape (actors,)."""
        keys = [self.streams.key(stage.actor.id, purpose) for stage in self.stages]
        return np.array(keys, np.uint64)

    def typology_of_actor(self) -> list[Any]:
        return [typologies()[stage.actor.typology] for stage in self.stages]


def build_cast(scenario: Scenario) -> Cast:
    """Furnish every actor of `scenario`; what one gets does not depend on the others.

    But those that send through accounts of another depend on that one.
    """
    streams = Streams(scenario.seed)
    universe, clients = Universe(streams), pools.clients(streams)
    released = {e.model for e in scenario.world.events if e.kind == "release" and e.model}
    model_ids = sorted({m for actor in scenario.actors for m in actor.models} | released)
    table = ModelTable([models()[m] for m in model_ids])
    weather = Weather(
        scenario.world, scenario.clock.start, -SESSIONS_LEAD_US, scenario.clock.duration_us
    )
    furnisher = Furnisher(scenario, streams, universe, clients, table, model_ids, weather)
    made: dict[str, Stage] = {}
    for actor in _hosts_first(scenario.actors):
        made[actor.id] = furnisher.stage(actor, made.get(actor.through or ""))
    everyone = Accounts.joined([made[actor.id].accounts for actor in scenario.actors])
    stages, first = [], 0
    for actor in scenario.actors:
        stages.append(made.pop(actor.id).beginning_at(first, everyone))
        first += len(stages[-1].accounts)
    agent_ids = tuple(sorted({agent.id for stage in stages for agent in stage.agents}))
    return Cast(
        scenario=scenario,
        streams=streams,
        universe=universe,
        clients=clients,
        models=table,
        stages=tuple(stages),
        accounts=everyone,
        actor_of_account=np.repeat(np.arange(len(stages)), [len(s.accounts) for s in stages]),
        agent_ids=agent_ids,
        agent_of_account=np.concatenate([_agent_numbers(s, agent_ids) for s in stages]),
    )


def _hosts_first(actors: tuple[Actor, ...]) -> list[Actor]:
    return sorted(actors, key=lambda actor: actor.through is not None)


def _agent_numbers(stage: Stage, agent_ids: tuple[str, ...]) -> Ints:
    own = np.array([agent_ids.index(agent.id) for agent in stage.agents])
    return own[stage.accounts.agent]
