"""Links between accounts and what they use as a provider has them: some missing, some false."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.actors.context import ActorContext
from sim.arrays.types import Ints
from sim.output.account_usage import Usage
from sim.output.payment_events import card_given_us
from sim.output.payment_tables import payers_of
from sim.output.row_tables import opening_us
from sim.population.population import Population
from sim.streams import Ids, mixed, opaque_ids, uniforms
from sim.tables.arrow import sorted_table, times, words
from sim.tables.schema import EDGES_OBSERVED

RELATIONS = ("used_ip", "used_ja4", "used_card", "same_email_domain", "template_cluster")
USED_IP, USED_JA4, USED_CARD, SAME_DOMAIN, CLUSTER = range(len(RELATIONS))
TARGETS = ("ip", "ja4", "instrument", "email_domain", "cluster")
# Priors: 10 to 40 % of links are not observed; enrichment and recycling make some false ones.
DROPPED_SHARE, FALSE_SHARE = 0.25, 0.03


class _Links(NamedTuple):
    """Links of one kind; arrays of shape (links,).

    Attributes
    ----------
    relation
        Index into `RELATIONS`, and so into `TARGETS`.
    row
        The number of the account in the scenario.
    target
        The identifier that it leads to.
    first_us, last_us
        The first and the last exchange behind it, or the sign-up; microseconds of the log.
    exchanges
        How many are behind it.
    """

    relation: int
    row: Ints
    target: Ids
    first_us: Ints
    last_us: Ints
    exchanges: Ints


def edges_observed(population: Population, owned: Ints, usage: Usage) -> Any:
    """Return the table of links as a provider has them.

    Parameters
    ----------
    population
        Accounts of all actors.
    owned
        The numbers of the accounts that signed up for themselves, shape (owned,).
    usage
        What each account did in the log.

    Returns
    -------
    pyarrow.Table
        The rows of `EDGES_OBSERVED`, in an order that does not tell which links are false.
    """
    ids = population.accounts.account_id
    true_links = [*_links_of_use(population, usage), *_links_of_sign_up(population, owned, usage)]
    observed = [_as_observed(population, links) for links in _one_per_pair(ids, true_links)]
    relation = np.concatenate([np.full(len(o.row), o.relation, np.int8) for o in observed])
    row, target, first, last, count = (
        np.concatenate(column) for column in zip(*(o[1:] for o in observed), strict=True)
    )
    opening = opening_us(population)

    return sorted_table(
        EDGES_OBSERVED,
        {
            "src_id": population.accounts.account_id[row],
            "src_type": words(np.zeros(len(row), np.int8), ("account",)),
            "dst_id": target,
            "dst_type": words(relation, TARGETS),
            "relation": words(relation, RELATIONS),
            "first_seen": times(opening, first),
            "last_seen": times(opening, last),
            "count": count.astype(np.int32),
        },
    )


def _one_per_pair(ids: Ids, links: list[_Links]) -> Iterator[_Links]:
    """Yield links by relation, those of one account to one target as one.

    Guests send through the account of their host, and an address at home may be one away too.
    """
    for relation in range(len(RELATIONS)):
        parts = [part for part in links if part.relation == relation]
        row, target, first, last, count = (
            np.concatenate(column) for column in zip(*(part[1:] for part in parts), strict=True)
        )
        order = np.lexsort((row, target, ids[row]))
        row, target = row[order], target[order]
        is_new = (np.diff(ids[row], prepend=0) != 0) | (np.diff(target, prepend=0) != 0)
        begins = np.flatnonzero(is_new)
        if len(begins):
            first = np.minimum.reduceat(first[order], begins)
            last = np.maximum.reduceat(last[order], begins)
            count = np.add.reduceat(count[order], begins)
        yield _Links(relation, row[begins], target[begins], first, last, count)


def _as_observed(population: Population, links: _Links) -> _Links:
    """Return links as they are observed: some are missing, some lead where another one does.

    Recycled addresses, shared names and errors of enrichment make false ones. Both are drawn by
    account and target, so that which links are missing does not depend on what else is in the
    table; where a false one leads does. A link may by chance be called false and lead where it did.
    """
    key = population.streams.key("pool", "edges", RELATIONS[links.relation])
    chance = mixed(mixed(key, population.accounts.account_id[links.row]), links.target)
    u = uniforms(chance)

    observed = np.flatnonzero(u >= DROPPED_SHARE)
    other = (chance[observed] % np.uint64(max(len(u), 1))).astype(np.int64)
    is_false = u[observed] > 1 - FALSE_SHARE
    return _Links(
        links.relation,
        links.row[observed],
        np.where(is_false, links.target[other], links.target[observed]),
        links.first_us[observed],
        links.last_us[observed],
        links.exchanges[observed],
    )


def _links_of_use(population: Population, usage: Usage) -> Iterator[_Links]:
    """Yield the true links of what accounts used in the log, with the exchanges behind them."""
    a, key = population.accounts, population.world_streams.key
    account = usage["account"]
    first = np.minimum(usage["first"], usage["away_first"])
    last = np.maximum(usage["last"], usage["away_last"])
    at_home = usage["exchanges"] - usage["away"]

    # addresses at home and away, which are not seen where a cloud platform stands between
    visible = a.platform[account] == 0
    home = np.flatnonzero((at_home > 0) & visible)
    away = np.flatnonzero((usage["away"] > 0) & visible)
    yield _Links(
        USED_IP,
        account[home],
        opaque_ids(key("pool", "ip"), a.ip[account[home]]),
        usage["first"][home],
        usage["last"][home],
        at_home[home],
    )
    yield _Links(
        USED_IP,
        account[away],
        opaque_ids(key("pool", "ip"), a.away_ip[account[away]]),
        usage["away_first"][away],
        usage["away_last"][away],
        usage["away"][away],
    )

    # the fingerprint of the client, and the cluster of the template that most of the work uses
    number = np.unique(np.array(population.clients.ja4), return_inverse=True)[1].astype(np.int64)
    fingerprint = opaque_ids(key("pool", "ja4"), number[a.client[account]])
    yield _Links(USED_JA4, account, fingerprint, first, last, usage["exchanges"])
    clustered = np.flatnonzero(usage["in_cluster"] > 0)
    yield _Links(
        CLUSTER,
        account[clustered],
        opaque_ids(key("pool", "clusters"), main_clusters(population)[account[clustered]]),
        usage["cluster_first"][clustered],
        usage["cluster_last"][clustered],
        usage["in_cluster"][clustered],
    )


def _links_of_sign_up(population: Population, owned: Ints, usage: Usage) -> Iterator[_Links]:
    """Yield the true links of what accounts gave when they signed up; each counts once."""
    a, key = population.accounts, population.world_streams.key
    created, ones = a.created_us[owned], np.ones(len(owned), np.int64)
    domain = opaque_ids(key("pool", "email domains"), a.email_domain[owned])
    yield _Links(SAME_DOMAIN, owned, domain, created, created, ones)

    payer = owned[a.platform[owned] == 0]
    given = card_given_us(payers_of(population, payer, usage), population.streams)
    yield _Links(USED_CARD, payer, a.instrument[payer], given, given, np.ones_like(given))


def main_clusters(population: Population) -> Ints:
    """Return the cluster of the template that most of each account's work uses, shape (accounts,).

    That is a template of the list where the actor gives at least half of its work to it, else one
    of the account's own.
    """
    templates = [_main_template(context) for context in population.contexts]
    return np.concatenate(templates).astype(np.int64)


def _main_template(context: ActorContext) -> Ints:
    """Return the template that most of the work of each account of an actor uses."""
    templates = context.templates
    listed = context.actor.list_share >= 0.5
    return np.asarray(templates.number[:, templates.lists_from if listed else 0])
