"""Stand-in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import ranges
from sim.arrays.types import Floats, Ints
from sim.catalog import Library


class LibrarySessions(NamedTuple):
    rows: Ints
    per_session: Ints


def draw_library_sessions(
    library: Library, sessions: int, rng: np.random.Generator, weights: Floats | None = None
) -> LibrarySessions:
    n = np.bincount(library.source)
    p = np.ones(len(n)) if weights is None else weights
    pick = rng.choice(len(n), sessions, p=p / p.sum())
    first = np.cumsum(n) - n
    return LibrarySessions(ranges(first[pick], n[pick]), n[pick])
