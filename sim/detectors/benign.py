"""Benign traffic, with which detectors compare, and by which their scores are calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats, Ints
from sim.detectors.baseline import Found
from sim.detectors.seen import Seen

# Windows of a kind that tell how benign windows of that kind are spread.
_LEAST = 20


def benign_accounts(learned: Seen, sought: Bools) -> Seen:
    """Return the accounts that are learned from and not labelled as sought: they pass as benign.

    As in practice, some of those that nobody has labelled are not.
    """
    return learned.pick(~sought)


def halves(seen: Seen, seed: int) -> tuple[Ints, Ints]:
    """Return two lists of accounts, by chance; accounts of an organisation are in the same one."""
    groups, place = np.unique(seen.group, return_inverse=True)
    is_first = np.random.default_rng(seed).permutation(len(groups)) % 2 == 0
    first = is_first[place]
    return seen.accounts[first], seen.accounts[~first]


def standardised(values: Floats, kinds: Ints, benign: Floats, benign_kinds: Ints) -> Floats:
    """Return by how many standard deviations values lie above those of benign traffic.

    Parameters
    ----------
    values
        Shape (windows,).
    kinds
        Of what kind each is, such as its size: it is compared with benign ones of its kind, or
        with all of them where they are few. Shape (windows,).
    benign, benign_kinds
        The same of benign traffic, shape (benign windows,).

    Returns
    -------
    numpy.ndarray
        Shape (windows,); all 0 if there are fewer than two benign windows.
    """
    made = np.zeros(len(values))
    for kind in np.unique(kinds):
        like = benign[benign_kinds == kind]
        if len(like) < _LEAST:
            like = benign
        if len(like) > 1:
            mine = kinds == kind
            made[mine] = (values[mine] - like.mean()) / max(float(like.std()), 1e-9)
    return made


def found_of(asked: Seen, account_id: Ints, at_us: Ints, score: Floats) -> Found:
    """Return what windows say of the accounts that are asked about.

    Parameters
    ----------
    asked
        The accounts.
    account_id, at_us, score
        Of each window its account, when it ends, and how suspect it is, where 0 is what benign
        windows have on average. Shapes (windows,).

    Returns
    -------
    Found
        An account has the score of its most suspect window, and one without a window has 0.
    """
    moments: Any = pd.DataFrame({"account_id": account_id, "at_us": at_us, "score": score})
    highest = moments.groupby("account_id")["score"].max()
    scores = highest.reindex(asked.accounts).fillna(0.0).to_numpy(float)
    return Found(scores, moments=moments)
