"""Token buckets in whole units, and a check of many requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np

from sim.arrays.time import MINUTE_US
from sim.arrays.types import Bools, Ints


@dataclass(frozen=True)
class BucketSize:
    """Size of a token bucket, in units of which a microsecond refills a whole number.

    Attributes
    ----------
    per_minute : int
        The limit: tokens that come back in a minute.
    per_token : int
        Units of one token.
    rate : int
        Units that come back in a microsecond.
    capacity : int
        Units that the full bucket holds, at least one token.
    """

    per_minute: int
    per_token: int
    rate: int
    capacity: int

    @classmethod
    def series(cls, per_minute: int, factors: list[float], burst: float) -> list[BucketSize]:
        """Return the sizes of one bucket as its limit changes, all in the same units.

        Parameters
        ----------
        per_minute : int
            The limit at a factor of 1.
        factors : list of float
            Factors on the limit, one for each segment of time. A limit is at least 1.
        burst : float
            Minutes after which the empty bucket is full.
        """
        limits = [max(1, round(per_minute * factor)) for factor in factors]
        common = gcd(MINUTE_US, *limits)
        per_token = MINUTE_US // common
        return [
            cls(limit, per_token, limit // common, max(1, round(limit * burst)) * per_token)
            for limit in limits
        ]

    @property
    def tokens(self) -> int:
        """The most that one attempt can ask for."""
        return self.capacity // self.per_token


class Sizes(NamedTuple):
    """The three buckets of a class of model, each by segment of the provider's conditions."""

    requests: list[BucketSize]
    input: list[BucketSize]
    output: list[BucketSize]


class BucketEvents(NamedTuple):
    """Events of several buckets, sorted by bucket and then by time.

    Attributes
    ----------
    at_us : array of int, shape (events,)
        Time of each event.
    first, length : array of int, shape (buckets,)
        Index of the first event of each bucket that has any, and their number.
    present : array of int, shape (buckets,)
        Number of each of these buckets.
    """

    at_us: Ints
    first: Ints
    length: Ints
    present: Ints

    @classmethod
    def of_sorted(cls, bucket: Ints, at_us: Ints) -> BucketEvents:
        """Group events that are in order already, from the bucket and the time of each."""
        first = np.flatnonzero(np.diff(bucket, prepend=-1))
        return cls(at_us, first, np.diff(first, append=len(bucket)), bucket[first])


def overdrawn(
    size: BucketSize,
    events: BucketEvents,
    takes: Ints,
    deficit: Ints,
    since_us: Ints,
    gives: Ints | None = None,
    asks: Ints | None = None,
) -> Bools:
    """Tell which buckets are ever asked for more than they hold.

    A reflected random walk (Lindley 1952). With d the deficit of a bucket, the units missing from
    full, an event makes it

        d = max(0, d - refill - gives) + takes.

    Without the reflection at 0 it would be W, the sum of takes - refill - gives so far. The
    closed form with it: d after an event is W plus the largest of the deficit at first and of all
    values of takes - W up to then. So one running sum and one running maximum find all deficits.

    Parameters
    ----------
    size : BucketSize
        Size of all buckets.
    events : BucketEvents
        N events of B buckets.
    takes : array of int, shape (N,)
        Units that each event takes.
    deficit, since_us : array of int, shape (all buckets,)
        Deficit of every bucket, and the time at which it was so. Brought up to date in place.
    gives : array of int, shape (N,), optional
        Units that each event gives back before it takes.
    asks : array of int, shape (N,), optional
        Units that must be there before an event takes; 0 for one that takes whatever there is, so
        that a deficit may pass the capacity. Without it, events ask for what they take.

    Returns
    -------
    array of bool, shape (B,)
        Buckets that did not hold what some event asked for.
    """
    at_us, first, length, present = events
    last = first + length - 1

    # what comes back before each event; no more than can be missing, so nothing overflows
    most = size.capacity + deficit[present]
    if asks is not None:
        most += np.add.reduceat(takes, first)
    back = np.diff(at_us, prepend=0)
    back[first] = at_us[first] - since_us[present]
    np.minimum(back, np.repeat(most // size.rate + 1, length), out=back)
    back *= size.rate
    if gives is not None:
        back += gives

    # one walk W through all buckets; that of a bucket counts from before its first event
    walk = np.cumsum(takes - back)
    walk_before = walk[first] - takes[first] + back[first]
    lowest = takes - walk
    lowest[first] = np.maximum(lowest[first], deficit[present] - walk_before)

    # a running maximum in each bucket: each is lifted above the one before, then let down again
    low = np.minimum.reduceat(lowest, first)
    span = np.maximum.reduceat(lowest, first) - low + 1
    lift = np.repeat(np.cumsum(span) - span - low, length)
    lowest += lift
    np.maximum.accumulate(lowest, out=lowest)
    lowest -= lift

    deficits = lowest
    deficits += walk
    missing = deficits if asks is None else np.where(asks > 0, deficits - takes + asks, 0)
    over = np.maximum.reduceat(missing, first) > size.capacity
    deficit[present], since_us[present] = deficits[last], at_us[last]
    return np.asarray(over)
