"""The accounts of one actor, as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim.entities import pools
from sim.scenario.resolved import Actor
from sim.streams import U64, Streams, opaque_ids

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_DAY_US = 86_400_000_000
_HOUR_US, _FIVE_MINUTES_US = 3_600_000_000, 300_000_000
# Design priors: no public figure for any of these.
_STREAMING_SHARE = 0.6
_SENDS_CONVERSATION_SHARE = 0.3
_SETS_TEMPERATURE_SHARE = 0.4
_TEMPERATURES = np.array([0.0, 0.2, 0.7, 1.0], np.float32)


@dataclass(frozen=True)
class Accounts:
    """One row per account; identifiers are opaque, other whole numbers index a pool.

    `moves_at` is uniform in [0, 1): the account is among the first of that share to take up a new
    model.
    """

    account_id: U64
    org_id: U64
    api_key_id: U64
    created_us: Ints
    volume: Floats
    agent: Ints
    model: Ints
    template: Ints
    client: Ints
    ip: Ints
    asn: Ints
    asn_type: Ints
    country: Ints
    utc_offset_h: Ints
    organisation: Ints
    cache_lifetime_us: Ints
    streams_answers: Bools
    sends_conversation: Bools
    asks_latest: Bools
    moves_at: Floats
    thinks: Bools
    batches: Bools
    temperature: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.account_id)

    @classmethod
    def joined(cls, parts: list[Accounts]) -> Accounts:
        """The accounts of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        names = [f.name for f in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def rows(self, first: int, last: int) -> Accounts:
        """The accounts [first, last), as views."""
        return Accounts(**{f.name: getattr(self, f.name)[first:last] for f in fields(self)})


def build_accounts(actor: Actor, streams: Streams, client_weights: Floats) -> Accounts:
    """Furnish the accounts of `actor`; `agent` and `model` index its own lists.

    `volume` has mean 1 over the population in expectation. `created_us` is relative to the
    opening of the log, negative.
    """
    n = actor.accounts
    rng = streams.rng(actor.id, "accounts")
    number = np.arange(n)
    organisations = actor.organisations or n
    org_number = number * organisations // n
    addresses = _home_addresses(rng, n, actor)
    return Accounts(
        account_id=opaque_ids(streams.key(actor.id, "account"), number),
        org_id=opaque_ids(streams.key(actor.id, "organisation"), org_number),
        api_key_id=opaque_ids(streams.key(actor.id, "api key"), number),
        created_us=-np.rint(actor.account_age_days.sample(rng, n) * _DAY_US).astype(np.int64),
        volume=_volumes(rng, n, actor.account_volume_sigma),
        agent=_pick(rng, n, actor.agents.values()),
        model=_pick(rng, n, actor.models.values()),
        template=_templates(rng, n, actor.templates),
        client=rng.choice(len(client_weights), size=n, p=client_weights),
        ip=addresses.ip,
        asn=addresses.asn,
        asn_type=addresses.asn_type,
        country=addresses.country,
        utc_offset_h=pools.COUNTRY_UTC_OFFSET_H[addresses.country],
        organisation=org_number,
        cache_lifetime_us=_lifetimes(rng, n, actor),
        streams_answers=rng.random(n) < _STREAMING_SHARE,
        sends_conversation=rng.random(n) < _SENDS_CONVERSATION_SHARE,
        asks_latest=rng.random(n) < actor.uptake.latest_share,
        moves_at=rng.random(n),
        thinks=rng.random(n) < actor.thinking_share,
        batches=rng.random(n) < actor.batch_share,
        temperature=np.where(
            rng.random(n) < _SETS_TEMPERATURE_SHARE,
            rng.choice(_TEMPERATURES, size=n),
            np.float32(np.nan),
        ),
    )


def _pick(rng: np.random.Generator, n: int, shares: object) -> Ints:
    weights = np.array(list(shares), np.float64)  # type: ignore[call-overload]
    return rng.choice(len(weights), size=n, p=weights / weights.sum())


def _lifetimes(rng: np.random.Generator, n: int, actor: Actor) -> Ints:
    """Lifetime of what a client caches: 5 minutes, for some an hour; 0 for those that do not."""
    caches = rng.random(n) < actor.caching_share
    hour = rng.random(n) < actor.cache_1h_share
    return np.where(caches, np.where(hour, _HOUR_US, _FIVE_MINUTES_US), 0)


def _volumes(rng: np.random.Generator, n: int, sigma: float) -> Floats:
    return np.exp(sigma * rng.standard_normal(n) - sigma**2 / 2)


def _templates(rng: np.random.Generator, n: int, shared: int | None) -> Ints:
    """Each account its own pick from the popular templates, or one of `shared` common ones."""
    weights = pools.template_weights()
    if shared is None:
        return rng.choice(pools.TEMPLATES, size=n, p=weights)
    common = rng.choice(pools.TEMPLATES, size=shared, p=weights, replace=False)
    return common[rng.integers(0, shared, size=n)]


def _home_addresses(rng: np.random.Generator, n: int, actor: Actor) -> pools.Addresses:
    distinct = max(1, round(n / actor.accounts_per_ip))
    addresses = pools.draw_addresses(rng, distinct, actor.hosting_share)
    pick = np.arange(n) if distinct == n else rng.integers(0, distinct, size=n)
    return pools.Addresses(
        addresses.ip[pick], addresses.asn[pick], addresses.asn_type[pick], addresses.country[pick]
    )
