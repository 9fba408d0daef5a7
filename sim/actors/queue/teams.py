"""How a queue is cut into teams that work by themselves, each of them a shard."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import SHARD_EXCHANGES, rates_per_day
from sim.actors.context import ActorContext
from sim.actors.queue.load_balancing import balancer
from sim.actors.queue.ticket_queue import TicketQueue
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team, ticket_source
from sim.arrays.time import DAY_US, MINUTE_US
from sim.arrays.types import Floats, Ints

# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0
# Earlier work lasts for so many tasks, and, if the log does, until limits have settled.
_TASKS_BEFORE, _SETTLING_US = 10, 5 * MINUTE_US
# Tickets worked off before the opening of a log that is too short for a single one.
_MOST_TICKETS_BEFORE = 1_000


class Pilot(NamedTuple):
    """Mean calls of a task, and the mean time that it takes, from a block of tickets."""

    calls: float
    service_us: float


def opens_us(context: ActorContext, team: Team, pilot: Pilot) -> int:
    """Return when a team begins that is at work when the log opens, at most 0.

    It begins so early that its tasks in progress at the opening are of every age, as in a team
    that has been at work for long (the warm-up of a simulation).
    """
    before_us = max(_TASKS_BEFORE * pilot.service_us, float(min(_SETTLING_US, context.working_us)))
    if pilot.service_us > context.working_us:
        before_us = min(before_us, _MOST_TICKETS_BEFORE * pilot.calls / team.rows_per_us)
    return -min(QUEUE_LEAD_US, math.ceil(before_us))


def slot_weights(context: ActorContext, slots: range) -> Floats:
    """Return how much of the work each slot takes, where work is spread by volume.

    Where nobody can send anything, as without money for tokens, all take the same.
    """
    rates = rates_per_day(context, slots)
    return rates if rates.any() else np.ones(len(rates))


def teams_of(context: ActorContext, slots: range) -> list[Team]:
    """Cut a queue into teams that are expected to send about `SHARD_EXCHANGES` each.

    The target is shared out by what the accounts of each team can send, and stated workers by
    target. An organisation stays whole, because its limits and its cache are kept by one shard.
    The runs of a benchmark wait for each other, so it has one team.

    Returns
    -------
    list of Team
        Their accounts are consecutive and together `slots`.
    """
    if not len(slots):
        return []
    undivided = _undivided(context, slots)
    target, workers = undivided.target, undivided.workers
    if target is None:
        return [undivided]

    # how many teams: each with one organisation and one worker at least
    organisation = context.accounts.organisation[slots.start : slots.stop]
    first = np.flatnonzero(np.diff(organisation, prepend=-1))
    most = len(first) if workers is None else min(len(first), workers)
    count = max(1, min(round(target / SHARD_EXCHANGES), most))

    # where they are cut, and what each is to send
    weight = slot_weights(context, slots)
    if context.actor.balance != "weighted":
        weight = np.ones(len(slots))
    edges = _even_edges(np.add.reduceat(weight, first), first, count)
    bounds = [*(slots.start + edges).tolist(), slots.stop]
    targets = apportion(target, np.add.reduceat(weight, edges))

    workers_of_team: list[int | None] = [None] * count
    if workers is not None:
        more = apportion(workers - count, targets.astype(np.float64))
        workers_of_team = (1 + more).tolist()
    return [
        Team(
            number=k,
            teams=count,
            accounts=range(bounds[k], bounds[k + 1]),
            workers=workers_of_team[k],
            target=int(targets[k]),
            rows_per_us=undivided.rows_per_us * float(targets[k]) / target,
            calls=float(targets[k]),
        )
        for k in range(count)
    ]


def workers_of(context: ActorContext, team: Team, pilot: Pilot) -> int:
    """Return the workers of a team: those that the scenario states, else enough for its target.

    By Little's law the mean number busy is pace * service time; a pool keeps three times that.
    More workers than there are tasks would have nothing to do.
    """
    if team.workers is not None:
        tickets = context.actor.items if team.target is None else team.target
        return min(team.workers, max(1, tickets))

    pace = team.rows_per_us / pilot.calls
    if pilot.service_us > context.working_us:
        # no task can be begun and ended in the log, however many are in work at a time
        pace = min(pace, _MOST_TICKETS_BEFORE / QUEUE_LEAD_US)
    tasks = team.calls / pilot.calls
    return max(1, math.ceil(_HEADROOM * min(pace * pilot.service_us, tasks)))


def apportion(total: int, weight: Floats) -> Ints:
    """Share out a whole number in proportion to `weight`, by largest remainders (Hamilton).

    Returns
    -------
    array of shape of `weight`
        Whole numbers that add up to `total`, each less than 1 from its exact share.
    """
    exact = total * weight / weight.sum()
    share: Ints = np.floor(exact).astype(np.int64)
    most = np.argsort(share - exact, kind="stable")[: total - int(share.sum())]
    share[most] += 1
    return share


def _even_edges(weight: Floats, first: Ints, count: int) -> Ints:
    """Cut organisations into `count` groups of like weight.

    `weight` and `first` account are by organisation. Returns the first account of each group.
    """
    group = np.arange(count)
    edge = np.searchsorted(np.cumsum(weight), weight.sum() * group / count)
    # every group has an organisation, however heavy its neighbours are
    edge = np.maximum.accumulate(edge - group) + group
    return np.asarray(first[np.minimum(edge, len(first) - count + group)])


def pilot_of(context: ActorContext, team: Team) -> Pilot:
    """Try out a block of tickets of a team, in the conditions in which its work may begin."""
    starts_us = context.actor.starts_us
    opens = -QUEUE_LEAD_US if starts_us is None else starts_us
    tickets = next(ticket_source(context, team, opens).main())
    balance = balancer(context.actor.balance, slot_weights(context, team.accounts))
    batch = TicketQueue(context, team, opens, balance).draw_batch(tickets, "pilot")
    if batch is None:
        # nobody can take a ticket when work begins
        return Pilot(1.0, 1.0)

    start_us = np.full(len(batch), opens)
    ends_us = context.service.solve_timing(batch.drawn, start_us).session_ends_us
    calls = batch.drawn.calls.calls_per_session
    return Pilot(float(calls.mean()), max(1.0, float((ends_us - opens).mean())))


def target_of(context: ActorContext, slots: range | None = None) -> int | None:
    """Return the exchanges that a queue is to send by these slots (None: by all of them).

    It is what the slots send at their rates, over the time that they are occupied; rates are
    scaled such that together they meet the target of the actor. None where a number of runs is
    asked for.
    """
    actor = context.actor
    if actor.source == "benchmark":
        return None
    slots = range(actor.accounts) if slots is None else slots
    share = context.occupied_share[slots.start : slots.stop]
    per_day = float((rates_per_day(context, slots) * share).sum())
    return max(1, round(per_day * context.working_us / DAY_US))


def _undivided(context: ActorContext, slots: range) -> Team:
    """Return the queue as one team, with the pace to be expected of it."""
    actor, target = context.actor, target_of(context, slots)
    team = Team(
        number=0,
        teams=1,
        accounts=slots,
        workers=actor.workers,
        target=target,
        rows_per_us=math.inf if target is None else target / context.working_us,
        calls=float(target or 0),
    )
    if actor.workers is None:
        return team

    # stated workers may be slower than the target asks
    pilot = pilot_of(context, team)
    fastest = actor.workers * pilot.calls / pilot.service_us
    calls = team.calls or actor.items * actor.runs * pilot.calls
    return replace(team, rows_per_us=min(team.rows_per_us, fastest), calls=calls)
