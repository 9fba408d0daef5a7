"""T4: whether what is missing tells what extracts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.best_feature import LEAST_OWNERS, best_feature
from sim.audits.chance import clustered_auc
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.held_out import halves
from sim.audits.report import Finding, judged_auc, not_checked


def check(context: Context) -> Iterator[Finding]:
    """Ask each nullable column of every table, and a model of all of them together."""
    accounts = context.accounts
    titles = ("a column that may be missing, AUC", "a model of what is missing, AUC")
    if why := few_owners(accounts.owner, accounts.extracts, LEAST_OWNERS):
        yield from (not_checked(title, why) for title in titles)
        return
    missing = accounts.features.filter(regex=" missing$")
    if missing.empty:
        yield from (not_checked(title, "nothing is missing for some alone") for title in titles)
        return

    rng, limit = context.rng("T4"), context.limit("T4", "auc")
    best = best_feature(missing, accounts.extracts, accounts.owner, rng)
    says = f"best of {missing.shape[1]}, chosen by other owners than are asked"
    yield judged_auc(titles[0], best.auc, limit, error=best.error, where=best.name, says=says)
    if why := context.lacks("detect"):
        yield not_checked(titles[1], why)
        return
    area, error = _modelled(missing.to_numpy(float), accounts.extracts, accounts.owner, rng)
    says = (
        f"logistic regression on {missing.shape[1]} shares, learned from the other half of owners"
    )
    yield judged_auc(titles[1], area, limit, error=error, says=says)


def _modelled(
    values: Floats, sought: Bools, owner: Ints, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the AUC of a logistic regression on owners it has not seen, and its error."""
    from sklearn.linear_model import LogisticRegression

    half = halves(sought, owner, rng)
    areas, errors = [], []
    for learns in (0, 1):
        first, second = half == learns, half != learns
        model = LogisticRegression(max_iter=1_000).fit(values[first], sought[first])
        score = model.decision_function(values[second])
        area, error = clustered_auc(score[:, None], sought[second], owner[second])
        areas.append(float(area[0]))
        errors.append(float(error[0]))
    return float(np.mean(areas)), float(np.hypot(errors[0], errors[1])) / 2


TEST = AuditTest("T4", "what is missing", needs=("truth",), check=check)
