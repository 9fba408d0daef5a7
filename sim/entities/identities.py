"""What tells accounts apart, and what they share: identifiers, sign-up, networks, payment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US
from sim.arrays.types import Floats, Ints
from sim.entities import pools
from sim.entities.accounts import Accounts
from sim.entities.networks import Home, homes
from sim.entities.payments import payments
from sim.entities.shared_pools import COMMON_DOMAINS, SharedPools
from sim.entities.sharing_groups import SharingGroups
from sim.scenario.resolved import Actor
from sim.streams import Streams, mixed, opaque_ids

# Design priors: no public figure for any of these. Members join an organisation so many days after
# its first account, in the mean; replacements sign up so long before they take over.
_COMMON_DOMAIN_SHARE = 0.7
_JOINS_DAYS, _SIGN_UP_LEAD_DAYS = 5.0, 1.0


@dataclass(frozen=True)
class Identities:
    """Draws the identities of one actor's accounts.

    Attributes
    ----------
    actor, streams
        Whose they are, and the random streams of the run.
    shared, opening_us
        The pools of the world, and the opening of the log in microseconds since 1970, as batches of
        sellers have dates.
    """

    actor: Actor
    streams: Streams
    shared: SharedPools
    opening_us: int

    def draw(
        self,
        rng: np.random.Generator,
        organisation: Ints,
        hosting_share: Floats,
        sharing_factor: Floats,
        from_us: Ints | None = None,
    ) -> dict[str, Any]:
        """Return the columns that tell accounts apart, and those that they share.

        Parameters
        ----------
        rng
            Random numbers.
        organisation
            Numbers of organisations, ascending from 0; shape (accounts,).
        hosting_share
            Chance that an address is in a hosting network, shape (accounts,).
        sharing_factor
            Multiplies the mean number of accounts behind an address and a card.
        from_us
            When replacements take over; None for accounts that exist when the log opens.
        """
        actor, streams, n = self.actor, self.streams, len(organisation)
        number = np.arange(n)
        names = (actor.id,) if from_us is None else (actor.id, "replacement")
        first_instrument = 0 if from_us is None else 2 * actor.accounts

        # One stream serves all columns, so the order of these draws is part of every run.
        groups = SharingGroups(rng, actor, actor.separability, organisation)
        home = homes(rng, groups, hosting_share, sharing_factor, self.shared)
        by_cloud = rng.random(n) < actor.cloud_share
        cloud = 1 + rng.choice(len(pools.CLOUD_WEIGHTS), n, p=pools.CLOUD_WEIGHTS)
        paid = payments(
            rng,
            actor.id,
            groups,
            organisation,
            sharing_factor,
            by_cloud,
            (streams, first_instrument),
            self.shared,
        )
        tcp_rtt_ms, tls_rtt_ms = _round_trips(rng, home)
        email_domain = self._domains(rng, groups, organisation, names)
        verified = rng.random(n) < groups.parameter("verified_share")
        if from_us is None:
            created_us = _offsets(rng, groups, organisation)
        else:
            lead_us = np.rint(rng.exponential(_SIGN_UP_LEAD_DAYS, n) * DAY_US).astype(np.int64)
            created_us = from_us - lead_us
        sellers = self._sellers(rng, groups)

        return {
            "account_id": opaque_ids(streams.key(*names, "account"), number),
            "org_id": opaque_ids(streams.key(*names, "organisation"), organisation),
            "verified": verified,
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
            "stolen": paid.stolen,
            "created_us": created_us,
            "cohort": np.where(groups.in_a_cohort, groups.cohort, n + number),
            "email_domain": email_domain,
            "signup_ip": home.first.ip,
            "signup_asn_type": home.first.asn_type,
            **sellers,
        }

    def _domains(
        self,
        rng: np.random.Generator,
        groups: SharingGroups,
        organisation: Ints,
        names: tuple[str, ...],
    ) -> Ints:
        """Return mail domains: one of the common ones, of the pool, or of the organisation."""
        n = len(organisation)
        common = rng.zipf(1.5, n) % COMMON_DOMAINS
        is_common, is_pooled, which = rng.random((3, n))
        own = mixed(self.streams.key(*names, "domain"), organisation) >> np.uint64(3)
        number = COMMON_DOMAINS + own.astype(np.int64)
        uncommon = np.where(
            is_pooled < groups.parameter("pooled_domain_share"), self.shared.domains(which), number
        )
        return np.where(is_common < _COMMON_DOMAIN_SHARE, common, uncommon)

    def signed_up(self, rng: np.random.Generator, accounts: Accounts, from_us: Ints) -> Accounts:
        """Return accounts with the sign-up of those that were bought as their seller made it.

        A seller signs up batches, from a /24 and under a mail domain of its own, and sells each in
        parts: whoever bought the rest of a batch shares them.

        Parameters
        ----------
        rng
            Random numbers.
        accounts
            Whose `seller` and `stock_us` are drawn.
        from_us
            When each account begins, shape (accounts,).
        """
        bought = np.flatnonzero(accounts.seller >= 0)
        before_us = from_us[bought] - accounts.stock_us[bought]
        batches = self.shared.batches(accounts.seller[bought], before_us, self.opening_us)
        host = rng.integers(0, 256, len(bought))
        columns = {
            "created_us": self.shared.batch_sign_ups_us(rng, batches.at_us),
            "signup_ip": (batches.addresses.ip & ~0xFF) | host,
            "signup_asn_type": batches.addresses.asn_type,
            "email_domain": batches.domain,
        }
        changed = {name: getattr(accounts, name).copy() for name in columns}
        for name, values in columns.items():
            changed[name][bought] = values
        return replace(accounts, **changed)

    def _sellers(self, rng: np.random.Generator, groups: SharingGroups) -> dict[str, Any]:
        """Return of which seller accounts were bought, and for how long that had them in stock.

        One of each cohort: a place in the order of sellers in [0, 1), or -1 for none.
        """
        cohorts = int(groups.cohort[-1]) + 1 if len(groups.cohort) else 0
        is_bought, seller = rng.random((2, cohorts))[:, groups.cohort]
        stock_days = self.shared.stock_days(rng, cohorts)[groups.cohort]
        return {
            "seller": np.where(is_bought < groups.parameter("bought_share"), seller, -1.0),
            "stock_us": np.rint(stock_days * DAY_US).astype(np.int64),
        }


def _offsets(rng: np.random.Generator, groups: SharingGroups, organisation: Ints) -> Ints:
    """Return how much later than their cohort accounts sign up, in microseconds; also less than 0.

    Accounts of a cohort sign up within some days; members join an organisation after its first
    account.
    """
    n = len(organisation)
    within_days = rng.uniform(-0.5, 0.5, n) * groups.parameter("cohort_days") * groups.in_a_cohort
    joins_later = np.diff(organisation, prepend=-1) == 0
    joins_days = rng.exponential(_JOINS_DAYS, n) * joins_later
    return np.asarray(np.floor((joins_days - within_days) * DAY_US), np.int64)


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
