"""How well the accounts of an operator are put together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Array, Ints
from sim.scoring.answer import Answer
from sim.scoring.figures import Section
from sim.scoring.shares import Draws, Measured, draws_of, figure, ratio, share_within

_NOTE = (
    "Over the positives and the negatives that are flagged; what else is in a cluster does not "
    "count. The truth is who operates an account; an account without cluster is alone. Accounts "
    "count alike, and intervals draw owners."
)
_WORDS = {
    "purity": "purity: share of a cluster of two or more that one operator has",
    "completeness": "completeness: share of an operator's accounts that one cluster has",
    "link_precision": "links between accounts that are right",
    "link_recall": "links between accounts that are found",
    "bcubed_precision": "B-cubed precision (Bagga and Baldwin 1998)",
    "bcubed_recall": "B-cubed recall",
    "bcubed_f": "B-cubed F",
    "bcubed_f_alone": "B-cubed F if every account were alone, to compare with",
}


class Together(NamedTuple):
    """With how many each account is, itself included; each of shape (accounts,).

    Attributes
    ----------
    in_cluster, of_operator
        Accounts of its cluster, and of its operator.
    both
        Accounts of its operator in its cluster.
    most_of_cluster
        Accounts of the operator who has most of its cluster.
    most_of_operator
        Accounts in the cluster that has most of its operator's.
    """

    in_cluster: Ints
    of_operator: Ints
    both: Ints
    most_of_cluster: Ints
    most_of_operator: Ints


def section(answer: Answer) -> Section:
    """Return purity, completeness, links between accounts and B-cubed of the clusters."""
    asked = answer.asked
    judged = asked.target | answer.flagged
    operator, draws = asked.operator[judged], draws_of(answer).pick(judged)
    alone = together(np.zeros(len(operator), np.int64), operator)
    reference = _bcubed(alone, draws)["bcubed_f"]

    measured, why_not = dict.fromkeys(_WORDS, Measured(None)), "the predictions have no clusters"
    rests_on: dict[str, str] = {}
    if answer.cluster is not None:
        counts = together(answer.cluster[judged], operator)
        measured = {**_links(counts, draws), **_bcubed(counts, draws)}
        rests_on, why_not = _rests_on(counts), "no two accounts are together"
    measured["bcubed_f_alone"] = reference

    every = f"{len(operator):,} accounts"
    figures = [
        figure(name, _WORDS[name], of, rests_on=rests_on.get(name, every), why_not=why_not)
        for name, of in measured.items()
    ]
    return Section("clusters", "Clusters", tuple(figures), _NOTE)


def together(cluster: Ints, operator: Ints) -> Together:
    """Return with how many each account is in its cluster, of its operator, and in both.

    Parameters
    ----------
    cluster
        Which cluster each account is in, 0 for an account that is alone, shape (accounts,).
    operator
        Who operates it, shape (accounts,).
    """
    count = np.arange(len(cluster))
    named, of_cluster = np.unique(cluster, return_inverse=True)
    of_cluster = np.where(cluster == 0, len(named) + count, of_cluster)
    pairs = np.stack([of_cluster, np.unique(operator, return_inverse=True)[1]])
    joint, of_joint, size = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)

    both = size[of_joint.reshape(-1)]
    return Together(
        in_cluster=_summed(pairs[0], np.ones_like(both)),
        of_operator=_summed(pairs[1], np.ones_like(both)),
        both=both,
        most_of_cluster=_largest(joint[0], size)[pairs[0]],
        most_of_operator=_largest(joint[1], size)[pairs[1]],
    )


def _summed(group: Ints, values: Ints) -> Ints:
    """Return for each the sum of the values of its group."""
    return np.bincount(group, values).astype(np.int64)[group]


def _largest(group: Ints, values: Ints) -> Ints:
    """Return the largest value of each group, by its number; 0 for numbers without any."""
    largest = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    np.maximum.at(largest, group, values)
    return largest


def _links(of: Together, draws: Draws) -> dict[str, Measured]:
    """Return purity and completeness, and precision and recall of links.

    Each link is counted from both its ends, which a ratio does not show.
    """
    joined, parted = of.in_cluster > 1, of.of_operator > 1
    right = of.both - 1
    return {
        "purity": ratio(joined * of.most_of_cluster / of.in_cluster, joined, draws),
        "completeness": ratio(parted * of.most_of_operator / of.of_operator, parted, draws),
        "link_precision": ratio(right, of.in_cluster - 1, draws),
        "link_recall": ratio(right, of.of_operator - 1, draws),
    }


def _bcubed(of: Together, draws: Draws) -> dict[str, Measured]:
    """Return precision, recall and their harmonic mean, over accounts; there has to be one."""
    precision, recall = of.both / of.in_cluster, of.both / of.of_operator
    every = np.ones(len(precision))
    counted = draws.times.sum(axis=1)
    means = [draws.times @ part / counted for part in (precision, recall)]
    f = _harmonic(precision.mean(), recall.mean())
    return {
        "bcubed_precision": ratio(precision, every, draws),
        "bcubed_recall": ratio(recall, every, draws),
        "bcubed_f": share_within(float(f), _harmonic(*means), draws.owners),
    }


def _harmonic(one: Any, other: Any) -> Array:
    """Return the harmonic mean of two numbers above 0."""
    return np.asarray(2 * one * other / (one + other))


def _rests_on(of: Together) -> dict[str, str]:
    """Return how much purity, completeness and links rest on."""
    linked, true = int((of.in_cluster - 1).sum()) // 2, int((of.of_operator - 1).sum()) // 2
    right = int((of.both - 1).sum()) // 2
    return {
        "purity": f"{int((of.in_cluster > 1).sum()):,} accounts in such clusters",
        "completeness": f"{int((of.of_operator > 1).sum()):,} accounts of such operators",
        "link_precision": f"{right:,} of {linked:,} links",
        "link_recall": f"{right:,} of {true:,} links",
    }
