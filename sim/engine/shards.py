"""Units of work: how a scenario is cut into shards, whatever carries them out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sim.actors.arrivals.rates import shards_of
from sim.actors.context import ActorContext
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.teams import teams_of
from sim.actors.queue.tickets import Team
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import Workload
from sim.population.population import Population


@dataclass(frozen=True)
class Shard:
    """Some accounts of one actor, simulated together and apart from everyone else.

    `number` counts the shards of the scenario, `of_actor` those of the actor. `accounts` are the
    places that it has; who takes one over belongs to it. `expected` is the
    number of exchanges that it may be expected to send during the log. `team` is what it is of a
    queue, None in a population.
    """

    number: int
    actor: int
    of_actor: int
    shards_of_actor: int
    accounts: range
    expected: float
    team: Team | None


def shards(population: Population) -> list[Shard]:
    """Cut a scenario; the cut of an actor depends on that actor, the clock and the seed alone."""
    made: list[Shard] = []
    for actor, context in enumerate(population.contexts):
        cut = _cut(context)
        for of_actor, (accounts, team) in enumerate(cut):
            shard = Shard(len(made), actor, of_actor, len(cut), accounts, 0.0, team)
            expected = workload(population, shard).rows_per_us * context.working_us
            if team is not None:
                expected = min(expected, team.calls)
            made.append(replace(shard, expected=expected))
    return made


def _cut(context: ActorContext) -> list[tuple[range, Team | None]]:
    """Those of a queue who behave in their own way work it off, everyone else in sessions."""
    teams = teams_of(context, range(context.queue_slots))
    others = shards_of(context, range(context.queue_slots, context.actor.accounts))
    # all of them take their prompts from the same list
    count = len(teams) + len(others)
    made: list[tuple[range, Team | None]] = []
    made += [(team.accounts, replace(team, teams=count)) for team in teams]
    return made + [(accounts, None) for accounts in others]


def workload(population: Population, shard: Shard) -> Workload:
    """What a shard does, ready to begin."""
    context = population.contexts[shard.actor]
    if shard.team is not None:
        return QueueWorkload(context, shard.team)
    return SessionWorkload(context, shard.of_actor, shard.shards_of_actor, shard.accounts)


def workloads(population: Population) -> list[Workload]:
    """What all shards of a scenario do."""
    return [workload(population, shard) for shard in shards(population)]
