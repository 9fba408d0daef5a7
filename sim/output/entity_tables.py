"""Tables about who sends, as the provider can see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.time import SECOND_US
from sim.arrays.types import Ints
from sim.catalog import models
from sim.entities import pools
from sim.output.account_usage import Usage
from sim.output.api_keys import api_keys
from sim.output.delays import lognormal_us
from sim.output.observed_links import edges_observed
from sim.output.payment_tables import payment_tables
from sim.output.row_tables import opening_us
from sim.population.population import Population
from sim.streams import Ids, Streams, mixed, opaque_ids
from sim.tables.arrow import sorted_table, times, words
from sim.tables.schema import (
    ACCOUNTS,
    CREDENTIALS,
    ENFORCEMENT_EVENTS,
    MODEL_CATALOG,
    ORGS,
)
from sim.tables.words import ACTIONS, BAN, CHANNELS, REINSTATE, SUSPEND

STATUSES = ("active", "suspended", "banned")
# The status that an action leads to; other actions leave it as it is.
_STATUS_AFTER = {SUSPEND: 1, BAN: 2, REINSTATE: 0}
_LEVELS = ("unverified", "verified")
# Median in microseconds and standard deviation of the logarithm of the time from an organisation
# to its first account; a prior.
_ORGANISATION_LEAD = (70 * SECOND_US, 0.7)


def entity_tables(population: Population, usage: Usage) -> Iterator[tuple[str, Any]]:
    """Yield the observable tables about accounts, one after the other to save memory.

    Parameters
    ----------
    population
        Accounts of all actors, and what the provider did about them.
    usage
        What each account did in the log.

    Yields
    ------
    tuple of str and pyarrow.Table
        The name of a table below `log/`, and its rows in order of identifier.
    """
    owners = AccountOwners.of_population(population)
    actions = ProviderActions.of_population(population)
    yield "accounts", _accounts(population, owners, actions)
    yield "credentials", _credentials(population, owners, actions)
    yield "orgs", _orgs(owners, population.streams)
    yield from payment_tables(population, owners.rows, usage)
    yield "edges_observed", edges_observed(population, owners.rows, usage)
    yield "model_catalog", _model_catalog(population)
    yield "enforcement_events", _enforcement_events(population, actions)


class AccountOwners:
    """The accounts of the actors that have accounts: those who send through others are left out.

    Attributes
    ----------
    rows
        The numbers of these accounts in the scenario, shape (owned,).
    accounts
        The accounts themselves, in the same order.
    opening_us
        The opening of the log, in microseconds since 1970.
    """

    def __init__(self, population: Population, rows: Ints) -> None:
        """Take the accounts in some rows of the population; no copy is made of all of them."""
        accounts = population.accounts
        self.rows = rows
        self.accounts = accounts if len(rows) == len(accounts) else accounts.rows(rows)
        self.opening_us = opening_us(population)

    @classmethod
    def of_population(cls, population: Population) -> AccountOwners:
        """Return the owned accounts of all actors."""
        is_guest = np.array([context.actor.through is not None for context in population.contexts])
        return cls(population, np.flatnonzero(~is_guest[population.actor_of_account]))


class ProviderActions:
    """What the provider did about accounts, over all actors; arrays of shape (actions,).

    Attributes
    ----------
    at_us
        When, in microseconds of the log.
    row
        The number of the account in the scenario.
    action, channel
        What was done, and what began it: indices into `ACTIONS` and `CHANNELS` of
        `sim.tables.words`.
    """

    def __init__(self, at_us: Ints, row: Ints, action: Ints, channel: Ints) -> None:
        self.at_us, self.row, self.action, self.channel = at_us, row, action, channel

    @classmethod
    def of_population(cls, population: Population) -> ProviderActions:
        """Return the actions about all actors, one actor after the other."""
        parts = []
        for context in population.contexts:
            done = context.outcome.actions
            row = context.first_account + context.outcome.accounts.actor_row[done.account]
            parts.append((done.at_us, row, done.action, done.channel))
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def status(self, accounts: int) -> Ints:
        """Return the status of each account when the log ends: an index into `STATUSES`.

        The last suspension, ban or reinstatement decides; of several in one microsecond it is the
        one that comes later in the arrays.

        Parameters
        ----------
        accounts
            How many accounts the scenario has, those of guests included.

        Returns
        -------
        numpy.ndarray
            Shape (accounts,).
        """
        status = np.zeros(accounts, np.int64)
        for at in np.argsort(self.at_us, kind="stable").tolist():
            action = int(self.action[at])
            if action in _STATUS_AFTER:
                status[self.row[at]] = _STATUS_AFTER[action]
        return status

    def banned_us(self, accounts: int) -> Ints:
        """Return when each account was banned for good, -1 if it was not.

        A ban that was reversed does not count. In microseconds of the log, shape (accounts,).
        """
        banned = np.full(accounts, -1)
        bans = self.action == BAN
        banned[self.row[bans]] = self.at_us[bans]
        banned[self.status(accounts) != STATUSES.index("banned")] = -1
        return banned


def _accounts(population: Population, owners: AccountOwners, actions: ProviderActions) -> Any:
    """Return the table `accounts`; addresses and domains are shown as opaque identifiers."""
    a, key = owners.accounts, population.world_streams.key
    status = actions.status(len(population.accounts))[owners.rows]

    return sorted_table(
        ACCOUNTS,
        {
            "account_id": a.account_id,
            "org_id": a.org_id,
            "created_at": times(owners.opening_us, a.created_us),
            "signup_ip_hash": opaque_ids(key("pool", "ip"), a.signup_ip),
            "signup_ip24": opaque_ids(key("pool", "ip24"), a.signup_ip >> 8),
            "signup_asn_type": words(a.signup_asn_type, pools.ASN_TYPES),
            "email_domain_hash": opaque_ids(key("pool", "email domains"), a.email_domain),
            "platform": words(a.platform, pools.PLATFORMS),
            "verification_level": words(a.verified.astype(np.int64), _LEVELS),
            "status_at_export": words(status, STATUSES),
        },
    )


def _credentials(population: Population, owners: AccountOwners, actions: ProviderActions) -> Any:
    """Return the table `credentials`: keys are revoked when replaced, or with a banned account."""
    keys = api_keys(population)
    is_owned = np.zeros(len(population.accounts), np.bool_)
    is_owned[owners.rows] = True
    row = np.flatnonzero(is_owned[keys.account])

    banned = actions.banned_us(len(population.accounts))[keys.account[row]]
    replaced = keys.revoked_us[row]
    revoked = np.where(replaced < 0, replaced, banned)
    return sorted_table(
        CREDENTIALS,
        {
            "api_key_id": keys.key_id[row],
            "account_id": population.accounts.account_id[keys.account[row]],
            "workspace_id": keys.workspace_id[row],
            "created_at": times(owners.opening_us, keys.created_us[row]),
            "revoked_at": times(owners.opening_us, revoked, revoked == -1),
        },
    )


def _orgs(owners: AccountOwners, streams: Streams) -> Any:
    """Return the organisations, each made by its oldest account, which declares the country.

    Whoever signs up enters the organisation first: it is a minute or so older than the account.
    """
    a = owners.accounts
    order = np.lexsort((a.created_us, a.org_id))
    _, first, org = np.unique(a.org_id[order], return_index=True, return_inverse=True)
    oldest = order[first]
    verified = np.bincount(org, a.verified[order]) > 0

    chance = mixed(streams.key("organisations", "created"), a.org_id[oldest])
    lead_us = lognormal_us(chance, *_ORGANISATION_LEAD)
    return sorted_table(
        ORGS,
        {
            "org_id": a.org_id[oldest],
            "created_at": times(owners.opening_us, a.created_us[oldest] - lead_us),
            "declared_country": words(a.country[oldest], pools.COUNTRIES),
            "kyc_level": words(verified.astype(np.int64), _LEVELS),
        },
    )


def _model_catalog(population: Population) -> Any:
    """Return the models of the scenario; of those released within the log, since when newest."""
    entries = [models()[name] for name in population.models.ids]
    released = np.array([m.released for m in entries], "datetime64[us]").view(np.int64)
    releases = {e.model: e.at_us for e in population.scenario.world.events if e.kind == "release"}
    latest = np.array([releases.get(m.id, -1) for m in entries], np.int64)

    return sorted_table(
        MODEL_CATALOG,
        {
            "model": words(np.arange(len(entries)), [m.id for m in entries]),
            "released_at": times(0, released),
            "latest_from": times(opening_us(population), latest, latest < 0),
            "input_usd_per_mtok": np.array([m.input_usd_per_mtok for m in entries], np.float64),
            "output_usd_per_mtok": np.array([m.output_usd_per_mtok for m in entries], np.float64),
            "context_window_tokens": np.array([m.context_window_tokens for m in entries]),
        },
    )


def _enforcement_events(population: Population, actions: ProviderActions) -> Any:
    """Return the table `enforcement_events`: what was done to whom, when, and what began it."""
    return sorted_table(
        ENFORCEMENT_EVENTS,
        {
            "account_id": population.accounts.account_id[actions.row],
            "at": times(opening_us(population), actions.at_us),
            "action": words(actions.action, ACTIONS),
            "trigger_channel": words(actions.channel, CHANNELS),
        },
    )


def campaign_uids(population: Population) -> tuple[Ids, Ids]:
    """Return (campaign, operator) identifiers of each actor's coordinated work, shape (actors,).

    Every actor has both; whether its work is coordinated is for the caller to say.
    """
    zero = np.zeros(len(population.contexts), np.int64)
    return (
        opaque_ids(population.actor_key("campaign"), zero),
        opaque_ids(population.actor_key("operator"), zero),
    )
