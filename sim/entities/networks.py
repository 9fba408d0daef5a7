"""Where accounts send from: addresses that cohorts and strangers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.entities import pools
from sim.entities.behaviour import Circles

# A person's second network is a home or a telephone more often than a server; a prior.
_AWAY_HOSTING_SHARE = 0.1


@dataclass(frozen=True)
class Home:
    """Home and second addresses of accounts, and the hours of their day; arrays of shape (n,)."""

    first: pools.Addresses
    second: pools.Addresses
    utc_offset_h: Ints


def homes(rng: np.random.Generator, circles: Circles, hosting: Floats, sharing: Floats) -> Home:
    """Addresses of accounts; `hosting` is the chance that one is in a hosting network.

    In a cohort of several, everybody is in one /24. `sharing` multiplies the mean number of
    accounts behind an address.
    """
    n, cohort = len(circles.cohort), circles.cohort
    together = circles.in_a_group
    group = _groups(rng, circles, np.maximum(circles.dial("accounts_per_ip") * sharing, 1.0))
    lead = np.unique(group, return_index=True)[1]
    alone = pools.draw_addresses(rng, len(lead), hosting[lead])
    cohorts = int(cohort.max(initial=-1)) + 1
    first = np.unique(cohort, return_index=True)[1]
    prefix = pools.draw_addresses(rng, cohorts, hosting[first]).pick(cohort[lead])
    host = rng.integers(0, 256, len(lead))
    in_one = together[lead]
    made = pools.Addresses(
        ip=np.where(in_one, (prefix.ip & ~0xFF) | host, alone.ip),
        asn=np.where(in_one, prefix.asn, alone.asn),
        asn_type=np.where(in_one, prefix.asn_type, alone.asn_type),
        country=np.where(in_one, prefix.country, alone.country),
    ).pick(group)
    second = pools.draw_addresses(rng, n, np.full(n, _AWAY_HOSTING_SHARE))
    second = pools.Addresses(second.ip, second.asn, second.asn_type, made.country)
    abroad = rng.random(n) < circles.dial("foreign_clock_share")
    lives_in = np.where(abroad, pools.draw_countries(rng, n), made.country)
    return Home(made, second, pools.COUNTRY_UTC_OFFSET_H[lives_in])


def _groups(rng: np.random.Generator, circles: Circles, sharing: Floats) -> Ints:
    """Number of the address of each account; all numbers occur.

    Within a cohort a new one is taken up by one account in `sharing`; strangers pick at random
    among as many as there are accounts for each.
    """
    n, together = len(circles.cohort), circles.in_a_group
    opens = (rng.random(n) * sharing < 1) | (np.diff(circles.cohort, prepend=-1) != 0)
    group = np.cumsum(opens & together)
    strangers = np.flatnonzero(~together)
    if len(strangers):
        distinct = max(1, round(float((1 / sharing[strangers]).sum())))
        pick = np.arange(len(strangers))
        if distinct < len(strangers):
            pick = rng.integers(0, distinct, len(strangers))
        group[strangers] = n + pick
    return np.asarray(np.unique(group, return_inverse=True)[1])
