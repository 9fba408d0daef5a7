"""How a queue is cut into teams that work by themselves, each of them a shard."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import DAY_US, SHARD_EXCHANGES, rates_per_day
from sim.actors.context import ActorContext
from sim.actors.queue.load_balancing import balancer
from sim.actors.queue.ticket_queue import TicketQueue, ticket_source
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.arrays.types import Floats, Ints

# Workers that a pool keeps when the scenario does not say: so many times the mean number busy.
_HEADROOM = 3.0
# Earlier work lasts for so many tasks, and, if the log does, until limits have settled.
_TASKS_BEFORE, _SETTLING_US = 10, 300_000_000
# Tickets worked off before the opening of a log that is too short for a single one.
_MOST_TICKETS_BEFORE = 1_000


class Pilot(NamedTuple):
    """Calls of a task, and the time that it takes, on average."""

    calls: float
    span_us: float


def opens_us(context: ActorContext, team: Team, pilot: Pilot) -> int:
    """When the work of a team begins that is in progress when the log opens.

    Then its tasks are of every age, as they are in a team that has been at work for long.
    """
    enough = max(_TASKS_BEFORE * pilot.span_us, float(min(_SETTLING_US, context.working_us)))
    if pilot.span_us > context.working_us:
        enough = min(enough, _MOST_TICKETS_BEFORE * pilot.calls / team.rows_per_us)
    return -min(QUEUE_LEAD_US, math.ceil(enough))


def slot_weights(context: ActorContext, places: range) -> Floats:
    """How much of the work each place takes, where work is spread by volume.

    Where nobody can send anything, as without money for tokens, all take the same.
    """
    rates = rates_per_day(context, places)
    return rates if rates.any() else np.ones(len(rates))


def teams_of(context: ActorContext, places: range) -> list[Team]:
    """Cut a queue into teams that are expected to send some `SHARD_EXCHANGES` each.

    A target is shared out by what the accounts of each team can send, and stated workers by
    target. An organisation stays whole, because its limits and its cache are kept by one shard.
    The runs of a benchmark wait for each other, so it has one team.
    """
    if not len(places):
        return []
    whole = _whole(context, places)
    if whole.target is None:
        return [whole]
    organisation = context.accounts.organisation[places.start : places.stop]
    first = np.flatnonzero(np.diff(organisation, prepend=-1))
    most = len(first) if whole.workers is None else min(len(first), whole.workers)
    count = max(1, min(round(whole.target / SHARD_EXCHANGES), most))
    volume = slot_weights(context, places)
    if context.actor.balance != "weighted":
        volume = np.ones(len(places))
    edges = _even_edges(np.add.reduceat(volume, first), first, count)
    bounds = [*(places.start + edges).tolist(), places.stop]
    targets = apportion(whole.target, np.add.reduceat(volume, edges))
    workers: list[int | None] = [None] * count
    if whole.workers is not None:
        more = apportion(whole.workers - count, targets.astype(np.float64))
        workers = (1 + more).tolist()
    return [
        Team(
            number=k,
            teams=count,
            accounts=range(bounds[k], bounds[k + 1]),
            workers=workers[k],
            target=int(targets[k]),
            rows_per_us=whole.rows_per_us * float(targets[k]) / whole.target,
            calls=float(targets[k]),
        )
        for k in range(count)
    ]


def workers_of(context: ActorContext, team: Team, pilot: Pilot) -> int:
    """The workers of a team: those that the scenario states, else enough for its target.

    There are no more than tasks that can be in work at once: others would have nothing to do.
    """
    if team.workers is not None:
        most = context.actor.items if team.target is None else team.target
        return min(team.workers, max(1, most))
    pace = team.rows_per_us / pilot.calls
    if pilot.span_us > context.working_us:
        # no task can be begun and ended in the log, however many are in work at a time
        pace = min(pace, _MOST_TICKETS_BEFORE / QUEUE_LEAD_US)
    # more than one for each task would have nothing to do
    tasks = team.calls / pilot.calls
    return max(1, math.ceil(_HEADROOM * min(pace * pilot.span_us, tasks)))


def apportion(total: int, weight: Floats) -> Ints:
    """Whole numbers in proportion to `weight` that add up to `total` (largest remainders)."""
    exact = total * weight / weight.sum()
    share: Ints = np.floor(exact).astype(np.int64)
    most = np.argsort(share - exact, kind="stable")[: total - int(share.sum())]
    share[most] += 1
    return share


def _even_edges(weight: Floats, first: Ints, count: int) -> Ints:
    """Numbers of the first accounts of `count` groups of organisations of like weight."""
    group = np.arange(count)
    edge = np.searchsorted(np.cumsum(weight), weight.sum() * group / count)
    # every group has an organisation, however heavy its neighbours are
    edge = np.maximum.accumulate(edge - group) + group
    return np.asarray(first[np.minimum(edge, len(first) - count + group)])


def pilot_of(context: ActorContext, team: Team) -> Pilot:
    """Try out a block of tickets of a team, in the weather in which work may begin."""
    opens = -QUEUE_LEAD_US if context.actor.starts_us is None else context.actor.starts_us
    tickets = next(ticket_source(context, team, opens).main())
    balance = balancer(context.actor.balance, slot_weights(context, team.accounts))
    filled = TicketQueue(context, team, opens, balance).fill(tickets, "pilot")
    if filled is None:
        # nobody can take a ticket when work begins
        return Pilot(1.0, 1.0)
    start = np.full(len(filled.organisation), opens)
    ends_us = context.settle(filled.drawn, start).session_ends_us
    calls = filled.drawn.shape.calls_per_session
    return Pilot(float(calls.mean()), max(1.0, float((ends_us - opens).mean())))


def target_of(context: ActorContext, places: range | None = None) -> int | None:
    """Exchanges that a queue is to send by these places (None: all of them).

    None where a number of runs is asked for. It is what they send at their rate, over the time
    that they are there; the rate of a stage meets the target of its actor.
    """
    actor = context.actor
    if actor.source == "benchmark":
        return None
    places = range(actor.accounts) if places is None else places
    held = context.timeline.covered_us(actor.accounts, 0, context.horizon_us) / context.horizon_us
    own = rates_per_day(context, places) * held[places.start : places.stop]
    return max(1, round(float(own.sum()) * context.working_us / DAY_US))


def _whole(context: ActorContext, places: range) -> Team:
    """The queue as one team, with the pace to be expected of it."""
    actor = context.actor
    wanted = math.inf
    target = target_of(context, places)
    calls = float(target or 0)
    if target is not None:
        wanted = target / context.working_us
    whole = Team(
        number=0,
        teams=1,
        accounts=places,
        workers=actor.workers,
        target=target,
        rows_per_us=wanted,
        calls=calls,
    )
    if actor.workers is None:
        return whole
    pilot = pilot_of(context, whole)
    rate = min(wanted, actor.workers * pilot.calls / pilot.span_us)
    calls = calls or actor.items * actor.runs * pilot.calls
    return replace(whole, rows_per_us=rate, calls=calls)
