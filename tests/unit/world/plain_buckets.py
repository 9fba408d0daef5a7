"""Token buckets by their definition, in fractions of a token."""

from __future__ import annotations

from fractions import Fraction

from sim.arrays.time import MINUTE_US


class PlainBuckets:
    """Three levels, full at first, changed moment by moment."""

    def __init__(
        self, limits: tuple[int, int, int], factors: dict[int, float], *, up_front: bool
    ) -> None:
        """`limits` are tokens a minute; `factors` on them by the time from which they hold."""
        self.up_front = up_front
        self.limits = [list(limits)]
        self.edges = sorted(factors)
        for edge in self.edges:
            self.limits.append([max(1, round(n * factors[edge])) for n in limits])
        self.levels = [Fraction(n) for n in limits]
        self.now_us, self.period = 0, 0
        self.ends: list[tuple[int, int]] = []

    def ask(self, now_us: int, tokens_in: int, tokens_out: int) -> int:
        """0 if a request is let through, else microseconds until it would be."""
        self._advance(now_us)
        limits = self.limits[self.period]
        wanted = (1, tokens_in, tokens_out if self.up_front else 1)
        asks = [min(a, limit) for a, limit in zip(wanted, limits, strict=True)]
        if all(level >= a for level, a in zip(self.levels, asks, strict=True)):
            self.taken = asks[2] if self.up_front else 0
            takes = [*asks[:2], self.taken]
            self.levels = [level - a for level, a in zip(self.levels, takes, strict=True)]
            return 0
        lacking = [
            (a - level) * MINUTE_US / limit
            for a, level, limit in zip(asks, self.levels, limits, strict=True)
        ]
        return max(-int(-x // 1) for x in lacking)

    def end(self, at_us: int, used_out: int) -> None:
        """The request that was let through last ends with so much output."""
        back = self.taken - used_out
        if back > 0 or not self.up_front:
            self.ends.append((at_us, back))

    def _advance(self, now_us: int) -> None:
        moments = [(edge, 0, 0) for edge in self.edges[self.period :]]
        moments += [(at, 1, tokens) for at, tokens in self.ends]
        for at, kind, tokens in sorted(moments):
            if at > now_us:
                continue
            self._refill(at)
            if kind == 0:
                self.period += 1
            else:
                self.levels[2] += tokens
                self.ends.remove((at, tokens))
            self._refill(at)
        self._refill(now_us)

    def _refill(self, now_us: int) -> None:
        limits = self.limits[self.period]
        elapsed = Fraction(now_us - self.now_us, MINUTE_US)
        self.levels = [
            min(Fraction(limit), level + elapsed * limit)
            for level, limit in zip(self.levels, limits, strict=True)
        ]
        self.now_us = now_us
