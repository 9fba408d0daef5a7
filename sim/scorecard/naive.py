"""A naive generator to compare with: independent calls, fitted by means and spreads alone."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scorecard.calls import Calls
from sim.scorecard.clients import Clients


def naive_sessions(fit: Calls, sessions: int, least: int, rng: np.random.Generator) -> Calls:
    """Draw sessions of lognormal size with exponential gaps and lognormal lengths.

    Parameters
    ----------
    fit
        Calls whose means, and means and standard deviations of logarithms, are taken.
    sessions
        How many are drawn.
    least
        Calls of the smallest session.
    rng
        Draws everything.
    """
    sizes = _lognormal(fit.per_session.astype(np.float64), sessions, rng)
    n = np.maximum(least, np.round(sizes)).astype(np.int64)
    rows = int(n.sum())
    gaps = rng.exponential(fit.gaps_s.mean() if len(fit.gaps_s) else 0.0, rows)

    session = np.repeat(np.arange(sessions), n)
    lengths = _lengths(fit, rows, rng)
    opens = rng.random(rows) < fit.opens_turn.mean() if fit.opens_turn is not None else None
    # times within all sessions together are cut apart when calls are sorted
    return Calls.sorted(session, np.cumsum(gaps), opens_turn=opens, **lengths)


def naive_stream(fit: Calls, rng: np.random.Generator) -> Calls:
    """Draw Poisson arrivals at the rate of `fit`, for as long, with lognormal lengths."""
    rows = int(rng.poisson(len(fit)))
    times = rng.random(rows) * fit.length_s
    session = np.zeros(rows, np.int64)
    return Calls.sorted(session, times, length_s=fit.length_s, **_lengths(fit, rows, rng))


def naive_clients(fit: Clients, clients: int, rng: np.random.Generator) -> Clients:
    """Draw equal clients that send as Poisson processes at the mean rate of `fit`, all alike."""
    windows = fit.windows
    rate = fit.requests.sum() / (len(fit.volumes) * windows)
    requests = rng.poisson(rate, clients * windows).astype(np.float64)
    kept = requests >= 1
    # the CV of k exponential gaps is 1, with an error of about 1 / sqrt(k)
    cv = 1 + rng.standard_normal(len(requests)) / np.sqrt(np.maximum(requests, 1))
    tokens = np.tile(np.nanmean(fit.tokens, axis=0), (clients, 1))
    return Clients(
        client=np.repeat(np.arange(clients), windows)[kept],
        window=np.tile(np.arange(windows), clients)[kept],
        requests=requests[kept],
        gap_cv=np.maximum(cv, 0.0)[kept],
        windows=windows,
        tokens=tokens,
    )


def _lengths(fit: Calls, rows: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Return lengths of input and output, each lognormal by itself, in whole tokens."""
    return {
        name: np.round(_lognormal(getattr(fit, name), rows, rng))
        for name in ("input_tokens", "output_tokens")
    }


def _lognormal(like: Floats | Ints, rows: int, rng: np.random.Generator) -> Floats:
    """Draw values whose logarithms have the mean and standard deviation of those of `like`."""
    logs = np.log(np.maximum(like, 1.0))
    return rng.lognormal(float(logs.mean()), float(logs.std()), rows)
