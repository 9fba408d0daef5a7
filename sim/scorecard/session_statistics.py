"""Statistics of calls that come in sessions: lengths, gaps, growth, and how alike calls are."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scorecard.calls import Calls

# Fewer calls tell nothing of the spread within a session, or of its neighbours.
_FEW = 10
_NAN = float("nan")


def session_statistics(calls: Calls) -> dict[str, float]:
    """Return the statistics of sessions by name; what the calls do not tell is not a number.

    Parameters
    ----------
    calls
        Of sessions, at least one call.

    Returns
    -------
    dict
        Times in seconds, lengths in tokens, shares as fractions.
    """
    n = calls.per_session.astype(np.float64)
    spans = calls.t_s[calls.first + calls.per_session - 1]
    gaps = calls.gaps_s[calls.gaps_s > 0]
    grown = calls.growth[calls.growth > 0]
    largest = np.maximum.reduceat(calls.input_tokens, calls.first)

    return {
        "calls_mean": float(n.mean()),
        **_quantiles("calls", n, 50, 90, 99),
        "calls_sd_log": _sd_log(n),
        "single_share": float(np.mean(n == 1)),
        **_quantiles("span", spans, 50, 90),
        **_quantiles("gap", gaps, 50, 90, 99),
        "gap_reach": _reach(gaps),
        "gap_sd_log": _sd_log(gaps),
        "gap_cv": _median_cv(calls),
        **_quantiles("growth", grown, 50, 90, 99),
        "dropped_share": _dropped_share(calls),
        **_quantiles("first_input", calls.input_tokens[calls.first], 50, 90),
        **_quantiles("largest_input", largest, 50, 90),
        **_alike(calls),
        **_of_turns(calls),
        "prefix_share": _prefix_share(calls),
        "item_share": item_share(calls),
    }


def _quantiles(name: str, values: Floats, *percents: int) -> dict[str, float]:
    """Return percentiles as `name_p50` and so on; not a number without values."""
    if not len(values):
        return {f"{name}_p{p}": _NAN for p in percents}
    return {f"{name}_p{p}": float(np.percentile(values, p)) for p in percents}


def _sd_log(values: Floats) -> float:
    return float(np.log(values).std()) if len(values) > 1 else _NAN


def _reach(values: Floats) -> float:
    """Return the 90 % quantile over the median."""
    return float(np.divide(*np.percentile(values, (90, 50)))) if len(values) else _NAN


def _median_cv(calls: Calls) -> float:
    """Return the median over sessions of the coefficient of variation of gaps."""
    found = []
    for part in calls.each():
        gaps = np.diff(calls.t_s[part])
        if len(gaps) >= _FEW - 1 and gaps.mean() > 0:
            found.append(gaps.std() / gaps.mean())
    return float(np.median(found)) if found else _NAN


def _dropped_share(calls: Calls) -> float:
    """Return the share of calls whose input grew by less than the answer before it is long.

    That is what a client does that drops reasoning from the history. Calls whose input fell are
    left out: there the context was compacted.
    """
    answer = calls.output_tokens[calls.later - 1]
    grew = calls.growth >= 0
    return float(np.mean(calls.growth[grew] < answer[grew])) if grew.any() else _NAN


def _alike(calls: Calls) -> dict[str, float]:
    """Return how alike output, gap and growth are within a session, and with the call before."""
    later = calls.later
    session = np.repeat(np.arange(len(calls.first)), calls.per_session)
    series = {
        "output": (np.log1p(calls.output_tokens), session),
        "gap": (np.log(np.maximum(calls.gaps_s, 1e-3)), session[later]),
        "growth": (np.log1p(np.maximum(calls.growth, 0.0)), session[later]),
    }
    return {
        **{f"{k}_session_share": between_share(x, g) for k, (x, g) in series.items()},
        **{f"{k}_lag1": lag1(x, g) for k, (x, g) in series.items()},
    }


def between_share(values: Floats, groups: Ints) -> float:
    """Return the share of variance between groups, by the estimator of one-way ANOVA.

    Parameters
    ----------
    values
        Shape (values,).
    groups
        Number of the group of each, sorted. Groups of a single value are left out.

    Returns
    -------
    float
        The intraclass correlation (Searle, Casella and McCulloch, Variance Components, 1992), 0 to
        1: an estimate below 0 is 0. Not a number with fewer than two groups.
    """
    n = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    kept = n[groups] > 1 if len(groups) else np.zeros(0, bool)
    values, (_, inverse, n) = values[kept], _grouped(groups[kept])
    if len(n) < 2:
        return _NAN

    means = np.bincount(inverse, values) / n
    within = np.sum((values - means[inverse]) ** 2) / (n.sum() - len(n))
    between = np.sum(n * (means - values.mean()) ** 2) / (len(n) - 1)
    size = (n.sum() - np.sum(n**2) / n.sum()) / (len(n) - 1)
    variance = max(0.0, (between - within) / size)
    total = variance + within
    return float(variance / total) if total > 0 else _NAN


def _grouped(groups: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the distinct groups, the index of each value's group, and the groups' sizes."""
    distinct, inverse, n = np.unique(groups, return_inverse=True, return_counts=True)
    return distinct, inverse.astype(np.int64), n.astype(np.int64)


