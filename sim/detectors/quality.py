"""How well a score finds what is sought, and within which interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats

ROUNDS = 200


class Quality(NamedTuple):
    """Area under the curve, average precision, and recall at two rates of false positives."""

    auc: float
    average_precision: float
    recall_2: float
    recall_3: float


class Judged(NamedTuple):
    """Scores of a run's accounts, which of them are sought, and who stands behind each."""

    score: Floats
    sought: NDArray[np.bool_]
    owner: NDArray[np.int64]


class Measured(NamedTuple):
    """A quantity over several runs: its mean, an interval of it, and the spread between runs.

    The interval is of 95 %, from a bootstrap that draws owners, with all their accounts, within
    each run. `spread` is the standard deviation between runs.
    """

    mean: float
    low: float
    high: float
    spread: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f}; ±{self.spread:.2f})"


def quality(score: Floats, sought: NDArray[np.bool_], weight: Floats | None = None) -> Quality:
    """Quality of a score; equal scores come together. `weight` counts an account several times.

    Recall at a rate lies on the line between two thresholds, as if a coin chose between them: a
    mean over several small runs moves less so. `sim.scoring.ranking` takes the threshold below.
    """
    weight = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(weight[order] * sought[order])
    wrong = np.cumsum(weight[order] * ~sought[order])
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    found, wrong = found[last], wrong[last]
    if not found[-1] or not wrong[-1]:
        return Quality(np.nan, np.nan, np.nan, np.nan)

    true, false = found / found[-1], wrong / wrong[-1]
    before = np.concatenate([[0.0], true[:-1]])
    area = np.sum(np.diff(false, prepend=0.0) * (true + before) / 2)
    seen = found + wrong
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    recalls = [float(np.interp(rate, [0.0, *false], [0.0, *true])) for rate in (1e-2, 1e-3)]
    return Quality(float(area), float(np.sum((true - before) * precision)), *recalls)


def measured(runs: Sequence[Judged], rounds: int = ROUNDS) -> dict[str, Measured]:
    """Each part of `Quality` over several runs."""
    plain = np.array([quality(run.score, run.sought) for run in runs])
    drawn = np.array([_bootstrap(run, rounds) for run in runs])
    whole = drawn[:, ~np.isnan(drawn).any(axis=(0, 2))]  # no draw without one of the two
    low, high = np.quantile(whole.mean(axis=0), [0.025, 0.975], axis=0)
    spread = plain.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(len(Quality._fields))
    columns = zip(plain.mean(axis=0), low, high, spread, strict=True)
    return dict(zip(Quality._fields, [Measured(*map(float, c)) for c in columns], strict=True))


def _bootstrap(run: Judged, rounds: int) -> Any:
    """Return `rounds` qualities, each of as many owners as there are, drawn anew."""
    rng = np.random.default_rng(7)
    owners, place = np.unique(run.owner, return_inverse=True)
    drawn = []
    for _ in range(rounds):
        times = np.bincount(rng.integers(len(owners), size=len(owners)), minlength=len(owners))
        drawn.append(quality(run.score, run.sought, times[place].astype(float)))
    return drawn


def chosen(judged: Judged, pick: NDArray[np.bool_], sought: NDArray[np.bool_]) -> Judged:
    """Return the same scores of some accounts, with another question."""
    return Judged(judged.score[pick], sought[pick], judged.owner[pick])


def auc_error(m: int, n: int) -> float:
    """Return the standard error of the AUC of two samples, of `m` and `n`, of one distribution."""
    return float(np.sqrt((m + n + 1) / (12 * m * n)))
