"""Token buckets, exact in whole units, and a check of many requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MINUTE_US = 60_000_000


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
    size: BucketSize, runs: Runs, takes: Ints, gives: Ints, deficit: Ints, since_us: Ints
) -> Bools:
    """Tell for each bucket of `runs` whether it is ever asked for more than it holds.

    An event gives back `gives` units, then takes `takes`. `deficit` (units missing from full)
    and `since_us` hold the state of every bucket and are brought up to date in place.

    With d the deficit, an event makes it d = max(0, d - refill - gives) + takes, a reflected
    random walk (Lindley 1952), whose closed form is a running maximum.
    """
    at, first, length, present = runs
    elapsed = np.diff(at, prepend=0)
    elapsed[first] = at[first] - since_us[present]
    refill = np.minimum(elapsed, size.capacity // size.rate + 1) * size.rate
    back = refill + gives
    down, up = np.cumsum(back), np.cumsum(takes)
    # within each bucket, sums from its first event on
    down -= np.repeat(down[first] - back[first], length)
    up -= np.repeat(up[first] - takes[first], length)
    floor = down - (up - takes)
    lift = np.repeat(np.concatenate([[0], np.cumsum(_span(floor, first))[:-1]]), length)
    low = np.repeat(np.minimum.reduceat(floor, first), length)
    running = np.maximum.accumulate(floor - low + lift) - lift + low
    after = up - down + np.maximum(running, np.repeat(deficit[present], length))
    last = first + length - 1
    over = np.maximum.reduceat(after, first) > size.capacity
    deficit[present], since_us[present] = after[last], at[last]
    return np.asarray(over)


def _span(values: Ints, first: Ints) -> Ints:
    return np.maximum.reduceat(values, first) - np.minimum.reduceat(values, first) + 1
