"""Sizes of token buckets, in whole units."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

from sim.arrays.time import MINUTE_US

# A limit is no higher than this: a thousand times the highest of the catalog. A bucket of ten
# minutes of it still has less units than 64 bits hold.
MOST_PER_MINUTE = 10**10


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
            Factors on the limit, one for each segment of time. A limit is at least 1 and at most
            `MOST_PER_MINUTE`.
        burst : float
            Minutes after which the empty bucket is full.
        """
        limits = [max(1, round(min(per_minute * factor, MOST_PER_MINUTE))) for factor in factors]
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
