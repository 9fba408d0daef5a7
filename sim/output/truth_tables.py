"""Tables of the truth about accounts, campaigns and links; sealed, for evaluation only."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.actors.context import ActorContext
from sim.arrays.types import Ints
from sim.output.account_usage import Usage
from sim.output.achieved import Tally
from sim.output.arrow import table, words
from sim.output.entity_tables import Owners, campaign_uids, opening_us
from sim.population.population import Population
from sim.scenario.resolved import Actor
from sim.streams import MISSING, opaque_ids
from sim.tables.schema import TRUTH_ACCOUNTS, TRUTH_CAMPAIGNS, TRUTH_LINKS, arrow_schema

LINKS = ("operator", "replaces", "shared_card", "shared_address")


def truth_accounts(population: Population, usage: Usage) -> Any:
    """What is true of every account, in order of identifier.

    The share of extraction is that of its exchanges in the log, whoever sent them through it; of an
    account that sent nothing it is 0.
    """
    rows = Owners.of(population).rows
    actor, typology = population.actor_of_account[rows], population.typology_of_actor()
    coordinated = np.array(
        [_is_coordinated(population, k) for k in range(len(population.contexts))]
    )
    campaigns, _ = campaign_uids(population)
    a = population.accounts
    return table(
        TRUTH_ACCOUNTS,
        [
            a.account_id[rows],
            words(actor, [s.actor.id for s in population.contexts]),
            words(actor, [t.id for t in typology]),
            words(actor, [t.purpose for t in typology]),
            words(actor, [t.access_legitimacy for t in typology]),
            words(actor, [t.coordination for t in typology]),
            _extraction_share(population, usage)[rows],
            np.where(coordinated[actor], campaigns[actor], MISSING),
            _operators(population, rows),
            a.generation[rows].astype(np.int16),
        ],
    )


def _is_coordinated(population: Population, actor: int) -> bool:
    """Whether an actor is one operator's campaign."""
    kind = population.typology_of_actor()[actor]
    return bool(kind.coordination == "campaign" or (kind.is_extraction and kind.operated))


def _operators(population: Population, rows: Ints) -> Any:
    """One stands behind what is operated or driven by a queue; else everybody is their own."""
    actor = population.actor_of_account[rows]
    one = np.array(
        [
            context.actor.arrival == "queue" or kind.operated
            for context, kind in zip(
                population.contexts, population.typology_of_actor(), strict=True
            )
        ]
    )
    number = np.where(one[actor], 0, population.accounts.slot[rows])
    return opaque_ids(population.actor_key("operator")[actor], number)


def _extraction_share(population: Population, usage: Usage) -> Any:
    """Share of the exchanges of each account that were extraction, shape (accounts,)."""
    extracts = np.array([t.is_extraction for t in population.typology_of_actor()])
    ids = population.accounts.account_id
    _, number = np.unique(ids, return_inverse=True)
    of = usage["account"]
    listed = usage["listed"] * extracts[population.actor_of_account[of]]
    size = int(number.max()) + 1
    sent = np.bincount(number[of], usage["exchanges"], size)
    taken = np.bincount(number[of], listed, size)
    share = np.divide(taken, sent, out=np.zeros(size), where=sent > 0)
    return share[number].astype(np.float32)


def truth_links(population: Population) -> Any:
    """Which accounts truly belong together: by operator, one after the other, by what they share.

    A link leads to the operator, to the account that was replaced, or to the first account of those
    who pay with one instrument or send from one address.
    """
    own = Owners.of(population)
    rows, a = own.rows, population.accounts
    later = rows[a.generation[rows] > 0]
    parts = [(a.account_id[rows], _operators(population, rows), 0)]
    parts.append((a.account_id[later], a.account_id[_before(population, later)], 1))
    for number, values in ((2, a.instrument), (3, a.ip)):
        member, leader = _with_first(rows, values[rows])
        parts.append((a.account_id[member], a.account_id[leader], number))
    return table(
        TRUTH_LINKS,
        [
            np.concatenate([source for source, _, _ in parts]),
            np.concatenate([target for _, target, _ in parts]),
            words(np.concatenate([np.full(len(s), kind) for s, _, kind in parts]), LINKS),
        ],
    )


