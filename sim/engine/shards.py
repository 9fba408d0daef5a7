"""Units of work: how a scenario is cut into shards, whatever carries them out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sim.actors.arrivals.rates import shards_of
from sim.actors.context import Stage, Workload
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.teams import teams_of
from sim.actors.queue.tickets import Team
from sim.actors.sessions.session_workload import SessionWorkload
from sim.population.population import Cast


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


def shards(cast: Cast) -> list[Shard]:
    """Cut a scenario; the cut of an actor depends on that actor, the clock and the seed alone."""
    made: list[Shard] = []
    for actor, stage in enumerate(cast.stages):
        cut = _cut(stage)
        for of_actor, (accounts, team) in enumerate(cut):
            shard = Shard(len(made), actor, of_actor, len(cut), accounts, 0.0, team)
            expected = workload(cast, shard).rows_per_us * stage.working_us
            if team is not None:
                expected = min(expected, team.calls)
            made.append(replace(shard, expected=expected))
    return made


def _cut(stage: Stage) -> list[tuple[range, Team | None]]:
    """Those of a queue who behave in their own way work it off, everyone else in sessions."""
    teams = teams_of(stage, range(stage.driven))
    others = shards_of(stage, range(stage.driven, stage.actor.accounts))
    # all of them take their prompts from the same list
    count = len(teams) + len(others)
    made: list[tuple[range, Team | None]] = []
    made += [(team.accounts, replace(team, teams=count)) for team in teams]
    return made + [(accounts, None) for accounts in others]


def workload(cast: Cast, shard: Shard) -> Workload:
    """What a shard does, ready to begin."""
    stage = cast.stages[shard.actor]
    if shard.team is not None:
        return QueueWorkload(stage, shard.team)
    return SessionWorkload(stage, shard.of_actor, shard.shards_of_actor, shard.accounts)


def workloads(cast: Cast) -> list[Workload]:
    """What all shards of a scenario do."""
    return [workload(cast, shard) for shard in shards(cast)]
