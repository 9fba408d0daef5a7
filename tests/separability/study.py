"""Gradient boosting on features of accounts, best single features, and the relational score."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats
from sim.catalog import typologies
from tests.separability.features import account_features, labels
from tests.separability.relations import relational_scores
from tests.support.scenarios import auc

FALSE_POSITIVE_RATE = 1e-3


class Quality(NamedTuple):
    """How well a score finds what extracts."""

    auc: float
    average_precision: float
    recall: float


class Study(NamedTuple):
    """What can be told of one run; `twins` holds (abusive, twin, best single feature, its AUC)."""

    accounts: int
    prevalence: float
    boosting: Quality
    relational: Quality
    best: tuple[str, float]
    by_typology: list[tuple[str, str, float]]
    twins: list[tuple[str, str, str, float]]
    relational_twins: dict[tuple[str, str], float]


class Accounts(NamedTuple):
    """The accounts of a run: features, truth, and which of them extract."""

    features: Any
    truth: Any
    extracts: NDArray[np.bool_]

    @classmethod
    def of(cls, run: Path) -> Accounts:
        features = account_features(run)
        truth = labels(run, features)
        extracts = [typologies()[t].is_extraction for t in truth["typology_id"]]
        return cls(features, truth, np.array(extracts))

    @property
    def matrix(self) -> Floats:
        return np.asarray(self.features.drop(columns="account_id"), np.float64)


def study(run: Path, other: Path) -> Study:
    """What can be told of the accounts of `run`; boosting learns from `other`, of another seed.

    Within one run, accounts of a cohort share an address, and so would give each other away.
    """
    features, truth, extracts = Accounts.of(run)
    learned = Accounts.of(other)
    names = [name for name in features.columns if name != "account_id"]
    score = relational_scores(run, features)["score"].to_numpy()
    kind = truth["typology_id"].to_numpy()
    single = {
        name: folded(auc(features[name][~extracts], features[name][extracts])) for name in names
    }
    best = max(single.items(), key=lambda pair: pair[1])
    legit = features[~extracts]
    by_typology, twins, relational = [], [], {}
    for entry in typologies().values():
        if not entry.is_extraction or not (kind == entry.id).any():
            continue
        mine = features[kind == entry.id]
        by_typology.append((entry.id, *_best(legit, mine, names)))
        for twin in entry.twins:
            others = features[kind == twin]
            if len(others) > 1:
                twins.append((entry.id, twin, *_best(others, mine, names)))
                relational[entry.id, twin] = auc(score[kind == twin], score[kind == entry.id])
    return Study(
        accounts=len(features),
        prevalence=float(extracts.mean()),
        boosting=quality(boosted(learned, Accounts(features, truth, extracts)), extracts),
        relational=quality(score, extracts),
        best=best,
        by_typology=by_typology,
        twins=twins,
        relational_twins=relational,
    )


def folded(value: float) -> float:
    """A feature that is lower for what extracts tells as much as one that is higher."""
    return max(value, 1 - value)


def _best(first: Any, second: Any, names: list[str]) -> tuple[str, float]:
    found = {name: folded(auc(first[name], second[name])) for name in names}
    return max(found.items(), key=lambda pair: pair[1])


def boosted(learned: Accounts, asked: Accounts) -> Floats:
    """Scores of gradient boosting on features of accounts."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.06, random_state=0)
    model.fit(learned.matrix, learned.extracts)
    return np.asarray(model.predict_proba(asked.matrix)[:, 1])


def quality(score: Floats, extracts: NDArray[np.bool_]) -> Quality:
    from sklearn.metrics import average_precision_score, roc_auc_score

    threshold = np.quantile(score[~extracts], 1 - FALSE_POSITIVE_RATE)
    return Quality(
        float(roc_auc_score(extracts, score)),
        float(average_precision_score(extracts, score)),
        float((score[extracts] > threshold).mean()),
    )
