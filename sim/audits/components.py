"""What bare links give away: whose pairs they join, and how far labels spread along them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats
from sim.catalog import typologies
from sim.tables.database import RunTables, name_of

# Links that labels spread along, each a table and a column of it.
LINKS = {
    "card": ("log/account_payment", "instrument_hash"),
    "address": ("log/accounts", "signup_ip_hash"),
    "/24": ("log/accounts", "signup_ip24"),
}
# A mail domain joins thousands, and so nobody to anybody in particular.
SHARED = LINKS | {
    "mail domain": ("log/accounts", "email_domain_hash"),
    "used address": ("log/exchanges", "ip_hash"),
}
LABELLED, AT_RECALL = 0.2, 0.3
# Of a component with few labels little is known.
_PRIOR_LABELS = 1.0


class Purity(NamedTuple):
    """Which share of the pairs that a link joins one actor owns; its error; how many pairs."""

    share: float
    error: float
    pairs: int


class Spread(NamedTuple):
    """Precision and recall of union-find, and the share of others that it takes along."""

    precision: float
    recall: float
    false_positive_rate: float


def has_link(tables: RunTables, kind: str) -> bool:
    """Return whether a log has the column of a link."""
    stem, column = SHARED[kind]
    return column in tables.schemas.get(stem, {})


def links(tables: RunTables, kind: str) -> Any:
    """Each account with what it has of this kind, with its organisation and actor."""
    stem, column = SHARED[kind]
    return tables.rows(
        "SELECT account_id, key, org_id, actor_id::VARCHAR AS actor_id FROM ("
        f"SELECT DISTINCT account_id, {column} AS key FROM {name_of(stem)} WHERE {column} <> 0)"
        " JOIN log_accounts USING (account_id) JOIN truth_accounts USING (account_id)"
    )


def purity(tables: RunTables, kind: str) -> Purity:
    """Return which share of the pairs that a link joins one actor owns.

    Pairs are of accounts of different organisations that share a card, an address or the like.
    Copies of an actor are different actors. The error is that of a jackknife, which leaves out one
    actor after the other; it is NaN and so is the share if there are no pairs.
    """
    found = links(tables, kind)

    def pairs(*names: str) -> Any:
        n = found.groupby(list(names)).size()
        return n * (n - 1) / 2

    within = pairs("key", "actor_id", "org_id").groupby(["key", "actor_id"]).sum()
    every = pairs("key").sum() - within.sum()
    own = pairs("key", "actor_id") - within
    if not every:
        return Purity(np.nan, np.nan, 0)

    size = found.groupby(["key", "actor_id"]).size()
    cross = size * (size.groupby("key").transform("sum") - size)
    own_of, cross_of = (n.groupby("actor_id").sum().to_numpy(float) for n in (own, cross))
    left = every - own_of - cross_of
    shares = np.divide(own.sum() - own_of, left, out=np.zeros(len(left)), where=left > 0)
    actors = len(shares)
    error = np.sqrt((actors - 1) / actors * np.square(shares - shares.mean()).sum())
    return Purity(float(own.sum() / every), float(error), int(every))


def component_of(tables: RunTables) -> Any:
    """Component of each account under all links, by account, in order of identifier."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    accounts = tables.rows("SELECT account_id FROM log_accounts ORDER BY 1")["account_id"]
    place = {a: k for k, a in enumerate(accounts)}
    rows, keys, seen = [], [], 0
    for kind in [kind for kind in LINKS if has_link(tables, kind)]:
        found = links(tables, kind)
        codes, values = found["key"].factorize()
        rows.append(found["account_id"].map(place).to_numpy())
        keys.append(codes + len(accounts) + seen)
        seen += len(values)
    size, ends = len(accounts) + seen, (np.concatenate(rows), np.concatenate(keys))
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(size, size))
    groups = connected_components(graph, directed=False)[1]
    return accounts.to_frame().assign(component=groups[: len(accounts)])


def spread_of_labels(tables: RunTables, seed: int = 1) -> Spread:
    """Return how well union-find tells who extracts.

    Of a fifth of the accounts it is known whether they extract, and the others are ranked by the
    share of these in their component.

    At the first threshold that reaches a recall of `AT_RECALL`; what no label tells apart comes
    together, so that recall may be far beyond it, and precision that of a guess.
    """
    frame = component_of(tables)
    truth = tables.rows("SELECT account_id, typology_id FROM truth_accounts")
    frame = frame.merge(truth, on="account_id")
    bad = np.array([typologies()[t].is_extraction for t in frame["typology_id"]])
    return spread_along(frame["component"].to_numpy(), bad, np.random.default_rng(seed))


def spread_along(component: Any, bad: Bools, rng: np.random.Generator) -> Spread:
    """Return how well the labels of a fifth tell of the others in their components.

    Parameters
    ----------
    component
        Number of each account's component, from 0.
    bad
        Which accounts extract.
    rng
        Of which labels are known.
    """
    known = rng.random(len(bad)) < LABELLED
    size = component.max() + 1
    of_known = np.bincount(component, known, size)[component]
    of_bad = np.bincount(component, known & bad, size)[component]
    score = (of_bad + _PRIOR_LABELS * bad.mean()) / (of_known + _PRIOR_LABELS)
    return spread_at(score[~known], bad[~known])


def spread_at(score: Floats, bad: Bools) -> Spread:
    """Return what is found at the highest threshold whose recall is at least `AT_RECALL`."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.diff(score[order], append=-np.inf))
    found = np.cumsum(bad[order])[last]
    first = int(np.argmax(found >= AT_RECALL * bad.sum()))
    right, flagged = float(found[first]), float(last[first] + 1)
    harmless = max(1.0, float((~bad).sum()))
    return Spread(right / flagged, right / max(1.0, float(bad.sum())), (flagged - right) / harmless)
