"""Two-sample tests by classifier: how well a gradient boosting tells a run from a trace.

An AUC of .5 means that it cannot, 1 that it always can (Lopez-Paz and Oquab, Revisiting classifier
two-sample tests, 2017). Examples of one session are never both learnt from and tested on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scorecard.features import Examples

FOLDS = 5
_RESAMPLES = 100
# Of either sample; more would only take longer.
_MOST_EXAMPLES = 1_500
# Fewer groups of either sample cannot be cut into folds that say anything.
LEAST_GROUPS = 10
MISSING = "the classifiers need scikit-learn; `pip install 'llm-traffic-sim[realism]'` brings it"


@dataclass(frozen=True)
class Feature:
    """How much one feature tells.

    Attributes
    ----------
    name
        What it is.
    auc
        Of this feature alone, .5 to 1.
    importance
        By how much the AUC of the classifier falls when the feature is shuffled; not a number
        where that was not asked for.
    runs_are_higher
        Whether the run's values are the larger ones, as far as one feature tells.
    """

    name: str
    auc: float
    importance: float
    runs_are_higher: bool


@dataclass(frozen=True)
class Told:
    """How well two samples are told apart.

    Attributes
    ----------
    auc
        Area under the ROC curve on sessions that were not learnt from.
    error
        Its standard error, by a bootstrap of sessions.
    features
        Those that tell most first.
    """

    auc: float
    error: float
    features: tuple[Feature, ...]


def is_installed() -> bool:
    """Tell whether scikit-learn is there."""
    from importlib.util import find_spec

    return find_spec("sklearn") is not None


def tell_apart(
    run: Examples, real: Examples, names: Sequence[str], *, seed: int, importance: bool = False
) -> Told | None:
    """Train a classifier to tell two samples apart, and test it on groups that it has not seen.

    Parameters
    ----------
    run, real
        The two samples; of a much larger one, twice as many examples as of the other are drawn.
    names
        Of the features.
    seed
        Of folds, of which examples are used where there are many, and of the bootstrap.
    importance
        Also shuffle every feature, which takes as long again.

    Returns
    -------
    Told or None
        None if either sample has fewer than ten groups.
    """
    rng = np.random.default_rng(seed)
    most = min(_MOST_EXAMPLES, 2 * min(len(run), len(real)))
    run, real = run.some(most, rng), real.some(most, rng)
    if min(len(np.unique(x.groups)) for x in (run, real)) < LEAST_GROUPS:
        return None

    values = np.concatenate([run.values, real.values])
    is_run = np.repeat([True, False], [len(run), len(real)])
    codes = [np.unique(x.groups, return_inverse=True)[1] for x in (run, real)]
    groups = np.concatenate([codes[0], codes[1] + codes[0].max() + 1])

    import sklearn.ensemble  # noqa: F401  its threads can be limited once it is loaded
    from threadpoolctl import threadpool_limits

    # so few examples are learnt faster by one thread than by several that wait for busy cores
    with threadpool_limits(1):
        guesses, drops = _held_out(values, is_run, groups, rng if importance else None)
    return Told(
        auc=auc_of(guesses, is_run),
        error=_error(guesses, is_run, groups, rng),
        features=_features(values, is_run, names, drops),
    )


def _held_out(
    values: Floats,
    is_run: Bools,
    groups: Ints,
    shuffles: np.random.Generator | None,
) -> tuple[Floats, Floats]:
    """Return the guess for each example by a classifier that has not seen its group.

    Also how far the AUC falls in the mean of folds when each feature is shuffled; not a number
    without `shuffles`.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    guesses = np.zeros(len(values))
    drops = np.full((FOLDS, values.shape[1]), np.nan)
    fold = _folds(is_run, groups)
    for number in range(FOLDS):
        learn, test = fold != number, fold == number
        model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.08, random_state=0)
        model.fit(values[learn], is_run[learn])
        guesses[test] = model.predict_proba(values[test])[:, 1]
        if shuffles is None:
            continue
        for k in range(values.shape[1]):
            shuffled = values[test].copy()
            shuffled[:, k] = shuffles.permutation(shuffled[:, k])
            worse = model.predict_proba(shuffled)[:, 1]
            drops[number, k] = auc_of(guesses[test], is_run[test]) - auc_of(worse, is_run[test])
    return guesses, drops.mean(0)


def _folds(is_run: Bools, groups: Ints) -> Ints:
    """Return the fold of each example: groups of each sample are dealt out, the largest first."""
    fold_of_group = np.zeros(int(groups.max()) + 1, np.int64)
    sizes = np.bincount(groups)
    for sample in (is_run, ~is_run):
        of_sample = np.unique(groups[sample])
        by_size = of_sample[np.argsort(-sizes[of_sample], kind="stable")]
        fold_of_group[by_size] = np.arange(len(by_size)) % FOLDS
    return fold_of_group[groups]


def auc_of(scores: Floats, positive: Bools) -> float:
    """Return the probability that a positive example scores above a negative one, ties by half.

    That is the statistic of Mann and Whitney over the number of pairs; .5 if one class is empty.
    """
    from scipy.stats import rankdata

    many = int(positive.sum())
    few = len(positive) - many
    if not many or not few:
        return 0.5
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def _error(guesses: Floats, is_run: Bools, groups: Ints, rng: np.random.Generator) -> float:
    """Return the standard error of the AUC: groups are drawn anew with replacement."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(groups[order]) != 0])
    members = np.split(order, starts[1:])
    found = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        found.append(auc_of(guesses[drawn], is_run[drawn]))
    return float(np.std(found))


def _features(
    values: Floats, is_run: Bools, names: Sequence[str], drops: Floats
) -> tuple[Feature, ...]:
    """Return what each feature tells, the most telling first."""
    alone = [auc_of(values[:, k], is_run) for k in range(len(names))]
    features = [
        Feature(name, max(x, 1 - x), float(drop), x >= 0.5)
        for name, x, drop in zip(names, alone, drops, strict=True)
    ]
    return tuple(sorted(features, key=lambda f: f.auc, reverse=True))
