"""T10: whether a model that is taught labels of others finds nothing.

What it finds all the same comes from accounts of one owner on both sides of the boundary between
those that it learns from and those that it is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import permuted_labels
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.held_out import halves
from sim.audits.report import Finding, judged, not_checked
from sim.detectors.quality import quality

_TITLE = "a model of permuted labels, average precision in that of a guess"
_ROUNDS, _GUESSES, _MOST_ACCOUNTS, _TREES = 4, 200, 4_000, 100
# Means of guesses, one of each round, of which none of so many may be as good.
_MEANS = 2_000
SCHEME, LEARN, ASK = "campaign", "train", "test"


def check(context: Context) -> Iterator[Finding]:
    """Teach a forest labels that were permuted among owners, some times, and ask it."""
    accounts, rng = context.accounts, context.rng("T10")
    if why := few_owners(accounts.owner, accounts.extracts):
        yield not_checked(_TITLE, why)
        return
    some = rng.permutation(len(accounts.kind))[:_MOST_ACCOUNTS]
    values = accounts.features.to_numpy(np.float64)[some]
    sought, owner = accounts.extracts[some], accounts.owner[some]
    fold = _folds(context, accounts.features.index[some].to_numpy())

    ratios, guesses = [], []
    for _ in range(_ROUNDS):
        learn, ask = fold or _halved(sought, owner, rng)
        labels, place = permuted_labels(sought, owner, rng, 1 + _GUESSES)
        taught = labels[1][place] > 0
        if len(set(taught[learn])) < 2 or len(set(taught[ask])) < 2:
            continue
        score = _score(values[learn], taught[learn], values[ask])
        found = [_precision(score, label[place[ask]] > 0) for label in labels[1:]]
        guess = float(np.nanmean(found[1:]))
        ratios.append(found[0] / guess)
        guesses.append(rng.choice(np.array(found[1:]) / guess, _MEANS))
    if not ratios:
        yield not_checked(_TITLE, "one side has no owner of either kind")
        return

    # a few large owners give means a long tail, so that errors alone would cry wolf
    means = np.mean(guesses, axis=0)
    error = float(np.nanstd(means))
    widen = (float(np.nanmax(means)) - 1) / error if error else 0.0
    boundary = f"split {SCHEME}" if fold else "halves of owners"
    says = f"mean of {len(ratios)} permutations of owners' labels, boundary: {boundary}"
    says += f"; {_MEANS:,} guesses of others are all below {1 + widen * error:.3g}"
    limit = context.limit("T10", "ratio")
    yield judged(_TITLE, float(np.mean(ratios)), limit, error=error, widen=widen, says=says)


def _folds(context: Context, accounts: Ints) -> tuple[Bools, Bools] | None:
    """Return who is learned from and who is asked in the pack's own split, if there is one."""
    if not context.has("splits"):
        return None
    split = context.tables.rows(
        "SELECT entity_id, fold::VARCHAR AS fold FROM splits"
        f" WHERE split_scheme = '{SCHEME}' AND entity_type = 'account'"
    ).set_index("entity_id")["fold"]
    fold = split.reindex(accounts).to_numpy()
    learn, ask = fold == LEARN, fold == ASK
    return (learn, ask) if learn.any() and ask.any() else None


def _halved(sought: Bools, owner: Ints, rng: np.random.Generator) -> tuple[Bools, Bools]:
    half = halves(sought, owner, rng)
    return half == 0, half == 1


def _score(first: Floats, sought: Bools, second: Floats) -> Floats:
    """Return scores of a forest, which learns by heart whose account is whose."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(_TREES, random_state=0).fit(first, sought)
    return np.asarray(model.predict_proba(second)[:, 1])


def _precision(score: Floats, sought: Bools) -> float:
    return quality(score, sought).average_precision


TEST = AuditTest("T10", "permuted labels", needs=("truth", "detect"), check=check)
