"""The baseline `one-rule`: the one feature that tells best, and nothing else."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools
from sim.detectors.accounts import all_areas, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts by the feature whose AUC is farthest from .5 where it is learned.

    All features are tried, those that count others too. A rule has a threshold, which is left to
    whoever uses the score: high values are suspect, or low ones.
    """
    first, second, _ = matrices(learned.features, asked.features)
    if sought.all() or not sought.any():
        return Found(np.full(len(asked), float(sought.any())))

    off = all_areas(first, sought) - 0.5
    best = int(np.argmax(np.abs(off)))
    return Found(second[:, best] * np.sign(off[best]))


BASELINE = Baseline(
    name="one-rule",
    title="the one feature that tells best",
    sees="one feature of accounts, which labels choose",
    source="Holte 1993, Very simple classification rules perform well on most datasets",
    find=find,
)
