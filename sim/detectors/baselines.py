"""Two baselines of a pack: what accounts show by themselves, and what they have in common.

Both are learned from some accounts and asked of others, of the same log or of another. Both are
gradient boosting (Friedman 2001, "Greedy function approximation"); they differ in what they see.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats
from sim.detectors.accounts import boosted, matrices
from sim.detectors.neighbours import ROUNDS, Graph, graph_of
from sim.errors import InvalidInputError
from sim.features.marginals import account_features
from sim.tables.database import RunTables

# Parts of what is learned from: each is scored by a model that has not seen it.
_FOLDS = 5
# What counts others: in `features/accounts`, and in the wide table of `sim.features.marginals`.
_COUNTS_OTHERS = ("_accounts", "_organisations", "_rare_share", " degree", " most")
_TOGETHER = "together_"
_PROMPTS = ("system_prompt_hash", "prompt_simhash64", "prompt_cluster")


class Seen(NamedTuple):
    """Accounts of a log with what a detector sees of them.

    Attributes
    ----------
    tables
        The log. Relations are those of all of it.
    features
        A row of numbers an account; the index are the identifiers of accounts.
    group
        Whom each account belongs to, shape (accounts,). Accounts of a group are never on both sides
        when a part is scored by a model of the rest.
    graph
        What the accounts of the log have in common, if it was made before: see `with_graph`.
    """

    tables: RunTables
    features: Any
    group: NDArray[np.int64]
    graph: Graph | None = None

    def pick(self, chosen: Bools) -> Seen:
        """Return some of the accounts, of the same log."""
        return self._replace(features=self.features[chosen], group=self.group[chosen])

    def with_graph(self) -> Seen:
        """Return the same with the graph, for who asks more than once; it knows no label.

        Raises
        ------
        InvalidInputError
            If the log lacks the columns by which prompts are compared.
        """
        missing = [n for n in _PROMPTS if n not in self.tables.schemas["log/exchanges"]]
        if missing:
            raise InvalidInputError(
                f"the baseline of relations compares prompts, and log/exchanges has no "
                f"{', '.join(missing)}; make the log with all columns (tables: {{columns: full}})"
            )
        accounts = self.tables.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
        return self._replace(graph=self.graph or graph_of(self.tables, pd.Index(accounts)))


def seen(tables: RunTables, features: Any = None) -> Seen:
    """Return the accounts of a log as a detector sees them, by organisation.

    Parameters
    ----------
    tables
        A run or a pack. Nothing of `truth/` is read.
    features
        A frame with one row an account and numbers alone, with identifiers as its index. Default:
        the wide table of `sim.features.marginals`.
    """
    if features is None:
        features = account_features(tables)
    known = tables.rows("SELECT account_id, org_id FROM log_accounts").set_index("account_id")
    return Seen(tables, features, known["org_id"].loc[features.index].to_numpy(np.int64))


def seen_in_pack(tables: RunTables) -> Seen:
    """Return the accounts of a pack with its own features of them, over the whole log.

    Parameters
    ----------
    tables
        The pack, with `features/accounts`: `RunTables.over(folder, opens_us, closes_us)`.
    """
    frame = tables.rows(
        f"SELECT * EXCLUDE (example_id, window_from, window_to) FROM features_accounts"
        f" WHERE epoch_us(window_from) = {tables.opens_us}"
        f" AND epoch_us(window_to) = {tables.closes_us} ORDER BY account_id"
    )
    return seen(tables, frame.set_index("account_id").astype(float))


def by_marginals(learned: Seen, sought: Bools, asked: Seen) -> Floats:
    """Return scores of accounts by themselves, shape (asked accounts,): higher is more suspect.

    Parameters
    ----------
    learned
        Accounts that are learned from.
    sought
        Which of them are to be found, shape (learned accounts,).
    asked
        Accounts that are scored, with features of the same names; what one side lacks is 0.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    first, second, _ = matrices(alone(learned.features), alone(asked.features))
    return boosted(first, sought, second)


def by_relations(learned: Seen, sought: Bools, asked: Seen) -> Floats:
    """Return scores of accounts by what they and their neighbours do, shape (asked accounts,).

    Round by round each account is told what the scores so far say of its neighbours. Accounts that
    are learned from are scored by models of the other groups: else neighbours would tell a label
    that was learned by heart. Parameters are those of `by_marginals`. Where both are of one log,
    accounts may be neighbours across the two.
    """
    frames, parts = [alone(learned.features), alone(asked.features)], _parts(learned.group)
    scores = _both(frames, sought, parts)

    learned = learned.with_graph()
    if asked.tables is learned.tables:
        asked = asked._replace(graph=learned.graph)
    sides = (learned, asked.with_graph())
    for _ in range(ROUNDS):
        scores = _both(_told(sides, scores), sought, parts)
    return scores[1]


def alone(features: Any) -> Any:
    """Return the features that do not count what others share with an account."""
    names = [n for n in features if not n.startswith(_TOGETHER) and not n.endswith(_COUNTS_OTHERS)]
    return features[names]


def _told(sides: tuple[Seen, Seen], scores: tuple[Floats, Floats]) -> list[Any]:
    """Return for both sides what scores say of the neighbours of each account."""
    known = [pd.Series(s, index=x.features.index) for s, x in zip(scores, sides, strict=True)]
    if sides[0].tables is sides[1].tables:
        both = pd.concat(known)
        known = [both[~both.index.duplicated()]] * 2  # some that are learned from may be asked too
    graphs = [side.graph for side in sides if side.graph is not None]
    told = [graph.told(score) for graph, score in zip(graphs, known, strict=True)]
    return [frame.loc[side.features.index] for frame, side in zip(told, sides, strict=True)]


def _parts(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Deal groups out to parts; the same each time."""
    groups, place = np.unique(group, return_inverse=True)
    dealt = np.random.default_rng(0).permutation(len(groups)) % _FOLDS
    return np.asarray(dealt[place])


def _both(frames: list[Any], sought: Bools, parts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return scores of what is learned from, each part by the others, and of what is asked."""
    first, second, _ = matrices(*frames)
    own = np.zeros(len(first))
    for part in range(_FOLDS):
        held = parts == part
        if held.any() and not held.all():
            own[held] = boosted(first[~held], sought[~held], first[held])
    return own, boosted(first, sought, second)
