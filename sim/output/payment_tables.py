"""Tables about who pays with what, and how that goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.types import Ints
from sim.entities import pools
from sim.entities.payments import CARD_TYPES
from sim.entities.shared_pools import countries_of_cards
from sim.output.account_usage import NEVER, Usage
from sim.output.payment_events import (
    Payers,
    access_of,
    card_given_us,
    payment_events,
)
from sim.output.row_tables import opening_us
from sim.population.population import Population
from sim.tables.arrow import sorted_table, times, words
from sim.tables.schema import ACCOUNT_PAYMENT, PAYMENT_EVENTS, PAYMENT_INSTRUMENTS
from sim.tables.words import PAYMENT_EVENTS as EVENTS

_CENT_NANO_USD = 10_000_000


def payment_tables(population: Population, owned: Ints, usage: Usage) -> Iterator[tuple[str, Any]]:
    """Yield the tables about payments; a cloud platform pays for its accounts, which are left out.

    Parameters
    ----------
    population
        Accounts of all actors.
    owned
        The numbers of the accounts that signed up for themselves, shape (owned,).
    usage
        What each account did in the log.

    Yields
    ------
    tuple of str and pyarrow.Table
        The name of a table below `log/`, and its rows in order of identifier.
    """
    rows = owned[population.accounts.platform[owned] == 0]
    payers = payers_of(population, rows, usage)
    given_us = card_given_us(payers, population.streams)
    # what is given only after the end of the log is not seen in it
    seen = given_us < population.scenario.clock.duration_us
    yield "payment_instruments", _instruments(population, rows[seen], given_us[seen])
    yield "account_payment", _account_payment(population, payers.rows(seen), given_us[seen])
    yield "payment_events", _events(population, payers)


def payers_of(population: Population, rows: Ints, usage: Usage) -> Payers:
    """Return the accounts in some rows as payers, for what they and their guests used.

    Parameters
    ----------
    population
        Accounts of all actors.
    rows
        Numbers of accounts that signed up for themselves, shape (payers,).
    usage
        What each account did in the log.
    """
    a = population.accounts
    order = np.argsort(a.account_id[rows], kind="stable")
    ids = a.account_id[rows][order]
    used = usage[np.isin(a.account_id[usage["account"]], ids)]
    payer = order[np.searchsorted(ids, a.account_id[used["account"]])]

    first, last = np.full(len(rows), NEVER), np.full(len(rows), -NEVER)
    np.minimum.at(first, payer, np.minimum(used["first"], used["away_first"]))
    np.maximum.at(last, payer, np.maximum(used["last"], used["away_last"]))
    nano_usd = np.zeros(len(rows), np.int64)
    np.add.at(nano_usd, payer, used["nano_usd"])

    created, idle = a.created_us[rows], last < first
    return Payers(
        account_id=a.account_id[rows],
        instrument=a.instrument[rows],
        access=access_of(a)[rows],
        created_us=created,
        first_us=np.where(idle, created, first),
        last_us=np.where(idle, created, last),
        cents=np.rint(nano_usd / _CENT_NANO_USD).astype(np.int64),
    )


def _instruments(population: Population, rows: Ints, given_us: Ints) -> Any:
    """Return the instruments that anybody pays with, each as the first account brought it.

    A card number that strangers have too has a country of its own, whoever brings it.
    """
    a = population.accounts
    order = np.lexsort((given_us, a.instrument[rows]))
    _, first = np.unique(a.instrument[rows][order], return_index=True)
    brought = order[first]

    account = rows[brought]
    country = countries_of_cards(
        population.world_streams, a.instrument[account], a.country[account]
    )
    return sorted_table(
        PAYMENT_INSTRUMENTS,
        {
            "instrument_hash": a.instrument[account],
            "type": words(a.card_kind[account], CARD_TYPES),
            "bin_country": words(country, pools.COUNTRIES),
            "first_seen": times(opening_us(population), given_us[brought]),
        },
    )


def _account_payment(population: Population, payers: Payers, given_us: Ints) -> Any:
    """Return which account pays with what, since when, and until when it sent."""
    opening = opening_us(population)
    return sorted_table(
        ACCOUNT_PAYMENT,
        {
            "account_id": payers.account_id,
            "instrument_hash": payers.instrument,
            "first_seen": times(opening, given_us),
            "last_seen": times(opening, np.maximum(given_us, payers.last_us)),
        },
    )


def _events(population: Population, payers: Payers) -> Any:
    """Return what happened to payments, some of it after the end of the log."""
    closes_us = population.scenario.clock.duration_us
    events, opening = payment_events(payers, population.streams, closes_us), opening_us(population)
    return sorted_table(
        PAYMENT_EVENTS,
        {
            "account_id": payers.account_id[events.payer],
            "instrument_hash": payers.instrument[events.payer],
            "kind": words(events.kind, EVENTS),
            "at": times(opening, events.at_us),
            "known_at": times(opening, events.known_us),
            "usd": events.cents / 100,
        },
    )
