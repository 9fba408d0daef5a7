"""The baseline `ensemble`: the mean rank by detectors that look at different things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from sim.arrays.types import Bools
from sim.detectors import daily, marginals, relations
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen

MEMBERS = (marginals.BASELINE, daily.BASELINE, relations.BASELINE)


def combine(found: Sequence[Found]) -> Found:
    """Return the mean of ranks, from 0 to 1; equal scores share a rank.

    Ranks, because scores of different detectors are on different scales.
    """
    ranks = [rankdata(each.score) / max(len(each.score), 1) for each in found]
    return Found(np.mean(ranks, axis=0))


def find(learned: Seen, sought: Bools, asked: Seen, seed: int) -> Found:
    """Score accounts by the mean of their ranks by the members; raises what these do."""
    return combine([member.find(learned, sought, asked, seed) for member in MEMBERS])


BASELINE = Baseline(
    name="ensemble",
    title=f"mean rank by {', '.join(member.name for member in MEMBERS)}",
    sees="what these see",
    source="Borda 1781, by the mean of ranks",
    find=find,
    combine=combine,
    members=MEMBERS,
)
