"""The prompt cache: what a request reads from it and writes to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TTL_5M_US = 300_000_000


class CacheUse(NamedTuple):
    """Input tokens by how they were served; the three add up to the context."""

    uncached_tokens: Ints
    read_tokens: Ints
    write_5m_tokens: Ints


def use_cache(
    *,
    context: Ints,
    since_previous_us: Ints,
    fresh: Bools,
    caches: Bools,
    min_tokens: Ints,
    tail_tokens: int,
) -> CacheUse:
    """Split the input of each request of a session.

    A request reads the prefix that the previous one left, if that started no more than five
    minutes before, and writes the rest but for the last `tail_tokens`, which lie behind the last
    cache breakpoint. A `fresh` context shares no prefix with the previous request. Prompts below
    `min_tokens`, and clients that do not cache, neither read nor write.
    """
    uses = caches & (context >= min_tokens)
    tail = np.minimum(tail_tokens, context)
    left = context - tail
    stored = np.where(uses, left, 0)
    previous = np.roll(stored, 1)
    alive = uses & ~fresh & (since_previous_us <= TTL_5M_US)
    read = np.where(alive, np.minimum(previous, left), 0)
    write = stored - read
    return CacheUse(context - read - write, read, write)
