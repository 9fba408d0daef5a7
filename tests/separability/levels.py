"""Which `separability` of each typology makes it as hard to find as the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tests.separability.accounts import Accounts
from tests.separability.quality import Measured, chosen
from tests.separability.study import area, marginal_scores

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
# What the others of a level follow: all that does not extract.
OTHERS = {"easy": 1.0, "medium": 0.5, "hard": 0.0}
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


def hardest(found: Table) -> dict[str, float]:
    """The separability at which each typology is hardest to find."""
    return {kind: min(values, key=lambda v: values[v].mean) for kind, values in found.items()}


def as_hard_as(found: Table, target: float) -> dict[str, float]:
    """The separability at which each typology is found about as well as `target`, an AUC."""
    return {
        kind: min(values, key=lambda v: (abs(values[v].mean - target), v))
        for kind, values in found.items()
    }


def easiest_for_all(found: Table) -> float:
    """The greatest difficulty's AUC that every typology can reach."""
    return min(max(m.mean for m in values.values()) for values in found.values())


def evenness(found: Table, picked: Mapping[str, float]) -> tuple[float, float]:
    """Least and greatest AUC of the typologies at the values that were picked."""
    areas = [found[kind][value].mean for kind, value in picked.items()]
    return float(np.min(areas)), float(np.max(areas))
