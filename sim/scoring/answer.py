"""A detector's answer beside what was asked: what every section of a score is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.predictions.table import Moments
from sim.scoring.asked import Asked
from sim.scoring.intervals import LEAST_OWNERS


@dataclass(frozen=True)
class Answer:
    """Scores of all that was asked, with draws for intervals.

    Attributes
    ----------
    asked
        The truth; all arrays are in the order of its entities.
    score
        The highest score of each entity.
    cluster, moments
        As in `sim.predictions.table.Predictions`.
    times
        How often each entity counts in each draw of the bootstrap, shape (rounds, entities); all
        that belong to one owner count alike. Without rounds there are no intervals, nor are there
        with too few owners.
    fpr
        The rate of false positives at which an entity is flagged.
    threshold
        Entities of this score and above are flagged: as many as the rate allows, by weight, and
        equal scores together. Infinite if that is none.
    """

    asked: Asked
    score: Floats
    cluster: Ints | None
    moments: Moments | None
    times: Floats
    fpr: float
    threshold: float

    @property
    def flagged(self) -> Bools:
        """Which entities are flagged, shape (entities,)."""
        flagged: Bools = self.score >= self.threshold
        return flagged

    @property
    def owners_of_positives(self) -> int:
        """How many owners have a positive."""
        return owners(self.asked, self.asked.target)

    @property
    def owners_of_negatives(self) -> int:
        """How many owners have a negative."""
        return owners(self.asked, ~self.asked.target)

    @property
    def sizes(self) -> str:
        """What figures of all entities rest on."""
        positives = int(self.asked.target.sum())
        return (
            f"{positives:,} positives of {self.owners_of_positives:,} owners, "
            f"{len(self.asked) - positives:,} negatives of {self.owners_of_negatives:,} owners"
        )

    @property
    def why_no_interval(self) -> str:
        """Why figures have no interval; empty if they have one."""
        return why_no_interval(self.asked)


def owners(asked: Asked, chosen: Bools) -> int:
    """Return how many owners some of the entities have."""
    return len(np.unique(asked.owner[chosen]))


def why_no_interval(asked: Asked) -> str:
    """Say why there are too few owners for intervals; empty if there are enough."""
    for which, side in (("positives", asked.target), ("negatives", ~asked.target)):
        count = owners(asked, side)
        if count < LEAST_OWNERS:
            return f"no interval: {count} owners of {which}, {LEAST_OWNERS} are needed"
    return ""
