"""The baseline `marginals`: gradient boosting on what each account does by itself."""

from __future__ import annotations

from typing import Any

from sim.arrays.types import Bools, Floats
from sim.detectors.accounts import boosted, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen

# What counts others: in `features/accounts`, and in the wide table of `sim.features.marginals`.
_COUNTS_OTHERS = ("_accounts", "_organisations", "_rare_share", " degree", " most")
_TOGETHER = "together_"


def by_marginals(learned: Any, sought: Bools, asked: Any) -> Floats:
    """Return scores of accounts by themselves, shape (asked accounts,): higher is more suspect.

    Parameters
    ----------
    learned
        Features of the accounts that are learned from, a row an account.
    sought
        Which of them are to be found, shape (learned accounts,).
    asked
        Features of the accounts that are scored, of the same names; what one side lacks is 0.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    first, second, _ = matrices(alone(learned), alone(asked))
    return boosted(first, sought, second)


def alone(features: Any) -> Any:
    """Return the features that do not count what others share with an account."""
    names = [n for n in features if not n.startswith(_TOGETHER) and not n.endswith(_COUNTS_OTHERS)]
    return features[names]


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts by themselves; nothing is drawn."""
    return Found(by_marginals(learned.features, sought, asked.features))


BASELINE = Baseline(
    name="marginals",
    title="gradient boosting on what each account does by itself",
    sees="features of accounts, but for those that count others",
    source="Friedman 2001, Greedy function approximation: a gradient boosting machine",
    find=find,
)
