"""Tables of the truth about accounts, campaigns and links; sealed, for evaluation only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.actors.context import ActorContext
from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Ints
from sim.output.account_usage import Usage
from sim.output.achieved import ActorSummary, Tally
from sim.output.entity_tables import AccountOwners, campaign_uids
from sim.output.row_tables import opening_us
from sim.population.population import Population
from sim.scenario.resolved import Actor
from sim.streams import MISSING, Ids, opaque_ids
from sim.tables.arrow import array, sorted_table, table, times, words
from sim.tables.schema import TRUTH_ACCOUNTS, TRUTH_CAMPAIGNS, TRUTH_LINKS, arrow_schema

LINKS = ("operator", "replaces", "shared_card", "shared_address")


def truth_accounts(population: Population, usage: Usage) -> Any:
    """Return what is true of every account, in order of identifier.

    The share of extraction is that of its exchanges in the log, whoever sent them through it; of an
    account that sent nothing it is 0.

    Parameters
    ----------
    population
        Accounts of all actors; those who send through others have no rows of their own.
    usage
        What each account did in the log.
    """
    rows = AccountOwners.of_population(population).rows
    actor, typology = population.actor_of_account[rows], population.typology_of_actor()
    coordinated = np.array(
        [_is_coordinated(population, k) for k in range(len(population.contexts))]
    )
    campaigns, _ = campaign_uids(population)
    a, opens_us = population.accounts, opening_us(population)
    begins_us, ends_us = a.begins_us[rows], a.ends_us[rows]

    return sorted_table(
        TRUTH_ACCOUNTS,
        {
            "account_id": a.account_id[rows],
            "actor_id": words(actor, [s.actor.id for s in population.contexts]),
            "typology_id": words(actor, [t.id for t in typology]),
            "purpose": words(actor, [t.purpose for t in typology]),
            "access_legitimacy": words(actor, [t.access_legitimacy for t in typology]),
            "coordination": words(actor, [t.coordination for t in typology]),
            "extraction_share": _extraction_share(population, usage)[rows],
            "campaign_uid": np.where(coordinated[actor], campaigns[actor], MISSING),
            "operator_uid": _operators(population, rows),
            "generation": a.generation[rows].astype(np.int16),
            "stolen_card": a.stolen[rows],
            "active_from": times(opens_us, begins_us, begins_us <= NEVER_US),
            "active_until": times(opens_us, ends_us, ends_us >= FOREVER_US),
        },
    )


def _is_coordinated(population: Population, actor: int) -> bool:
    """Whether an actor is one operator's campaign.

    It is if its typology says so, and if it extracts and one operator stands behind the accounts.
    """
    typology = population.typology_of_actor()[actor]
    operated_extraction = typology.is_extraction and typology.operated
    return bool(typology.coordination == "campaign" or operated_extraction)


def _operators(population: Population, rows: Ints) -> Ids:
    """Return who stands behind each account, shape (rows,).

    One operator stands behind what is operated or driven by a queue; else everybody is their own.
    """
    has_one = np.array(
        [
            context.actor.arrival == "queue" or typology.operated
            for context, typology in zip(
                population.contexts, population.typology_of_actor(), strict=True
            )
        ]
    )
    actor = population.actor_of_account[rows]
    number = np.where(has_one[actor], 0, population.accounts.slot[rows])
    return opaque_ids(population.actor_key("operator")[actor], number)


def _extraction_share(population: Population, usage: Usage) -> Any:
    """Return the share of the exchanges of each account that extract, shape (accounts,).

    An account through which others send is several rows of one identifier.
    """
    extracts = np.array([t.is_extraction for t in population.typology_of_actor()])
    sender = usage["account"]
    extracting = usage["listed"] * extracts[population.actor_of_account[sender]]

    distinct, number = np.unique(population.accounts.account_id, return_inverse=True)
    exchanges = np.bincount(number[sender], usage["exchanges"], len(distinct))
    extractions = np.bincount(number[sender], extracting, len(distinct))
    nothing = np.zeros(len(distinct))
    share = np.divide(extractions, exchanges, out=nothing, where=exchanges > 0)
    return share[number].astype(np.float32)


def truth_links(population: Population) -> Any:
    """Return who truly stands behind accounts, and what they share with each other.

    A link leads from an account to its operator, to the account that it replaced, or to the
    instrument or the home address that it has in common with others, who may be strangers.
    """
    rows, a = AccountOwners.of_population(population).rows, population.accounts
    later = rows[a.generation[rows] > 0]
    payer = _sharing(rows[a.platform[rows] == 0], a.instrument)
    sender = _sharing(rows, a.ip)
    address = opaque_ids(population.world_streams.key("pool", "ip"), a.ip[sender])
    parts = [
        (a.account_id[rows], _operators(population, rows)),
        (a.account_id[later], a.account_id[_replaced(population, later)]),
        (a.account_id[payer], a.instrument[payer]),
        (a.account_id[sender], address),
    ]

    kinds = np.repeat(np.arange(len(LINKS)), [len(source) for source, _ in parts])
    return sorted_table(
        TRUTH_LINKS,
        {
            "account_id": np.concatenate([source for source, _ in parts]),
            "to_id": np.concatenate([target for _, target in parts]),
            "link": words(kinds, LINKS),
        },
    )


def _replaced(population: Population, rows: Ints) -> Ints:
    """Return the account whose slot each of these later accounts took over, shape (rows,).

    Replacements of an actor stand behind the first accounts of all its slots, in order of slot and
    generation. So the one before a second replacement is the row before.
    """
    a = population.accounts
    first_of_actor = np.array([context.first_account for context in population.contexts])
    first = first_of_actor[population.actor_of_account[rows]]
    return np.where(a.generation[rows] == 1, first + a.slot[rows], rows - 1)


def _sharing(rows: Ints, values: Ints) -> Ints:
    """Return those of some accounts whose value another of them has too."""
    _, number, count = np.unique(values[rows], return_inverse=True, return_counts=True)
    return rows[count[number] > 1]


def truth_campaigns(population: Population, tally: Tally, usage: Usage) -> Any:
    """Return one row per operator's coordinated work: what was planned, spent and reached.

    Parameters
    ----------
    population
        All actors, with their budgets and what became of their accounts.
    tally
        What the actors did.
    usage
        What each account did in the log.

    Returns
    -------
    pyarrow.Table
        In the order of the scenario; without coordinated actors it has no rows.
    """
    summaries = tally.summaries()
    actor_of_usage = population.actor_of_account[usage["account"]]
    numbers = [k for k in range(len(population.contexts)) if _is_coordinated(population, k)]
    rows = [
        _campaign(population, number, summaries[number], usage[actor_of_usage == number])
        for number in numbers
    ]
    return table(TRUTH_CAMPAIGNS, _campaign_columns(population, rows))


def _campaign(
    population: Population, number: int, summary: ActorSummary, usage: Usage
) -> dict[str, Any]:
    """Return the row of one actor; times are in microseconds of the log.

    Parameters
    ----------
    population, number
        The actor, by its number.
    summary
        What it achieved.
    usage
        That of its accounts alone.
    """
    context = population.contexts[number]
    actor, outcome, budget = context.actor, context.outcome, context.budget
    campaign, operator = campaign_uids(population)
    extracts = population.typology_of_actor()[number].is_extraction
    begins = actor.starts_us or 0

    return {
        "campaign_uid": campaign[number],
        "operator_uid": operator[number],
        "actor_id": summary.actor,
        "typology_id": summary.typology,
        "accounts": len(np.unique(context.accounts.account_id)),
        "accounts_in_log": len(np.unique(population.accounts.account_id[usage["account"]])),
        "replacements": outcome.replacements,
        "accounts_banned": outcome.banned,
        "requested_exchanges": summary.requested,
        "achieved_exchanges": summary.achieved,
        "extraction_exchanges": int(usage["listed"].sum()) if extracts else 0,
        "starts_at": begins,
        "ends_at": begins + context.working_us,
        "adaptations": " ".join(adaptations(context)),
        "budget_usd": actor.operator.budget_usd if actor.operator else None,
        "planned_usd": budget.first_usd + budget.tokens_usd,
        "spent_identities_usd": budget.first_usd,
        "spent_replacements_usd": max(0.0, outcome.spent_usd - budget.first_usd),
        "spent_tokens_usd": float(usage["nano_usd"].sum()) * 1e-9,
    }


def _campaign_columns(population: Population, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of campaigns as arrays of the types of their schema."""
    columns: dict[str, Any] = {}
    for field in arrow_schema(TRUTH_CAMPAIGNS):
        values = [row[field.name] for row in rows]
        kind = TRUTH_CAMPAIGNS[field.name]

        if kind == "word":
            columns[field.name] = words(np.arange(len(values)), values)
        elif kind == "time":
            columns[field.name] = times(opening_us(population), np.array(values, np.int64))
        elif kind == "float64?":
            missing = np.array([value is None for value in values], np.bool_)
            numbers = np.array([0.0 if value is None else value for value in values])
            columns[field.name] = array(numbers, field.type, missing)
        else:
            dtype = np.float64 if kind == "float64" else np.int64
            columns[field.name] = np.array(values, dtype)
    return columns


def adaptations(context: ActorContext) -> list[str]:
    """Return the operators of adaptation, AD1 to AD12, that an actor's parameters switch on.

    What is switched on need not have happened: AD1 and AD12 react to bans and to feedback, which a
    run may be without.
    """
    actor, operator = context.actor, context.actor.operator
    # without enforcement there is nothing to react to
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


def _shares_less(actor: Actor, parameter: str) -> bool:
    """Return whether fewer than two accounts stand behind an address or a card."""
    return bool(getattr(actor, parameter) < 2 or actor.shared_card_share == 0)
