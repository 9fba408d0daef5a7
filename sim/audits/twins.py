"""T12: whether one feature tells an abusive typology from a harmless one that looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.arrays.types import Ints
from sim.audits.best_feature import LEAST_OWNERS, best_feature, owners_of
from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged, not_checked
from sim.catalog import typologies


def pairs() -> list[tuple[str, str]]:
    """Return each abusive typology with each of its twins."""
    kinds = typologies().values()
    return [(kind.id, twin) for kind in kinds if kind.is_extraction for twin in kind.twins]


def findings_on_pairs(
    context: Context, test: str, features: Any, kind: Any, owner: Ints
) -> Iterator[Finding]:
    """Yield what the best single feature tells of each pair of twins.

    Parameters
    ----------
    context, test
        Where the limit `auc` and the halves of owners come from.
    features
        A data frame of numbers, a row an account.
    kind, owner
        The typology of each account, and who stands behind it.
    """
    limit, few = context.limit(test, "auc"), []
    for abusive, twin in pairs():
        pick = (kind == abusive) | (kind == twin)
        sought, of = kind[pick] == abusive, owner[pick]
        owners = owners_of(of, sought), owners_of(of, ~sought)
        if min(owners) < LEAST_OWNERS:
            few.append(f"{abusive} and {twin} ({owners[0]} and {owners[1]} owners)")
            continue

        found = best_feature(features[pick], sought, of, context.rng(test))
        says = f"{sought.sum():,} and {(~sought).sum():,} accounts of {sum(owners):,} owners"
        title = f"{abusive} and {twin}, AUC"
        yield judged(title, found.auc, limit, error=found.error, where=found.name, says=says)

    if few:
        why = f"fewer than {LEAST_OWNERS} owners on a side: {', '.join(few)}"
        yield not_checked("twins that are too few to tell", why)


def check(context: Context) -> Iterator[Finding]:
    """Ask it of the accounts that sent something, and of all that they show."""
    accounts = context.accounts
    yield from findings_on_pairs(context, "T12", accounts.features, accounts.kind, accounts.owner)


TEST = AuditTest("T12", "best single feature of twins", ("truth",), check)
