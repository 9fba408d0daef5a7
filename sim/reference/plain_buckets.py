"""Token buckets in exact integers."""

from __future__ import annotations

from typing import NamedTuple

UNITS = 60_000_000  # units of a token: a limit of L tokens a minute refills L units a microsecond
_MOST_PER_MINUTE = 10**10
_SECOND_US = 1_000_000


class Limit(NamedTuple):
    """What holds for a bucket from a moment on.

    Attributes
    ----------
    from_us
        When it begins to hold, in microseconds of the log.
    units_per_us
        The refill. It is as large as the limit in tokens a minute, by the choice of `UNITS`.
    size_units
        The most that the bucket holds.
    """

    from_us: int
    units_per_us: int
    size_units: int


class Bucket:
    """One token bucket, full at first, in exact integers.

    SimPy has containers, but they fill by events. Here the level follows from the time that has
    passed since the bucket was last looked at, so it is exact at every microsecond.

    `level_units` is what it holds at that time, at most the size. Whoever takes from the bucket
    lowers it, after `refill`. It is below 0 where answers took more than there was.
    """

    def __init__(self, limits: list[Limit]) -> None:
        """`limits` are in order of time; the first holds from the start."""
        self._limit, self._later = limits[0], limits[1:]
        self._at_us = self._limit.from_us
        self.level_units = self._limit.size_units

    def refill(self, now_us: int) -> None:
        """Bring the level up to `now_us`, through all changes of the limit before.

        Time must not go back. A limit that begins exactly at `now_us` holds already.
        """
        while self._later and self._later[0].from_us <= now_us:
            following = self._later.pop(0)
            self._flow(following.from_us)
            # the level stays as it is, but for what the new size cannot hold
            self._limit = following
            self.level_units = min(self.level_units, following.size_units)
        self._flow(now_us)

    def _flow(self, now_us: int) -> None:
        """Add the refill up to `now_us` under the limit that holds; what does not fit is lost."""
        gained = (now_us - self._at_us) * self._limit.units_per_us
        self.level_units = min(self.level_units + gained, self._limit.size_units)
        self._at_us = now_us

    def units_of(self, tokens: int) -> int:
        """Return the units to take for `tokens`: at most what the bucket can ever hold.

        So a request that is larger than the bucket is let through when the bucket is full, and
        never waits for ever.
        """
        return min(tokens * UNITS, self._limit.size_units)

    def give_back(self, units: int) -> None:
        """Add `units` if they are positive: an answer longer than what was taken leaves no debt.

        What does not fit into the bucket is lost.
        """
        self.level_units = min(self.level_units + max(0, units), self._limit.size_units)

    def seconds_until(self, units: int) -> int:
        """Return the whole seconds until the bucket, only refilled, holds `units`.

        Rounded up; 0 if it holds them now. Changes of the limit that are still to come are not
        foreseen.
        """
        missing = max(0, units - self.level_units)
        return -(-missing // (self._limit.units_per_us * _SECOND_US))


def limits_over_time(
    per_minute: int, burst: float, factors: list[tuple[int, float]], opens_us: int
) -> list[Limit]:
    """Return what holds for a bucket from when on.

    Parameters
    ----------
    per_minute
        The limit of the tier, tokens or requests a minute.
    burst
        Size of the bucket, in minutes of the limit.
    factors
        (from when, factor on the limit) in order of time; before the first it is 1.
    opens_us
        When the work of the actor begins. A factor from before holds from then on.

    Returns
    -------
    list of Limit
        In order of time; the first holds from `opens_us`. A limit is a whole number of 1 to 10^10 a
        minute, and its bucket holds at least one token.
    """
    limits: list[Limit] = []
    for from_us, factor in [(opens_us, 1.0), *factors]:
        if from_us <= opens_us:
            limits.clear()
        limit = max(1, round(min(per_minute * factor, _MOST_PER_MINUTE)))
        size = max(1, round(limit * burst))
        limits.append(Limit(max(from_us, opens_us), limit, size * UNITS))
    return limits
