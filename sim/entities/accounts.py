"""The accounts of one actor, as columns: those of generation 0 first, then those who came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints
from sim.streams import Ids


@dataclass(frozen=True)
class Accounts:
    """Columns of shape (accounts,); row k < slots is the first account of slot k.

    Whole numbers that are no counts index a list: of behaviours (`mode`), of the scaffolds of all
    behaviours (`agent`), of their models (`model`), or of a pool of `sim.entities.pools`.
    `sim.entities.account_builder` makes them.
    """

    # Which account it is: number `generation` in its slot. Identifiers are opaque, organisations
    # are numbered within the actor, and so are cohorts, which sign up together. `seller`: of whom
    # it was bought, by popularity in [0, 1), or -1; `stock_us`: for how long that had it. It begins
    # some time after it signed up, and leaves by itself. Microseconds from the opening of the log;
    # `NEVER_US` and `FOREVER_US` if it was always there. How many API keys it has, and workspaces
    # its organisation.
    slot: Ints
    generation: Ints
    account_id: Ids
    org_id: Ids
    organisation: Ints
    cohort: Ints
    created_us: Ints
    seller: Floats
    stock_us: Ints
    begins_us: Ints
    ends_us: Ints
    keys: Ints
    workspaces: Ints
    verified: Bools
    email_domain: Ints

    # Where it signed up, and where it sends from: at home, and away.
    signup_ip: Ints
    signup_asn_type: Ints
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

    # How it pays.
    instrument: Ids
    card_kind: Ints
    stolen: Bools

    # How it behaves. `volume` has mean 1 over those who behave alike, in expectation. Its sessions
    # come in spells, and in bursts of a mean size; its day is `late_h` hours later than that of
    # others. The lengths of its inputs and outputs spread so much of what all do, 0 to 1, around
    # its own normal score. `list_share`: share of its sessions on the actor's list.
    mode: Ints
    agent: Ints
    volume: Floats
    spells_per_day: Floats
    burst_size: Floats
    late_h: Ints
    input_spread: Floats
    output_spread: Floats
    input_score: Floats
    output_score: Floats
    list_share: Floats
    end_users: Ints
    abroad_share: Floats

    # How its client calls the model.
    client: Ints
    cache_lifetime_us: Ints
    streams_answers: Bools
    sends_conversation: Bools
    names_end_user: Bools
    thinks: Bools
    long_context: Bools
    batches: Bools
    temperature: NDArray[np.float32]

    # Which model, which one from `model_changes_us` on, and when it takes up a new one: `moves_at`
    # in [0, 1) is its place in the order in which accounts do, and `pivot` multiplies the share of
    # its organisation that does.
    model: Ints
    second_model: Ints
    model_changes_us: Ints
    asks_latest: Bools
    moves_at: Floats
    pivot: Floats

    def __len__(self) -> int:
        return len(self.account_id)

    def narrow(self) -> Accounts:
        """Return the same in no wider types than values need: there may be millions of accounts."""
        narrow = {name: getattr(self, name).astype(dtype) for name, dtype in _NARROW.items()}
        return replace(self, **narrow)

    @classmethod
    def joined(cls, parts: Sequence[Accounts]) -> Accounts:
        """Return the accounts of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        names = [f.name for f in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def rows(self, index: slice | Ints) -> Accounts:
        """Return some of the accounts; views if `index` is a slice."""
        return Accounts(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


_NARROW: dict[str, type] = {
    "slot": np.int32,
    "generation": np.int16,
    "keys": np.int16,
    "workspaces": np.int16,
    "mode": np.int8,
    "agent": np.int16,
    "model": np.int8,
    "second_model": np.int8,
    "model_changes_us": np.int64,
    "cohort": np.int32,
    "seller": np.float32,
    "client": np.int16,
    "signup_asn_type": np.int8,
    "asn": np.int32,
    "asn_type": np.int8,
    "country": np.int8,
    "away_asn": np.int32,
    "away_asn_type": np.int8,
    "utc_offset_h": np.int8,
    "spells_per_day": np.float32,
    "burst_size": np.float32,
    "late_h": np.int8,
    "input_spread": np.float32,
    "output_spread": np.float32,
    "input_score": np.float32,
    "output_score": np.float32,
    "platform": np.int8,
    "card_kind": np.int8,
    "end_users": np.int32,
    "abroad_share": np.float32,
    "pivot": np.float32,
    "list_share": np.float32,
}
