"""The baseline `logistic`: logistic regression on what each account does by itself."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats
from sim.detectors.accounts import NO_EXTRA, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.marginals import alone
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError

# Inverse strength of the penalty; features are many, and related.
_C = 0.1


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts by their probability; the same numbers each time, for nothing is drawn.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    first, second, _ = matrices(alone(learned.features), alone(asked.features))
    if sought.all() or not sought.any() or not len(second):
        return Found(np.full(len(second), float(sought.any())))
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError as error:
        raise InvalidInputError(NO_EXTRA) from error

    model = make_pipeline(
        FunctionTransformer(_compressed), StandardScaler(), LogisticRegression(C=_C, max_iter=2_000)
    )
    with threadpool_limits(1):
        model.fit(first, sought)
        return Found(np.asarray(model.predict_proba(second)[:, 1]))


def _compressed(values: Floats) -> Floats:
    """Return logarithms that keep 0 and the sign: counts and times span orders of magnitude."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


BASELINE = Baseline(
    name="logistic",
    title="logistic regression on what each account does by itself",
    sees="features of accounts, but for those that count others",
    source="Cox 1958, The regression analysis of binary sequences",
    find=find,
)
