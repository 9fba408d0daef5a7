"""What can be told of the accounts of several runs of one world, by each instrument."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Floats
from sim.audits.components import LINKS, purity, spread_of_labels
from sim.catalog import typologies
from sim.detectors import neighbours
from sim.detectors.accounts import Accounts, best_overall, best_single, each_from_the_others
from sim.detectors.quality import Judged, Measured, chosen, measured
from sim.detectors.relational_score import relational_scores

INSTRUMENTS = ("best single feature", "boosting of marginals", "fixed score", "learned relations")


class Study(NamedTuple):
    """What was measured over pairs of runs; names of features are those most often chosen.

    Attributes
    ----------
    accounts, prevalence, features
        Means over the runs.
    quality
        By instrument, and then by part of `Quality`.
    difficulty
        AUC of a boosting of marginals and of the learned relations, by abusive typology, against
        all that does not extract.
    twins
        By pair: best single feature, its AUC, and that of the learned relations.
    purity
        Share of pairs with one actor, by kind of link: least and greatest of the runs.
    union_find
        Precision with a fifth of the labels at a recall of .3, least and greatest of the runs.
    """

    accounts: float
    prevalence: float
    features: float
    single: str
    quality: dict[str, dict[str, Measured]]
    difficulty: dict[str, tuple[Measured, Measured]]
    twins: dict[tuple[str, str], tuple[str, Measured, Measured]]
    purity: dict[str, tuple[float, float]]
    union_find: tuple[float, float]


def study(runs: Sequence[Path]) -> Study:
    """Ask of each run what the others taught; all are of one world and other seeds.

    Single features are chosen in the run before, models learn from all the others.
    """
    every = [Accounts(run) for run in runs]
    pairs = [(every[k - 1], every[k]) for k in range(len(every))]
    singles = [best_overall(*pair) for pair in pairs]
    marginal = marginal_scores(every)
    relational = neighbours.scores(every, marginal)
    fixed = [relational_scores(a.tables, a.features.index)["score"].to_numpy() for a in every]
    found = [[judged for _, judged in singles]]
    found += [
        [a.judged(s) for a, s in zip(every, scores, strict=True)]
        for scores in (marginal, fixed, relational)
    ]
    spread = [spread_of_labels(a.tables)[0] for a in every]

    return Study(
        accounts=float(np.mean([len(a.kind) for a in every])),
        prevalence=float(np.mean([a.extracts.mean() for a in every])),
        features=float(np.mean([a.features.shape[1] for a in every])),
        single=commonest([name for name, _ in singles]),
        quality={n: measured(f) for n, f in zip(INSTRUMENTS, found, strict=True)},
        difficulty={
            t: (
                area([_asked(a, s, t) for a, s in zip(every, marginal, strict=True)]),
                area([_asked(a, s, t) for a, s in zip(every, relational, strict=True)]),
            )
            for t in abusive(every)
        },
        twins=_twins(pairs, relational),
        purity={kind: _range([purity(a.tables, kind)[0] for a in every]) for kind in LINKS},
        union_find=_range(spread),
    )


def marginal_scores(every: Sequence[Accounts]) -> list[Floats]:
    """Scores of gradient boosting on the wide table, of each run from the others."""
    return each_from_the_others(every, [a.features for a in every])


def abusive(every: Sequence[Accounts]) -> list[str]:
    """Typologies that extract and are in all runs."""
    kinds = [t.id for t in typologies().values() if t.is_extraction]
    return [kind for kind in kinds if all((a.kind == kind).any() for a in every)]


def commonest(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=list(names).count)


def area(runs: Sequence[Judged]) -> Measured:
    """AUC over several runs."""
    return measured(runs)["auc"]


def _asked(accounts: Accounts, score: Floats, sought: str, others: str | None = None) -> Judged:
    pick, mine = accounts.question(sought, others)
    return chosen(accounts.judged(score), pick, mine)


def _range(values: Sequence[float]) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _twins(
    pairs: Sequence[tuple[Accounts, Accounts]], relational: Sequence[Floats]
) -> dict[tuple[str, str], tuple[str, Measured, Measured]]:
    made = {}
    for kind in abusive([asked for _, asked in pairs]):
        for twin in typologies()[kind].twins:
            if any((a.kind == twin).sum() < 2 for _, a in pairs):
                continue
            singles = [best_single(*pair, kind, twin) for pair in pairs]
            scored = [_asked(a, s, kind, twin) for (_, a), s in zip(pairs, relational, strict=True)]
            name = commonest([name for name, _ in singles])
            made[kind, twin] = (name, area([judged for _, judged in singles]), area(scored))
    return made
