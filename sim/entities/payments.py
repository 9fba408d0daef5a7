"""Payment instruments: who pays with whose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.entities.behaviour import Circles
from sim.scenario.resolved import Actor
from sim.streams import Ids, Streams, mixed, opaque_ids, uniforms

CARD_TYPES = ("card", "prepaid", "invoice", "marketplace", "credit")
CARD, PREPAID, INVOICE, MARKETPLACE, CREDIT = range(len(CARD_TYPES))
# Of what is neither prepaid nor paid by a cloud platform; priors.
_INVOICE_SHARE, _CREDIT_SHARE = 0.12, 0.05
DECLINE_MEAN = 0.15


@dataclass(frozen=True)
class Payments:
    """The instrument of each account, shape (n,)."""

    instrument: Ids
    kind: Ints
    declines: Ints


def payments(
    rng: np.random.Generator,
    actor: Actor,
    circles: Circles,
    organisation: Ints,
    sharing: Floats,
    by_cloud: Bools,
    streams: Streams,
    first: int,
) -> Payments:
    """Instruments of accounts, numbered from `first` on.

    Those that share do so with their neighbours (groups have a geometric size, whose mean is
    multiplied by `sharing`); the others pay with their organisation's own.
    """
    n = len(organisation)
    shares = rng.random(n) < circles.dial("shared_card_share")
    opens = rng.random(n) * np.maximum(circles.dial("accounts_per_card") * sharing, 1.0) < 1
    own = np.unique(organisation, return_inverse=True)[1]
    owns = int(own.max()) + 1 if n else 0
    group = np.cumsum(shares & opens)
    number = first + np.where(shares, owns + group, own)
    u = uniforms(mixed(streams.key(actor.id, "instrument kind"), number))
    prepaid = circles.dial("prepaid_share")
    rest = (u - prepaid) / np.maximum(1 - prepaid, 1e-9)
    kind = np.where(
        rest < _INVOICE_SHARE,
        INVOICE,
        np.where(rest < _INVOICE_SHARE + _CREDIT_SHARE, CREDIT, CARD),
    )
    kind = np.where(u < prepaid, PREPAID, kind)
    return Payments(
        instrument=opaque_ids(streams.key(actor.id, "instrument"), number),
        kind=np.where(by_cloud, MARKETPLACE, kind),
        declines=rng.poisson(DECLINE_MEAN, n),
    )
