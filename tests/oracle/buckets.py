"""Token buckets in exact integers."""

from __future__ import annotations

from typing import NamedTuple

UNITS = 60_000_000  # units of a token: a limit of L tokens a minute refills L units a microsecond
_SECOND_US = 1_000_000


class Regime(NamedTuple):
    """What holds for a bucket from a moment on."""

    from_us: int
    units_per_us: int
    size_units: int


class Bucket:
    """One bucket, full at first; `regimes` are in order of time, the first holds from the start."""

    def __init__(self, regimes: list[Regime]) -> None:
        self._now, self._later = regimes[0], regimes[1:]
        self._at_us = self._now.from_us
        self.level_units = self._now.size_units

    def refill(self, now_us: int) -> None:
        while self._later and self._later[0].from_us <= now_us:
            following = self._later.pop(0)
            self._flow(following.from_us)
            self._now = following
            self.level_units = min(self.level_units, following.size_units)
        self._flow(now_us)

    def _flow(self, now_us: int) -> None:
        gained = (now_us - self._at_us) * self._now.units_per_us
        self.level_units = min(self.level_units + gained, self._now.size_units)
        self._at_us = now_us

    def asked(self, tokens: int) -> int:
        """Units that are taken for `tokens`: at most what the bucket can ever hold."""
        return min(tokens * UNITS, self._now.size_units)

    def give_back(self, units: int) -> None:
        """Add what is positive of `units`: an answer longer than what was taken leaves no debt."""
        units = max(0, units)
        self.level_units = min(self.level_units + units, self._now.size_units)

    def seconds_until(self, units: int) -> int:
        """Whole seconds until the bucket, only refilled, holds `units`."""
        missing = max(0, units - self.level_units)
        return -(-missing // (self._now.units_per_us * _SECOND_US))


def regimes(
    per_minute: int, burst: float, factors: list[tuple[int, float]], opens_us: int
) -> list[Regime]:
    """The regimes of a limit under the factors that hold from their moments on."""
    made: list[Regime] = []
    for from_us, factor in [(opens_us, 1.0), *factors]:
        if from_us <= opens_us:
            made.clear()
        limit = max(1, round(per_minute * factor))
        made.append(Regime(max(from_us, opens_us), limit, max(1, round(limit * burst)) * UNITS))
    return made
