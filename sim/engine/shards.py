"""Units of work: how a scenario is cut into shards, whatever carries them out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from sim.actors.arrivals.rates import shards_of
from sim.actors.context import ActorContext
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.teams import teams_of
from sim.actors.queue.tickets import Team
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import Workload
from sim.population.population import Population
from sim.reference.workload import ReferenceQueue, ReferenceSessions

Engine = Literal["fast", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class Shard:
    """Some accounts of one actor, simulated together and apart from everyone else.

    Attributes
    ----------
    number
        Counts the shards of the scenario.
    actor
        The number of its actor.
    of_actor, shards_of_actor
        Which shard of the actor it is, and of how many.
    accounts
        The slots that it has; later accounts in a slot belong to it too.
    expected
        How many exchanges it is expected to send during the log.
    team
        Its share of a queue; None for accounts that send in sessions.

    A shard is the unit of what is simulated, set aside and resumed. It holds whole organisations,
    because limits and caches are kept for these.
    """

    number: int
    actor: int
    of_actor: int
    shards_of_actor: int
    accounts: range
    expected: float
    team: Team | None


def shards(population: Population) -> list[Shard]:
    """Cut a scenario; the cut of an actor depends on that actor, the clock and the seed alone.

    The number of workers does not matter: it must not change a byte.

    Returns
    -------
    list of Shard
        Numbered from 0, actor by actor in the order of the scenario. An actor without accounts has
        none.
    """
    shards: list[Shard] = []
    for actor, context in enumerate(population.contexts):
        cut = _cut(context)
        for of_actor, (accounts, team) in enumerate(cut):
            shard = Shard(len(shards), actor, of_actor, len(cut), accounts, 0.0, team)
            expected = workload(population, shard).rows_per_us * context.working_us
            if team is not None:
                expected = min(expected, team.calls)
            shards.append(replace(shard, expected=expected))
    return shards


def _cut(context: ActorContext) -> list[tuple[range, Team | None]]:
    """Return the slots and the team of each shard of an actor.

    Accounts of a queue that behave as their typology does work it off in teams; those that
    follow another mode send in sessions, as everyone of a population does.
    """
    teams = teams_of(context, range(context.queue_slots))
    others = shards_of(context, range(context.queue_slots, context.actor.accounts))
    # all of them take their prompts from the same list
    count = len(teams) + len(others)
    in_teams = [(team.accounts, replace(team, teams=count)) for team in teams]
    return [*in_teams, *((accounts, None) for accounts in others)]


def workload(population: Population, shard: Shard, engine: Engine = "fast") -> Workload:
    """Return the workload of a shard, ready to begin; both engines yield the same rows.

    Parameters
    ----------
    population, shard
        The shard must have been cut from this population.
    engine
        Which engine simulates it.
    """
    context = population.contexts[shard.actor]
    if shard.team is not None:
        queue = QueueWorkload if engine == "fast" else ReferenceQueue
        return queue(context, shard.team)
    sessions = SessionWorkload if engine == "fast" else ReferenceSessions
    return sessions(context, shard.of_actor, shard.shards_of_actor, shard.accounts)


def workloads(population: Population, engine: Engine = "fast") -> list[Workload]:
    """Return the workload of each shard of a scenario, in order of shard number."""
    return [workload(population, shard, engine) for shard in shards(population)]
