"""Everyone who takes part in a scenario: actors with their accounts, numbered through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.volume import LEAD_US as SESSIONS_LEAD_US
from sim.actors.workload import Stage
from sim.catalog import Limit, agents, models, tiers, typologies
from sim.entities import pools
from sim.entities.accounts import Accounts, build_accounts
from sim.scenario.resolved import Actor, Scenario
from sim.streams import U64, Streams
from sim.world.attempts import Fates, Policy
from sim.world.limits import BucketSize, Sizes
from sim.world.models import ModelTable
from sim.world.releases import Releases
from sim.world.weather import Weather

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cast:
    """The accounts of all actors as one table, and what maps them back to their actor."""

    scenario: Scenario
    streams: Streams
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
    """Furnish every actor of `scenario`; what one gets does not depend on the others."""
    streams = Streams(scenario.seed)
    clients = pools.clients(streams)
    released = {e.model for e in scenario.world.events if e.kind == "release" and e.model}
    model_ids = sorted({m for actor in scenario.actors for m in actor.models} | released)
    agent_ids = tuple(sorted({a for actor in scenario.actors for a in actor.agents}))
    table = ModelTable([models()[m] for m in model_ids])
    weather = Weather(
        scenario.world, scenario.clock.start, -SESSIONS_LEAD_US, scenario.clock.duration_us
    )
    everyone = Accounts.joined(
        [build_accounts(actor, streams, clients.weights) for actor in scenario.actors]
    )
    stages: list[Stage] = []
    first = 0
    for actor in scenario.actors:
        accounts = everyone.rows(first, first + actor.accounts)
        stages.append(
            Stage(
                actor=actor,
                accounts=accounts,
                first_account=first,
                agents=tuple(agents()[a] for a in actor.agents),
                models=table,
                model_number=np.array([model_ids.index(m) for m in actor.models]),
                clock=scenario.clock,
                world=scenario.world,
                streams=streams,
                weather=weather,
                releases=Releases(scenario.world, {m: k for k, m in enumerate(model_ids)}),
                fates=Fates(streams, actor.id),
                policy=_policy(scenario, actor),
                sizes=_sizes(scenario, actor, table, weather),
                prefix_of_account=_prefixes(accounts),
            )
        )
        first += actor.accounts
    return Cast(
        scenario=scenario,
        streams=streams,
        clients=clients,
        models=table,
        stages=tuple(stages),
        accounts=everyone,
        actor_of_account=np.repeat(np.arange(len(stages)), [len(s.accounts) for s in stages]),
        agent_ids=agent_ids,
        agent_of_account=np.concatenate([_agent_numbers(s, agent_ids) for s in stages]),
    )


def _policy(scenario: Scenario, actor: Actor) -> Policy:
    resumes = actor.on_failure == "resume"
    return Policy(
        timeout_us=scenario.world.timeout_us,
        resume_after_us=round(actor.resume_after_s * 1e6) if resumes else None,
    )


def _sizes(
    scenario: Scenario, actor: Actor, table: ModelTable, weather: Weather
) -> list[Sizes | None]:
    """The buckets of the actor's tier by class of model; None where there is no limit."""
    tier = tiers()[actor.tier]
    return [_of_class(scenario, tier.get(c), weather) for c in table.classes]


def _of_class(scenario: Scenario, limit: Limit | None, weather: Weather) -> Sizes | None:
    if limit is None:
        return None
    per_minute = (limit.requests_per_min, limit.input_tokens_per_min, limit.output_tokens_per_min)
    factors = weather.limits.tolist()
    series = [BucketSize.series(n, factors, scenario.world.burst) for n in per_minute]
    return Sizes(*series)


def _prefixes(accounts: Accounts) -> Ints:
    """Number the pairs of organisation and template, per account."""
    pair = accounts.organisation * pools.TEMPLATES + accounts.template
    return np.asarray(np.unique(pair, return_inverse=True)[1])


def _agent_numbers(stage: Stage, agent_ids: tuple[str, ...]) -> Ints:
    own = np.array([agent_ids.index(a) for a in stage.actor.agents])
    return own[stage.accounts.agent]
