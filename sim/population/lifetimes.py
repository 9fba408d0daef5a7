"""From when to when the accounts of an actor are there, and which of them hold its slots when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.arrays.time import DAY_US, FOREVER_US, NEVER_US, SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import typologies
from sim.distributions import Distribution
from sim.enforcement.outcome import Outcome
from sim.entities.accounts import Accounts
from sim.entities.behaviour import OWN_MODE
from sim.entities.tenure import Pauses, SlotTimeline
from sim.population.activity import Activity, first_weeks
from sim.scenario.resolved import Actor
from sim.streams import Streams

# Accounts of a queue whose work has to be done begin so long before it at least.
_BEFORE_WORK_US = DAY_US
# Accounts that are always there signed up within so long before the opening.
_ALWAYS_US = 365.0 * DAY_US


class Stays(NamedTuple):
    """When the first accounts signed up, begin and leave; microseconds of the log, shape (slots,).

    `begins_us` and `ends_us` are in whole seconds, the end excluded; `NEVER_US` and `FOREVER_US`
    where there is no lifetime. No account begins before it signed up.
    """

    created_us: Ints
    begins_us: Ints
    ends_us: Ints


def draw_stays(
    actor: Actor,
    behaviours: Sequence[Actor],
    accounts: Accounts,
    horizon_us: int,
    streams: Streams,
) -> Stays:
    """Draw when the first accounts of an actor sign up, begin and leave.

    A lifetime lies anywhere where it meets the log, evenly. So as many accounts are there at any
    time, as many come as leave, and those that are there are of every age. Accounts sign up before
    they begin, by an exponential time with a mean of a day.

    Accounts of one cohort share a lifetime, each shifted by how much earlier or later it signed up
    than the first of them. Who would so begin after the end of the log begins as long before it;
    who would be gone before it opens, as long after the first time at which a lifetime reaches it.

    Parameters
    ----------
    actor, behaviours
        The lifetimes of an account are those of its mode, None for accounts that are always there:
        those signed up within the year before the opening.
    accounts
        The first account of each slot. `created_us` tells how much later than the opening it would
        sign up if its cohort did so then.
    horizon_us
        Length of the log.
    streams
        The streams of the scenario.
    """
    rng, slots = streams.rng(actor.id, "lifetimes"), len(accounts)
    length_us, has_one = _lengths(behaviours, accounts.mode, rng)
    where, lead_us = rng.random(slots), rng.exponential(DAY_US, slots)

    # members of a cohort follow the first of it
    leader = _leaders(accounts.cohort)
    length_us, where, lead_us = length_us[leader], where[leader], lead_us[leader]
    later_us = accounts.created_us - accounts.created_us[leader]
    within_us = length_us + horizon_us
    # turned back at both ends, so that nobody is far from the cohort, and no time is rarer
    along_us = np.mod(where * within_us + later_us, 2 * within_us)
    begins_us = horizon_us - np.abs(along_us - within_us)

    # who has work to do begins before it, and stays until it is done
    stays = _keeps_work(actor, accounts) | ~has_one
    work_us = (actor.starts_us or 0) - _BEFORE_WORK_US
    before_us = np.minimum(work_us - where * length_us + later_us, work_us)
    begins_us = np.where(stays, before_us, begins_us)
    created_us = np.rint(begins_us - lead_us).astype(np.int64)

    from_us = np.ceil(begins_us / SECOND_US).astype(np.int64) * SECOND_US
    until_us = from_us + length_us.astype(np.int64)
    return Stays(
        created_us,
        np.where(has_one, from_us, NEVER_US),
        np.where(stays, FOREVER_US, until_us),
    )


def _lengths(
    behaviours: Sequence[Actor], mode: Ints, rng: np.random.Generator
) -> tuple[Floats, Bools]:
    """Draw lifetimes in microseconds, whole seconds and one at least; tell who has one.

    A year stands for that of an account that is always there.
    """
    length_us, has_one = np.full(len(mode), _ALWAYS_US), np.zeros(len(mode), np.bool_)
    for number, behaviour in enumerate(behaviours):
        members = np.flatnonzero(mode == number)
        if behaviour.lifetime_days is not None:
            seconds = np.rint(
                behaviour.lifetime_days.sample(rng, len(members)) * (DAY_US / SECOND_US)
            )
            length_us[members] = np.maximum(seconds, 1) * SECOND_US
            has_one[members] = True
    return length_us, has_one


def _leaders(cohort: Ints) -> Ints:
    """Return the first account of the cohort of each."""
    _, first, number = np.unique(cohort, return_index=True, return_inverse=True)
    return np.asarray(first[number])


def _keeps_work(actor: Actor, accounts: Accounts) -> Bools:
    """Tell which accounts stay until the runs or the target of their queue are done.

    Those of an actor that states a lifetime of its own come and go as it says.
    """
    has_work = actor.arrival == "queue" and (
        actor.source == "benchmark" or actor.target_exchanges is not None
    )
    usual = typologies()[actor.typology].defaults["lifetime_days"]
    has_work = has_work and actor.lifetime_days == Distribution.model_validate(usual)
    return np.asarray(has_work & (accounts.mode == OWN_MODE))


def timeline_of(outcome: Outcome, stays: Stays, activity: Activity) -> SlotTimeline:
    """Return who occupies each slot when, and how much of its work that account does.

    Parameters
    ----------
    outcome
        Who holds the slots, and who does less in pauses, if all accounts stay for ever.
    stays
        When the work of each slot begins and ends.
    activity
        How much accounts do from time to time.
    """
    tenures, imposed = outcome.accounts, outcome.pauses
    slot = tenures.slot
    from_us = np.maximum(tenures.from_us, stays.begins_us[slot])
    until_us = np.minimum(tenures.until_us, stays.ends_us[slot])

    ramp = first_weeks(from_us, activity.ramp_us[slot])
    own = ramp.followed_by(activity.rests(slot))

    # what lies outside the time that is simulated makes no difference
    from_us = np.where(from_us <= -SESSION_LEAD_US, NEVER_US, from_us)
    until_us = np.where(until_us >= activity.horizon_us, FOREVER_US, until_us)
    return SlotTimeline.with_pauses(
        slot=slot,
        row=tenures.actor_row,
        from_us=from_us,
        until_us=until_us,
        factor=tenures.volume_factor,
        pauses=(Pauses(imposed.account, imposed.from_us, imposed.until_us, imposed.factor), own),
        leaves_us=stays.ends_us,
        course=activity.course,
    )
