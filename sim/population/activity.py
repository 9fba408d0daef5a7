"""How much accounts do from time to time: first weeks, dormancy, drift, a change of model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.actors.arrivals.rates import SESSION_LEAD_US
from sim.arrays.ragged import ranges
from sim.arrays.time import DAY_US, FOREVER_US, SECOND_US
from sim.arrays.types import Floats, Ints
from sim.entities.accounts import Accounts
from sim.entities.tenure import WEEK_US, Course, Pauses
from sim.scenario.resolved import Actor
from sim.streams import Streams

MONTH_DAYS = 30
# Dormancies are cut off here, so that those that reach into the log can be drawn.
LONGEST_DORMANCY_DAYS = 120
# A new account comes to its full volume in so many equal steps.
_STEPS = 4


@dataclass(frozen=True)
class Activity:
    """How much the slots of an actor do from time to time, whoever holds them.

    Attributes
    ----------
    horizon_us
        Length of the log.
    ramp_us
        How long an account takes to come to its full volume, shape (slots,).
    dormancies
        Times in which a slot sends nothing; `account` is the slot. In order of slot; may overlap.
    course
        How much more or less the slots do from week to week; None: the same all the time.
    """

    horizon_us: int
    ramp_us: Ints
    dormancies: Pauses
    course: Course | None

    def rests(self, slot: Ints) -> Pauses:
        """Return the dormancies of accounts that hold the slots `slot`, ascending."""
        low, high = (
            np.searchsorted(self.dormancies.account, slot, side=side) for side in ("left", "right")
        )
        rows = ranges(low, high - low)
        return self.dormancies.pick(rows, np.repeat(np.arange(len(slot)), high - low))


def draw_activity(
    actor: Actor,
    behaviours: Sequence[Actor],
    mode: Ints,
    lives_us: tuple[Ints, Ints],
    horizon_us: int,
    streams: Streams,
) -> Activity:
    """Draw when the slots of an actor do less than usual.

    Parameters
    ----------
    actor, behaviours
        The dials of a slot are those of its mode.
    mode
        The mode of each slot, shape (slots,).
    lives_us
        When the first account of each slot begins and when it leaves; those of a queue that never
        leave, because its work has to be done, are never dormant.
    horizon_us
        Length of the log.
    streams
        The streams of the scenario.
    """
    ramp_us = _by_mode(behaviours, "ramp_days", mode) * DAY_US
    begins_us, ends_us = lives_us
    rng = streams.rng(actor.id, "dormancy")
    dormancies = _dormancies(behaviours, mode, begins_us, horizon_us, rng)
    if actor.arrival == "queue":
        dormancies = dormancies.pick(ends_us[dormancies.account] < FOREVER_US)
    return Activity(
        horizon_us=horizon_us,
        ramp_us=np.rint(ramp_us).astype(np.int64),
        dormancies=dormancies,
        course=_course(behaviours, mode, horizon_us, streams.rng(actor.id, "drift")),
    )


def first_weeks(from_us: Ints, ramp_us: Ints) -> Pauses:
    """Return what accounts do in their first weeks, as steps of equal length up to their all.

    Parameters
    ----------
    from_us, ramp_us
        When each account begins, and how long it takes; shape (accounts,).
    """
    new = np.flatnonzero((from_us + ramp_us > -SESSION_LEAD_US) & (ramp_us >= _STEPS * SECOND_US))
    account, step = np.repeat(new, _STEPS), np.tile(np.arange(_STEPS), len(new))
    begin_us, length_us = from_us[account], ramp_us[account]
    return Pauses(
        account,
        begin_us + length_us * step // _STEPS,
        begin_us + length_us * (step + 1) // _STEPS,
        (step + 0.5) / _STEPS,
    )


def _dormancies(
    behaviours: Sequence[Actor],
    mode: Ints,
    begins_us: Ints,
    horizon_us: int,
    rng: np.random.Generator,
) -> Pauses:
    """Draw dormancies as a Poisson process in time; what overlaps is one dormancy.

    The chance of being in none is exp(-rate * mean length), that of an M/G/infinity queue to be
    empty (Takacs 1962, Introduction to the Theory of Queues), which gives the rate. None begins
    before its account does.
    """
    opens_days = -SESSION_LEAD_US / DAY_US - LONGEST_DORMANCY_DAYS
    lengths = [b.dormant_days.up_to(LONGEST_DORMANCY_DAYS) for b in behaviours]
    per_day = np.array(
        [
            -np.log1p(-b.dormant_share) / max(length.mean(), 1 / 24)
            for b, length in zip(behaviours, lengths, strict=True)
        ]
    )
    count = rng.poisson(per_day[mode] * (horizon_us / DAY_US - opens_days))
    slot = np.repeat(np.arange(len(mode)), count)
    from_us = rng.uniform(opens_days * DAY_US, horizon_us, len(slot))
    length_us = np.empty(len(slot))
    for number, length in enumerate(lengths):
        members = np.flatnonzero(mode[slot] == number)
        days = np.maximum(length.sample(rng, len(members)), 1 / 24)
        length_us[members] = np.minimum(days, LONGEST_DORMANCY_DAYS) * DAY_US

    begin_us, end_us = (np.rint(us).astype(np.int64) for us in (from_us, from_us + length_us))
    counts = (begin_us >= begins_us[slot]) & (end_us > -SESSION_LEAD_US)
    return Pauses(slot, begin_us, end_us, np.zeros(len(slot))).pick(counts)


def _course(
    behaviours: Sequence[Actor], mode: Ints, horizon_us: int, rng: np.random.Generator
) -> Course | None:
    """Draw a random walk of the logarithm of each slot's volume, a step a week, with mean 1."""
    weeks = -(-horizon_us // WEEK_US)
    sigma = _by_mode(behaviours, "drift_sigma", mode) * np.sqrt(WEEK_US / DAY_US / MONTH_DAYS)
    if weeks < 2 or not sigma.any():
        return None
    walk = np.zeros((len(mode), weeks))
    walk[:, 1:] = np.cumsum(rng.standard_normal((len(mode), weeks - 1)), axis=1) * sigma[:, None]

    # the last week may be a part of one
    length = np.minimum(horizon_us - np.arange(weeks) * WEEK_US, WEEK_US)
    factor = np.exp(walk)
    mean = (factor * length).sum(axis=1) / horizon_us
    return Course((factor / mean[:, None]).astype(np.float32))


def with_model_changes(
    actor: Actor, behaviours: Sequence[Actor], accounts: Accounts, streams: Streams
) -> Accounts:
    """Draw which accounts choose their model anew within the log, and when; once at most.

    They choose as at first, so the shares of models stay what they are. Accounts that ask for the
    newest model by its alias never choose one.

    Parameters
    ----------
    actor, behaviours
        The share that does so within a month is that of an account's mode.
    accounts
        Their `second_model` is what they would choose; `model_changes_us` is replaced.
    streams
        The streams of the scenario.
    """
    rng, n = streams.rng(actor.id, "model changes"), len(accounts)
    per_day = -np.log1p(-_by_mode(behaviours, "model_change_share", accounts.mode)) / MONTH_DAYS
    with np.errstate(divide="ignore"):
        days = rng.exponential(1.0, n) / per_day

    changes = (days < FOREVER_US / DAY_US) & ~accounts.asks_latest
    changes &= accounts.second_model != accounts.model
    changes_us = np.where(changes, np.where(changes, days, 0) * DAY_US, FOREVER_US)
    return replace(accounts, model_changes_us=changes_us).narrow()


def _by_mode(behaviours: Sequence[Actor], name: str, mode: Ints) -> Floats:
    """Return a dial of each slot, as its mode has it."""
    return np.array([float(getattr(b, name)) for b in behaviours])[mode]
