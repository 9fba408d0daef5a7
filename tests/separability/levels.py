"""Which `separability` of each typology makes it as hard to find as the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sim.detectors.accounts import Accounts
from sim.detectors.quality import Measured, chosen
from tests.separability.study import area, marginal_scores

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
# How well a boosting of marginals finds what extracts. `hard` is separability 0 for all: nothing is
# harder.
TARGETS = {"easy": 0.9, "medium": 0.75}
_STEP = 0.05
Table = Mapping[str, Mapping[float, Measured]]


def difficulties(every: Sequence[Accounts]) -> dict[str, dict[float, Measured]]:
    """AUC of each abusive typology at each separability against all that does not extract.

    The runs have each typology several times, as actors whose identifiers end in `-s` and their
    separability in per cent, or so and a copy: accounts of one run do not change those of others.
    """
    scores = marginal_scores(every)
    made: dict[str, dict[float, Measured]] = {}
    for kind in sorted({k for a in every for k in a.kind[a.extracts]}):
        for value in GRID:
            asked = []
            for accounts, score in zip(every, scores, strict=True):
                actors = accounts.truth["actor_id"].str.contains(f"-s{round(100 * value)}(?:-|$)")
                mine = (accounts.kind == kind) & actors.to_numpy()
                asked.append(chosen(accounts.judged(score), mine | ~accounts.extracts, mine))
            made.setdefault(kind, {})[value] = area(asked)
    return made


def as_hard_as(found: Table, target: float) -> dict[str, float]:
    """The separability at which each typology is found about as well as `target`, an AUC.

    Between the values of the grid on a straight line; the least of those that are as near.
    """
    made = {}
    for kind, values in found.items():
        at = np.arange(0.0, 1.0 + _STEP / 2, _STEP)
        areas = np.interp(at, list(values), [m.mean for m in values.values()])
        made[kind] = float(round(at[np.argmin(np.abs(areas - target).round(6))], 2))
    return made
