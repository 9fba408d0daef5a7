"""What strangers share: popular addresses, card numbers, mail domains, sellers of accounts.

The pools belong to the world, not to a run. Popularity within each falls as Zipf's law, so that
strangers meet whatever the size of a scenario. What an actor draws hangs on the actor alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import sim.catalog as catalog
from sim.arrays.time import DAY_US, HOUR_US
from sim.arrays.types import Bools, Floats, Ints
from sim.distributions import Distribution
from sim.entities import pools
from sim.streams import Ids, Streams, mixed, opaque_ids, uniforms

COMMON_DOMAINS = 12
"""Mail domains that most people use; those of the pool have the numbers from there on."""


# Prefixes that sellers sign up from, and the share of them in hosting networks; priors.
_BATCH_PREFIXES, _BATCH_HOSTING_SHARE = 4096, 0.4


class _Popularity:
    """Members of some pools laid end to end, of which the first of each are the most popular.

    Parameters
    ----------
    counts
        Members of each pool, at least 1; shape (pools,).
    exponent
        Of Zipf's law.
    """

    def __init__(self, counts: Ints, exponent: float) -> None:
        self._first = np.cumsum(counts) - counts
        shares = [np.arange(1, count + 1, dtype=np.float64) ** -exponent for count in counts]
        self._edges = np.concatenate(
            [pool + np.cumsum(share) / share.sum() for pool, share in enumerate(shares)]
        )
        self._last = self._first + counts - 1

    def pick(self, uniform: Floats, pool: Ints) -> Ints:
        """Return a member of each `pool` by its popularity; `uniform` lies in [0, 1)."""
        member = np.searchsorted(self._edges, pool + uniform, side="right")
        return np.clip(member, self._first[pool], self._last[pool])


class Batches(NamedTuple):
    """Batches of accounts that sellers signed up; arrays of one shape.

    `at_us`: when, in microseconds of the log. `addresses`: one of the /24 of the sign-up.
    """

    at_us: Ints
    addresses: pools.Addresses
    domain: Ints


class SharedPools:
    """The pools of one world.

    Parameters
    ----------
    world
        The random streams of the world.
    """

    def __init__(self, world: Streams) -> None:
        self._world, self._facts = world, catalog.pools()
        self._exit_popularity, self._exits = self._draw_exits()
        prepaid, stolen = self._facts["prepaid_cards"], self._facts["stolen_cards"]
        self._cards = _Popularity(np.array([prepaid, stolen]), self._facts["card_zipf"])
        self._domains = _Popularity(np.array([self._facts["domains"]]), self._facts["domain_zipf"])
        self._sellers = _Popularity(np.array([self._facts["sellers"]]), self._facts["seller_zipf"])
        rng = world.rng("pool", "prefixes of batches")
        hosting_share = np.full(_BATCH_PREFIXES, _BATCH_HOSTING_SHARE)
        self._batch_prefixes = pools.draw_addresses(rng, _BATCH_PREFIXES, hosting_share)

    def exits(self, uniform: Floats, asn_type: Ints, country: Ints) -> pools.Addresses:
        """Return popular addresses of the given kinds of network and countries, of one shape."""
        pool = asn_type * len(pools.COUNTRIES) + country
        return self._exits.pick(self._exit_popularity.pick(uniform, pool))

    def cards(self, uniform: Floats, is_stolen: Bools) -> Ids:
        """Return card numbers that strangers have too: stolen ones, or prepaid ones."""
        number = self._cards.pick(uniform, is_stolen.astype(np.int64))
        return opaque_ids(self._world.key("pool", "cards"), number)

    def domains(self, uniform: Floats) -> Ints:
        """Return mail domains at which anybody can have an address."""
        return COMMON_DOMAINS + self._domains.pick(uniform, np.zeros(len(uniform), np.int64))

    def batches(self, uniform: Floats, before_us: Ints, opening_us: int) -> Batches:
        """Return the last batch but one of a seller before some times.

        Batches have dates of their own, so that two who buy of one seller at about the same time
        get accounts of one batch, in all runs of the world.

        Parameters
        ----------
        uniform
            Choose sellers, by popularity; shape (n,).
        before_us
            Times in microseconds of the log, shape (n,).
        opening_us
            The opening of the log, in microseconds since 1970.
        """
        seller = self._sellers.pick(uniform, np.zeros(len(uniform), np.int64))
        period_us = round(self._facts["batch_days"] * DAY_US)
        number = (before_us + opening_us) // period_us - 1
        key = mixed(mixed(self._world.key("pool", "batches"), seller), number)
        at_us = np.rint((number + uniforms(key)) * period_us).astype(np.int64) - opening_us

        # the whole batch signs up in one /24, under one or another mail domain of the pool
        prefix = (key % np.uint64(_BATCH_PREFIXES)).astype(np.int64)
        domain = self.domains(uniforms(mixed(key, 1)))
        return Batches(at_us, self._batch_prefixes.pick(prefix), domain)

    def batch_sign_ups_us(self, rng: np.random.Generator, at_us: Ints) -> Ints:
        """Return when each account of a batch signed up: within hours before its date."""
        within_us = round(self._facts["batch_hours"] * HOUR_US)
        return np.asarray(at_us - rng.integers(1, within_us, len(at_us)))

    def stock_days(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw for how many days accounts have been in stock when they are bought."""
        return Distribution.model_validate(self._facts["stock_days"]).sample(rng, size)

    def _draw_exits(self) -> tuple[_Popularity, pools.Addresses]:
        """Draw popular addresses by kind of network and country, some of them in each /24."""
        kinds = [self._facts[f"exits_{kind}"] for kind in pools.ASN_TYPES]
        counts = np.maximum(np.rint(np.outer(kinds, pools.COUNTRY_WEIGHTS)), 2).astype(np.int64)
        asn_type, country = (
            np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape)
        )

        # neighbours are in one /24: those of a private network, those of a carrier
        rng = self._world.rng("pool", "exits")
        pool_first = np.repeat(np.cumsum(counts) - counts.ravel(), counts.ravel())
        member = np.arange(len(country)) - pool_first
        prefix_of = np.unique(
            pool_first * counts.max() + member // self._facts["exits_per_prefix"],
            return_index=True,
            return_inverse=True,
        )
        drawn = pools.draw_addresses_of(rng, asn_type).pick(prefix_of[1][prefix_of[2]])
        host = rng.permutation(len(country)) % 256
        return (
            _Popularity(counts.ravel(), self._facts["exit_zipf"]),
            pools.Addresses((drawn.ip & ~0xFF) | host, drawn.asn, drawn.asn_type, country),
        )


def countries_of_cards(world: Streams, instrument: Ids, otherwise: Ints) -> Ints:
    """Return the countries in which cards were issued, indices of `COUNTRIES`, shape (cards,).

    A card number of a pool has a country of its own, the same in all runs of the world.

    Parameters
    ----------
    world
        The random streams of the world.
    instrument
        Identifiers of cards, shape (cards,).
    otherwise
        The countries of those that are in no pool, shape (cards,).
    """
    facts = catalog.pools()
    number = np.arange(facts["prepaid_cards"] + facts["stolen_cards"])
    pooled = opaque_ids(world.key("pool", "cards"), number)
    uniform = uniforms(mixed(world.key("pool", "countries of cards"), number))
    edges = np.cumsum(pools.COUNTRY_WEIGHTS)[:-1]
    country = np.searchsorted(edges, uniform, side="right")

    order = np.argsort(pooled)
    place = order[np.minimum(np.searchsorted(pooled, instrument, sorter=order), len(order) - 1)]
    return np.where(pooled[place] == instrument, country[place], otherwise)
