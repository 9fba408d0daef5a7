"""What the classifiers see of calls: windows of sixteen, and whole sessions.

Features are quantiles, correlations and sizes; nothing depends on the absolute time or on names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scorecard.calls import Calls

WINDOW = 16
_LEVELS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_LEVEL_WORDS = ("min", "p10", "p25", "p50", "p75", "p90", "max")
# Times of equal moments are this far apart for a logarithm.
_LEAST_GAP_S = 1e-3
# Windows that lie together count as one session where there are no sessions.
_WINDOWS_A_BLOCK = 8

GAP_NAMES = tuple(f"gap {x}" for x in _LEVEL_WORDS)
WINDOW_NAMES = (
    *(f"{what} {x}" for what in ("gap", "input", "output") for x in _LEVEL_WORDS),
    "correlation of gap and input",
    "correlation of gap and output",
    "correlation of input and output",
)
SESSION_NAMES = (
    "number of calls",
    "length in time",
    "gap p10",
    "gap p50",
    "gap p90",
    "CV of gaps",
    "first input",
    "largest input",
    "growth p50",
    "growth a call",
    "output p10",
    "output p50",
    "output p90",
    "output, sd of log",
    "correlation of gap and input",
    "correlation of gap and output",
    "correlation of input and output",
)


@dataclass(frozen=True)
class Examples:
    """What a classifier learns from.

    Attributes
    ----------
    values
        A row an example, shape (examples, features).
    groups
        Whose examples they are: those of one group are never both learnt from and tested on.
    """

    values: Floats
    groups: Ints

    def __len__(self) -> int:
        return len(self.groups)

    def some(self, most: int, rng: np.random.Generator) -> Examples:
        """Return at most so many examples, drawn without replacement, in order."""
        if len(self) <= most:
            return self
        kept = np.sort(rng.choice(len(self), most, replace=False))
        return Examples(self.values[kept], self.groups[kept])


def window_examples(
    calls: Calls, groups: Ints | None = None, *, gaps_only: bool = False
) -> Examples:
    """Return windows of sixteen calls that follow each other in a session or stretch.

    Parameters
    ----------
    calls
        Sessions of fewer than seventeen calls have no window.
    groups
        Group of each session, shape (sessions,). Left out, a session is a group; a stretch is cut
        into groups of eight windows.
    gaps_only
        Leave lengths out.
    """
    scale = float(calls.gaps_s.mean()) if calls.length_s and len(calls.gaps_s) else 1.0
    rows, found = [], []
    for k, part in enumerate(calls.each()):
        gap = np.log(np.maximum(np.diff(calls.t_s[part]) / scale, _LEAST_GAP_S))
        sent, got = (np.log1p(x[part][1:]) for x in (calls.input_tokens, calls.output_tokens))
        for number, low in enumerate(range(0, len(gap) - WINDOW + 1, WINDOW)):
            cut = slice(low, low + WINDOW)
            rows.append(_window(gap[cut], sent[cut], got[cut], gaps_only))
            block = k * 1_000_000 + number // _WINDOWS_A_BLOCK
            found.append(block if calls.length_s else k if groups is None else int(groups[k]))

    width = len(GAP_NAMES) if gaps_only else len(WINDOW_NAMES)
    return Examples(np.array(rows, np.float64).reshape(-1, width), np.array(found, np.int64))


def _window(gap: Floats, sent: Floats, got: Floats, gaps_only: bool) -> list[float]:
    if gaps_only:
        return [*np.quantile(gap, _LEVELS)]
    return [
        *(q for x in (gap, sent, got) for q in np.quantile(x, _LEVELS)),
        _correlation(gap, sent),
        _correlation(gap, got),
        _correlation(sent, got),
    ]


def session_examples(calls: Calls, groups: Ints | None = None) -> Examples:
    """Return an example for each session of at least three calls.

    Parameters
    ----------
    calls
        Of sessions.
    groups
        Group of each session, shape (sessions,); left out, a session is a group.
    """
    rows, found = [], []
    for k, part in enumerate(calls.each()):
        if part.stop - part.start >= 3:
            columns = (calls.t_s, calls.input_tokens, calls.output_tokens)
            rows.append(_session(*(x[part] for x in columns)))
            found.append(k if groups is None else int(groups[k]))
    return Examples(
        np.array(rows, np.float64).reshape(-1, len(SESSION_NAMES)), np.array(found, np.int64)
    )


def _session(t_s: Floats, sent: Floats, got: Floats) -> list[float]:
    gaps = np.diff(t_s)
    gap, output, size = np.log(np.maximum(gaps, _LEAST_GAP_S)), np.log1p(got), np.log1p(sent)
    growth = np.median(np.diff(sent))

    return [
        np.log(len(t_s)),
        np.log1p(t_s[-1] - t_s[0]),
        *np.quantile(gap, (0.1, 0.5, 0.9)),
        gaps.std() / gaps.mean() if gaps.mean() > 0 else 0.0,
        size[0],
        size.max(),
        np.log1p(max(growth, 0.0)),
        (sent[-1] - sent[0]) / len(t_s),
        *np.quantile(output, (0.1, 0.5, 0.9)),
        output.std(),
        _correlation(gap, size[1:]),
        _correlation(gap, output[1:]),
        _correlation(size, output),
    ]


def _correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation, 0 where one of them is constant."""
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 1e-9 else 0.0
