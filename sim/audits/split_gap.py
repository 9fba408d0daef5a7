"""T16: how much better a baseline looks on accounts at random than on campaigns it never saw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import clustered_auc
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, not_checked

_SCHEMES = ("random-rows", "campaign")
_TITLE = "AUC of marginals, accounts at random less campaigns apart"


def check(context: Context) -> Iterator[Finding]:
    """Learn from the training of both splits, and publish how far their tests differ."""
    from sim.detectors.marginals import by_marginals

    features = _features(context)
    truth = context.truth.set_index("account_id").loc[features.index]
    sought, owner = truth["extracts"].to_numpy(bool), truth["owner"].to_numpy(np.int64)
    areas, errors = [], []
    for scheme in _SCHEMES:
        fold = _folds(context, scheme).reindex(features.index)
        learned, tested = ((fold == name).to_numpy(bool) for name in ("train", "test"))
        why = _too_few(scheme, (learned, tested), sought, owner)
        if why:
            yield not_checked(_TITLE, why)
            return

        score: Floats = by_marginals(features[learned], sought[learned], features[tested])
        area, error = clustered_auc(score[:, None], sought[tested], owner[tested])
        areas.append(float(area[0]))
        errors.append(float(error[0]))

    says = ", ".join(f"{s}: {a:.3f}" for s, a in zip(_SCHEMES, areas, strict=True))
    gap, off = areas[0] - areas[1], math.hypot(*errors)
    yield Finding("", _TITLE, "passed", gap, None, off, says=f"{says}; published, no limit")


def _features(context: Context) -> Any:
    """Return the features of accounts over the whole log, by account."""
    tables = context.tables
    frame = tables.rows(
        "SELECT * EXCLUDE (example_id, window_from, window_to) FROM features_accounts"
        f" WHERE epoch_us(window_from) = {tables.opens_us}"
        f" AND epoch_us(window_to) = {tables.closes_us} ORDER BY account_id"
    )
    return frame.set_index("account_id").astype(float)


def _folds(context: Context, scheme: str) -> Any:
    """Return the fold of each account in a scheme, by account."""
    rows = context.tables.rows(
        "SELECT entity_id, fold::VARCHAR AS fold FROM splits"
        f" WHERE entity_type::VARCHAR = 'account' AND split_scheme::VARCHAR = '{scheme}'"
    )
    return rows.set_index("entity_id")["fold"]


def _too_few(scheme: str, sides: tuple[Bools, Bools], sought: Bools, owner: Ints) -> str:
    """Return why one side of a scheme tells nothing, or an empty text."""
    reasons = [few_owners(owner[side], sought[side]) for side in sides]
    return next((f"{scheme}: {reason}" for reason in reasons if reason), "")


TEST = AuditTest(
    "T16",
    "what a split at random promises too much",
    needs=("truth", "features", "splits", "detect"),
    check=check,
)
