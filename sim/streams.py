"""Named random streams and opaque identifiers.

A stream is named by what it is for, never by the order in which it was made, so that adding or
removing one part of a scenario leaves the draws of every other part as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MASK = (1 << 64) - 1
_MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Streams:
    """All random streams of one seed."""

    seed: int

    def rng(self, *name: str | int) -> np.random.Generator:
        """Return a fresh generator for the stream `name`, always at its beginning."""
        return np.random.Generator(np.random.Philox(key=self._digest(name, 16)))

    def key(self, *name: str | int) -> int:
        """Return a 64-bit key for `opaque_ids`, fixed by the seed and `name`."""
        return self._digest(name, 8)

    def _digest(self, name: tuple[str | int, ...], size: int) -> int:
        text = "\x1f".join([str(self.seed), *map(str, name)])
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "little")


def opaque_ids(key: int | U64, counters: NDArray[Any] | int) -> U64:
    """Map counters to 64-bit identifiers that show neither order nor origin.

    The map is the splitmix64 output function (Steele, Lea and Flood 2014, "Fast splittable
    pseudorandom number generators") at state `key + golden * counter`: a bijection for any one
    key, so identifiers under one key never collide; under different keys they collide as 64-bit
    random numbers do (n^2 / 2^65: 7e-6 for 16 million rows). `key` is one number, or one for
    each counter; one counter may stand for all keys.
    """
    if isinstance(counters, int):
        z = np.asarray(key, np.uint64) + np.uint64(counters * int(_GOLDEN) & _MASK)
    else:
        z = counters.astype(np.uint64) * _GOLDEN
        z += np.asarray(key, np.uint64)
    z ^= z >> np.uint64(30)
    z *= _MIX_1
    z ^= z >> np.uint64(27)
    z *= _MIX_2
    z ^= z >> np.uint64(31)
    return z


def uniforms(ids: U64) -> NDArray[np.float64]:
    """Numbers in [0, 1) from identifiers: their upper 53 bits."""
    return np.asarray((ids >> np.uint64(11)) * 2.0**-53)


def scalar_id(key: int, counter: int) -> int:
    """`opaque_ids` of one counter, in Python integers."""
    z = (counter * int(_GOLDEN) + key) & _MASK
    z = ((z ^ (z >> 30)) * int(_MIX_1)) & _MASK
    z = ((z ^ (z >> 27)) * int(_MIX_2)) & _MASK
    return z ^ (z >> 31)
