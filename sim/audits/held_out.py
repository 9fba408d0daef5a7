"""What is chosen among many is asked of owners who had no part in the choice.

The best of hundreds of columns is good by chance; so one half of the owners chooses, the other half
is asked, and the reverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import clustered_auc
from sim.detectors.accounts import all_areas

# Rows of either side that are looked at; more say no more.
MOST_ROWS = 20_000
# Of so many columns that look best the error is asked for.
_SURER_OF = 20


class HeldOut(NamedTuple):
    """The AUC of what was chosen, its standard error over owners, and what was chosen."""

    area: float
    error: float
    name: str


def halves(sought: Bools, owner: Ints, rng: np.random.Generator) -> Ints:
    """Return 0 or 1 for each row: which half its owner is in, of either side as many.

    Parameters
    ----------
    sought
        Which rows are sought; an owner is, if any of its rows is.
    owner
        Number of each row's owner.
    rng
        Of the split.
    """
    number, place = np.unique(owner, return_inverse=True)
    is_sought = np.bincount(place, sought) > 0
    half = np.empty(len(number), np.int64)
    for side in (is_sought, ~is_sought):
        half[side] = rng.permutation(int(side.sum())) % 2
    return np.asarray(half[place])


def best_column(
    values: Floats, names: Sequence[str], sought: Bools, owner: Ints, rng: np.random.Generator
) -> HeldOut:
    """Return the AUC of the best column, chosen in one half of the owners and asked of the other.

    A column is looked at as it is, and by its distance from the middle: what is constant where
    others vary is a fingerprint.

    Parameters
    ----------
    values
        Shape (rows, columns), without missing values.
    names
        Of the columns.
    sought, owner
        Of each row whether it is sought, and the number of its owner.
    rng
        Of the halves.

    Returns
    -------
    HeldOut
        Means over both ways; the name is that of the choice that did better. The area is that in
        the direction that was chosen, so that it may be below .5.
    """
    rows = _some(sought, rng)
    values, sought, owner = values[rows], sought[rows], owner[rows]
    half = halves(sought, owner, rng)
    found = []
    for chooses in (0, 1):
        first, second = half == chooses, half != chooses
        middle = np.median(values[first], axis=0)
        best, is_distance, sign = _chosen(values[first], middle, sought[first], owner[first])
        asked = values[second, best]
        asked = np.abs(asked - middle[best]) if is_distance else asked
        area, error = clustered_auc(sign * asked[:, None], sought[second], owner[second])
        name = names[best] + (" from its middle" if is_distance else "")
        found.append(HeldOut(float(area[0]), float(error[0]), name))

    better = max(found)
    return HeldOut(
        (found[0].area + found[1].area) / 2,
        np.hypot(found[0].error, found[1].error) / 2,
        better.name,
    )


def _some(sought: Bools, rng: np.random.Generator) -> Ints:
    """Return the rows that are looked at: all, or as many of either side as are enough."""
    sides = [rng.permutation(np.flatnonzero(side))[:MOST_ROWS] for side in (sought, ~sought)]
    return np.sort(np.concatenate(sides))


def _chosen(values: Floats, middle: Floats, sought: Bools, owner: Ints) -> tuple[int, bool, float]:
    """Return the best column, whether by its distance from the middle, and its direction.

    Of the few that look best the one that is farthest beyond its error over owners.
    """
    # of two values the distance from one of them says no more
    several = [k for k in range(values.shape[1]) if len(np.unique(values[:1_000, k])) > 2]
    shown = np.hstack([values, np.abs(values[:, several] - middle[several])])
    columns = [*range(values.shape[1]), *several]

    areas = all_areas(shown, sought)
    few = np.argsort(-np.abs(areas - 0.5), kind="stable")[:_SURER_OF]
    sure, errors = clustered_auc(shown[:, few], sought, owner)
    best = int(few[np.argmax(np.abs(sure - 0.5) - errors)])
    return columns[best], best >= values.shape[1], float(np.sign(areas[best] - 0.5)) or 1.0
