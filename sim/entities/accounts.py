"""The accounts of one actor, as columns: places first, then those who came after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import DAY_US, HOUR_US, MINUTE_US
from sim.arrays.types import Bools, Floats, Ints
from sim.entities import pools
from sim.entities.behaviour import Circles, modes_of
from sim.entities.networks import Home, homes
from sim.entities.payments import payments
from sim.scenario.resolved import Actor
from sim.streams import Ids, Streams, mixed, opaque_ids

# Design priors: no public figure for any of these.
_STREAMING_SHARE = 0.6
_SENDS_CONVERSATION_SHARE = 0.3
_SETS_TEMPERATURE_SHARE = 0.4
_TEMPERATURES = np.array([0.0, 0.2, 0.7, 1.0], np.float32)
_COMMON_DOMAIN_SHARE, _COMMON_DOMAINS = 0.7, 12
_SIGN_UP_LEAD_DAYS = 1.0
# Where classes are hard to tell apart.
_ONE_USER_SHARE, _MOST_END_USERS, _ABROAD_SHARE = 0.6, 100, 0.4


@dataclass(frozen=True)
class Accounts:
    """One row per account; identifiers are opaque, other whole numbers index a pool.

    Row k < places is the first account of place k; those after it took over place `slot` as number
    `generation`. `mode` indexes the actor's behaviours, `agent` the scaffolds of all of them.
    `moves_at` is uniform in [0, 1): the account is among the first of that share to take up a new
    model; `pivot` multiplies that share. `list_share`: share of its sessions on the actor's list.
    """

    slot: Ints
    generation: Ints
    mode: Ints
    account_id: Ids
    org_id: Ids
    api_key_id: Ids
    created_us: Ints
    volume: Floats
    agent: Ints
    model: Ints
    client: Ints
    ip: Ints
    asn: Ints
    asn_type: Ints
    country: Ints
    away_ip: Ints
    away_asn: Ints
    away_asn_type: Ints
    utc_offset_h: Ints
    tcp_rtt_ms: NDArray[np.float32]
    tls_rtt_ms: NDArray[np.float32]
    platform: Ints
    verified: Bools
    instrument: Ids
    card_kind: Ints
    declines: Ints
    email_domain: Ints
    end_users: Ints
    abroad_share: Floats
    organisation: Ints
    cache_lifetime_us: Ints
    streams_answers: Bools
    sends_conversation: Bools
    names_end_user: Bools
    asks_latest: Bools
    moves_at: Floats
    pivot: Floats
    list_share: Floats
    thinks: Bools
    batches: Bools
    temperature: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.account_id)

    def narrow(self) -> Accounts:
        """The same in no wider types than the values need: there may be millions of accounts."""
        small = {name: getattr(self, name).astype(kind) for name, kind in _SMALL.items()}
        return replace(self, **small)

    @classmethod
    def joined(cls, parts: Sequence[Accounts]) -> Accounts:
        """The accounts of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        names = [f.name for f in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def rows(self, index: slice | Ints) -> Accounts:
        """Some accounts; views if `index` is a slice."""
        return Accounts(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


_SMALL: dict[str, type] = {
    "slot": np.int32,
    "generation": np.int16,
    "mode": np.int8,
    "agent": np.int16,
    "model": np.int8,
    "client": np.int16,
    "asn": np.int32,
    "asn_type": np.int8,
    "country": np.int8,
    "away_asn": np.int32,
    "away_asn_type": np.int8,
    "utc_offset_h": np.int8,
    "platform": np.int8,
    "card_kind": np.int8,
    "declines": np.int8,
    "end_users": np.int32,
    "abroad_share": np.float32,
    "pivot": np.float32,
    "list_share": np.float32,
}


def build_accounts(
    actor: Actor,
    behaviours: Sequence[Actor],
    separability: float,
    streams: Streams,
    client_weights: Floats,
) -> Accounts:
    """Furnish the places of `actor`; `model` indexes its own list.

    `volume` has mean 1 over those who behave alike, in expectation. `created_us` is relative to the
    opening of the log; negative, but where a lifetime begins within the log.
    """
    n = actor.accounts
    rng = streams.rng(actor.id, "accounts")
    number = np.arange(n)
    organisations = actor.organisations or n
    org_number = number * organisations // n
    mode = modes_of(actor, organisations, separability, streams)[org_number]
    dials = _Dials(behaviours, mode)
    identity = _identities(
        actor, rng, streams, "", org_number, dials["hosting_share"], np.ones(n), separability
    )
    created = identity.pop("created_us")
    end_users, abroad_share = _end_users(rng, actor, separability)
    return Accounts(
        slot=number,
        generation=np.zeros(n, np.int64),
        mode=mode,
        created_us=created,
        volume=_volumes(rng, dials["account_volume_sigma"]),
        agent=_agents(rng, behaviours, mode),
        model=_pick(rng, n, actor.models.values()),
        client=rng.choice(len(client_weights), size=n, p=client_weights),
        end_users=end_users,
        abroad_share=abroad_share,
        organisation=org_number,
        cache_lifetime_us=_lifetimes(rng, dials["caching_share"], actor.cache_1h_share),
        streams_answers=rng.random(n) < _STREAMING_SHARE,
        sends_conversation=rng.random(n) < _SENDS_CONVERSATION_SHARE,
        names_end_user=rng.random(n) < actor.end_user_id_share,
        asks_latest=rng.random(n) < actor.uptake.latest_share,
        moves_at=rng.random(n),
        pivot=_of_beta(rng, organisations, actor.uptake.share, actor.uptake_concentration)[
            org_number
        ],
        list_share=_list_shares(rng, n, actor),
        thinks=rng.random(n) < dials["thinking_share"],
        batches=rng.random(n) < dials["batch_share"],
        temperature=np.where(
            rng.random(n) < _SETS_TEMPERATURE_SHARE,
            rng.choice(_TEMPERATURES, size=n),
            np.float32(np.nan),
        ),
        **identity,
    ).narrow()


def with_replacements(
    actor: Actor,
    behaviours: Sequence[Actor],
    places: Accounts,
    streams: Streams,
    slot: Ints,
    generation: Ints,
    from_us: Ints,
    sharing_factor: Floats,
    separability: float,
) -> Accounts:
    """`places` and the accounts that took over, each of an organisation of its own.

    A replacement behaves as the account before it, with identity, network, client and payment new.
    """
    m = len(slot)
    rng = streams.rng(actor.id, "replacements")
    hosting = _Dials(behaviours, places.mode[slot])["hosting_share"]
    last = int(places.organisation.max()) + 1
    identity = _identities(
        actor, rng, streams, "replacement", np.arange(m), hosting, sharing_factor, separability
    )
    lead_us = np.rint(rng.exponential(_SIGN_UP_LEAD_DAYS, m) * DAY_US).astype(np.int64)
    identity |= {
        "created_us": from_us - lead_us,
        "generation": generation,
        "organisation": last + np.arange(m),
        "client": rng.permutation(places.client[slot]),
    }
    return Accounts.joined([places, replace(places.rows(slot), **identity).narrow()])


def _identities(
    actor: Actor,
    rng: np.random.Generator,
    streams: Streams,
    kind: str,
    organisation: Ints,
    hosting_share: Floats,
    sharing_factor: Floats,
    separability: float,
) -> dict[str, Any]:
    """What tells accounts apart and what they share, by their organisation within the actor."""
    n = len(organisation)
    number = np.arange(n)
    names = (kind,) if kind else ()
    circles = Circles(rng, actor, separability, organisation)
    home = homes(rng, circles, hosting_share, sharing_factor)
    by_cloud = rng.random(n) < actor.cloud_share
    cloud = 1 + rng.choice(len(pools.CLOUD_WEIGHTS), n, p=pools.CLOUD_WEIGHTS)
    first = actor.accounts if kind else 0
    paid = payments(rng, actor, circles, organisation, sharing_factor, by_cloud, streams, 2 * first)
    tcp, tls = _round_trips(rng, home)
    common = rng.zipf(1.5, n) % _COMMON_DOMAINS
    own = _COMMON_DOMAINS + (
        mixed(streams.key(actor.id, *names, "domain"), organisation) >> np.uint64(3)
    ).astype(np.int64)
    return {
        "account_id": opaque_ids(streams.key(actor.id, *names, "account"), number),
        "org_id": opaque_ids(streams.key(actor.id, *names, "organisation"), organisation),
        "api_key_id": opaque_ids(streams.key(actor.id, *names, "api key"), number),
        "created_us": _created(rng, circles),
        "ip": home.first.ip,
        "asn": home.first.asn,
        "asn_type": home.first.asn_type,
        "country": home.first.country,
        "away_ip": home.second.ip,
        "away_asn": home.second.asn,
        "away_asn_type": home.second.asn_type,
        "utc_offset_h": home.utc_offset_h,
        "tcp_rtt_ms": tcp,
        "tls_rtt_ms": tls,
        "platform": np.where(by_cloud, cloud, 0),
        "verified": rng.random(n) < circles.dial("verified_share"),
        "instrument": paid.instrument,
        "card_kind": paid.kind,
        "declines": paid.declines,
        "email_domain": np.where(rng.random(n) < _COMMON_DOMAIN_SHARE, common, own),
    }


def _created(rng: np.random.Generator, circles: Circles) -> Ints:
    """Ages are those of cohorts, whose accounts sign up within some days of each other."""
    within = rng.uniform(-0.5, 0.5, len(circles.cohort)) * circles.dial("cohort_days")
    days = np.maximum(circles.ages_days(rng) + within * circles.in_a_group, 0.01)
    return np.asarray(np.rint(days * -DAY_US), np.int64)


def _round_trips(
    rng: np.random.Generator, home: Home
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Round trips in ms of the network and of the encryption, which ends where the client sits.

    They differ where a client is not where its address is: relays, travellers, private networks of
    companies. A prior: 20 ms and 12 ms an hour of time zone.
    """
    here = pools.COUNTRY_UTC_OFFSET_H[home.first.country]
    tcp = (20 + 12 * np.abs(here - pools.PROVIDER_UTC_OFFSET_H)) * np.exp(
        0.3 * rng.standard_normal(len(here))
    )
    apart = np.abs(home.utc_offset_h - here)
    relay = np.where(apart > 0, 20 + 12 * apart, 0) * np.exp(0.3 * rng.standard_normal(len(here)))
    return tcp.astype(np.float32), (tcp + 2 + relay).astype(np.float32)


class _Dials:
    """Dials of each account, by the mode in which it behaves."""

    def __init__(self, behaviours: Sequence[Actor], mode: Ints) -> None:
        self._behaviours, self._mode = behaviours, mode

    def __getitem__(self, name: str) -> Floats:
        return np.array([float(getattr(b, name)) for b in self._behaviours])[self._mode]


def _end_users(rng: np.random.Generator, actor: Actor, separability: float) -> tuple[Ints, Floats]:
    """(people behind each account, share of them abroad): as of its class, or as of all classes."""
    n = actor.accounts
    usual = np.full(n, actor.end_users), np.full(n, actor.end_users_abroad_share)
    if separability == 1:
        return usual
    more = np.rint(np.exp(rng.uniform(0, math.log(_MOST_END_USERS), n))).astype(np.int64)
    common = np.where(rng.random(n) < _ONE_USER_SHARE, 1, more), np.full(n, _ABROAD_SHARE)
    own = rng.random(n) < separability
    return np.where(own, usual[0], common[0]), np.where(own, usual[1], common[1])


def _agents(rng: np.random.Generator, behaviours: Sequence[Actor], mode: Ints) -> Ints:
    """Index into the scaffolds of all behaviours, laid end to end."""
    chosen = np.empty(len(mode), np.int64)
    first = 0
    for number, behaviour in enumerate(behaviours):
        mine = mode == number
        chosen[mine] = first + _pick(rng, int(mine.sum()), behaviour.agents.values())
        first += len(behaviour.agents)
    return chosen


def _pick(rng: np.random.Generator, n: int, shares: object) -> Ints:
    weights = np.array(list(shares), np.float64)  # type: ignore[call-overload]
    chosen: Ints = rng.choice(len(weights), size=n, p=weights / weights.sum())
    return chosen


def _of_beta(rng: np.random.Generator, n: int, mean: float, concentration: float | None) -> Floats:
    """Shares around `mean`, as multiples of it; 1 where all are alike."""
    if concentration is None or not 0 < mean < 1:
        return np.ones(n)
    return rng.beta(mean * concentration, (1 - mean) * concentration, n) / mean


def _list_shares(rng: np.random.Generator, n: int, actor: Actor) -> Floats:
    return actor.list_share * _of_beta(rng, n, actor.list_share, actor.list_share_concentration)


def _lifetimes(rng: np.random.Generator, caching: Floats, hour_share: float) -> Ints:
    """Lifetime of what a client caches: 5 minutes, for some an hour; 0 for those that do not."""
    caches = rng.random(len(caching)) < caching
    hour = rng.random(len(caching)) < hour_share
    return np.where(caches, np.where(hour, HOUR_US, 5 * MINUTE_US), 0)


def _volumes(rng: np.random.Generator, sigma: Floats) -> Floats:
    return np.exp(sigma * rng.standard_normal(len(sigma)) - sigma**2 / 2)
