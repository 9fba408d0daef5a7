"""Baseline `shared-instruments`: rings of accounts that share cards and addresses.

Union-find, as in the account-IP graphs of EvilCohort (Stringhini et al. 2015), over pairs that
share enough. What many have joins nobody, and a pair that shares one common thing is no ring: it
takes a card of few, or several things at once. Nothing is learned.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools
from sim.detectors.baseline import Baseline, Found
from sim.detectors.instruments import sharing
from sim.detectors.joined import clusters_of
from sim.detectors.seen import Seen

# What more accounts than these have joins nobody.
MOST = 40
# A pair is joined from here on: by a card of three, or by an address and a /24 of ten and a card
# of twenty. At 0.5 chains of offices join 125 of 2,000 accounts.
ENOUGH = 0.7


def find(_learned: Seen, _sought: Bools, asked: Seen, _seed: int) -> Found:
    """Return how much each account shares with those of other organisations, and its ring.

    Parameters
    ----------
    _learned, _sought, _seed
        Not looked at.
    asked
        Accounts that are scored, by the whole log that they are in.

    Returns
    -------
    Found
        `score` is the strength of an account's links within its ring, summed up; 0 outside rings.

    Raises
    ------
    InvalidInputError
        If the log has no column of an instrument.
    """
    pairs = asked.once(f"shared instruments of {MOST}", lambda: sharing(asked.log, MOST))
    joined = pairs[pairs["strength"] >= ENOUGH]
    score = joined.groupby("a")["strength"].sum().reindex(asked.accounts, fill_value=0.0)
    a, b = (joined[name].to_numpy(np.int64) for name in ("a", "b"))
    return Found(score.to_numpy(), clusters_of(asked.accounts, a, b))


BASELINE = Baseline(
    name="shared-instruments",
    title="union-find over cards, addresses and /24s that few accounts have",
    sees="cards, addresses and /24s of sign-up and use",
    source="Stringhini et al. 2015, EvilCohort (USENIX Security)",
    find=find,
    gives=("cluster",),
)
