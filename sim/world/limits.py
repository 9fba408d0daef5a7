"""Token buckets, exact in whole units, and a check of many requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np

from sim.arrays.time import MINUTE_US
from sim.arrays.types import Bools, Ints


@dataclass(frozen=True)
class BucketSize:
    """A limit per minute in units that a microsecond refills a whole number of.

    One token is `per_token` units; the bucket holds `capacity` and refills `rate` a microsecond.
    """

    per_minute: int
    per_token: int
    rate: int
    capacity: int

    @classmethod
    def series(cls, per_minute: int, factors: list[float], burst: float) -> list[BucketSize]:
        """Sizes of one bucket under each factor on its limit, all in the same units."""
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
    """The three buckets of a class of model, each as a list over the segments of the weather."""

    requests: list[BucketSize]
    input: list[BucketSize]
    output: list[BucketSize]


class Runs(NamedTuple):
    """Events sorted by bucket and, within one, by time: where the run of each bucket lies."""

    at_us: Ints
    first: Ints
    length: Ints
    present: Ints

    @classmethod
    def of(cls, bucket: Ints, at_us: Ints) -> Runs:
        first = np.flatnonzero(np.diff(bucket, prepend=-1))
        return cls(at_us, first, np.diff(first, append=len(bucket)), bucket[first])


def overdrawn(
    size: BucketSize,
    runs: Runs,
    takes: Ints,
    deficit: Ints,
    since_us: Ints,
    gives: Ints | None = None,
) -> Bools:
    """Tell for each bucket of `runs` whether it is ever asked for more than it holds.

    An event gives back `gives` units, then takes `takes`. `deficit` (units missing from full)
    and `since_us` hold the state of every bucket and are brought up to date in place.

    With d the deficit, an event makes it d = max(0, d - refill - gives) + takes, a reflected
    random walk (Lindley 1952): with W the sum of takes - refill - gives so far, the deficit after
    an event is W plus the largest of the deficit at first and of all takes - W up to then.
    """
    at, first, length, present = runs
    back = np.diff(at, prepend=0)
    back[first] = at[first] - since_us[present]
    np.minimum(back, size.capacity // size.rate + 1, out=back)
    back *= size.rate
    if gives is not None:
        back += gives
    # one walk through all buckets; W of a bucket is what it gains from its first event on
    walk = np.cumsum(takes - back)
    floor = takes - walk
    earlier = walk[first] - takes[first] + back[first]
    floor[first] = np.maximum(floor[first], deficit[present] - earlier)
    # lifted, so that no bucket reaches up to the next one, one running maximum serves all
    low = np.minimum.reduceat(floor, first)
    span = np.maximum.reduceat(floor, first) - low + 1
    shift = np.repeat(np.cumsum(span) - span - low, length)
    floor += shift
    np.maximum.accumulate(floor, out=floor)
    floor -= shift
    floor += walk
    last = first + length - 1
    over = np.maximum.reduceat(floor, first) > size.capacity
    deficit[present], since_us[present] = floor[last], at[last]
    return np.asarray(over)
