"""Tables about who sends, as the provider can see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.time import DAY_US, SECOND_US
from sim.arrays.types import Ints
from sim.catalog import models
from sim.entities import pools
from sim.entities.payments import CARD_TYPES
from sim.output.account_usage import Usage
from sim.output.arrow import table, times, words
from sim.output.observed_links import edges_observed
from sim.population.population import Population
from sim.streams import Ids, mixed, opaque_ids, uniforms
from sim.tables.schema import (
    ACCOUNT_PAYMENT,
    ACCOUNTS,
    CREDENTIALS,
    ENFORCEMENT_EVENTS,
    MODEL_CATALOG,
    ORGS,
    PAYMENT_INSTRUMENTS,
)
from sim.tables.words import ACTIONS, BAN, CHANNELS, REINSTATE, SUSPEND

STATUSES = ("active", "suspended", "banned")
_LEVELS = ("unverified", "verified")
_CHARGEBACK_SHARE = 0.004


def entity_tables(population: Population, usage: Usage) -> Iterator[tuple[str, Any]]:
    """Yield the observable tables about accounts, in order of identifier."""
    own = Owners.of(population)
    actions = Acted.of(population)
    yield "accounts", _accounts(population, own, actions)
    yield "credentials", _credentials(population, own, actions)
    yield "orgs", _orgs(own)
    yield "payment_instruments", _instruments(own)
    yield "account_payment", _payments(population, own, usage)
    yield "edges_observed", edges_observed(population, own.rows, usage)
    yield "model_catalog", _model_catalog(population)
    yield "enforcement_events", actions.table(population)


class Owners:
    """The accounts that are an actor's own: those who send through others are left out.

    `rows` are their numbers in the scenario, `opening_us` the opening of the log since 1970.
    """

    def __init__(self, population: Population, rows: Ints) -> None:
        self.rows = rows
        everyone = len(rows) == len(population.accounts)
        self.accounts = population.accounts if everyone else population.accounts.rows(rows)
        self.opening_us = opening_us(population)

    @classmethod
    def of(cls, population: Population) -> Owners:
        guest = np.array([context.actor.through is not None for context in population.contexts])
        own = np.flatnonzero(~guest[population.actor_of_account])
        return cls(population, own)


def opening_us(population: Population) -> int:
    return round(population.scenario.clock.start.timestamp() * SECOND_US)


class Acted:
    """What the provider did, over all actors; `row` is the number of an account in the scenario."""

    def __init__(self, at_us: Ints, row: Ints, action: Ints, channel: Ints) -> None:
        self.at_us, self.row, self.action, self.channel = at_us, row, action, channel

    @classmethod
    def of(cls, population: Population) -> Acted:
        parts = []
        for context in population.contexts:
            done = context.outcome.actions
            row = context.first_account + context.outcome.accounts.actor_row[done.account]
            parts.append((done.at_us, row, done.action, done.channel))
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def status(self, accounts: int) -> Ints:
        """The status of each account when the log ends."""
        status = np.zeros(accounts, np.int64)
        for at in np.argsort(self.at_us, kind="stable").tolist():
            action = self.action[at]
            if action in (SUSPEND, BAN, REINSTATE):
                status[self.row[at]] = {SUSPEND: 1, BAN: 2, REINSTATE: 0}[int(action)]
        return status

    def banned_us(self, accounts: int) -> Ints:
        """When each account was banned for good, -1 if it was not."""
        banned = np.full(accounts, -1)
        ends = self.action == BAN
        banned[self.row[ends]] = self.at_us[ends]
        banned[self.status(accounts) != STATUSES.index("banned")] = -1
        return banned

    def table(self, population: Population) -> Any:
        return table(
            ENFORCEMENT_EVENTS,
            [
                population.accounts.account_id[self.row],
                times(opening_us(population), self.at_us),
                words(self.action, ACTIONS),
                words(self.channel, CHANNELS),
            ],
        )


def _accounts(population: Population, own: Owners, actions: Acted) -> Any:
    a, key = own.accounts, population.streams.key
    status = actions.status(len(population.accounts))[own.rows]
    return table(
        ACCOUNTS,
        [
            a.account_id,
            a.org_id,
            times(own.opening_us, a.created_us),
            opaque_ids(key("pool", "ip"), a.ip),
            opaque_ids(key("pool", "ip24"), a.ip >> 8),
            words(a.asn_type, pools.ASN_TYPES),
            opaque_ids(key("pool", "email domains"), a.email_domain),
            words(a.platform, pools.PLATFORMS),
            words(a.verified.astype(np.int64), _LEVELS),
            words(status, STATUSES),
        ],
    )


def _credentials(population: Population, own: Owners, actions: Acted) -> Any:
    a = own.accounts
    banned = actions.banned_us(len(population.accounts))[own.rows]
    return table(
        CREDENTIALS,
        [
            a.api_key_id,
            a.account_id,
            times(own.opening_us, a.created_us),
            times(own.opening_us, banned, banned < 0),
        ],
    )


def _orgs(own: Owners) -> Any:
    """An organisation is as old as its oldest account, and declares that account's country."""
    a = own.accounts
    order = np.lexsort((a.created_us, a.org_id))
    _, first, of = np.unique(a.org_id[order], return_index=True, return_inverse=True)
    oldest = order[first]
    verified = np.bincount(of, a.verified[order]) > 0
    return table(
        ORGS,
        [
            a.org_id[oldest],
            times(own.opening_us, a.created_us[oldest]),
            words(a.country[oldest], pools.COUNTRIES),
            words(verified.astype(np.int64), _LEVELS),
        ],
    )


