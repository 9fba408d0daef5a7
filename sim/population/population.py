"""Everyone who takes part in a scenario: actors with their accounts, numbered through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.actors.context import ActorContext
from sim.arrays.types import Bools, Ints
from sim.catalog import models, typologies
from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.entities.behaviour import models_of
from sim.entities.content import Universe
from sim.entities.shared_pools import SharedPools
from sim.population.actor_builder import ActorBuilder
from sim.scenario.resolved import Actor, Scenario
from sim.streams import U64, Streams
from sim.world.conditions import ProviderConditions
from sim.world.models import ModelTable


@dataclass(frozen=True)
class Population:
    """The accounts of all actors as one table, and what maps them back to their actor.

    Attributes
    ----------
    scenario, streams
        The scenario, and the random streams of its seed.
    universe, clients
        The prompts and the client programs of the world, which all actors share.
    models
        All models that occur, in order of id.
    contexts
        In the order of the scenario's actors.
    accounts
        Those of the first actor, then those of the second, and so on.
    agent_ids
        The scaffolds that occur, in order of id.
    actor_of_account, agent_of_account : shape (accounts,)
        Index in `contexts`, and in `agent_ids`.
    """

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

    @property
    def world_streams(self) -> Streams:
        """The random streams of the planet, which all runs of one world share."""
        return self.scenario.world.streams

    def nobody(self) -> Bools:
        """Return a flag for every account, none of them set."""
        return np.zeros(len(self.actor_of_account), np.bool_)

    def for_counting(self) -> Population:
        """Return a copy whose actors leave out what no count of exchanges asks for."""
        contexts = tuple(context.for_counting() for context in self.contexts)
        return replace(self, contexts=contexts)

    def actor_key(self, purpose: str) -> U64:
        """Return the key of each actor's identifiers for one purpose, shape (actors,)."""
        keys = [self.streams.key(context.actor.id, purpose) for context in self.contexts]
        return np.array(keys, np.uint64)

    def typology_of_actor(self) -> list[Any]:
        """Return the catalog's typology of each actor."""
        return [typologies()[context.actor.typology] for context in self.contexts]


def build_population(scenario: Scenario) -> Population:
    """Build the accounts of every actor of a scenario, and number them through.

    What an actor gets depends on the seed and on itself alone, but for actors that send through
    the accounts of another: they depend on that one.

    Parameters
    ----------
    scenario
        In resolved form, checked.

    Returns
    -------
    Population
        The same for the same scenario and seed, in every process.
    """
    streams = Streams(scenario.seed)
    builder = _builder(scenario, streams)

    built: dict[str, ActorContext] = {}
    for actor in _hosts_first(scenario.actors):
        built[actor.id] = builder.build(actor, built.get(actor.through or ""))

    # one table of accounts, of which every context has a view
    everyone = Accounts.joined([built[actor.id].accounts for actor in scenario.actors])
    contexts, first = [], 0
    for actor in scenario.actors:
        contexts.append(built.pop(actor.id).numbered_from(first, everyone))
        first += len(contexts[-1].accounts)

    sizes = [len(context.accounts) for context in contexts]
    agent_ids = tuple(sorted({agent.id for context in contexts for agent in context.agents}))
    return Population(
        scenario=scenario,
        streams=streams,
        universe=builder.universe,
        clients=builder.clients,
        models=builder.models,
        contexts=tuple(contexts),
        accounts=everyone,
        actor_of_account=np.repeat(np.arange(len(contexts)), sizes),
        agent_ids=agent_ids,
        agent_of_account=np.concatenate([_agent_numbers(c, agent_ids) for c in contexts]),
    )


def _builder(scenario: Scenario, streams: Streams) -> ActorBuilder:
    """Make what all actors have in common: prompts, clients, models, the provider."""
    world, clock = scenario.world, scenario.clock
    released = {e.model for e in world.events if e.kind == "release" and e.model}
    model_ids = sorted({m for actor in scenario.actors for m in models_of(actor)} | released)
    return ActorBuilder(
        scenario=scenario,
        streams=streams,
        universe=Universe(world.streams),
        clients=pools.clients(world.streams),
        shared=SharedPools(world.streams),
        models=ModelTable([models()[m] for m in model_ids]),
        conditions=ProviderConditions(world, clock.start, -SESSION_LEAD_US, clock.duration_us),
    )


def _hosts_first(actors: tuple[Actor, ...]) -> list[Actor]:
    """Order actors so that each comes after the one through whose accounts it sends."""
    return sorted(actors, key=lambda actor: actor.through is not None)


def _agent_numbers(context: ActorContext, agent_ids: tuple[str, ...]) -> Ints:
    """Return the index in `agent_ids` of each account's scaffold."""
    number = np.array([agent_ids.index(agent.id) for agent in context.agents])
    return number[context.accounts.agent]
