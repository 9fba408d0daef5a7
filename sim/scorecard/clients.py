"""Clients of an API over days: how much each sends in windows of ten minutes, and how unevenly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scorecard.session_statistics import correlation
from sim.scorecard.stream_statistics import rank_correlation, rate_cv

WINDOW_S = 600
# Windows of fewer requests say nothing of gaps: the traces do not list them, so nobody counts them.
LEAST_REQUESTS = 10
_PER_HOUR, _PER_DAY, _PER_WEEK = 6, 144, 1008
# A client is active that fills so many of its windows; others have no rhythm to speak of.
_ACTIVE_SHARE = 0.1
# First harmonic of the hours of the day beyond which a client is called diurnal.
_DIURNAL = 0.15
_NAN = float("nan")


@dataclass(frozen=True)
class Clients:
    """Windows of clients in which at least ten requests came, sorted by client and window.

    Attributes
    ----------
    client, window
        Number of the client, and of the window since the beginning, shape (windows,).
    requests
        How many came in it.
    gap_cv
        Coefficient of variation of the gaps between them.
    windows
        How many windows there are from beginning to end.
    tokens
        By client: median and 90 % quantile of input and output, shape (clients, 4), in tokens; not
        a number where nobody knows. Clients stand in the order of their numbers.
    """

    client: Ints
    window: Ints
    requests: Floats
    gap_cv: Floats
    windows: int
    tokens: Floats

    @cached_property
    def volumes(self) -> Floats:
        """Requests of each client, shape (clients,)."""
        totals = np.bincount(self._code, self.requests)
        return np.asarray(totals, np.float64)

    @cached_property
    def _code(self) -> Ints:
        return np.unique(self.client, return_inverse=True)[1].astype(np.int64)

    def first_windows(self, windows: int) -> Clients:
        """Return the windows before a moment; clients that sent nothing by then are gone."""
        if windows >= self.windows:
            return self
        kept = self.window < windows
        clients = np.unique(self._code[kept])
        return replace(
            self,
            client=self.client[kept],
            window=self.window[kept],
            requests=self.requests[kept],
            gap_cv=self.gap_cv[kept],
            windows=windows,
            tokens=self.tokens[clients],
        )

    @cached_property
    def grid(self) -> Floats:
        """Requests by active client and window, shape (active clients, windows)."""
        filled = np.bincount(self._code)
        active = np.flatnonzero(filled >= _ACTIVE_SHARE * self.windows)
        place = np.full(len(filled), -1)
        place[active] = np.arange(len(active))
        kept = place[self._code] >= 0
        grid = np.zeros((len(active), self.windows))
        grid[place[self._code[kept]], self.window[kept]] = self.requests[kept]
        return grid


def clients_of(
    client: Ints, t_s: Floats, tokens: tuple[Floats, Floats], length_s: float
) -> Clients:
    """Cut the calls of clients into windows.

    Parameters
    ----------
    client, t_s
        Who sent each call and when, in seconds since the beginning, shape (calls,).
    tokens
        Length of input and output of each call.
    length_s
        From beginning to end, in seconds.
    """
    order = np.lexsort((t_s, client))
    client, t_s = client[order], t_s[order]
    window = (t_s // WINDOW_S).astype(np.int64)
    key = client * (int(length_s // WINDOW_S) + 2) + window
    starts = np.flatnonzero(np.r_[True, np.diff(key) != 0][: len(key)])
    n = np.diff(np.r_[starts, len(key)])

    # gaps within a window, their mean and variance
    inner = np.r_[False, np.diff(key) == 0][: len(key)]
    gap = np.where(inner, np.diff(t_s, prepend=t_s[:1]), 0.0)
    gaps = np.maximum(n - 1, 1)
    mean = np.add.reduceat(gap, starts) / gaps if len(starts) else np.zeros(0)
    square = np.add.reduceat(gap**2, starts) / gaps if len(starts) else np.zeros(0)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    cv = np.divide(spread, mean, out=np.zeros_like(mean), where=mean > 0)

    full = n >= LEAST_REQUESTS
    kept = np.unique(client[starts[full]])
    return Clients(
        client=client[starts[full]],
        window=window[starts[full]],
        requests=n[full].astype(np.float64),
        gap_cv=cv[full],
        windows=int(length_s // WINDOW_S),
        tokens=_token_quantiles(client, kept, [x[order] for x in tokens]),
    )


def _token_quantiles(client: Ints, kept: Ints, tokens: list[Floats]) -> Floats:
    """Return median and 90 % quantile of input, then of output, for each client in `kept`."""
    low, high = np.searchsorted(client, kept), np.searchsorted(client, kept, "right")
    rows = [
        [q for x in tokens for q in np.percentile(x[a:b], (50, 90))]
        for a, b in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, 4)


def client_statistics(clients: Clients) -> dict[str, float]:
    """Return the statistics of clients by name; what they do not tell is not a number."""
    if not len(clients.volumes):
        return {}
    by_size = np.sort(clients.volumes)[::-1]
    total, k = by_size.sum(), len(by_size)
    top = max(10, k // 2)
    ranks = np.arange(1, k + 1)
    cv = np.maximum(clients.gap_cv, 1e-3)
    of_client = [clients.gap_cv[clients.client == c] for c in np.unique(clients.client)]

    return {
        "top_1_share": float(by_size[: max(1, int(np.ceil(k / 100)))].sum() / total),
        "top_10_share": float(by_size[: max(1, int(np.ceil(k / 10)))].sum() / total),
        "gini": float((2 * ranks - k - 1) @ by_size[::-1] / (k * total)),
        "clients_for_90": float((np.searchsorted(np.cumsum(by_size) / total, 0.9) + 1) / k),
        "zipf_slope": _zipf(by_size[:top]) if k >= 20 else _NAN,
        "volume_sd_log": float(np.log(by_size).std()),
        "client_gap_cv": float(np.median([np.median(x) for x in of_client])),
        "bursty_share": float(clients.requests[clients.gap_cv > 1].sum() / total),
        "window_cv_sd_log": float(np.log(cv).std()),
        **_in_time(clients),
        **_lengths(clients.tokens),
    }


def _zipf(largest: Floats) -> float:
    return float(-np.polyfit(np.log(np.arange(1, len(largest) + 1)), np.log(largest), 1)[0])


def _in_time(clients: Clients) -> dict[str, float]:
    """Return how the rates of active clients go on, rest, and follow day and week."""
    grid = clients.grid
    if not len(grid):
        return {}

    profile = hour_profiles(grid)
    harmonic = (profile * np.exp(2j * np.pi * (np.arange(24) + 0.5) / 24)).sum(1)
    diurnal = np.abs(harmonic) > _DIURNAL
    peak = (np.angle(harmonic[diurnal]) % (2 * np.pi)) * 24 / (2 * np.pi)
    days = grid.shape[1] // _PER_DAY
    daily = grid[:, : days * _PER_DAY].reshape(len(grid), days, _PER_DAY).sum(2)
    weeks = [grid[:, k * _PER_WEEK : (k + 1) * _PER_WEEK].sum(1) for k in (0, 1)]
    has_weeks = grid.shape[1] >= 2 * _PER_WEEK and len(grid) > 3
    lags = [correlation(row[:-1], row[1:]) for row in grid]
    total = grid.sum(0)

    return {
        "rate_lag1": float(np.nanmedian(lags)) if np.isfinite(lags).any() else _NAN,
        "idle_share": float(np.mean(grid == 0)),
        "diurnal_share": float(diurnal.mean()),
        "night_share": 1 - _share_between(peak, 6, 20),
        "day_cv": float(np.median(daily.std(1) / daily.mean(1))) if days >= 3 else _NAN,
        "week_rank_correlation": rank_correlation(*weeks) if has_weeks else _NAN,
        "rate_cv_600s": rate_cv(np.round(total).astype(np.int64)),
    }


def hour_profiles(grid: Floats) -> Floats:
    """Return the share of each client's requests by hour of the day, shape (clients, 24)."""
    hour = (np.arange(grid.shape[1]) // _PER_HOUR) % 24
    sums = np.stack([grid[:, hour == h].sum(1) for h in range(24)], axis=1)
    return np.asarray(sums / np.maximum(sums.sum(1, keepdims=True), 1e-12), np.float64)


def _share_between(hours: Floats, low: float, high: float) -> float:
    """Return the share of hours in [low, high); not a number without any."""
    return float(np.mean((hours >= low) & (hours < high))) if len(hours) else _NAN


def _lengths(tokens: Floats) -> dict[str, float]:
    """Return level and spread of the clients' own medians, and how far one client's lengths go."""
    found: dict[str, float] = {}
    for k, name in enumerate(("input", "output")):
        median, upper = tokens[:, 2 * k], tokens[:, 2 * k + 1]
        known = np.isfinite(median) & np.isfinite(upper)
        median, upper = np.maximum(median[known], 1), np.maximum(upper[known], 1)
        found |= {
            f"client_{name}_p50": float(np.median(median)) if known.any() else _NAN,
            f"client_{name}_sd_log": float(np.log(median).std()) if known.sum() > 1 else _NAN,
            f"own_{name}_reach": float(np.median(upper / median)) if known.any() else _NAN,
        }
    return found
