"""Payment instruments: who pays with whose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.entities.shared_pools import SharedPools
from sim.entities.sharing_groups import SharingGroups
from sim.streams import Ids, Streams, mixed, opaque_ids, uniforms

CARD_TYPES = ("card", "prepaid", "invoice", "marketplace", "credit")
CARD, PREPAID, INVOICE, MARKETPLACE, CREDIT = range(len(CARD_TYPES))
# Of what is neither prepaid nor paid by a cloud platform; priors.
_INVOICE_SHARE, _CREDIT_SHARE = 0.12, 0.05


@dataclass(frozen=True)
class Payments:
    """How accounts pay; arrays of shape (accounts,).

    `kind` indexes `CARD_TYPES`. A stolen card looks like any other: `stolen` is not seen.
    """

    instrument: Ids
    kind: Ints
    stolen: Bools


def payments(
    rng: np.random.Generator,
    actor: str,
    groups: SharingGroups,
    organisation: Ints,
    sharing: Floats,
    by_cloud: Bools,
    numbered: tuple[Streams, int],
    shared: SharedPools,
) -> Payments:
    """Draw the instruments of accounts.

    Those that share do so with their neighbours; the others pay with their organisation's own. Some
    instruments, shared or not, are card numbers that strangers have too.

    Parameters
    ----------
    rng
        Random numbers.
    actor
        Id of the actor whose accounts they are.
    groups
        How many share a card, and in groups of what size.
    organisation
        Organisation of each account, shape (accounts,).
    sharing
        Shape (accounts,), multiplies the mean size of groups with one card, which is geometric.
    by_cloud
        Which accounts a cloud platform pays for, shape (accounts,).
    numbered
        Random streams, for the identifiers of instruments, and the number of the first instrument
        among those of the actor.
    shared
        The card numbers that strangers have too.
    """
    n, (streams, first) = len(organisation), numbered
    shares = rng.random(n) < groups.parameter("shared_card_share")
    mean_size = np.maximum(groups.parameter("accounts_per_card") * sharing, 1.0)
    opens_group = rng.random(n) * mean_size < 1

    # instruments of organisations come first, then those that are shared
    of_organisation = np.unique(organisation, return_inverse=True)[1]
    organisations = int(of_organisation.max()) + 1 if n else 0
    group = organisations + np.cumsum(shares & opens_group)
    number = np.where(shares, group, of_organisation)

    # what an instrument is hangs on its number, and on how its first account shares
    number, holder, index = np.unique(number, return_index=True, return_inverse=True)
    number = first + number
    prepaid, stolen, pooled = (
        groups.parameter(name)[holder]
        for name in ("prepaid_share", "stolen_card_share", "pooled_card_share")
    )
    u_pooled, u_number, u_stolen, u_kind = (
        uniforms(mixed(streams.key(actor, "instrument", purpose), number))
        for purpose in ("pooled", "number", "stolen", "kind")
    )
    is_pooled = u_pooled < pooled
    # of card numbers that strangers have, as many are stolen as of its other cards
    pooled_stolen = u_stolen * (stolen + prepaid) < stolen
    kind = np.where(is_pooled, np.where(pooled_stolen, CARD, PREPAID), _own_kind(u_kind, prepaid))
    is_stolen = np.where(is_pooled, pooled_stolen, (kind == CARD) & (u_stolen < stolen))
    identifier = np.where(
        is_pooled,
        shared.cards(u_number, pooled_stolen),
        opaque_ids(streams.key(actor, "instrument"), number),
    )

    return Payments(
        instrument=identifier[index],
        kind=np.where(by_cloud, MARKETPLACE, kind[index]),
        stolen=is_stolen[index] & ~by_cloud,
    )


def _own_kind(uniform: Floats, prepaid_share: Floats) -> Ints:
    """Return the kind of instruments: a share is prepaid, the rest are cards and other ways."""
    u_rest = (uniform - prepaid_share) / np.maximum(1 - prepaid_share, 1e-9)
    return np.select(
        [
            uniform < prepaid_share,
            u_rest < _INVOICE_SHARE,
            u_rest < _INVOICE_SHARE + _CREDIT_SHARE,
        ],
        [PREPAID, INVOICE, CREDIT],
        CARD,
    )
