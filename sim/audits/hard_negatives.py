"""T13: how often a baseline takes a harmless account for one that extracts, by hard negative."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.best_feature import folds_of
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, judged, not_checked
from sim.catalog import typologies
from sim.detectors.marginals import by_marginals

_FOLDS = 2
# Fewer wrong flags than these, were all alike, tell nothing of a typology.
LEAST_EXPECTED, LEAST_OWNERS = 5, 4
# That none is flagged has to be less likely than this, were owners alike.
CHANCE = 0.01


def check(context: Context) -> Iterator[Finding]:
    """Ask at a threshold that flags a share of all that is harmless, how much of each it flags."""
    accounts = context.accounts
    owner, extracts = np.asarray(accounts.owner), np.asarray(accounts.extracts)
    if why := few_owners(owner, extracts):
        yield not_checked("false positives of hard negatives", why)
        return

    rate = context.limit("T13", "rate")
    score = held_out_scores(context)
    flagged = score > np.quantile(score[~extracts], 1 - rate)
    of_all = float(flagged[~extracts].mean())
    few = []
    harmless = [t for t, kind in typologies().items() if not kind.is_extraction]
    for kind in harmless:
        mine = accounts.kind == kind
        owners = len(np.unique(owner[mine]))
        by_chance = not flagged[mine].any() and (1 - rate) ** owners > CHANCE
        if mine.sum() * rate < LEAST_EXPECTED or owners < LEAST_OWNERS or by_chance:
            few.append(f"{kind} ({mine.sum()} accounts of {owners})")
            continue
        share, error = share_of(flagged[mine], owner[mine])
        says = f"{share:.1%} of {mine.sum():,} accounts, {of_all:.1%} of all that is harmless"
        title = f"{kind}: false positives, times those of all"
        least = context.limit("T13", "least")
        ratio, error = share / of_all, error / of_all
        yield judged(title, ratio, least, error=error, at_least=True, where=kind, says=says)
    if few:
        needed = f"fewer than {LEAST_EXPECTED / rate:.0f} accounts, or none flagged of few owners"
        why = f"{needed}: {', '.join(few)}"
        yield not_checked("hard negatives that are too few to tell", why)


def held_out_scores(context: Context) -> Floats:
    """Return a score of each account by a model that has not seen its owner."""
    accounts = context.accounts
    features = accounts.features
    fold = folds_of(accounts.owner, accounts.extracts, context.rng("T13"), _FOLDS)
    score = np.zeros(len(fold))
    for k in range(_FOLDS):
        learned = fold != k
        made = by_marginals(features[learned], accounts.extracts[learned], features[~learned])
        # models are compared by rank, not by what they call likely
        score[~learned] = np.argsort(np.argsort(made)) / len(made)
    return score


def share_of(flagged: Bools, owner: Ints) -> tuple[float, float]:
    """Return the share that is flagged, and its error by owner."""
    share = float(flagged.mean())
    of_owner = np.bincount(np.unique(owner, return_inverse=True)[1], flagged - share)
    return share, float(np.sqrt((of_owner**2).sum()) / len(flagged))


TEST = AuditTest("T13", "false positives of hard negatives", ("truth", "detect"), check)
