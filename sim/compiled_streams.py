"""The numbers of `sim.streams` one at a time, for loops that are compiled.

They are those of `mixed`, `uniforms` and `opaque_ids`, bit for bit. Keys and counters are unsigned
numbers of 64 bits, which wrap around.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.streams import GOLDEN, LEADING, LOW, MIX_1, MIX_2, U64, Ids

# Numba keeps to unsigned numbers only where all of them are.
_GOLDEN, _MIX_1, _MIX_2 = np.uint64(GOLDEN), np.uint64(MIX_1), np.uint64(MIX_2)
_2, _11, _27, _30, _31 = map(np.uint64, (2, 11, 27, 30, 31))


@compiled
def mixed_number(key: np.uint64, counter: np.uint64) -> np.uint64:
    """Return `mixed` of one counter."""
    z = key + counter * _GOLDEN
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@compiled
def uniform_number(number: np.uint64) -> float:
    """Return `uniforms` of one number."""
    return float(np.float64(number >> _11) * 2.0**-53)


@compiled
def opaque_id(key: np.uint64, counter: np.uint64) -> np.int64:
    """Return `opaque_ids` of one counter."""
    z = _permuted((key + counter * _GOLDEN) & LOW)
    z = _permuted(z ^ (key >> _2))
    return np.int64((z ^ (key & LOW)) | LEADING)


@compiled
def _permuted(z: np.uint64) -> np.uint64:
    """Apply the bijection on 62 bits that `opaque_ids` is made of."""
    z = ((z ^ (z >> _30)) * _MIX_1) & LOW
    z = ((z ^ (z >> _27)) * _MIX_2) & LOW
    return z ^ (z >> _31)


def ids_under(keys: U64, which: Ints, counters: Ints) -> Ids:
    """Return identifiers, each under one of several keys, as `opaque_ids(keys[which], counters)`.

    Parameters
    ----------
    keys
        Such as one for each actor, shape (keys,).
    which
        Index of the key of each identifier, shape (N,).
    counters
        What the identifiers name, 0 to 2^62 - 1, shape (N,).

    Returns
    -------
    Ids
        Shape (N,).
    """
    ids = np.empty(len(counters), np.int64)
    _fill_ids(keys, np.ascontiguousarray(which, np.int64), counters, ids)
    return ids


@compiled
def _fill_ids(keys: U64, which: Ints, counters: Ints, ids: Ids) -> None:
    """Write the identifier of each counter."""
    for i in range(len(ids)):
        ids[i] = opaque_id(keys[which[i]], np.uint64(counters[i]))
