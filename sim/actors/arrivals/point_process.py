"""Cluster processes in operational time: when each account opens its sessions (open loop)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.actors.arrivals.clusters import Clustering, clustered
from sim.actors.arrivals.intensity import TimeChange
from sim.arrays.ragged import starts_of
from sim.arrays.types import Floats, Ints


def session_starts(
    mean_gap_us: Floats,
    end_users: Ints,
    utc_offset_h: Ints,
    clustering: Clustering,
    time_changes: Mapping[int, TimeChange],
    rng: np.random.Generator,
    opens_us: int,
    ends_us: int,
) -> tuple[Ints, Ints]:
    """Draw the sessions of each account as clusters in operational time, by change of time.

    What is drawn is a share of the stretch of operational time from `opens_us` to `ends_us`. Each
    burst is of one of the account's end users, in whose time zone the clock times follow, by the
    inverse of the integrated intensity. No session feeds back on it, so it needs no event loop.

    Parameters
    ----------
    mean_gap_us
        Mean time between the sessions of each account in operational time, shape (accounts,).
    end_users
        How many people each account has, at least 1, shape (accounts,).
    utc_offset_h
        Time zone of each of them, account by account, shape (end users,). The first of each
        account lives where that does.
    clustering
        How the sessions of the accounts come together.
    time_changes
        The intensity of those in each time zone, by `utc_offset_h`.
    rng
        Draws the clusters first, then whose each burst is.
    opens_us, ends_us
        Sessions are opened in [opens_us, ends_us).

    Returns
    -------
    start_us, user : arrays of shape (sessions,)
        In order of time; `user` indexes `utc_offset_h`.
    """
    # the stretch of operational time of each end user
    opens, length = np.empty(len(utc_offset_h)), np.empty(len(utc_offset_h))
    for offset, time_change in time_changes.items():
        edges = time_change.operational(np.array([opens_us, ends_us], np.float64))
        in_zone = utc_offset_h == offset
        opens[in_zone], length[in_zone] = edges[0], edges[1] - edges[0]

    first = starts_of(end_users)
    at_us, account, burst = clustered(length[first] / mean_gap_us, length[first], clustering, rng)
    bursts = int(burst[-1]) + 1 if len(burst) else 0
    user = first[account] + (rng.random(bursts)[burst] * end_users[account]).astype(np.int64)
    share = at_us / length[first[account]]
    operational = opens[user] + share * length[user]

    start_us = np.empty(len(user), np.int64)
    for offset, time_change in time_changes.items():
        in_zone = utc_offset_h[user] == offset
        start_us[in_zone] = np.rint(time_change.clock(operational[in_zone]))
    np.clip(start_us, opens_us, ends_us - 1, out=start_us)

    order = np.argsort(start_us, kind="stable")
    return start_us[order], user[order]


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
