"""Lengths of accounts that do one job: less spread within an account, the rest between them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.types import Floats, Ints
from sim.distributions import Distribution
from sim.scaffold.normal_scores import values_at


class Own(NamedTuple):
    """How the lengths of one kind that accounts have differ from account to account.

    Attributes
    ----------
    spread : array of float, shape (S,)
        By session: the spread of normal scores within its account, 0 (all lengths alike) to 1
        (accounts do not differ).
    score : array of float, shape (S,)
        Normal score of the account among all.
    """

    spread: Floats
    score: Floats


class OwnLengths(NamedTuple):
    """What accounts have of their own: in what they send, and in what they are answered."""

    inputs: Own
    outputs: Own


def lengths_at(
    distribution: Distribution, own: Own | None, session: Ints, scores: Floats
) -> Floats:
    """Return lengths that follow a distribution over all accounts, and spread less within each.

    The normal score of a length is spread * z + sqrt(1 - spread^2) * score of the account, with z
    standard normal: again standard normal over accounts (a Gaussian copula). So the distribution
    is kept whatever the spreads, and of a lognormal the spread within an account is `spread` times
    its sigma.

    Parameters
    ----------
    distribution
        That of all lengths.
    own
        How accounts differ; None if they do not.
    session
        The session of each length, shape (lengths,).
    scores
        The normal score z of each length within its account, shape (lengths,).

    Returns
    -------
    array of float, shape (lengths,)
        In the unit of the distribution, not rounded.
    """
    return values_at(distribution, scores_among_all(own, session, scores))


def scores_among_all(own: Own | None, session: Ints, scores: Floats) -> Floats:
    """Return the normal scores among all accounts of lengths with scores within their accounts.

    Parameters and shapes are those of `lengths_at`.
    """
    if own is None:
        return scores
    of_account = np.sqrt(1 - own.spread**2) * own.score
    among_all = np.empty(len(scores))
    _add_account(scores, session, own.spread, of_account, among_all)
    return among_all


@compiled
def _add_account(
    scores: Floats, session: Ints, spread: Floats, of_account: Floats, among_all: Floats
) -> None:
    """Add to each score, which spreads less within an account, what the account has."""
    for row in range(len(scores)):
        of_session = session[row]
        among_all[row] = spread[of_session] * scores[row] + of_account[of_session]
