"""T18: whether what accounts share joins those of one actor only, and labels spread along it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.audits.components import (
    AT_RECALL,
    LABELLED,
    SHARED,
    component_of,
    has_link,
    purity,
    spread_along,
)
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, judged, not_checked

# Fewer pairs tell nothing, and neither do draws of labels among fewer accounts that extract.
LEAST_PAIRS, LEAST_ACCOUNTS = 30, 20
# Of few actors most pairs are of one.
LEAST_ACTORS = 5
DRAWS = 20


def check(context: Context) -> Iterator[Finding]:
    """Ask whose pairs share an address, a card and so on, and how far labels spread."""
    yield from whose_pairs(context)
    yield labels_spread(context)


def whose_pairs(context: Context) -> Iterator[Finding]:
    """Yield for each link which share of the pairs of other organisations one actor owns."""
    actors = context.truth["actor_id"].nunique()
    if actors < LEAST_ACTORS:
        why = f"too few to tell: {actors} actors, {LEAST_ACTORS} needed"
        yield not_checked("pairs of one actor, share", why)
        return

    for kind in SHARED:
        title = f"{kind}: pairs of one actor, share"
        key = kind.replace("/", "slash_").replace(" ", "_")
        if not has_link(context.tables, kind):
            yield not_checked(title, f"needs {'.'.join(SHARED[kind])}, which is not there")
            continue
        if kind == "used address" and "ip_hash" not in context.tables.schemas["log/exchanges"]:
            yield not_checked(title, "needs the column ip_hash, which is not there")
            continue

        found = purity(context.tables, kind)
        if found.pairs < LEAST_PAIRS:
            yield not_checked(title, f"too few to tell: {found.pairs} pairs, {LEAST_PAIRS} needed")
            continue

        limit = context.limit("T18", key)
        says = f"of {found.pairs:,} pairs of accounts of unlike organisations"
        yield judged(title, found.share, limit, error=found.error, where=kind, says=says)


def labels_spread(context: Context) -> Finding:
    """Say how precise union-find is with a fifth of the labels, at the prevalence of the limit.

    Precision depends on how many extract. So rates of right and wrong flags are weighed to the
    prevalence that the limit is stated for. The error is that over draws of owners and of labels.
    """
    title = f"union-find with {LABELLED:.0%} of the labels, precision at recall {AT_RECALL}"
    truth = context.truth
    bad, owner = truth["extracts"].to_numpy(bool), truth["owner"].to_numpy()
    few = few_owners(owner, bad)
    if not few and bad.sum() < LEAST_ACCOUNTS:
        few = f"too few to tell: {bad.sum()} accounts extract, {LEAST_ACCOUNTS} needed"
    if few:
        return not_checked(title, few)

    rng, prevalence = context.rng("T18"), context.limit("T18", "prevalence")
    component = component_of(context.tables)["component"].to_numpy()
    rows = [np.flatnonzero(owner == k) for k in range(owner.max() + 1)]
    sides = (
        [k for k in range(len(rows)) if bad[rows[k][0]]],
        [k for k in range(len(rows)) if not bad[rows[k][0]]],
    )
    precise = []
    for draw in range(2 * DRAWS):
        picked = np.arange(len(bad))
        if draw >= DRAWS:  # the second half tells the error: owners are drawn anew
            drawn = [rng.choice(side, len(side)) for side in sides]
            picked = np.concatenate([rows[k] for k in np.concatenate(drawn)])
        found = spread_along(component[picked], bad[picked], rng)
        right = prevalence * found.recall
        precise.append(right / (right + (1 - prevalence) * found.false_positive_rate))

    figure, error = float(np.mean(precise[:DRAWS])), float(np.std(precise[DRAWS:], ddof=1))
    says = f"mean of {DRAWS} draws, weighed to {prevalence:.0%} that extract"
    return judged(title, figure, context.limit("T18", "precision"), error=error, says=says)


TEST = AuditTest("T18", "purity of what accounts share", ("truth",), check)
