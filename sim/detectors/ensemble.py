"""The baseline `ensemble`: the mean rank by detectors that look at different things."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from sim.arrays.types import Bools
from sim.detectors import daily, marginals
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen

MEMBERS = (marginals.BASELINE, daily.BASELINE)


def find(learned: Seen, sought: Bools, asked: Seen, seed: int) -> Found:
    """Score accounts by the mean of their ranks, from 0 to 1; equal scores share a rank.

    Ranks, because scores of different detectors are on different scales.

    Raises
    ------
    InvalidInputError
        As the members do.
    """
    scores = [member.find(learned, sought, asked, seed).score for member in MEMBERS]
    ranks = [rankdata(score) / max(len(score), 1) for score in scores]
    return Found(np.mean(ranks, axis=0))


BASELINE = Baseline(
    name="ensemble",
    title=f"mean rank by {', '.join(member.name for member in MEMBERS)}",
    sees="what these see",
    source="Borda 1781, by the mean of ranks",
    find=find,
)
