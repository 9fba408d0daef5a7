"""Payment instruments: who pays with whose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.entities.sharing_groups import SharingGroups
from sim.scenario.resolved import Actor
from sim.streams import Ids, Streams, mixed, opaque_ids, uniforms

CARD_TYPES = ("card", "prepaid", "invoice", "marketplace", "credit")
CARD, PREPAID, INVOICE, MARKETPLACE, CREDIT = range(len(CARD_TYPES))
# Of what is neither prepaid nor paid by a cloud platform; priors.
_INVOICE_SHARE, _CREDIT_SHARE = 0.12, 0.05


@dataclass(frozen=True)
class Payments:
    """How accounts pay; arrays of shape (accounts,). `kind` indexes `CARD_TYPES`."""

    instrument: Ids
    kind: Ints


def payments(
    rng: np.random.Generator,
    actor: Actor,
    groups: SharingGroups,
    organisation: Ints,
    sharing: Floats,
    by_cloud: Bools,
    streams: Streams,
    first: int,
) -> Payments:
    """Draw the instruments of accounts.

    Those that share do so with their neighbours; the others pay with their organisation's own.

    Parameters
    ----------
    rng
        Random numbers.
    actor
        Whose accounts they are.
    groups
        How many share a card, and in groups of what size.
    organisation
        Organisation of each account, shape (accounts,).
    sharing
        Shape (accounts,), multiplies the mean size of groups with one card, which is geometric.
    by_cloud
        Which accounts a cloud platform pays for, shape (accounts,).
    streams
        Random streams, for the identifiers of instruments.
    first
        Number of the first instrument among those of the actor.
    """
    n = len(organisation)
    shares = rng.random(n) < groups.parameter("shared_card_share")
    mean_size = np.maximum(groups.parameter("accounts_per_card") * sharing, 1.0)
    opens_group = rng.random(n) * mean_size < 1

    # instruments of organisations come first, then those that are shared
    of_organisation = np.unique(organisation, return_inverse=True)[1]
    organisations = int(of_organisation.max()) + 1 if n else 0
    shared = organisations + np.cumsum(shares & opens_group)
    number = first + np.where(shares, shared, of_organisation)

    # the kind is that of the instrument: a function of its number
    u = uniforms(mixed(streams.key(actor.id, "instrument kind"), number))
    prepaid_share = groups.parameter("prepaid_share")
    u_rest = (u - prepaid_share) / np.maximum(1 - prepaid_share, 1e-9)
    kind = np.select(
        [
            by_cloud,
            u < prepaid_share,
            u_rest < _INVOICE_SHARE,
            u_rest < _INVOICE_SHARE + _CREDIT_SHARE,
        ],
        [MARKETPLACE, PREPAID, INVOICE, CREDIT],
        CARD,
    )
    return Payments(
        instrument=opaque_ids(streams.key(actor.id, "instrument"), number),
        kind=kind,
    )
