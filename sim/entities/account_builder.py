"""Draw the accounts of an actor: those that hold its slots first, and those that replace them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sim.arrays.time import FOREVER_US, HOUR_US, MINUTE_US, NEVER_US
from sim.arrays.types import Floats, Ints
from sim.distributions import Distribution
from sim.entities.accounts import Accounts
from sim.entities.behaviour import draw_membership, first_of
from sim.entities.identities import Identities
from sim.entities.shared_pools import SharedPools
from sim.scenario.resolved import Actor
from sim.streams import Streams

# Design priors: no public figure for any of these.
_STREAMING_SHARE = 0.6
_SENDS_CONVERSATION_SHARE = 0.3
_SETS_TEMPERATURE_SHARE = 0.4
# Correlation of an account's volume with whether it caches prompts: who sends much saves most.
_CACHING_BY_VOLUME = 0.8
_HALF_DAY_H = 12
_TEMPERATURES = np.array([0.0, 0.2, 0.7, 1.0], np.float32)


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

    `behaviours` are the actor as it behaves in each of its modes (`behaviours_of`). `shared` are
    the pools that strangers draw from, and `opening_us` is the opening of the log since 1970.
    """

    actor: Actor
    behaviours: Sequence[Actor]
    streams: Streams
    shared: SharedPools
    opening_us: int

    def first_accounts(self, client_weights: Floats) -> Accounts:
        """Return the accounts that hold the slots first, in order of slot.

        They have no lifetime yet, and no change of model: `created_us` only tells how much later
        than its cohort an account signs up.

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
        identity = self._identities.draw(rng, organisation, hosting_share, np.ones(n))
        volume_score = rng.standard_normal(n)
        volume = _volumes(volume_score, self._by_mode("account_volume_sigma", mode))
        agent = picked(rng, [b.agents for b in self.behaviours], mode)
        model = picked(rng, [b.models for b in self.behaviours], mode)
        client = rng.choice(len(client_weights), size=n, p=client_weights)
        caching_share = self._by_mode("caching_share", mode)
        hour_share = self._by_mode("cache_1h_share", mode)
        cache_lifetime_us = _cache_lifetimes(rng, caching_share, hour_share, volume_score)
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
        keys = rng.geometric(1 / self._by_mode("keys_per_account", mode))
        per_organisation = self._by_mode("workspaces_per_organisation", mode)
        workspaces = rng.geometric(1 / per_organisation)[first_of(organisation)]
        long_context_share = self._by_mode("long_context_share", mode)
        window_rng = self.streams.rng(actor.id, "long context")
        other_rng = self.streams.rng(actor.id, "second model")
        habits_rng = self.streams.rng(actor.id, "habits")

        return Accounts(
            slot=slot,
            generation=np.zeros(n, np.int64),
            organisation=organisation,
            keys=keys,
            workspaces=workspaces,
            mode=mode,
            agent=agent,
            volume=volume,
            spells_per_day=self._sampled(habits_rng, "spells_per_day", mode),
            burst_size=self._sampled(habits_rng, "burst_size", mode),
            late_h=_hours_late(
                habits_rng, self._by_mode("peak_spread_h", mode), self._by_mode("night_share", mode)
            ),
            input_spread=np.minimum(self._sampled(habits_rng, "input_spread", mode), 1.0),
            output_spread=np.minimum(self._sampled(habits_rng, "output_spread", mode), 1.0),
            input_score=habits_rng.standard_normal(n),
            output_score=habits_rng.standard_normal(n),
            list_share=actor.list_share * list_factor,
            end_users=self._by_mode("end_users", mode).astype(np.int64),
            abroad_share=self._by_mode("end_users_abroad_share", mode),
            client=client,
            cache_lifetime_us=cache_lifetime_us,
            streams_answers=streams_answers,
            sends_conversation=sends_conversation,
            names_end_user=names_end_user,
            thinks=thinks,
            long_context=window_rng.random(n) < long_context_share,
            batches=batches,
            temperature=temperature,
            model=model,
            second_model=picked(other_rng, [b.models for b in self.behaviours], mode),
            model_changes_us=np.full(n, FOREVER_US),
            begins_us=np.full(n, NEVER_US),
            ends_us=np.full(n, FOREVER_US),
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
        identity = self._identities.draw(
            rng, np.arange(n), hosting_share, replacements.sharing_factor, replacements.from_us
        )
        identity |= {
            "begins_us": replacements.from_us,
            "generation": replacements.generation,
            "organisation": int(first.organisation.max()) + 1 + np.arange(n),
            "client": rng.permutation(first.client[slot]),
        }
        later = replace(first.rows(slot), **identity)
        return Accounts.joined([first, self.signed_up(later, "replacements")])

    def signed_up(self, accounts: Accounts, purpose: str) -> Accounts:
        """Return accounts with the sign-up of those that a seller made before they begin.

        `purpose` is a word in the name of the stream.
        """
        rng = self.streams.rng(self.actor.id, "sellers", purpose)
        begins_us = np.where(accounts.begins_us > NEVER_US, accounts.begins_us, accounts.created_us)
        return self._identities.signed_up(rng, accounts, begins_us).narrow()

    @property
    def _identities(self) -> Identities:
        return Identities(self.actor, self.streams, self.shared, self.opening_us)

    def _by_mode(self, name: str, mode: Ints) -> Floats:
        """Return a parameter of each account, as its behaviour has it."""
        return np.array([float(getattr(b, name)) for b in self.behaviours])[mode]

    def _sampled(self, rng: np.random.Generator, name: str, mode: Ints) -> Floats:
        """Draw a number for each account from the distribution of its behaviour."""
        drawn = np.empty(len(mode))
        for number, behaviour in enumerate(self.behaviours):
            members = np.flatnonzero(mode == number)
            distribution: Distribution = getattr(behaviour, name)
            drawn[members] = distribution.sample(rng, len(members))
        return drawn


def picked(rng: np.random.Generator, shares: Sequence[Mapping[str, float]], mode: Ints) -> Ints:
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


def _cache_lifetimes(
    rng: np.random.Generator, caching_share: Floats, hour_share: Floats, volume_score: Floats
) -> Ints:
    """Draw lifetimes of what clients cache: 5 minutes, for some an hour; 0 for no caching.

    As many cache as the share says, and they are more often those with a high score of volume, by
    a Gaussian copula: without caching, long contexts cost the more and meet limits the sooner the
    more there are of them.
    """
    own = rng.standard_normal(len(caching_share))
    score = math.sqrt(1 - _CACHING_BY_VOLUME**2) * own - _CACHING_BY_VOLUME * volume_score
    caches = score < _normal_quantiles(caching_share)
    for_an_hour = rng.random(len(caching_share)) < hour_share
    return np.where(caches, np.where(for_an_hour, HOUR_US, 5 * MINUTE_US), 0)


def _temperatures(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Draw the temperatures that clients set, NaN where they set none."""
    is_set = rng.random(n) < _SETS_TEMPERATURE_SHARE
    return np.where(is_set, rng.choice(_TEMPERATURES, size=n), np.float32(np.nan))


def _hours_late(rng: np.random.Generator, spread_h: Floats, night_share: Floats) -> Ints:
    """Draw by how many whole hours the days of accounts are later, half a day for those by night.

    Normal with a standard deviation of `spread_h`, at most half a day to either side.
    """
    around = np.rint(spread_h * rng.standard_normal(len(spread_h))).astype(np.int64)
    by_night = rng.random(len(night_share)) < night_share
    return np.clip(around, -_HALF_DAY_H, _HALF_DAY_H) + np.where(by_night, _HALF_DAY_H, 0)


def _volumes(score: Floats, sigma: Floats) -> Floats:
    """Return the lognormal volumes, with mean 1, of normal scores."""
    return np.exp(sigma * score - sigma**2 / 2)


def _normal_quantiles(p: Floats) -> Floats:
    """Return the standard normal quantiles of shares, of which there are few different ones."""
    shares, number = np.unique(p, return_inverse=True)
    ends = {0.0: -math.inf, 1.0: math.inf}
    quantiles = [ends[x] if x in ends else NormalDist().inv_cdf(x) for x in shares.tolist()]
    return np.array(quantiles)[number]
