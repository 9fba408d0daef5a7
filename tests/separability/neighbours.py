"""A learned model of relations: what the neighbours of an account look like, in two rounds.

Every identifier that accounts have in common is a relation: a card, a /24, a template, a cluster
of prompts, and a cluster in the same six hours. Neighbours are accounts of other organisations. An
account is told what a model of marginals thinks of its neighbours, and then what the model that was
told this thinks of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Floats
from tests.separability.accounts import Accounts, boosted, matrices
from tests.separability.relations import relational_scores
from tests.separability.tables import RunTables

# What more accounts have in common says nothing of a pair of them.
LARGEST_GROUP = 400
_ROUNDS, _FOLDS = 2, 3
_TOGETHER = """
SELECT DISTINCT account_id,
       hash(prompt_cluster, epoch_us(ts_start) // 21600000000) AS key FROM log_exchanges
"""


def scores(learned: Accounts, asked: Accounts) -> Floats:
    """Scores of the accounts of `asked`, by a model that has seen all of `learned`."""
    first, second, _ = matrices(learned.features, asked.features)
    both = (learned, asked)
    links = [dict(relations(a.tables)) for a in both]
    fixed = [relational_scores(a.tables, a.features.index).to_numpy() for a in both]
    thought = [_unseen(learned, first), boosted(first, learned.extracts, second)]
    for _ in range(_ROUNDS):
        frames = [
            around(a, link, score) for a, link, score in zip(both, links, thought, strict=True)
        ]
        told = matrices(*frames)[:2]
        rows = [np.hstack([t, f, s[:, None]]) for t, f, s in zip(told, fixed, thought, strict=True)]
        thought = [_unseen(learned, rows[0]), boosted(rows[0], learned.extracts, rows[1])]
    return thought[1]


def _unseen(accounts: Accounts, rows: Floats) -> Floats:
    """Scores of accounts by models that have not seen anything of the same owner."""
    made = np.zeros(len(rows))
    fold = np.random.default_rng(3).integers(_FOLDS, size=accounts.owner.max() + 1)[accounts.owner]
    for k in range(_FOLDS):
        mine = fold == k
        made[mine] = boosted(rows[~mine], accounts.extracts[~mine], rows[mine])
    return made


def relations(tables: RunTables) -> Iterator[tuple[str, Any]]:
    """Pairs (account, identifier) by the name of the column that holds it."""
    for stem in tables.about_accounts():
        for name, kind in tables.schemas[stem].items():
            if not kind.startswith("id") or name in ("account_id", "src_id", "org_id"):
                continue
            rows = tables.of_accounts(stem)
            pairs = f"SELECT DISTINCT account_id, {name} AS key FROM ({rows}) WHERE {name} <> 0"
            yield f"{stem}.{name}", _shared(tables, pairs)
    yield "together", _shared(tables, _TOGETHER)


def _shared(tables: RunTables, pairs: str) -> Any:
    """Those whose identifier at least two organisations have, and no more than can tell."""
    return tables.rows(
        f"SELECT account_id, org_id, key FROM ({pairs}) JOIN log_accounts USING (account_id)"
        " QUALIFY count(*) OVER (PARTITION BY key) BETWEEN 2 AND "
        f"{LARGEST_GROUP} AND min(org_id) OVER (PARTITION BY key)"
        " <> max(org_id) OVER (PARTITION BY key)"
    )


def around(accounts: Accounts, links: dict[str, Any], score: Floats) -> Any:
    """What is thought of the neighbours of each account, by relation."""
    index = accounts.features.index
    known = pd.Series(score, index=index)
    made: dict[str, Any] = {}
    for name, pairs in links.items():
        frame = pairs.assign(p=pairs["account_id"].map(known)).dropna()
        key, own = frame.groupby("key")["p"], frame.groupby(["key", "org_id"])["p"]
        others = key.transform("size") - own.transform("size")
        frame = frame.assign(others=others, sum=key.transform("sum") - own.transform("sum"))
        frame = frame[frame["others"] > 0]
        mean = frame["sum"] / frame["others"]
        weight = 1 / np.log1p(frame["others"])
        frame = frame.assign(mean=mean, weight=weight, weighed=mean * weight)

        found = frame.groupby("account_id").agg(
            {"weighed": "sum", "weight": "sum", "mean": "max", "others": "min"}
        )
        made[f"{name} mean"] = found["weighed"] / found["weight"]
        made[f"{name} weight"] = found["weight"]
        made[f"{name} most"] = found["mean"]
        made[f"{name} rarest"] = found["others"]
    return pd.DataFrame(made, index=index).fillna(0.0)
