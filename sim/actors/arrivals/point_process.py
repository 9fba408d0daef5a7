"""Poisson processes in operational time: when each account opens its sessions (open loop)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.actors.arrivals.intensity import TimeChange
from sim.arrays.types import Floats, Ints


def session_starts(
    mean_gap_us: Floats,
    utc_offset_h: Ints,
    time_changes: Mapping[int, TimeChange],
    rng: np.random.Generator,
    opens_us: int,
    ends_us: int,
) -> tuple[Ints, Ints]:
    """Draw an inhomogeneous Poisson process for each account, by change of time.

    Within [opens_us, ends_us) each account has a Poisson number of sessions, and given that
    number their times are independent and uniform in operational time (the order statistics
    property). The clock times follow by the inverse of the integrated intensity. No session feeds
    back on it, so it needs no event loop.

    Parameters
    ----------
    mean_gap_us
        Mean time between the sessions of each account in operational time, shape (accounts,).
    utc_offset_h
        Time zone of each account, shape (accounts,).
    time_changes
        The intensity of those in each time zone, by `utc_offset_h`.
    rng
        Draws the numbers first, then the times.
    opens_us, ends_us
        Sessions are opened in [opens_us, ends_us).

    Returns
    -------
    start_us, account : arrays of shape (sessions,)
        In order of time; `account` indexes `mean_gap_us`.
    """
    # the stretch of operational time of each account
    opens, length = np.empty(len(mean_gap_us)), np.empty(len(mean_gap_us))
    for offset, time_change in time_changes.items():
        edges = time_change.operational(np.array([opens_us, ends_us], np.float64))
        in_zone = utc_offset_h == offset
        opens[in_zone], length[in_zone] = edges[0], edges[1] - edges[0]

    account = np.repeat(np.arange(len(mean_gap_us)), rng.poisson(length / mean_gap_us))
    operational = opens[account] + rng.random(len(account)) * length[account]

    start_us = np.empty(len(account), np.int64)
    for offset, time_change in time_changes.items():
        in_zone = utc_offset_h[account] == offset
        start_us[in_zone] = np.rint(time_change.clock(operational[in_zone]))
    np.clip(start_us, opens_us, ends_us - 1, out=start_us)

    order = np.argsort(start_us, kind="stable")
    return start_us[order], account[order]


def with_jitter(
    start_us: Ints,
    account: Ints,
    sigma: float,
    rng: np.random.Generator,
    opens_us: int,
    ends_us: int,
) -> tuple[Ints, Ints]:
    """Multiply the pause before each session of an account by a lognormal factor of mean 1.

    A pause counts from where the session before it was without jitter. So accounts do not drift
    away from the daily totals. The first session of an account stays where it is.

    Parameters
    ----------
    start_us, account
        Sessions, shape (sessions,), in any order.
    sigma
        Standard deviation of the logarithm of the factor.
    rng
        Draws a factor for each session, in order of account and time.
    opens_us, ends_us
        The sessions lie in [opens_us, ends_us).

    Returns
    -------
    start_us, account : arrays in order of time
        Without the sessions that moved to `ends_us` or beyond.
    """
    order = np.lexsort((start_us, account))
    start_us, account = start_us[order], account[order]

    first = np.diff(account, prepend=-1) != 0
    gap_us = np.where(first, 0, np.diff(start_us, prepend=opens_us))
    factor = np.exp(sigma * rng.standard_normal(len(gap_us)) - sigma**2 / 2)
    moved_us = start_us + np.rint(gap_us * (factor - 1)).astype(np.int64)

    inside = np.flatnonzero(moved_us < ends_us)
    inside = inside[np.argsort(moved_us[inside], kind="stable")]
    return moved_us[inside], account[inside]