def _paying(own: Owners) -> Ints:
    """Those whose payment is seen: a cloud platform pays for its customers."""
    return np.flatnonzero(own.accounts.platform == 0)


def _instruments(own: Owners) -> Any:
    a, rows = own.accounts, _paying(own)
    order = rows[np.lexsort((a.created_us[rows], a.instrument[rows]))]
    _, first = np.unique(a.instrument[order], return_index=True)
    oldest = order[first]
    return table(
        PAYMENT_INSTRUMENTS,
        [
            a.instrument[oldest],
            words(a.card_kind[oldest], CARD_TYPES),
            words(a.country[oldest], pools.COUNTRIES),
            times(own.opening_us, a.created_us[oldest]),
        ],
    )


def _payments(population: Population, own: Owners, usage: Usage) -> Any:
    rows = _paying(own)
    a = own.accounts
    account_id, created_us = a.account_id[rows], a.created_us[rows]
    last = created_us.copy()
    place = np.full(len(population.accounts), -1)
    place[own.rows[rows]] = np.arange(len(rows))
    seen = place[usage["account"]]
    latest = np.maximum(usage["last"], usage["away_last"])
    last[seen[seen >= 0]] = np.maximum(last[seen[seen >= 0]], latest[seen >= 0])
    chance = mixed(population.streams.key("pool", "chargebacks"), account_id)
    disputed = uniforms(chance) < _CHARGEBACK_SHARE
    at_us = last + (chance % np.uint64(30 * DAY_US)).astype(np.int64)
    disputed &= at_us < population.scenario.clock.duration_us
    return table(
        ACCOUNT_PAYMENT,
        [
            account_id,
            a.instrument[rows],
            times(own.opening_us, created_us),
            times(own.opening_us, last),
            a.declines[rows].astype(np.int16),
            times(own.opening_us, at_us, ~disputed),
        ],
    )


def _model_catalog(population: Population) -> Any:
    """The models of the scenario; from when on each was the newest, if it became so in the log."""
    import pyarrow as pa

    known = [models()[name] for name in population.models.ids]
    day = np.array([m.released for m in known], "datetime64[us]").view(np.int64)
    newest = {e.model: e.at_us for e in population.scenario.world.events if e.kind == "release"}
    latest = np.array([newest.get(m.id, -1) for m in known], np.int64)
    order = np.arange(len(known))
    return table(
        MODEL_CATALOG,
        [
            words(order, [m.id for m in known]),
            times(0, day),
            times(opening_us(population), latest, latest < 0),
            pa.array([m.input_usd_per_mtok for m in known]),
            pa.array([m.output_usd_per_mtok for m in known]),
            pa.array([m.context_window_tokens for m in known], pa.int32()),
        ],
    )


def campaign_uids(population: Population) -> tuple[Ids, Ids]:
    """Return (campaign, operator) identifiers of each actor's coordinated work, shape (actors,)."""
    zero = np.zeros(len(population.contexts), np.int64)
    return (
        opaque_ids(population.actor_key("campaign"), zero),
        opaque_ids(population.actor_key("operator"), zero),
    )
