"""T1: whether a single column tells what extracts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.audits.chance import bonferroni
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.held_out import HeldOut, best_column
from sim.audits.report import Finding, judged_auc, not_checked
from sim.audits.row_columns import numbers_of

_TITLE = "a single column"
# A typology of fewer owners is not asked about by itself.
LEAST_OWNERS = 5


def check(context: Context) -> Iterator[Finding]:
    """Ask columns of exchanges, simple aggregates of accounts, and these for each typology."""
    yield _of_exchanges(context)
    yield from _of_accounts(context)


def _of_exchanges(context: Context) -> Finding:
    title = f"{_TITLE} of exchanges, AUC"
    kinds = context.tables.schemas["log/exchanges"]
    names = [n for n, kind in kinds.items() if kind.rstrip("?") not in ("id", "vector", "time")]
    rows = context.rows(names)
    sought, owner = rows["extracts"].to_numpy(bool), rows["owner"].to_numpy()
    if why := few_owners(owner, sought):
        return not_checked(title, why)

    values, columns = numbers_of(rows, kinds)
    if not columns:
        return not_checked(title, "no column has more than one value")
    best = best_column(values, columns, sought, owner, context.rng("T1"))
    looks = f"best of {len(columns)} columns, chosen in one half of the owners, asked of the other"
    says = "; ".join(filter(None, (looks, context.sampled)))
    return _finding(context, title, "exchange_auc", best, says)


def _of_accounts(context: Context) -> Iterator[Finding]:
    accounts = context.accounts
    title = f"{_TITLE} of accounts, AUC"
    if why := few_owners(accounts.owner, accounts.extracts):
        yield not_checked(title, why)
        return

    features = accounts.features
    values, names, rng = features.to_numpy(float), list(features), context.rng("T1")
    best = best_column(values, names, accounts.extracts, accounts.owner, rng)
    says = f"best of {len(names)} aggregates, chosen in one half of the owners, asked of the other"
    yield _finding(context, title, "account_auc", best, says)

    title = f"{_TITLE} of accounts, one typology against all that does not extract, AUC"
    found: dict[str, HeldOut] = {}
    kinds = sorted(set(accounts.kind[accounts.extracts]))
    for kind in kinds:
        asked, mine = accounts.question(kind)
        if not few_owners(accounts.owner[asked], mine[asked], LEAST_OWNERS):
            found[kind] = best_column(values[asked], names, mine[asked], accounts.owner[asked], rng)
    few = [kind for kind in kinds if kind not in found]
    if not found:
        yield not_checked(title, f"fewer than {LEAST_OWNERS} owners each: {', '.join(few)}")
        return

    widen = bonferroni(len(found), 0.05)
    worst = max(found, key=lambda kind: found[kind].area - widen * found[kind].error)
    of = f"worst of {len(found)} typologies" + (f"; too few: {', '.join(few)}" if few else "")
    best = found[worst]._replace(name=f"{worst}: {found[worst].name}")
    yield _finding(context, title, "typology_auc", best, of, widen)


def _finding(
    context: Context, title: str, key: str, best: HeldOut, says: str, widen: float = 2.0
) -> Finding:
    return judged_auc(
        title,
        best.area,
        context.limit("T1", key),
        error=float(np.nan_to_num(best.error)),
        widen=widen,
        where=best.name,
        says=says,
    )


TEST = AuditTest("T1", "a single column that tells", needs=("truth",), check=check)
