"""Draw the accounts of an actor: those that hold its slots first, and those that replace them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, HOUR_US, MINUTE_US
from sim.arrays.types import Floats, Ints
from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.entities.behaviour import draw_membership, first_of
from sim.entities.networks import Home, homes
from sim.entities.payments import payments
from sim.entities.sharing_groups import SharingGroups
from sim.scenario.resolved import Actor
from sim.streams import Streams, mixed, opaque_ids

# Design priors: no public figure for any of these.
_STREAMING_SHARE = 0.6
_SENDS_CONVERSATION_SHARE = 0.3
_SETS_TEMPERATURE_SHARE = 0.4
_TEMPERATURES = np.array([0.0, 0.2, 0.7, 1.0], np.float32)
_COMMON_DOMAIN_SHARE, _COMMON_DOMAINS = 0.7, 12
_SIGN_UP_LEAD_DAYS = 1.0
_MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Replacements:
    """Accounts that take over a slot; arrays of shape (replacements,).

    `generation` is their number in the slot, from 1 on, and `from_us` when they take over.
    `sharing_factor` multiplies the mean number of accounts behind their addresses and cards.
    """

    slot: Ints
    generation: Ints
    from_us: Ints
    sharing_factor: Floats


@dataclass(frozen=True)
class AccountBuilder:
    """What the accounts of one actor are drawn from.

    `behaviours` are the actor as it behaves in each of its modes (`behaviours_of`).
    """

    actor: Actor
    behaviours: Sequence[Actor]
    streams: Streams

    def first_accounts(self, client_weights: Floats) -> Accounts:
        """Return the accounts that hold the slots first, in order of slot.

        `created_us` is negative, but where a lifetime begins within the log.

        Parameters
        ----------
        client_weights
            Share of accounts by client software, shape (clients,), adding up to 1.
        """
        actor, n = self.actor, self.actor.accounts
        rng = self.streams.rng(actor.id, "accounts")
        slot = np.arange(n)
        organisation, mode = draw_membership(actor, self.behaviours, self.streams)
        hosting_share = self._by_mode("hosting_share", mode)

        # One stream serves all columns, so the order of these draws is part of every run.
        identity = self._identities(rng, "", organisation, hosting_share, np.ones(n))
        volume = _volumes(rng, self._by_mode("account_volume_sigma", mode))
        agent = _picked(rng, [b.agents for b in self.behaviours], mode)
        model = _picked(rng, [b.models for b in self.behaviours], mode)
        client = rng.choice(len(client_weights), size=n, p=client_weights)
        caching_share = self._by_mode("caching_share", mode)
        hour_share = self._by_mode("cache_1h_share", mode)
        cache_lifetime_us = _cache_lifetimes(rng, caching_share, hour_share)
        streams_answers = rng.random(n) < _STREAMING_SHARE
        sends_conversation = rng.random(n) < _SENDS_CONVERSATION_SHARE
        names_end_user = rng.random(n) < self._by_mode("end_user_id_share", mode)
        latest_share = np.array([b.uptake.latest_share for b in self.behaviours])[mode]
        asks_latest = rng.random(n) < latest_share
        moves_at = rng.random(n)
        uptake, concentration = actor.uptake.share, actor.uptake_concentration
        pivot = _around_mean(rng, n, uptake, concentration)[organisation]
        list_factor = _around_mean(rng, n, actor.list_share, actor.list_share_concentration)
        thinks = rng.random(n) < self._by_mode("thinking_share", mode)
        batches = rng.random(n) < self._by_mode("batch_share", mode)
        temperature = _temperatures(rng, n)
        keys = _counts(rng, self._by_mode("keys_per_account", mode))
        per_organisation = self._by_mode("workspaces_per_organisation", mode)
        workspaces = _counts(rng, per_organisation)[first_of(organisation)]

        return Accounts(
            slot=slot,
            generation=np.zeros(n, np.int64),
            organisation=organisation,
            keys=keys,
            workspaces=workspaces,
            mode=mode,
            agent=agent,
            volume=volume,
            list_share=actor.list_share * list_factor,
            end_users=self._by_mode("end_users", mode).astype(np.int64),
            abroad_share=self._by_mode("end_users_abroad_share", mode),
            client=client,
            cache_lifetime_us=cache_lifetime_us,
            streams_answers=streams_answers,
            sends_conversation=sends_conversation,
            names_end_user=names_end_user,
            thinks=thinks,
            batches=batches,
            temperature=temperature,
            model=model,
            asks_latest=asks_latest,
            moves_at=moves_at,
            pivot=pivot,
            **identity,
        ).narrow()

    def with_replacements(self, first: Accounts, replacements: Replacements) -> Accounts:
        """Return `first` and the accounts that took over, each of an organisation of its own.

        A replacement behaves as the first account of its slot, with identity, network, client and
        payment new.
        """
        slot, n = replacements.slot, len(replacements.slot)
        rng = self.streams.rng(self.actor.id, "replacements")
        hosting_share = self._by_mode("hosting_share", first.mode[slot])
        identity = self._identities(
            rng, "replacement", np.arange(n), hosting_share, replacements.sharing_factor
        )
        lead_us = np.rint(rng.exponential(_SIGN_UP_LEAD_DAYS, n) * DAY_US).astype(np.int64)

        identity |= {
            "created_us": replacements.from_us - lead_us,
            "generation": replacements.generation,
            "organisation": int(first.organisation.max()) + 1 + np.arange(n),
            "client": rng.permutation(first.client[slot]),
        }
        return Accounts.joined([first, replace(first.rows(slot), **identity).narrow()])

    def _identities(
        self,
        rng: np.random.Generator,
        kind: str,
        organisation: Ints,
        hosting_share: Floats,
        sharing_factor: Floats,
    ) -> dict[str, Any]:
        """Return the columns that tell accounts apart, and those that they share.

        `kind` is a word in the names of streams; empty for the first accounts. `organisation`
        numbers organisations of this kind, ascending.
        """
        actor, streams, n = self.actor, self.streams, len(organisation)
        number = np.arange(n)
        names = (actor.id, kind) if kind else (actor.id,)
        first_instrument = 2 * actor.accounts if kind else 0

        # One stream serves all columns, so the order of these draws is part of every run.
        groups = SharingGroups(rng, actor, actor.separability, organisation)
        home = homes(rng, groups, hosting_share, sharing_factor)
        by_cloud = rng.random(n) < actor.cloud_share
        cloud = 1 + rng.choice(len(pools.CLOUD_WEIGHTS), n, p=pools.CLOUD_WEIGHTS)
        paid = payments(
            rng, actor, groups, organisation, sharing_factor, by_cloud, streams, first_instrument
        )
        tcp_rtt_ms, tls_rtt_ms = _round_trips(rng, home)
        common_domain = rng.zipf(1.5, n) % _COMMON_DOMAINS
        created_us = _created(rng, groups)
        verified = rng.random(n) < groups.parameter("verified_share")
        has_common_domain = rng.random(n) < _COMMON_DOMAIN_SHARE

        domain_number = mixed(streams.key(*names, "domain"), organisation) >> np.uint64(3)
        own_domain = _COMMON_DOMAINS + domain_number.astype(np.int64)
        return {
            "account_id": opaque_ids(streams.key(*names, "account"), number),
            "org_id": opaque_ids(streams.key(*names, "organisation"), organisation),
            "created_us": created_us,
            "verified": verified,
            "email_domain": np.where(has_common_domain, common_domain, own_domain),
            "ip": home.first.ip,
            "asn": home.first.asn,
            "asn_type": home.first.asn_type,
            "country": home.first.country,
            "away_ip": home.second.ip,
            "away_asn": home.second.asn,
            "away_asn_type": home.second.asn_type,
            "utc_offset_h": home.utc_offset_h,
            "tcp_rtt_ms": tcp_rtt_ms,
            "tls_rtt_ms": tls_rtt_ms,
            "platform": np.where(by_cloud, cloud, 0),
            "instrument": paid.instrument,
            "card_kind": paid.kind,
            "declines": paid.declines,
        }

    def _by_mode(self, name: str, mode: Ints) -> Floats:
        """Return a parameter of each account, as its behaviour has it."""
        return np.array([float(getattr(b, name)) for b in self.behaviours])[mode]


def _created(rng: np.random.Generator, groups: SharingGroups) -> Ints:
    """Return times of sign-up: cohorts have an age, their accounts sign up within some days."""
    within_days = rng.uniform(-0.5, 0.5, len(groups.cohort)) * groups.parameter("cohort_days")
    age_days = groups.ages_days(rng) + within_days * groups.in_a_cohort
    return np.asarray(np.rint(np.maximum(age_days, 0.01) * -DAY_US), np.int64)


def _round_trips(
    rng: np.random.Generator, home: Home
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return round trips in ms of the network and of the encryption, lognormal around a distance.

    The encryption ends where the client sits. They differ where a client is not where its address
    is: relays, travellers, private networks of companies. A prior: 20 ms and 12 ms an hour of time
    zone.
    """
    address_h = pools.COUNTRY_UTC_OFFSET_H[home.first.country]
    to_provider_h = np.abs(address_h - pools.PROVIDER_UTC_OFFSET_H)
    tcp = (20 + 12 * to_provider_h) * np.exp(0.3 * rng.standard_normal(len(address_h)))

    to_client_h = np.abs(home.utc_offset_h - address_h)
    relay = np.where(to_client_h > 0, 20 + 12 * to_client_h, 0)
    relay = relay * np.exp(0.3 * rng.standard_normal(len(address_h)))
    return tcp.astype(np.float32), (tcp + 2 + relay).astype(np.float32)


