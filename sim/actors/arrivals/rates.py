"""How much the accounts of an actor are expected to send, and how they are cut into shards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sim.actors.arrivals.intensity import ModulatedIntensity, TimeChange, WeeklyIntensity
from sim.actors.context import ActorContext
from sim.arrays.time import DAY_US
from sim.arrays.types import Floats
from sim.catalog import NO_LIMITS
from sim.documents.bounds import MOST_PER_DAY
from sim.entities.accounts import Accounts
from sim.entities.behaviour import OWN_MODE
from sim.scenario.resolved import Actor
from sim.world.load_curve import activity

# Sessions are opened at most so long before the log: longer ones hold hardly any exchanges.
SESSION_LEAD_US = 14 * DAY_US
SHARD_EXCHANGES = 400_000
# What an account under limits that follows a mode sends in a day at most. Whoever needs more has
# limits by contract; else calls would be refused faster than answered. A prior.
MOST_UNDER_LIMITS = 20_000


def shards_of(context: ActorContext, slots: range) -> list[range]:
    """Cut slots so that each shard is expected to have about `SHARD_EXCHANGES` exchanges.

    Organisations stay whole: what their accounts share, limits and cache, is kept by one shard.

    Returns
    -------
    list of range
        Consecutive slots; together they are `slots`.
    """
    if not len(slots):
        return []
    organisation = context.accounts.organisation[slots.start : slots.stop]
    first = np.flatnonzero(np.diff(organisation, prepend=-1))
    per_day = np.add.reduceat(rates_per_day(context, slots), first)

    # an organisation belongs to the shard in which the running total ends that includes it
    expected = np.cumsum(per_day) * context.horizon_us / DAY_US
    shard = np.rint(expected / SHARD_EXCHANGES - 0.5).astype(np.int64)
    edges = [*first[np.diff(shard, prepend=-1) > 0].tolist(), len(slots)]
    return [range(slots.start + low, slots.start + high) for low, high in pairwise(edges)]


def rates_per_day(context: ActorContext, slots: range) -> Floats:
    """Return the expected exchanges a day of each slot while it is occupied, shape (slots,)."""
    unscaled = unscaled_rates_per_day(context.actor, context.behaviours, context.accounts, slots)
    return np.asarray(context.traffic_factor * unscaled)


def unscaled_rates_per_day(
    actor: Actor, behaviours: Sequence[Actor], accounts: Accounts, slots: range
) -> Floats:
    """Return the expected exchanges a day of each slot, before a target or a budget scales them.

    The mean of the slot's behaviour times the volume of its first account, which has mean 1; at
    most `most_per_account_day` of the actor. If it states none, that is `MOST_PER_DAY`, or
    `MOST_UNDER_LIMITS` for accounts that follow a mode and have limits. Of that the share `volume`,
    and at most what the scenario lets everybody send.
    """
    within = slice(slots.start, slots.stop)
    mean = np.array([mean_per_day(behaviour) for behaviour in behaviours])
    rate = accounts.volume[within] * mean[accounts.mode[within]]

    most: float | Floats
    if actor.most_per_account_day is not None:
        most = actor.most_per_account_day
    else:
        is_bound = (accounts.mode[within] != OWN_MODE) & (actor.tier != NO_LIMITS)
        most = np.where(is_bound, MOST_UNDER_LIMITS, MOST_PER_DAY)
    rate = np.minimum(rate, most)

    if actor.volume is not None:
        rate = rate * actor.volume
    if actor.most_of_everybody is not None:
        rate = np.minimum(rate, actor.most_of_everybody)
    return np.asarray(rate)


def mean_per_day(behaviour: Actor) -> float:
    """Return the mean exchanges per account and day; the parameter is the median over accounts.

    The volume of accounts is lognormal, so the mean is median * exp(sigma^2 / 2).
    """
    sigma = behaviour.account_volume_sigma
    return float(behaviour.exchanges_per_account_day * np.exp(sigma**2 / 2))


def expected_exchanges(context: ActorContext, slots: range) -> float:
    """Return the exchanges that slots are expected to send during the log, given their volumes.

    What counts of the log is the operational time of each slot under its rhythm, as far as the
    slot is occupied: three weekdays hold more than three sevenths of a week. All end users of an
    account count as if they lived in its own time zone.
    """
    accounts, within = context.accounts, slice(slots.start, slots.stop)
    offset = accounts.utc_offset_h[within] - accounts.late_h[within]
    mode = accounts.mode[within]

    days = np.zeros(len(slots))
    for number in np.unique(mode).tolist():
        for hours in np.unique(offset[mode == number]).tolist():
            time_change = time_change_of(context, context.behaviours[number], hours)
            alike = (mode == number) & (offset == hours)
            days[alike] = _active_us(context, time_change) / DAY_US
    return float((rates_per_day(context, slots) * days * context.occupied_share[within]).sum())


def time_change_of(context: ActorContext, behaviour: Actor, utc_offset_h: int) -> TimeChange:
    """Return the intensity of a behaviour, with the factors that the actor's accounts share."""
    base = WeeklyIntensity(behaviour.rhythm, context.clock.start, utc_offset_h)
    sigma = context.actor.waves_sigma
    if not sigma:
        return base
    rng = context.streams.rng(context.actor.id, "waves")
    return ModulatedIntensity(base, sigma, rng, -SESSION_LEAD_US, context.horizon_us)


def _active_us(context: ActorContext, time_change: TimeChange) -> float:
    """Return the operational time of the log, less what holidays take of it."""
    edges = {0, context.horizon_us}
    for event in context.world.events:
        edges |= {event.at_us, event.until_us or context.horizon_us}
    edges_us = np.array(sorted(e for e in edges if 0 <= e <= context.horizon_us), np.int64)

    passed_us = np.diff(time_change.operational(edges_us.astype(np.float64)))
    return float((passed_us * activity(context.world, edges_us[:-1])).sum())
