"""T2: whether one rule, or a tree of two, finds what extracts at a low prevalence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.held_out import halves
from sim.audits.report import Finding, judged, not_checked
from sim.audits.row_columns import numbers_of

PREVALENCE = 1e-3
_DEPTHS = {1: "one rule", 2: "a tree of depth 2"}
_ROUNDS = 200


def check(context: Context) -> Iterator[Finding]:
    """Ask rules on accounts and on exchanges for their average precision.

    A rule that no account of the other side fulfils would be perfect by chance: half an owner
    more of the other side is counted in each leaf than there is.
    """
    accounts = context.accounts
    if why := few_owners(accounts.owner, accounts.extracts):
        yield not_checked("rules", why)
        return
    for depth in _DEPTHS:
        of = (accounts.features, accounts.extracts, accounts.owner)
        yield _finding(context, "accounts", depth, *of)

    kinds = context.tables.schemas["log/exchanges"]
    rows = context.rows([n for n, k in kinds.items() if k.rstrip("?") not in _NO_NUMBER])
    numbers = numbers_of(rows, kinds)
    if numbers.shape[1]:
        owner = rows["owner"].to_numpy()
        yield _finding(context, "exchanges", 2, numbers, rows["extracts"].to_numpy(bool), owner)


_NO_NUMBER = ("id", "vector", "time")


class _Leaves(NamedTuple):
    """How many rows of each owner fall into each leaf, the most telling leaf first."""

    own: Floats
    rest: Floats
    rule: str


def _finding(
    context: Context, unit: str, depth: int, numbers: Any, sought: Bools, owner: Ints
) -> Finding:
    """Return the precision of a tree in units of the prevalence, on owners it has not seen."""
    rng = context.rng("T2")
    values, names = numbers.to_numpy(float), list(numbers)
    half = halves(sought, owner, rng)
    made = []
    for learns in (0, 1):
        first, second = half == learns, half != learns
        tree = _learned(values[first], sought[first], depth)
        made.append(_leaves(tree, values[second], names, sought[second], owner[second]))

    lifts = [_lift(leaves, np.ones(len(leaves.own))) for leaves in made]
    drawn = [[_lift(leaves, times) for times in _drawn(len(leaves.own), rng)] for leaves in made]
    error = float(np.std(np.mean(drawn, axis=0)))
    better = int(np.argmax(lifts))
    says = (
        f"on {len(names)} columns, prevalence {PREVALENCE:g}, learned in the other half of owners"
    )
    if unit == "exchanges" and context.sampled:
        says += f"; {context.sampled}"
    return judged(
        f"{_DEPTHS[depth]} on {unit}, average precision in prevalences",
        float(np.mean(lifts)),
        context.limit("T2", "lift"),
        error=error,
        where=made[better].rule,
        says=says,
    )


def _learned(values: Floats, sought: Bools, depth: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    least = max(1, len(values) // 200)
    model = DecisionTreeClassifier(
        max_depth=depth, class_weight="balanced", min_samples_leaf=least, random_state=0
    )
    return model.fit(values, sought)


def _leaves(tree: Any, values: Floats, names: list[str], sought: Bools, owner: Ints) -> _Leaves:
    """Return what a learned tree makes of owners it has not seen."""
    leaf = tree.apply(values)
    shares = tree.tree_.value[:, 0, 1] / tree.tree_.value[:, 0].sum(axis=1)
    order = np.argsort(-shares, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    place = np.unique(owner, return_inverse=True)[1]

    counts = np.zeros((2, int(place.max()) + 1, len(order)))
    np.add.at(counts, (sought.astype(int), place, rank[leaf]), 1.0)
    there = counts.sum(axis=(0, 1)) > 0
    root = tree.tree_.feature[0]
    return _Leaves(counts[1][:, there], counts[0][:, there], names[root] if root >= 0 else "none")


def _lift(leaves: _Leaves, times: Floats) -> float:
    """Return the average precision at the prevalence, in units of it; owners count `times`."""
    own, rest = times @ leaves.own, times @ leaves.rest
    if not own.sum() or not rest.sum():
        return 1.0
    owner = rest.sum() / max(1, int((leaves.rest.sum(axis=1) > 0).sum()))
    true = np.cumsum(own) / own.sum()
    false = np.minimum(1.0, (np.cumsum(rest) + owner / 2) / rest.sum())
    precision = PREVALENCE * true / (PREVALENCE * true + (1 - PREVALENCE) * false)
    return float(np.sum(np.diff(true, prepend=0.0) * precision) / PREVALENCE)


def _drawn(owners: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each owner is drawn, for a bootstrap of owners."""
    for _ in range(_ROUNDS):
        yield np.bincount(rng.integers(owners, size=owners), minlength=owners).astype(float)


TEST = AuditTest("T2", "a rule or two that find it", needs=("truth", "detect"), check=check)