def _before(population: Population, rows: Ints) -> Ints:
    """The account whose place each of these took over.

    Replacements of an actor are in order of place and generation, after the first of all places.
    """
    a = population.accounts
    first = np.array([context.first_account for context in population.contexts])[
        population.actor_of_account[rows]
    ]
    return np.where(a.generation[rows] == 1, first + a.slot[rows], rows - 1)


def _with_first(rows: Ints, values: Any) -> tuple[Ints, Ints]:
    """Pairs of (row, first row with the same value) of those that are not the first."""
    _, first, number = np.unique(values, return_index=True, return_inverse=True)
    leader = first[number]
    others = np.flatnonzero(leader != np.arange(len(rows)))
    return rows[others], rows[leader[others]]


def truth_campaigns(population: Population, tally: Tally, usage: Usage) -> Any:
    """One row per operator's coordinated work: what was planned, spent and reached."""
    import pyarrow as pa

    summaries = tally.summaries()
    campaign, operator = campaign_uids(population)
    opening, rows = opening_us(population), []
    of = population.actor_of_account[usage["account"]]
    for k, (context, summary) in enumerate(zip(population.contexts, summaries, strict=True)):
        if not _is_coordinated(population, k):
            continue
        actor, done, mine = context.actor, context.outcome, usage[of == k]
        begins = actor.starts_us or 0
        extracts = population.typology_of_actor()[k].is_extraction
        rows.append(
            {
                "campaign_uid": campaign[k],
                "operator_uid": operator[k],
                "actor_id": summary.actor,
                "typology_id": summary.typology,
                "accounts": len(np.unique(context.accounts.account_id)),
                "accounts_in_log": len(np.unique(population.accounts.account_id[mine["account"]])),
                "replacements": done.replacements,
                "accounts_banned": done.banned,
                "requested_exchanges": summary.requested,
                "achieved_exchanges": summary.achieved,
                "extraction_exchanges": int(mine["listed"].sum()) if extracts else 0,
                "starts_at": opening + begins,
                "ends_at": opening + (begins + context.working_us),
                "adaptations": " ".join(adaptations(context)),
                "budget_usd": actor.operator.budget_usd if actor.operator else None,
                "planned_usd": context.budget.first_usd + context.budget.tokens_usd,
                "spent_identities_usd": context.budget.first_usd,
                "spent_replacements_usd": max(0.0, done.spent_usd - context.budget.first_usd),
                "spent_tokens_usd": float(mine["nano_usd"].sum()) * 1e-9,
            }
        )
    schema = arrow_schema(TRUTH_CAMPAIGNS)
    columns = {name: [row[name] for row in rows] for name in schema.names}
    return pa.table({k: pa.array(v, schema.field(k).type) for k, v in columns.items()}, schema)


def adaptations(context: ActorContext) -> list[str]:
    """The operators of adaptation, AD1 to AD12, that the dials of an actor switch on."""
    actor, operator = context.actor, context.actor.operator
    acts = context.world.enforcement is not None and operator is not None
    switched = {
        "AD1": acts and operator is not None and operator.replacement_share > 0,
        "AD2": actor.jitter_sigma > 0,
        "AD3": actor.most_per_account_day is not None,
        "AD4": actor.list_share < 1,
        "AD5": actor.arrival == "queue" and actor.balance != "round_robin",
        "AD6": actor.cloud_share > 0,
        "AD7": actor.rhythm.strength > 0,
        "AD8": actor.paraphrase_sigma > 0 or (actor.templates or 0) > 1,
        "AD9": actor.away_share > 0 or _shares_less(actor, "accounts_per_ip"),
        "AD10": _shares_less(actor, "accounts_per_card"),
        "AD11": operator is not None and operator.warm_up_days > 0,
        "AD12": acts and operator is not None and operator.feedback_share > 0,
    }
    return [name for name, on in switched.items() if on]


def _shares_less(actor: Actor, dial: str) -> bool:
    """Whether accounts have much of their own: fewer than two behind an address or a card."""
    return bool(getattr(actor, dial) < 2 or actor.shared_card_share == 0)
