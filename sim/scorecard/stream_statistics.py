"""Statistics of the calls of a whole service: how they arrive, and how long they are.

After the scorecard of the design: rate-CV and its kin do not change when calls are left out at
random, so that services of unlike volume can be compared.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scorecard.calls import Calls
from sim.scorecard.session_statistics import correlation

_NAN = float("nan")
_SCALES_S = (1, 10, 60)
_LOCAL_BINS = 30
_BLOCKS = (10, 20, 50, 100, 200, 500)


def token_statistics(calls: Calls) -> dict[str, float]:
    """Return quantiles and spread of the lengths of all calls, and how they go together."""
    found = {}
    for name, tokens in (("input", calls.input_tokens), ("output", calls.output_tokens)):
        for percent in (50, 90, 99):
            found[f"{name}_p{percent}"] = float(np.percentile(tokens, percent))
        found[f"{name}_sd_log"] = float(np.log1p(tokens).std())
        found[f"{name}_atoms"] = atom_share(tokens)
    found["rank_correlation"] = rank_correlation(calls.input_tokens, calls.output_tokens)
    return found


def atom_share(tokens: Floats) -> float:
    """Return the share of calls that have one of the ten most frequent lengths."""
    counts = np.sort(np.unique(tokens, return_counts=True)[1])[::-1]
    return float(counts[:10].sum() / len(tokens))


def rank_correlation(x: Floats, y: Floats) -> float:
    """Return Spearman's correlation, ties by their mean rank."""
    from scipy.stats import rankdata

    return correlation(rankdata(x), rankdata(y))


def stream_statistics(calls: Calls) -> dict[str, float]:
    """Return the statistics of arrivals, each the mean over the stretches that tell it.

    Parameters
    ----------
    calls
        Of stretches of `length_s` seconds each.
    """
    each = [_of_stretch(calls.t_s[part], calls.length_s) for part in calls.each()]
    names = {name for found in each for name in found}
    return {name: _mean([x[name] for x in each if name in x]) for name in names}


def _mean(values: list[float]) -> float:
    known = [x for x in values if np.isfinite(x)]
    return float(np.mean(known)) if known else _NAN


def _of_stretch(t_s: Floats, length_s: float) -> dict[str, float]:
    """Return the statistics of one stretch of time."""
    gaps = np.diff(t_s)
    found = {"gap_cv": _NAN, "gap_memory": _NAN}
    if len(gaps) > 9 and gaps.mean() > 0:
        found["gap_cv"] = float(gaps.std() / gaps.mean())
        found["gap_memory"] = correlation(gaps[:-1], gaps[1:])
        for percent in (10, 50, 90, 99):
            found[f"gap_p{percent}"] = float(np.percentile(gaps, percent) / gaps.mean())

    for scale in _SCALES_S:
        counts = counts_of(t_s, length_s, scale)
        if len(counts) >= 8:
            found[f"rate_cv_{scale}s"] = rate_cv(counts)
        if len(counts) >= 60:
            found[f"local_rate_cv_{scale}s"] = local_rate_cv(counts)

    minutes = counts_of(t_s, length_s, 60).astype(np.float64)
    if len(minutes) >= 20 and minutes.sum() > 0:
        for lag in (1, 5):
            found[f"minutes_lag{lag}"] = correlation(minutes[:-lag], minutes[lag:])
        found["minutes_p99"] = float(np.percentile(minutes, 99) / minutes.mean())
        found["empty_minutes"] = float(np.mean(minutes == 0))
    found["hurst"] = hurst(counts_of(t_s, length_s, 1))
    return found


def counts_of(t_s: Floats, length_s: float, width_s: float) -> Ints:
    """Return the number of calls in each bin of `width_s`; a bin that is cut is left out."""
    bins = int(length_s // width_s)
    index = (t_s // width_s).astype(np.int64)
    return np.bincount(index[(index >= 0) & (index < bins)], minlength=bins)[:bins]


def rate_cv(counts: Ints) -> float:
    """Return the coefficient of variation of the rate behind counts.

    sqrt(max(0, Var N - E N)) / E N: what is left of the variance beside that of a Poisson count.
    """
    mean = counts.mean()
    return float(np.sqrt(max(0.0, counts.var(ddof=1) - mean)) / mean) if mean > 0 else _NAN


def local_rate_cv(counts: Ints) -> float:
    """Return the median of squared rate-CVs over blocks of thirty bins, as its root."""
    found = []
    for k in range(0, len(counts) - _LOCAL_BINS + 1, _LOCAL_BINS):
        block = counts[k : k + _LOCAL_BINS]
        if block.mean() > 0:
            found.append((block.var(ddof=1) - block.mean()) / block.mean() ** 2)
    return float(np.sqrt(max(0.0, np.median(found)))) if found else _NAN


def hurst(counts: Ints) -> float:
    """Return the Hurst exponent of counts a second by the variance of means over blocks.

    Variance falls as blocks^(2 H - 2) (Beran, Statistics for Long-Memory Processes, 1994).
    """
    sizes = [m for m in _BLOCKS if len(counts) // m >= 20]
    variances = [np.var(counts[: len(counts) // m * m].reshape(-1, m).mean(1)) for m in sizes]
    if len(sizes) < 3 or min(variances) <= 0:
        return _NAN
    return float(1 + np.polyfit(np.log(sizes), np.log(variances), 1)[0] / 2)


def thinned(calls: Calls, share: float, rng: np.random.Generator) -> Calls:
    """Return a random part of the calls, each kept with probability `share`."""
    if share >= 1:
        return calls
    return calls.rows(rng.random(len(calls)) < share)
