"""Baseline `relations`: what an account does, what it shares with others, and who these are.

Gradient boosting round by round: each account is told what the scores so far say of its neighbours,
as in iterative classification (Neville & Jensen 2000) and stacked sequential learning (Cohen &
Carvalho 2005).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats, Ints
from sim.detectors.accounts import CAREFUL, boosted, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.marginals import alone
from sim.detectors.neighbours import Graph, graph_of
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError

# How often what is thought of neighbours is thought over.
ROUNDS = 2
# Parts of what is learned from: each is scored by a model that has not seen it.
_FOLDS = 5
_PROMPTS = ("system_prompt_hash", "prompt_simhash64", "prompt_cluster")


def by_relations(learned: Seen, sought: Bools, asked: Seen, seed: int = 0) -> Floats:
    """Return scores of accounts by what they and their neighbours do, shape (asked accounts,).

    Accounts that are learned from are scored by models of the other groups: else neighbours would
    tell a label that was learned by heart. Where both are of one log, accounts may be neighbours
    across the two.

    Parameters
    ----------
    learned
        Accounts that are learned from.
    sought
        Which of them are to be found, shape (learned accounts,).
    asked
        Accounts that are scored, with features of the same names; what one side lacks is 0.
    seed
        Which features each split of a tree is offered.

    Raises
    ------
    InvalidInputError
        If a log lacks the columns by which prompts are compared, or if the extra `detect` is not
        installed.
    """
    sides = (learned, asked)
    own, parts = [alone(side.features) for side in sides], _parts(learned.group)
    graphs = [_graph(side) for side in sides]

    scores = _both(own, sought, parts, seed)
    for _ in range(ROUNDS):
        told = _told(sides, graphs, scores)
        frames = [frame.join(mine) for frame, mine in zip(told, own, strict=True)]
        scores = _both(frames, sought, parts, seed)
    return scores[1]


def _graph(side: Seen) -> Graph:
    """Return what the accounts of a log have in common; it is made once, and knows no label."""
    missing = [n for n in _PROMPTS if n not in side.log.schemas["log/exchanges"]]
    if missing:
        raise InvalidInputError(
            f"the baseline of relations compares prompts, and log/exchanges has no "
            f"{', '.join(missing)}; make the log with all columns (tables: {{columns: full}})"
        )

    def made() -> Graph:
        accounts = side.log.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
        return graph_of(side.log, pd.Index(accounts))

    graph: Graph = side.once("graph of relations", made)
    return graph


def _told(sides: tuple[Seen, Seen], graphs: list[Graph], scores: tuple[Floats, Floats]) -> Any:
    """Return for both sides what scores say of the neighbours of each account."""
    known = [pd.Series(s, index=side.features.index) for s, side in zip(scores, sides, strict=True)]
    if sides[0].log is sides[1].log:
        both = pd.concat(known)
        known = [both[~both.index.duplicated()]] * 2  # some that are learned from may be asked too
    told = [graph.told(score) for graph, score in zip(graphs, known, strict=True)]
    return [frame.loc[side.features.index] for frame, side in zip(told, sides, strict=True)]


def _parts(group: Ints) -> Ints:
    """Deal groups out to parts; the same each time."""
    groups, place = np.unique(group, return_inverse=True)
    dealt = np.random.default_rng(0).permutation(len(groups)) % _FOLDS
    return np.asarray(dealt[place])


def _both(frames: list[Any], sought: Bools, parts: Ints, seed: int) -> tuple[Floats, Floats]:
    """Return scores of what is learned from, each part by the others, and of what is asked."""
    careful = {**CAREFUL, "random_state": seed % 2**32}
    first, second, _ = matrices(*frames)
    own = np.zeros(len(first))
    for part in range(_FOLDS):
        held = parts == part
        if held.any() and not held.all():
            own[held] = boosted(first[~held], sought[~held], first[held], **careful)
    return own, boosted(first, sought, second, **careful)


def find(learned: Seen, sought: Bools, asked: Seen, seed: int) -> Found:
    """Score accounts by what they and their neighbours do."""
    return Found(by_relations(learned, sought, asked, seed))


BASELINE = Baseline(
    name="relations",
    title="gradient boosting on what each account does, shares, and has for neighbours",
    sees="features of accounts, prompts and templates, cards, addresses, and the graph of these",
    source="Neville & Jensen 2000, Iterative classification in relational data",
    find=find,
)
