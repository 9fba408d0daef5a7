"""Where accounts send from: addresses that cohorts and strangers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.entities import pools
from sim.entities.shared_pools import SharedPools
from sim.entities.sharing_groups import SharingGroups

# A person's second network is a home or a telephone more often than a server; a prior.
_AWAY_HOSTING_SHARE = 0.1


@dataclass(frozen=True)
class Home:
    """Home and second addresses of accounts, and the hours of their day; shape (accounts,)."""

    first: pools.Addresses
    second: pools.Addresses
    utc_offset_h: Ints


def homes(
    rng: np.random.Generator,
    groups: SharingGroups,
    hosting_share: Floats,
    sharing: Floats,
    shared: SharedPools,
) -> Home:
    """Draw the addresses of accounts.

    In a cohort of several, everybody is in one /24, but for those who are behind an address that
    strangers use too.

    Parameters
    ----------
    rng
        Random numbers.
    groups
        Cohorts of the accounts.
    hosting_share
        Chance that an address is in a hosting network, shape (accounts,).
    sharing
        Shape (accounts,), multiplies the mean number of accounts behind an address.
    shared
        The addresses that strangers share.
    """
    n = len(groups.cohort)
    mean_accounts = np.maximum(groups.parameter("accounts_per_ip") * sharing, 1.0)
    address_number = _address_numbers(rng, groups, mean_accounts)
    first_account = np.unique(address_number, return_index=True)[1]

    # each address: by itself, or in the /24 of its cohort; or one that is popular where it is
    alone = pools.draw_addresses(rng, len(first_account), hosting_share[first_account])
    in_cohort = _cohort_addresses(rng, groups.cohort, first_account, hosting_share)
    own = chosen(groups.in_a_cohort[first_account], in_cohort, alone)
    popular_share = groups.parameter("popular_address_share")
    home = _or_popular(rng, own, popular_share[first_account], shared).pick(address_number)

    # a second network of the same country, and perhaps the clock of another one
    second = pools.draw_addresses(rng, n, np.full(n, _AWAY_HOSTING_SHARE))
    away = pools.Addresses(second.ip, second.asn, second.asn_type, home.country)
    away = _or_popular(rng, away, popular_share, shared)
    has_foreign_clock = rng.random(n) < groups.parameter("foreign_clock_share")
    clock_country = np.where(has_foreign_clock, pools.draw_countries(rng, n), home.country)
    return Home(home, away, pools.COUNTRY_UTC_OFFSET_H[clock_country])


def chosen(choice: Bools, yes: pools.Addresses, no: pools.Addresses) -> pools.Addresses:
    """Return the addresses of `yes` where `choice` is true, else those of `no`."""
    return pools.Addresses(
        ip=np.where(choice, yes.ip, no.ip),
        asn=np.where(choice, yes.asn, no.asn),
        asn_type=np.where(choice, yes.asn_type, no.asn_type),
        country=np.where(choice, yes.country, no.country),
    )


def _or_popular(
    rng: np.random.Generator, own: pools.Addresses, share: Floats, shared: SharedPools
) -> pools.Addresses:
    """Replace a share of addresses by popular ones of the same kind and country."""
    is_popular, which = rng.random((2, len(share)))
    popular = shared.exits(which, own.asn_type, own.country)
    return chosen(is_popular < share, popular, own)


def _cohort_addresses(
    rng: np.random.Generator, cohort: Ints, accounts: Ints, hosting_share: Floats
) -> pools.Addresses:
    """Draw an address for each of some `accounts`, all of one cohort within one /24."""
    first_of_cohort = np.unique(cohort, return_index=True)[1]
    prefixes = pools.draw_addresses(rng, len(first_of_cohort), hosting_share[first_of_cohort])
    prefix = prefixes.pick(cohort[accounts])
    host = rng.integers(0, 256, len(accounts))
    return pools.Addresses((prefix.ip & ~0xFF) | host, prefix.asn, prefix.asn_type, prefix.country)


def _address_numbers(rng: np.random.Generator, groups: SharingGroups, sharing: Floats) -> Ints:
    """Draw the number of each account's address, from 0 on; all numbers occur.

    Within a cohort a new address is taken up by one account in `sharing`, and by the first.
    Strangers pick at random among as many addresses as give each its mean number of accounts.
    """
    n, in_a_cohort = len(groups.cohort), groups.in_a_cohort
    is_first = np.diff(groups.cohort, prepend=-1) != 0
    opens = (rng.random(n) * sharing < 1) | is_first
    address = np.cumsum(opens & in_a_cohort)

    strangers = np.flatnonzero(~in_a_cohort)
    if len(strangers):
        addresses = max(1, round(float((1 / sharing[strangers]).sum())))
        pick = np.arange(len(strangers))
        if addresses < len(strangers):
            pick = rng.integers(0, addresses, len(strangers))
        address[strangers] = n + pick
    return np.asarray(np.unique(address, return_inverse=True)[1])
