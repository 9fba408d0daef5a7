"""The accounts of a run with what they show and what they are, and scores learned from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sim.arrays.types import Floats
from sim.catalog import typologies
from sim.detectors.quality import Judged, quality
from sim.errors import InvalidInputError
from sim.features.marginals import account_features
from sim.tables.database import RunTables

LEAVES, ITERATIONS = 15, 80
# Small trees of large leaves, each split by a third of the features: where labels are few or wrong,
# and where what is told of neighbours tells more than it would of accounts never seen.
CAREFUL: Mapping[str, float] = MappingProxyType(
    {"max_leaf_nodes": 6, "learning_rate": 0.06, "min_samples_leaf": 40, "max_features": 0.3}
)
NO_EXTRA = "learned scores need the extra `detect`: pip install 'llm-traffic-sim[detect]'"


class Accounts:
    """Features of the accounts that are in the log, their typology, and who stands behind each.

    `owner` is what is drawn as a whole by the bootstrap: the actor, or the organisation where
    accounts of an actor have nothing to do with each other.
    """

    def __init__(self, run: Path | RunTables, stems: Sequence[str] = ()) -> None:
        self.tables = run if isinstance(run, RunTables) else RunTables(run)
        self.features = account_features(self.tables, stems)
        truth = self.tables.rows(
            "SELECT account_id, typology_id, actor_id, org_id, coordination"
            " FROM truth_accounts JOIN log_accounts USING (account_id)"
        )
        self.truth = truth.set_index("account_id").loc[self.features.index].reset_index()
        alone = (self.truth["coordination"] == "none").to_numpy()
        names = np.where(alone, self.truth["org_id"].astype(str), self.truth["actor_id"])
        self.owner: NDArray[np.int64] = np.unique(names.astype(str), return_inverse=True)[1]
        self.kind = self.truth["typology_id"].to_numpy()
        self.extracts = np.array([typologies()[t].is_extraction for t in self.kind])

    def judged(self, score: Floats) -> Judged:
        """Return a score of all accounts, asked for those that extract."""
        return Judged(score, self.extracts, self.owner)

    def question(self, sought: str, others: str | None = None) -> tuple[Any, Any]:
        """Return which accounts are in question, and which of them are sought.

        A typology against another, or against all that does not extract.
        """
        mine = self.kind == sought
        return mine | (self.kind == others if others else ~self.extracts), mine


def matrices(learned: Any, asked: Any) -> tuple[Floats, Floats, list[str]]:
    """Two frames of features with the same columns: those of either, 0 where one has none."""
    names = sorted(set(learned) | set(asked))
    first, second = (f.reindex(columns=names, fill_value=0.0) for f in (learned, asked))
    return first.to_numpy(np.float64), second.to_numpy(np.float64), names


def boosted(first: Floats, sought: NDArray[np.bool_], second: Floats, **changed: float) -> Floats:
    """Return scores of gradient boosting for the rows of `second`, learned from those of `first`.

    The same numbers each time. Where nothing, or everything, is sought, all have that score.

    Parameters
    ----------
    first, second
        A row an account, shapes (learned accounts, features) and (asked accounts, features).
    sought
        Which of those that are learned from are to be found.
    changed
        Parameters of the classifier of scikit-learn that replace those here, such as `CAREFUL`.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    if sought.all() or not sought.any() or not len(second):
        return np.full(len(second), float(sought.any()))
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError as error:
        raise InvalidInputError(NO_EXTRA) from error

    usual: dict[str, Any] = {
        "max_iter": ITERATIONS,
        "max_leaf_nodes": LEAVES,
        "learning_rate": 0.08,
        "l2_regularization": 1.0,
        "random_state": 0,
    }
    model = HistGradientBoostingClassifier(early_stopping=False, **usual | changed)
    with threadpool_limits(1):  # threads that wait for each other on a busy machine cost minutes
        model.fit(first, sought)
        return np.asarray(model.predict_proba(second)[:, 1])


def each_from_the_others(every: Sequence[Accounts], frames: Sequence[Any]) -> list[Floats]:
    """Scores of the accounts of each run, learned from those of all the others."""
    names = sorted({name for frame in frames for name in frame})
    rows = [f.reindex(columns=names, fill_value=0.0).to_numpy(np.float64) for f in frames]
    made = []
    for k, asked in enumerate(rows):
        others = [j for j in range(len(every)) if j != k]
        sought = np.concatenate([every[j].extracts for j in others])
        made.append(boosted(np.concatenate([rows[j] for j in others]), sought, asked))
    return made


def looks(values: Floats, middle: Floats) -> Floats:
    """Each feature as it is, and its distance from a middle: what is constant is a fingerprint."""
    return np.hstack([values, np.abs(values - middle)])


def best_single(learned: Accounts, asked: Accounts, sought: str, others: str) -> tuple[str, Judged]:
    """Find the feature that tells two typologies apart best in `learned`; ask it in `asked`.

    The largest of hundreds of numbers is large by chance; so one run picks the feature and its
    direction, and another is asked.
    """
    first, second, names = matrices(learned.features, asked.features)
    picks = [accounts.question(sought, others) for accounts in (learned, asked)]
    rows = [pick for pick, _ in picks]
    marks = [mine[pick] for pick, mine in picks]
    return _best(asked, (first, second, names), (rows, marks))


def best_overall(learned: Accounts, asked: Accounts) -> tuple[str, Judged]:
    """Find the single feature that tells best what extracts."""
    every = [np.ones(len(a.kind), bool) for a in (learned, asked)]
    marks = [a.extracts for a in (learned, asked)]
    return _best(asked, matrices(learned.features, asked.features), (every, marks))


def _best(asked: Accounts, values: Any, questions: Any) -> tuple[str, Judged]:
    (first, second, names), (rows, marks) = values, questions
    first, second = first[rows[0]], second[rows[1]]
    middle = np.median(first, axis=0)
    areas = all_areas(looks(first, middle), marks[0])
    best = int(np.argmax(np.abs(areas - 0.5)))
    score = looks(second, middle)[:, best] * np.sign(areas[best] - 0.5)
    name = names[best % len(names)] + (" from its middle" if best >= len(names) else "")
    return name, Judged(score, marks[1], asked.owner[rows[1]])


def all_areas(values: Floats, sought: NDArray[np.bool_]) -> Floats:
    """AUC of every column."""
    ranks = rankdata(values, axis=0)
    some, rest = int(sought.sum()), int((~sought).sum())
    return np.asarray((ranks[sought].sum(axis=0) - some * (some + 1) / 2) / (some * rest))


def area(judged: Judged) -> float:
    """Return the AUC of a score."""
    return quality(judged.score, judged.sought).auc
