"""What bare links give away: whose pairs they join, and how far labels spread along them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.types import Floats
from sim.catalog import typologies
from sim.tables.database import RunTables

LINKS = {
    "card": "SELECT account_id, instrument_hash AS key FROM log_account_payment",
    "address": "SELECT account_id, signup_ip_hash AS key FROM log_accounts",
    "/24": "SELECT account_id, signup_ip24 AS key FROM log_accounts",
}
LABELLED, AT_RECALL = 0.2, 0.3
# Of a component with few labels little is known.
_PRIOR_LABELS = 1.0


def links(tables: RunTables, kind: str) -> Any:
    """Each account with what it has of this kind, with its organisation and actor."""
    return tables.rows(
        f"SELECT DISTINCT account_id, key, org_id, actor_id FROM ({LINKS[kind]})"
        " JOIN log_accounts USING (account_id) JOIN truth_accounts USING (account_id)"
        " WHERE key <> 0"
    )


def purity(tables: RunTables, kind: str) -> tuple[float, int]:
    """Return which share of the pairs that a link joins one actor owns, of how many pairs.

    Pairs are of accounts of different organisations that share a card, an address or a /24. Copies
    of an actor are different actors.
    """
    found = links(tables, kind)

    def pairs(*names: str) -> float:
        n = found.groupby(list(names)).size().to_numpy(float)
        return float((n * (n - 1) / 2).sum())

    within = pairs("key", "actor_id", "org_id")
    every, own = pairs("key") - within, pairs("key", "actor_id") - within
    return (own / every if every else np.nan), int(every)


def component_of(tables: RunTables) -> Any:
    """Component of each account under all links, by account, in order of identifier."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    accounts = tables.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
    place = {a: k for k, a in enumerate(accounts)}
    rows, keys, seen = [], [], 0
    for kind in LINKS:
        found = links(tables, kind)
        codes, values = found["key"].factorize()
        rows.append(found["account_id"].map(place).to_numpy())
        keys.append(codes + len(accounts) + seen)
        seen += len(values)
    size, ends = len(accounts) + seen, (np.concatenate(rows), np.concatenate(keys))
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(size, size))
    groups = connected_components(graph, directed=False)[1]
    return accounts.to_frame().assign(component=groups[: len(accounts)])


def spread_of_labels(tables: RunTables, seed: int = 1) -> tuple[float, float]:
    """Return the precision of union-find, and the recall at which it is.

    Of a fifth of the accounts it is known whether they extract, and the others are ranked by the
    share of these in their component.

    At the first threshold that reaches a recall of `AT_RECALL`; what no label tells apart comes
    together, so that recall may be far beyond it, and precision that of a guess.
    """
    frame = component_of(tables)
    truth = tables.rows("SELECT account_id, typology_id FROM truth_accounts")
    frame = frame.merge(truth, on="account_id")
    bad = np.array([typologies()[t].is_extraction for t in frame["typology_id"]])
    known = np.random.default_rng(seed).random(len(bad)) < LABELLED

    component = frame["component"].to_numpy()
    size = component.max() + 1
    of_known = np.bincount(component, known, size)[component]
    of_bad = np.bincount(component, known & bad, size)[component]
    score = (of_bad + _PRIOR_LABELS * bad.mean()) / (of_known + _PRIOR_LABELS)
    return precision_at(score[~known], bad[~known])


def precision_at(score: Floats, bad: Any) -> tuple[float, float]:
    """(precision, recall) at the highest threshold whose recall is at least `AT_RECALL`."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    found = np.cumsum(bad[order])[last]
    first = int(np.argmax(found >= AT_RECALL * bad.sum()))
    return float(found[first] / (last[first] + 1)), float(found[first] / bad.sum())
