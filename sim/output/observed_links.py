"""Links between accounts and what they use as a provider has them: some missing, some false."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.actors.context import ActorContext
from sim.arrays.time import SECOND_US
from sim.arrays.types import Ints
from sim.output.account_usage import Usage
from sim.output.arrow import table, times, words
from sim.population.population import Population
from sim.streams import Ids, mixed, opaque_ids, uniforms
from sim.tables.schema import EDGES_OBSERVED

RELATIONS = ("used_ip", "used_ja4", "used_card", "same_email_domain", "template_cluster")
USED_IP, USED_JA4, USED_CARD, SAME_DOMAIN, CLUSTER = range(len(RELATIONS))
TARGETS = ("ip", "ja4", "instrument", "email_domain", "cluster")
# Priors: 10 to 40 % of links are not observed; enrichment and recycling make some false ones.
DROPPED_SHARE, FALSE_SHARE = 0.25, 0.03


class _Seen(NamedTuple):
    """Links of one kind: rows of accounts, what they lead to, when, and how often."""

    relation: int
    row: Ints
    target: Ids
    first_us: Ints
    last_us: Ints
    times: Ints


def edges_observed(population: Population, own: Ints, usage: Usage) -> Any:
    """The table of links of the accounts `own`."""
    seen = [_as_observed(population, links) for links in _links(population, own, usage)]
    relation = np.concatenate([np.full(len(s.row), s.relation, np.int8) for s in seen])
    row, target, first, last, count = (
        np.concatenate(column) for column in zip(*(s[1:] for s in seen), strict=True)
    )
    opening = round(population.scenario.clock.start.timestamp() * SECOND_US)
    return table(
        EDGES_OBSERVED,
        [
            population.accounts.account_id[row],
            words(np.zeros(len(row), np.int8), ("account",)),
            target,
            words(relation, TARGETS),
            words(relation, RELATIONS),
            times(opening, first),
            times(opening, last),
            count.astype(np.int32),
        ],
    )


def _as_observed(population: Population, links: _Seen) -> _Seen:
    """Links less those that are not observed; some lead where those of somebody else do.

    Recycled addresses, shared names and errors of enrichment make them.
    """
    key = population.streams.key("pool", "edges", RELATIONS[links.relation])
    chance = mixed(key, population.accounts.account_id[links.row])
    u = uniforms(chance)
    kept = np.flatnonzero(u >= DROPPED_SHARE)
    other = (chance[kept] % np.uint64(max(len(u), 1))).astype(np.int64)
    is_false = u[kept] > 1 - FALSE_SHARE
    return _Seen(
        links.relation,
        links.row[kept],
        np.where(is_false, links.target[other], links.target[kept]),
        links.first_us[kept],
        links.last_us[kept],
        links.times[kept],
    )


def _main_template(context: ActorContext) -> Ints:
    """The template that most of an account's work uses: that of the list, if there is one."""
    templates = context.templates
    listed = context.actor.list_share >= 0.5
    return np.asarray(templates.number[:, templates.lists_from if listed else 0])


def _links(population: Population, own: Ints, usage: Usage) -> Any:
    """True links of each kind; those of use count exchanges, the others the sign-up."""
    a, key = population.accounts, population.streams.key
    ip = key("pool", "ip")
    at = np.clip(usage["account"], 0, len(a) - 1)
    home = usage["exchanges"] > usage["away"]
    away = usage["away"] > 0
    visible = a.platform[at] == 0
    here, there = np.flatnonzero(home & visible), np.flatnonzero(away & visible)
    homely = usage["exchanges"] - usage["away"]
    yield _Seen(
        USED_IP,
        at[here],
        opaque_ids(ip, a.ip[at[here]]),
        usage["first"][here],
        usage["last"][here],
        homely[here],
    )
    yield _Seen(
        USED_IP,
        at[there],
        opaque_ids(ip, a.away_ip[at[there]]),
        usage["away_first"][there],
        usage["away_last"][there],
        usage["away"][there],
    )
    first = np.minimum(usage["first"], usage["away_first"])
    last = np.maximum(usage["last"], usage["away_last"])
    ja4 = np.array(population.clients.ja4)
    number = np.unique(ja4, return_inverse=True)[1].astype(np.int64)
    stack = opaque_ids(key("pool", "ja4"), number[a.client[at]])
    yield _Seen(USED_JA4, at, stack, first, last, usage["exchanges"])
    templates = np.concatenate([_main_template(context) for context in population.contexts])
    cluster = opaque_ids(key("pool", "clusters"), templates[at].astype(np.int64))
    yield _Seen(CLUSTER, at, cluster, first, last, usage["exchanges"])
    created, ones = a.created_us[own], np.ones(len(own), np.int64)
    domain = opaque_ids(key("pool", "email domains"), a.email_domain[own])
    yield _Seen(SAME_DOMAIN, own, domain, created, created, ones)
    pays = np.flatnonzero(a.platform[own] == 0)
    payer = own[pays]
    yield _Seen(USED_CARD, payer, a.instrument[payer], created[pays], created[pays], ones[pays])
