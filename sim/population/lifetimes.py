"""When the slots of an actor are worked, and by which account."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import DAY_US, FOREVER_US, SECOND_US
from sim.arrays.types import Ints
from sim.enforcement.outcome import Outcome
from sim.entities.tenure import SlotTimeline
from sim.scenario.resolved import Actor
from sim.streams import Streams


def draw_lifetimes(actor: Actor, horizon_us: int, streams: Streams) -> tuple[Ints, Ints]:
    """Draw (begin, end) of the work of each slot, shape (slots,), in whole seconds.

    A lifetime lies anywhere where it meets the log, evenly. Slots of an actor without lifetimes
    are worked for ever.

    Parameters
    ----------
    actor
        Its `lifetime_days` is None if its accounts have no lifetime.
    horizon_us
        Length of the log.
    streams
        The streams of the scenario.

    Returns
    -------
    begins_us, ends_us
        In microseconds of the log; ends are excluded, and a lifetime is a second at least.
        `-FOREVER_US` and `FOREVER_US` where there are none.
    """
    slots = actor.accounts
    if actor.lifetime_days is None:
        forever_us = np.full(slots, FOREVER_US)
        return -forever_us, forever_us

    rng = streams.rng(actor.id, "lifetimes")
    seconds = np.rint(actor.lifetime_days.sample(rng, slots) * (DAY_US / SECOND_US))
    length_us = np.maximum(seconds * SECOND_US, SECOND_US)
    begins_us = np.rint(rng.uniform(-length_us, horizon_us)).astype(np.int64)
    begins_us -= begins_us % SECOND_US
    return begins_us, begins_us + length_us.astype(np.int64)


def draw_sign_ups(
    actor: Actor, created_us: Ints, begins_us: Ints, separability: float, streams: Streams
) -> Ints:
    """Draw when the first accounts signed up.

    Those with a lifetime signed up before they began, by an exponential time with a mean of a day.
    Where classes are hard to tell apart, a share of them had been there for longer.

    Parameters
    ----------
    actor
        Its `lifetime_days` is None if its accounts have no lifetime.
    created_us
        When the accounts signed up if they have no lifetime, shape (slots,).
    begins_us
        When their lifetimes begin, shape (slots,).
    separability
        Share of the accounts that signed up for their lifetime, 0 to 1.
    streams
        The streams of the scenario.

    Returns
    -------
    numpy.ndarray
        In microseconds of the log, shape (slots,); negative before it opens. Never after the
        lifetime begins, if there is one.
    """
    if actor.lifetime_days is None:
        return created_us
    rng = streams.rng(actor.id, "sign-up")
    lead_us = np.rint(rng.exponential(DAY_US, len(begins_us))).astype(np.int64)
    fresh = rng.random(len(begins_us)) < separability
    signed_up_us = begins_us - lead_us
    return np.where(fresh, signed_up_us, np.minimum(created_us, signed_up_us))


def timeline_of(outcome: Outcome, begins_us: Ints, ends_us: Ints) -> SlotTimeline:
    """Return who occupies each slot when, within the time [begins, ends) of its work.

    Parameters
    ----------
    outcome
        Who holds the slots, and who does less in pauses, if they are worked for ever.
    begins_us, ends_us
        The lifetime of each slot, shape (slots,).
    """
    tenures, pauses = outcome.accounts, outcome.pauses
    return SlotTimeline.with_pauses(
        slot=tenures.slot,
        row=tenures.actor_row,
        from_us=np.maximum(tenures.from_us, begins_us[tenures.slot]),
        until_us=np.minimum(tenures.until_us, ends_us[tenures.slot]),
        factor=tenures.volume_factor,
        pauses=(pauses.account, pauses.from_us, pauses.until_us, pauses.factor),
        leaves_us=ends_us,
    )
