"""How much a population is expected to send, and how it is cut into shards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.actors.rhythm import Intensity
from sim.actors.workload import Stage
from sim.scaffold.turns import mean_calls
from sim.scenario.resolved import Actor
from sim.world.load import activity

Ints = NDArray[np.int64]

DAY_US = 86_400_000_000
LEAD_US = 14 * DAY_US
SHARD_EXCHANGES = 400_000


def shards_of(stage: Stage) -> list[range]:
    """Cut the accounts so that a shard is expected to have some `SHARD_EXCHANGES` exchanges.

    Organisations stay whole: what they share, limits and cache, is kept by their shard.
    """
    accounts = stage.accounts
    per_day = mean_per_day(stage.actor) * accounts.volume
    first = np.flatnonzero(np.diff(accounts.organisation, prepend=-1))
    expected = np.cumsum(np.add.reduceat(per_day, first)) * stage.horizon_us / DAY_US
    number = np.rint(expected / SHARD_EXCHANGES - 0.5).astype(np.int64)
    edges = [*first[np.diff(number, prepend=-1) > 0].tolist(), len(accounts)]
    return [range(low, high) for low, high in pairwise(edges)]


def mean_per_day(actor: Actor) -> float:
    """Expected exchanges per account and day; the dial is the median over accounts."""
    return float(actor.exchanges_per_account_day * np.exp(actor.account_volume_sigma**2 / 2))


def mean_exchanges(actor: Actor) -> float:
    """Expected exchanges of a session."""
    dial = actor.turns_per_session
    turns = dial.single_share + (1 - dial.single_share) * dial.more.rounded_mean(low=1)
    return turns * mean_calls(actor)


def expected_exchanges(stage: Stage) -> float:
    """Exchanges that the accounts of a population send during the log, given their volumes.

    A log of three weekdays expects more than three sevenths of a week: what counts is the time
    of each account under its rhythm.
    """
    accounts = stage.accounts
    days = np.zeros(len(accounts))
    for offset in np.unique(accounts.utc_offset_h).tolist():
        intensity = Intensity(stage.actor.rhythm, stage.clock.start, offset)
        length_us = _active_us(stage, intensity)
        days[accounts.utc_offset_h == offset] = length_us / DAY_US
    return float(mean_per_day(stage.actor) * (accounts.volume * days).sum())


def _active_us(stage: Stage, intensity: Intensity) -> float:
    """Operational time of the log, less what holidays take of it."""
    edges = {0, stage.horizon_us}
    for event in stage.world.events:
        edges |= {event.at_us, event.until_us or stage.horizon_us}
    inside = np.array(sorted(e for e in edges if 0 <= e <= stage.horizon_us), np.int64)
    passed = np.diff(intensity.operational(inside.astype(np.float64)))
    return float((passed * activity(stage.world, inside[:-1])).sum())