def _picked(rng: np.random.Generator, shares: Sequence[Mapping[str, float]], mode: Ints) -> Ints:
    """Draw an index for each account into what all behaviours may use, laid end to end.

    `shares` are those of each behaviour by name.
    """
    picked = np.empty(len(mode), np.int64)
    first = 0
    for number, of_behaviour in enumerate(shares):
        follows = mode == number
        weights = np.array(list(of_behaviour.values()), np.float64)
        index = rng.choice(len(weights), size=int(follows.sum()), p=weights / weights.sum())
        picked[follows] = first + index
        first += len(weights)
    return picked


def _around_mean(
    rng: np.random.Generator, n: int, mean: float, concentration: float | None
) -> Floats:
    """Draw shares from the beta distribution with a mean, as multiples of it; 1 if all are alike.

    `concentration` is a + b of the distribution; None if all are alike.
    """
    if concentration is None or not 0 < mean < 1:
        return np.ones(n)
    return rng.beta(mean * concentration, (1 - mean) * concentration, n) / mean


def _cache_lifetimes(rng: np.random.Generator, caching_share: Floats, hour_share: Floats) -> Ints:
    """Draw lifetimes of what clients cache: 5 minutes, for some an hour; 0 for no caching."""
    caches = rng.random(len(caching_share)) < caching_share
    for_an_hour = rng.random(len(caching_share)) < hour_share
    return np.where(caches, np.where(for_an_hour, HOUR_US, 5 * MINUTE_US), 0)


def _counts(rng: np.random.Generator, mean: Floats) -> Ints:
    """Draw geometric numbers of means of at least 1; at most `_MOST_COUNTED`."""
    return np.minimum(rng.geometric(1 / mean), _MOST_COUNTED)


def _temperatures(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Draw the temperatures that clients set, NaN where they set none."""
    is_set = rng.random(n) < _SETS_TEMPERATURE_SHARE
    return np.where(is_set, rng.choice(_TEMPERATURES, size=n), np.float32(np.nan))


def _volumes(rng: np.random.Generator, sigma: Floats) -> Floats:
    """Draw lognormal volumes with mean 1."""
    return np.exp(sigma * rng.standard_normal(len(sigma)) - sigma**2 / 2)
