"""T1: whether a single column tells what extracts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.arrays.types import Bools, Ints
from sim.audits.best_feature import LEAST_OWNERS, BestFeature, best_feature
from sim.audits.chance import bonferroni
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.held_out import some_of_each
from sim.audits.report import Finding, judged_auc, not_checked
from sim.audits.row_columns import numbers_of

_TITLE = "a single column"
# Rows of either side that are looked at; more say no more.
_MOST_EXCHANGES, _MOST_ACCOUNTS = 20_000, 5_000
_CHOICE = "chosen by other owners than are asked"


def check(context: Context) -> Iterator[Finding]:
    """Ask columns of exchanges, simple aggregates of accounts, and these for each typology."""
    yield _of_exchanges(context)
    accounts = context.accounts
    title = f"{_TITLE} of accounts, AUC"
    if why := few_owners(accounts.owner, accounts.extracts, LEAST_OWNERS):
        yield not_checked(title, why)
        return

    rng = context.rng("T1")
    rows = some_of_each(accounts.extracts, _MOST_ACCOUNTS, rng)
    features, owner = accounts.features.iloc[rows], accounts.owner[rows]
    kind, extracts = accounts.kind[rows], accounts.extracts[rows]
    best = best_feature(features, extracts, owner, rng)
    says = f"best of {features.shape[1]} aggregates, {_CHOICE}"
    yield _finding(context, title, "account_auc", best, says)
    yield _of_typologies(context, features, kind, extracts, owner)


def _of_exchanges(context: Context) -> Finding:
    title = f"{_TITLE} of exchanges, AUC"
    kinds = context.tables.schemas["log/exchanges"]
    names = [n for n, kind in kinds.items() if kind.rstrip("?") not in ("id", "vector", "time")]
    rows = context.rows(names)
    if why := few_owners(rows["owner"].to_numpy(), rows["extracts"].to_numpy(), LEAST_OWNERS):
        return not_checked(title, why)

    rng = context.rng("T1")
    rows = rows.iloc[some_of_each(rows["extracts"].to_numpy(), _MOST_EXCHANGES, rng)]
    numbers = numbers_of(rows, kinds)
    if not numbers.shape[1]:
        return not_checked(title, "no column has more than one value")
    best = best_feature(numbers, rows["extracts"].to_numpy(), rows["owner"].to_numpy(), rng)
    looks = f"best of {numbers.shape[1]} columns, {_CHOICE}; {len(rows):,} exchanges"
    return _finding(context, title, "exchange_auc", best, looks)


def _of_typologies(
    context: Context, features: Any, kind: Any, extracts: Bools, owner: Ints
) -> Finding:
    """Return the typology that the best aggregate tells best from all that does not extract."""
    title = f"{_TITLE} of accounts, one typology against all that does not extract, AUC"
    found: dict[str, BestFeature] = {}
    kinds = sorted(set(kind[extracts]))
    for name in kinds:
        asked = (kind == name) | ~extracts
        mine = (kind == name)[asked]
        if not few_owners(owner[asked], mine, LEAST_OWNERS):
            rng = context.rng(f"T1 {name}")
            found[name] = best_feature(features[asked], mine, owner[asked], rng)
    few = ", ".join(name for name in kinds if name not in found)
    if not found:
        return not_checked(title, f"fewer than {LEAST_OWNERS} owners each: {few}")

    widen = bonferroni(len(found), 0.05)
    worst = max(found, key=lambda name: found[name].auc - widen * found[name].error)
    says = f"worst of {len(found)} typologies" + (f"; too few owners: {few}" if few else "")
    best = found[worst]._replace(name=f"{worst}: {found[worst].name}")
    return _finding(context, title, "typology_auc", best, says, widen)


def _finding(
    context: Context, title: str, key: str, best: BestFeature, says: str, widen: float = 2.0
) -> Finding:
    return judged_auc(
        title,
        best.auc,
        context.limit("T1", key),
        error=best.error,
        widen=widen,
        where=best.name,
        says=says,
    )


TEST = AuditTest("T1", "a single column that tells", needs=("truth",), check=check)
