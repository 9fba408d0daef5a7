"""How well one feature tells two sides apart, chosen among hundreds without being fooled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import clustered_auc
from sim.detectors.accounts import all_areas, looks

# Fewer owners of a side are alike by chance in one of hundreds of features.
LEAST_OWNERS = 8
FOLDS = 4


class BestFeature(NamedTuple):
    """What the best feature tells: its AUC with an error, and the feature most often chosen."""

    auc: float
    error: float
    name: str


def best_feature(
    features: Any, sought: Bools, owner: Ints, rng: np.random.Generator
) -> BestFeature:
    """Return how well the best feature tells two sides apart, asked of owners it was not chosen by.

    The largest of hundreds of numbers is large by chance. So three quarters of the owners choose a
    feature and its direction, and the others are asked: where they would stand among those three
    quarters. A feature may also tell by its distance from the median: what is constant is a
    fingerprint.

    Parameters
    ----------
    features
        A data frame of numbers, a row an account.
    sought
        Which accounts are to rank high.
    owner
        Who stands behind each account, always of one side; at least `LEAST_OWNERS` of each.
    rng
        Of the folds of owners.
    """
    values, names = features.to_numpy(np.float64), [str(name) for name in features]
    names += [f"{name} from its middle" for name in names]
    fold = folds_of(owner, sought, rng, FOLDS)

    score, chosen = np.zeros(len(owner)), []
    for k in range(FOLDS):
        learned = fold != k
        shown = looks(values, np.median(values[learned], axis=0))
        best, sign = _choose(shown[learned], sought[learned])
        score[~learned] = _place(shown[learned, best] * sign, shown[~learned, best] * sign)
        chosen.append(names[best])

    area, error = clustered_auc(score[:, None], sought, owner)
    return BestFeature(float(area[0]), float(error[0]), max(chosen, key=chosen.count))


def owners_of(owner: Ints, pick: Bools) -> int:
    """Return how many owners the picked accounts have."""
    return len(np.unique(owner[pick]))


def folds_of(owner: Ints, sought: Bools, rng: np.random.Generator, folds: int) -> Ints:
    """Return the fold of each account: whole owners, of each side as many in each fold."""
    fold = np.zeros(len(owner), np.int64)
    for side in (sought, ~sought):
        drawn = rng.permutation(np.unique(owner[side]))
        place = np.empty(int(owner.max()) + 1, np.int64)
        place[drawn] = np.arange(len(drawn)) % folds
        fold[side] = place[owner[side]]
    return fold


def _choose(shown: Floats, sought: Bools) -> tuple[int, float]:
    """Return the column of the greatest AUC, and its sign; of equal ones the one furthest apart."""
    areas = all_areas(shown, sought) - 0.5
    apart = np.abs(shown[sought].mean(axis=0) - shown[~sought].mean(axis=0))
    spread = shown[sought].std(axis=0) + shown[~sought].std(axis=0)
    effect = apart / (spread + 1e-9 * (apart + 1e-9))
    best = int(np.lexsort((effect, np.abs(areas).round(9)))[-1])
    return best, float(np.sign(areas[best]))


def _place(learned: Floats, asked: Floats) -> NDArray[np.float64]:
    """Return which share of the learned values each asked one exceeds, half of equal ones."""
    ordered = np.sort(learned)
    below, upto = (np.searchsorted(ordered, asked, side) for side in ("left", "right"))
    return np.asarray((below + upto) / (2 * len(ordered)))
