"""What schemes share out: accounts with who owns them, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.catalog import typologies
from sim.splits.components import components
from sim.splits.dials import SplitDials
from sim.splits.links import Links, links, owners
from sim.splits.times import SplitTimes, frame_of, split_times
from sim.streams import Streams
from sim.tables.database import RunTables

FOLDS = ("train", "validation", "test", "dropped")
"""Folds by their numbers; `dropped` is what would be on both sides."""
TRAIN, VALIDATION, TEST, DROPPED = range(4)


@dataclass(frozen=True)
class Given:
    """What every scheme is made of.

    Attributes
    ----------
    tables, dials, times, labels, streams
        As `make_splits` has them; labels as a data frame.
    accounts
        All accounts in order of `account_id`, with `typology_id`, `actor_id`, `org_id`,
        `operator_uid` and `campaign_uid`.
    extracts
        Whether the typology of an account extracts.
    owner, component
        Number of the owner and of the component of each account.
    links
        What owners have in common.
    broken
        For each row of `links.few`, whether it does not hold the component together.
    """

    tables: RunTables
    dials: SplitDials
    times: SplitTimes
    labels: Any
    streams: Streams
    accounts: Any
    extracts: Bools
    owner: Ints
    links: Links
    component: Ints
    broken: Bools


@dataclass(frozen=True)
class Scheme:
    """A split that was made.

    Attributes
    ----------
    name
        Its neutral name, such as `typology-held-out-2`.
    entity_type, entity_id, fold
        What is shared out, and the word of the fold of each.
    meanings
        What is in a fold, by its word.
    counts
        What is said of it in public.
    """

    name: str
    entity_type: Literal["account", "example"]
    entity_id: Ints
    fold: Any
    meanings: dict[str, str]
    counts: dict[str, Any]


def given(tables: RunTables, dials: SplitDials, labels: Any, seed: int) -> Given:
    """Gather what the schemes are made of."""
    accounts = tables.rows(
        "SELECT account_id, typology_id::VARCHAR AS typology_id, actor_id::VARCHAR AS actor_id,"
        " org_id, operator_uid, campaign_uid"
        " FROM log_accounts JOIN truth_accounts USING (account_id) ORDER BY account_id"
    )
    extracting = [key for key, kind in typologies().items() if kind.is_extraction]
    owner = owners(accounts)
    held = links(tables, accounts, owner, dials.campaign.most_owners)
    component, broken = components(owner, held.few, dials.campaign.largest_component)

    return Given(
        tables=tables,
        dials=dials,
        times=split_times(tables, dials, labels),
        labels=frame_of(labels),
        streams=Streams(seed),
        accounts=accounts,
        extracts=accounts["typology_id"].isin(extracting).to_numpy(),
        owner=owner,
        links=held,
        component=component,
        broken=broken,
    )


def kept_apart(have: Given, fold: Ints) -> Ints:
    """Drop accounts that have in common with a later fold what only a few owners have.

    Parameters
    ----------
    have
        The accounts and what they have in common.
    fold
        Number of the fold of each account.

    Returns
    -------
    array
        The folds, with `DROPPED` for those accounts.
    """
    place, group = (have.links.few[name].to_numpy(np.int64) for name in ("place", "group"))
    last = np.zeros(group.max(initial=-1) + 1, np.int64)
    np.maximum.at(last, group, fold[place])

    apart = fold.copy()
    apart[place[fold[place] < last[group]]] = DROPPED
    return apart


def of_accounts(have: Given, name: str, fold: Ints, meanings: dict[str, str]) -> Scheme:
    """Return a scheme of accounts with its counts."""
    words = np.asarray(FOLDS)[fold]
    counts = {"entity_type": "account", "folds": folded(words)}
    return Scheme(name, "account", have.accounts["account_id"].to_numpy(), words, meanings, counts)


def folded(words: Any) -> dict[str, int]:
    """Return how many are in each fold, by its word."""
    found, counts = np.unique(words, return_counts=True)
    return {str(word): int(n) for word, n in zip(found, counts, strict=True)}