def lag1(values: Floats, groups: Ints) -> float:
    """Return the correlation of neighbours in the same group, beside what the group explains.

    Each group of at least ten values is centred on its own mean.
    """
    if not len(values):
        return _NAN
    _, inverse, n = _grouped(groups)
    centred = values - (np.bincount(inverse, values) / n)[inverse]
    pairs = (groups[1:] == groups[:-1]) & (n[inverse[1:]] >= _FEW)
    return correlation(centred[:-1][pairs], centred[1:][pairs])


def correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation; not a number for fewer than three pairs or constant values."""
    if len(x) < 3 or x.std() < 1e-12 or y.std() < 1e-12:
        return _NAN
    return float(np.corrcoef(x, y)[0, 1])


def _of_turns(calls: Calls) -> dict[str, float]:
    """Return calls per user turn, and gaps before user turns and before tool results."""
    names = ("turn_calls_mean", "turn_calls_p50", "turn_calls_p90")
    gap_names = ("human_gap_p50", "human_gap_p90", "tool_gap_p50", "tool_gap_p90")
    if calls.opens_turn is None or not calls.opens_turn.any():
        return dict.fromkeys((*names, *gap_names), _NAN)

    opens = calls.opens_turn.copy()
    opens[calls.first] = True
    n = np.diff(np.r_[np.flatnonzero(opens), len(calls)]).astype(np.float64)
    by_user: Bools = opens[calls.later]
    return {
        "turn_calls_mean": float(n.mean()),
        **_quantiles("turn_calls", n, 50, 90),
        **_quantiles("human_gap", calls.gaps_s[by_user], 50, 90),
        **_quantiles("tool_gap", calls.gaps_s[~by_user], 50, 90),
    }


def _prefix_share(calls: Calls) -> float:
    """Return the share of input that is that of the call before, over all calls but the first."""
    if calls.prefix_tokens is None:
        return _NAN
    total = calls.input_tokens[calls.later].sum()
    return float(calls.prefix_tokens[calls.later].sum() / total) if total > 0 else _NAN


def item_share(calls: Calls) -> float:
    """Return the share of variance of log calls between benchmark items.

    Not a number unless at least two items were worked on more than once.
    """
    if calls.item is None:
        return _NAN
    item, steps = calls.item[calls.first], np.log(calls.per_session.astype(np.float64))
    _, group, _ = _grouped(item[item >= 0])
    order = np.argsort(group, kind="stable")
    return between_share(steps[item >= 0][order], group[order])
