"""A population of accounts, each opening sessions in its own time (open loop)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.actors.arrivals.intensity import Course
from sim.arrays.types import Floats, Ints


def session_starts(
    mean_gap_us: Floats,
    utc_offset_h: Ints,
    intensity: Mapping[int, Course],
    rng: np.random.Generator,
    opens_us: int,
    ends_us: int,
) -> tuple[Ints, Ints]:
    """Return (start, account) of the sessions opened in [opens_us, ends_us), in order of time.

    `mean_gap_us` is the mean time between the sessions of each account, shape (accounts,). Each
    account is a Poisson process in operational time: the rhythm bends the clock, not the draws.
    Nothing that happens to sessions feeds back on it, so it needs no event loop: a Poisson
    process is a Poisson number of uniform times.
    """
    opens, length = np.empty(len(mean_gap_us)), np.empty(len(mean_gap_us))
    for offset, course in intensity.items():
        edges = course.operational(np.array([opens_us, ends_us], np.float64))
        mine = utc_offset_h == offset
        opens[mine], length[mine] = edges[0], edges[1] - edges[0]
    account = np.repeat(np.arange(len(mean_gap_us)), rng.poisson(length / mean_gap_us))
    at = opens[account] + rng.random(len(account)) * length[account]
    start = np.empty(len(account), np.int64)
    for offset, course in intensity.items():
        mine = utc_offset_h[account] == offset
        start[mine] = np.rint(course.clock(at[mine]))
    np.clip(start, opens_us, ends_us - 1, out=start)
    order = np.argsort(start, kind="stable")
    return start[order], account[order]


def with_jitter(
    start: Ints,
    account: Ints,
    sigma: float,
    rng: np.random.Generator,
    opens_us: int,
    ends_us: int,
) -> tuple[Ints, Ints]:
    """Multiply the pause before each session of an account by lognormal(1, sigma), mean 1.

    The pause is from where the session before it was, so that nobody drifts away from the totals
    of a day; what moves past `ends_us` is left out.
    """
    order = np.lexsort((start, account))
    start, account = start[order], account[order]
    first = np.diff(account, prepend=-1) != 0
    gap = np.where(first, 0, np.diff(start, prepend=opens_us))
    factor = np.exp(sigma * rng.standard_normal(len(gap)) - sigma**2 / 2)
    moved = start + np.rint(gap * (factor - 1)).astype(np.int64)
    kept = np.flatnonzero(moved < ends_us)
    kept = kept[np.argsort(moved[kept], kind="stable")]
    return moved[kept], account[kept]
