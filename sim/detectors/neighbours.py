"""A learned model of relations: what an account has in common with others, and who these are.

What accounts have in common is a relation: a card, a /24, a template, a cluster of prompts, and a
cluster in the same six hours. Neighbours are accounts of other organisations. An
account is told what it has in common with its nearest (`kinship`), what a model of marginals thinks
of its neighbours, and then what the model that was told this thinks of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.arrays.types import Floats
from sim.detectors.accounts import Accounts, each_from_the_others
from sim.detectors.instruments import INSTRUMENTS
from sim.detectors.kinship import kinship
from sim.detectors.relational_score import relational_scores
from sim.tables.database import RunTables

# What more accounts have in common says nothing of a pair of them.
LARGEST_GROUP = 400
# How often what is thought of neighbours is thought over.
ROUNDS = 2
# What accounts of several organisations can have in common, each a table and a column.
_RELATIONS = (
    *INSTRUMENTS,
    ("log/accounts", "email_domain_hash"),
    ("log/edges_observed", "dst_id"),
    ("log/exchanges", "toolset_hash"),
    ("log/exchanges", "system_prompt_hash"),
    ("log/exchanges", "prompt_cluster"),
    ("log/exchanges", "prompt_simhash64"),
)
_TOGETHER = """
SELECT DISTINCT account_id,
       hash(prompt_cluster, epoch_us(ts_start) // 21600000000) AS key FROM log_exchanges
"""


class Graph(NamedTuple):
    """What accounts of a log have in common, without a label.

    Attributes
    ----------
    accounts
        Their identifiers, in the order of all frames that are made.
    links
        By relation, pairs of account and identifier, with the organisation.
    pairs
        Pairs of accounts, see `kinship`.
    features
        Of each account: kinship with its nearest, and the fixed score.
    """

    accounts: Any
    links: dict[str, Any]
    pairs: Any
    features: Any

    def told(self, known: Any) -> Any:
        """Return features, and what is thought of the neighbours of each account.

        Parameters
        ----------
        known
            Scores as a series by account; those that have none are told nothing, nor told of.
        """
        thought = _around(self.links, known).join(_of_kin(self.pairs, known))
        return thought.join(self.features).assign(own=known)


def graph_of(tables: RunTables, accounts: Any) -> Graph:
    """Return what `accounts` of a log, an index of identifiers, have in common."""
    kin, pairs = kinship(tables, accounts)
    fixed = relational_scores(tables, accounts).add_prefix("fixed ")
    return Graph(accounts, dict(relations(tables)), pairs, kin.join(fixed))


def scores(every: Sequence[Accounts], marginal: Sequence[Floats]) -> list[Floats]:
    """Scores of the accounts of each run, by a model that has seen the accounts of the others.

    `marginal` are scores of the accounts by themselves, learned in the same way.
    """
    graphs = [graph_of(accounts.tables, accounts.features.index) for accounts in every]
    thought = list(marginal)
    for _ in range(ROUNDS):
        frames = [
            graph.told(pd.Series(score, index=graph.accounts))
            for graph, score in zip(graphs, thought, strict=True)
        ]
        thought = each_from_the_others(every, frames)
    return thought


def _of_kin(pairs: Any, known: Any) -> Any:
    """Sum up what is thought of those with whom an account has most in common."""
    frame = pairs.assign(p=pairs["b"].map(known)).dropna()
    made = {}
    for name in ("weight", "kin", "both"):
        total = (frame[name] * frame["p"]).groupby(frame["a"]).sum()
        made[f"{name} thought"] = total / frame.groupby("a")[name].sum()
        made[f"{name} thought in all"] = total
    return pd.DataFrame(made, index=known.index).fillna(0.0)


def relations(tables: RunTables) -> Iterator[tuple[str, Any]]:
    """Pairs (account, identifier) by the name of the column that holds it."""
    for stem, name in _RELATIONS:
        if name in tables.schemas.get(stem, {}):
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
        " <> max(org_id) OVER (PARTITION BY key) ORDER BY ALL"
    )


def _around(links: dict[str, Any], known: Any) -> Any:
    """Sum up what is thought of the neighbours of each account, by relation."""
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
    return pd.DataFrame(made, index=known.index).fillna(0.0)
