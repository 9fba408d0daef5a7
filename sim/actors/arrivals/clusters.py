"""Sessions that come together: spells of work that last hours, bursts that last seconds.

A Neyman-Scott process in two tiers (Neyman and Scott 1958, "Statistical approach to problems of
cosmology", section 3): spells are a Poisson process, a spell has a random number of bursts, and a
burst a random number of sessions. Whatever the sizes, the mean rate is that which was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.ragged import cumulate_in, starts_of
from sim.arrays.time import DAY_US, HOUR_US, SECOND_US
from sim.arrays.types import Floats, Ints
from sim.distributions import Distribution

# Pauses more even than this are told from regular ones by nobody.
_LEAST_VARIATION = 0.01


@dataclass(frozen=True)
class Clustering:
    """How the sessions of accounts come together.

    Attributes
    ----------
    spells_per_day, burst_size : array of float, shape (accounts,)
        Spells of work that an account has in a day, 0 if its work is spread over the whole time;
        and the mean number of sessions that it opens at once. Below 1 it opens them one by one,
        and its spells are paced: that is the coefficient of variation of the pauses in a spell.
    spell_hours, burst_gap_s : Distribution
        How long a spell lasts, and the mean pause between the sessions of its bursts.
    """

    spells_per_day: Floats
    burst_size: Floats
    spell_hours: Distribution
    burst_gap_s: Distribution


def clustered(
    expected: Floats, length_us: Floats, clustering: Clustering, rng: np.random.Generator
) -> tuple[Floats, Ints, Ints]:
    """Draw the sessions of accounts within a stretch of time each, as clusters.

    A spell has a number of bursts that is Poisson given a rate, and rates of spells are
    exponential: the number is geometric from 0 on. So spells with at least one burst are a thinned
    Poisson process, with sizes that are geometric from 1 on, and no others are drawn. With m
    bursts in a spell on average, burst sizes apart, the variance of a count in a stretch longer
    than all spells is 1 + 2 m times that of a Poisson process. Pauses in a spell are gamma, so a
    spell is a piece of a gamma renewal process; with a variation of 1 its bursts lie anywhere. The
    size of a burst is geometric too, around a mean that differs between spells, and so do its
    pauses, which are exponential. What reaches beyond the end of the stretch stands at its begin:
    the process is stationary on a circle.

    Parameters
    ----------
    expected
        Mean number of sessions of each account, shape (accounts,).
    length_us
        The stretch of each account, shape (accounts,).
    clustering
        Of the same accounts.
    rng
        Draws the spells, then their bursts, then the sessions of these.

    Returns
    -------
    at_us, account, burst : arrays of shape (sessions,)
        Time in [0, length_us) of the account, its index, and the number of the burst, ascending.
    """
    # spells with at least one burst
    burst_size = np.maximum(clustering.burst_size, 1.0)
    bursts = expected / burst_size
    spells = clustering.spells_per_day * length_us / DAY_US
    per_spell = np.divide(bursts, spells, out=np.zeros(len(bursts)), where=spells > 0)
    spell_account = np.repeat(np.arange(len(bursts)), rng.poisson(bursts / (1 + per_spell)))
    begin_us = rng.random(len(spell_account)) * length_us[spell_account]
    lasts_us = clustering.spell_hours.sample(rng, len(spell_account)) * HOUR_US

    # their bursts, each after a pause; a last pause ends the spell
    count = rng.geometric(1 / (1 + per_spell[spell_account]))
    intensity = rng.exponential(1.0, len(spell_account))
    spell = np.repeat(np.arange(len(spell_account)), count)
    passed = _passed(np.minimum(clustering.burst_size, 1.0)[spell_account], count, rng)
    burst_us = begin_us[spell] + passed * lasts_us[spell]

    # the sessions of each burst, one after the other
    more = (burst_size - 1)[spell_account[spell]] * intensity[spell]
    size = rng.geometric(1 / (1 + more))
    burst = np.repeat(np.arange(len(spell)), size)
    mean_us = clustering.burst_gap_s.sample(rng, len(spell_account)) * SECOND_US
    gap_us = np.rint(mean_us[spell[burst]] * rng.exponential(1.0, len(burst))).astype(np.int64)
    gap_us[starts_of(size)] = 0
    account = spell_account[spell[burst]]
    at_us = burst_us[burst] + cumulate_in(gap_us, size)
    return np.mod(at_us, length_us[account]), account, burst


def _passed(variation: Floats, count: Ints, rng: np.random.Generator) -> Floats:
    """Draw the share of its spell that has passed at each burst, ascending in a spell.

    Parameters
    ----------
    variation, count
        Coefficient of variation of the pauses of each spell, at most 1, and its bursts, shape
        (spells,). With a variation of 1 the bursts are uniform (gaps of a Poisson process).
    """
    shape = 1 / np.maximum(variation, _LEAST_VARIATION) ** 2
    pauses = count + 1
    pause = rng.standard_gamma(np.repeat(shape, pauses))
    total = np.cumsum(pause)

    last = np.cumsum(pauses) - 1
    before = np.concatenate([[0.0], total[last[:-1]]]) if len(last) else np.zeros(0)
    share = (total - np.repeat(before, pauses)) / np.repeat(total[last] - before, pauses)
    return np.delete(share, last)
