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

# Owners that either half needs of either side.
LEAST = 2


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
    half = halves(sought, owner, rng)
    found = []
    for chooses in (0, 1):
        first, second = half == chooses, half != chooses
        middle = np.median(values[first], axis=0)
        shown = np.hstack([values[first], np.abs(values[first] - middle)])
        areas, errors = clustered_auc(shown, sought[first], owner[first])
        # of columns that are equally good the one that is surer
        best = int(np.argmax(np.abs(areas - 0.5) - errors))
        column = best % len(names)
        asked = values[second, column]
        asked = np.abs(asked - middle[column]) if best >= len(names) else asked
        asked = asked * np.sign(areas[best] - 0.5)
        area, error = clustered_auc(asked[:, None], sought[second], owner[second])
        name = names[column] + (" from its middle" if best >= len(names) else "")
        found.append(HeldOut(float(area[0]), float(error[0]), name))

    better = max(found)
    return HeldOut(
        (found[0].area + found[1].area) / 2,
        np.hypot(found[0].error, found[1].error) / 2,
        better.name,
    )
