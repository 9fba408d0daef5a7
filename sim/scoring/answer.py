"""A detector's answer beside what was asked: what every section of a score is computed from."""

from __future__ import annotations

from dataclasses import dataclass

from sim.arrays.types import Bools, Floats, Ints
from sim.predictions.table import Moments
from sim.scoring.asked import Asked


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
        that belong to one owner count alike.
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
