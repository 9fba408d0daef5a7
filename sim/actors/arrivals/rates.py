"""How much a population is expected to send, and how it is cut into shards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.actors.arrivals.intensity import Course, Intensity, Waves
from sim.actors.context import ActorContext
from sim.arrays.types import Floats
from sim.documents.bounds import MOST_PER_DAY
from sim.scenario.resolved import Actor
from sim.world.load import activity

DAY_US = 86_400_000_000
SESSION_LEAD_US = 14 * DAY_US
SHARD_EXCHANGES = 400_000


def shards_of(context: ActorContext, places: range) -> list[range]:
    """Cut places so that a shard is expected to have some `SHARD_EXCHANGES` exchanges.

    Organisations stay whole: what they share, limits and cache, is kept by their shard.
    """
    if not len(places):
        return []
    organisation = context.accounts.organisation[places.start : places.stop]
    first = np.flatnonzero(np.diff(organisation, prepend=-1))
    per_day = np.add.reduceat(rates_per_day(context, places), first)
    expected = np.cumsum(per_day) * context.horizon_us / DAY_US
    number = np.rint(expected / SHARD_EXCHANGES - 0.5).astype(np.int64)
    edges = [*first[np.diff(number, prepend=-1) > 0].tolist(), len(places)]
    return [range(places.start + low, places.start + high) for low, high in pairwise(edges)]


def rates_per_day(context: ActorContext, places: range) -> Floats:
    """Expected exchanges a day of each place while it is held, shape (places,).

    The dial is the median over accounts; volumes have mean 1. None is above `MOST_PER_DAY`,
    unless a target asks for more.
    """
    accounts, cap = context.accounts, context.actor.most_per_account_day
    own = slice(places.start, places.stop)
    mean = np.array([mean_per_day(behaviour) for behaviour in context.behaviours])
    rate = accounts.volume[own] * mean[accounts.mode[own]]
    return np.asarray(context.rate * np.minimum(rate, MOST_PER_DAY if cap is None else cap))


def mean_per_day(actor: Actor) -> float:
    """Expected exchanges per account and day; the dial is the median over accounts."""
    return float(actor.exchanges_per_account_day * np.exp(actor.account_volume_sigma**2 / 2))


def expected_exchanges(context: ActorContext, places: range) -> float:
    """Exchanges that places send during the log, given the volumes of their accounts.

    A log of three weekdays expects more than three sevenths of a week: what counts is the time
    of each account under its rhythm, as far as it is held. What the end users of one account do in
    other time zones is taken as if all were in its own.
    """
    accounts, rate = context.accounts, rates_per_day(context, places)
    held = (
        context.timeline.covered_us(context.actor.accounts, 0, context.horizon_us)
        / context.horizon_us
    )
    own = slice(places.start, places.stop)
    offset, mode = accounts.utc_offset_h[own], accounts.mode[own]
    days = np.zeros(len(places))
    for number in np.unique(mode).tolist():
        for hours in np.unique(offset[mode == number]).tolist():
            course = course_of(context, context.behaviours[number], hours)
            days[(mode == number) & (offset == hours)] = _active_us(context, course) / DAY_US
    return float((rate * days * held[own]).sum())


def course_of(context: ActorContext, behaviour: Actor, utc_offset_h: int) -> Course:
    """The rate of a behaviour over the log, with what all accounts of the actor have in common."""
    base = Intensity(behaviour.rhythm, context.clock.start, utc_offset_h)
    sigma = context.actor.waves_sigma
    if not sigma:
        return base
    rng = context.streams.rng(context.actor.id, "waves")
    return Waves(base, sigma, rng, -SESSION_LEAD_US, context.horizon_us)


def _active_us(context: ActorContext, course: Course) -> float:
    """Operational time of the log, less what holidays take of it."""
    edges = {0, context.horizon_us}
    for event in context.world.events:
        edges |= {event.at_us, event.until_us or context.horizon_us}
    inside = np.array(sorted(e for e in edges if 0 <= e <= context.horizon_us), np.int64)
    passed = np.diff(course.operational(inside.astype(np.float64)))
    return float((passed * activity(context.world, inside[:-1])).sum())
