"""How calls arrive: volumes of clients, and how unevenly a rate goes over time."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Floats, Ints
from sim.traces import Trace

_WINDOWS_S = (1, 10, 60, 600, 3600)
_FEWEST_WINDOWS = 8
_DAY_S = DAY_US / 1e6


def has_common_clock(trace: Trace) -> bool:
    """Whether the times of different sessions can be compared: not all of them begin at 0."""
    if not trace.has_sessions:
        return True
    first = trace.rows.groupby("session")["t_s"].first()
    return len(first) > 1 and bool((first != first.iloc[0]).any())


def days_of(trace: Trace) -> float:
    """Return the time from the first call to the last in days."""
    times = trace.rows["t_s"]
    return float(times.max() - times.min()) / _DAY_S


def rates_of(trace: Trace) -> dict[str, float]:
    """Return figures of the arrivals of a whole trace; empty if its sessions have no common clock.

    `calls_per_day`, and for windows of 1 s to an hour `rate_cv_Ws`: the coefficient of variation of
    the rate, sqrt(max(0, Var N - E N)) / E N of counts N, which thinning does not change; 0 for a
    Poisson process. Windows of which there are fewer than eight are left out.
    """
    if not has_common_clock(trace) or days_of(trace) == 0:
        return {}
    times = np.sort(trace.rows["t_s"].to_numpy())
    found = {"calls_per_day": round(len(times) / days_of(trace), 3)}
    for window in _WINDOWS_S:
        counts = _counts(times, window)
        if len(counts) >= _FEWEST_WINDOWS:
            found[f"rate_cv_{window}s"] = round(rate_cv(counts), 4)
    return found


def rate_cv(counts: Ints) -> float:
    """Return the coefficient of variation of the rate behind counts of equal windows."""
    mean = float(counts.mean())
    return float(np.sqrt(max(0.0, float(counts.var(ddof=1)) - mean)) / mean) if mean else 0.0


def volumes_of(trace: Trace) -> tuple[float, float] | None:
    """Return the median of clients' calls a day, and the standard deviation of their logarithm.

    None without clients, or without a clock that sessions have in common. Days are those of the
    whole trace, for clients too that came late or left.
    """
    if not trace.has("client") or not has_common_clock(trace) or days_of(trace) == 0:
        return None
    calls = np.bincount(trace.rows["client"])
    calls = calls[calls > 0]
    sigma = float(np.log(calls).std(ddof=1)) if len(calls) > 1 else 0.0
    return float(np.median(calls)) / days_of(trace), sigma


def _counts(times: Floats, window_s: int) -> Ints:
    """Return the calls in each window, the last one left out if the trace ends within it."""
    number = ((times - times[0]) // window_s).astype(np.int64)
    return np.bincount(number)[: int((times[-1] - times[0]) // window_s)]
