"""Everyone who takes part in a scenario: actors with their accounts, numbered through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.context import ActorContext
from sim.arrays.types import Ints
from sim.catalog import models, typologies
from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.entities.content import Universe
from sim.population.actor_builder import ActorBuilder
from sim.scenario.resolved import Actor, Scenario
from sim.streams import U64, Streams
from sim.world.conditions import ProviderConditions
from sim.world.models import ModelTable


@dataclass(frozen=True)
class Population:
    """The accounts of all actors as one table, and what maps them back to their actor."""

    scenario: Scenario
    streams: Streams
    universe: Universe
    clients: pools.Clients
    models: ModelTable
    contexts: tuple[ActorContext, ...]
    accounts: Accounts
    actor_of_account: Ints
    agent_ids: tuple[str, ...]
    agent_of_account: Ints

    def nobody(self) -> NDArray[np.bool_]:
        """A flag for every account, none of them set."""
        return np.zeros(len(self.actor_of_account), np.bool_)

    def actor_key(self, purpose: str) -> U64:
        """The key of each actor's identifiers for one purpose, shape (actors,)."""
        keys = [self.streams.key(context.actor.id, purpose) for context in self.contexts]
        return np.array(keys, np.uint64)

    def typology_of_actor(self) -> list[Any]:
        return [typologies()[context.actor.typology] for context in self.contexts]


def build_population(scenario: Scenario) -> Population:
    """Furnish every actor of `scenario`; what one gets does not depend on the others.

    But those that send through accounts of another depend on that one.
    """
    streams = Streams(scenario.seed)
    universe, clients = Universe(streams), pools.clients(streams)
    released = {e.model for e in scenario.world.events if e.kind == "release" and e.model}
    model_ids = sorted({m for actor in scenario.actors for m in actor.models} | released)
    table = ModelTable([models()[m] for m in model_ids])
    conditions = ProviderConditions(
        scenario.world, scenario.clock.start, -SESSION_LEAD_US, scenario.clock.duration_us
    )
    builder = ActorBuilder(scenario, streams, universe, clients, table, model_ids, conditions)
    made: dict[str, ActorContext] = {}
    for actor in _hosts_first(scenario.actors):
        made[actor.id] = builder.context(actor, made.get(actor.through or ""))
    everyone = Accounts.joined([made[actor.id].accounts for actor in scenario.actors])
    contexts, first = [], 0
    for actor in scenario.actors:
        contexts.append(made.pop(actor.id).beginning_at(first, everyone))
        first += len(contexts[-1].accounts)
    agent_ids = tuple(sorted({agent.id for context in contexts for agent in context.agents}))
    return Population(
        scenario=scenario,
        streams=streams,
        universe=universe,
        clients=clients,
        models=table,
        contexts=tuple(contexts),
        accounts=everyone,
        actor_of_account=np.repeat(np.arange(len(contexts)), [len(s.accounts) for s in contexts]),
        agent_ids=agent_ids,
        agent_of_account=np.concatenate([_agent_numbers(s, agent_ids) for s in contexts]),
    )


def _hosts_first(actors: tuple[Actor, ...]) -> list[Actor]:
    return sorted(actors, key=lambda actor: actor.through is not None)


def _agent_numbers(context: ActorContext, agent_ids: tuple[str, ...]) -> Ints:
    own = np.array([agent_ids.index(agent.id) for agent in context.agents])
    return own[context.accounts.agent]
