"""Schemes that share out examples: accounts in a window of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.documents.quantities import format_duration
from sim.labelling.as_of import labels_as_of
from sim.splits.given import Given, Scheme, folded
from sim.splits.times import NotPossibleError
from sim.tables.label_schema import EXTRACTION


def time(have: Given) -> Iterator[Scheme]:
    """Train on earlier windows with the labels of that day, and test on later ones."""
    cut_off, train_at = have.times.cut_off_us, have.times.train_at_us
    if cut_off is None or train_at is None:
        raise NotPossibleError(have.times.why_not["time"])
    opens, closes = have.tables.opens_us, have.tables.closes_us
    earlier, later = _examples(have, opens, cut_off), _examples(have, train_at, closes)

    known, ever = _called(have, train_at), _called(have, None)
    late = later["account_id"].isin(known)
    to_come = earlier["account_id"][earlier["account_id"].isin(ever)]
    missing = 1 - to_come.isin(known).mean() if len(to_come) else 0.0
    meanings = {
        "train": "accounts before the cut-off, with labels as of the training",
        "test": "accounts from the training on",
        "known": "accounts from the training on that were labelled extraction by then",
    }

    fold = np.concatenate([np.full(len(earlier), "train"), np.where(late, "known", "test")])
    made = _scheme("time", earlier, later, fold, meanings)
    made.counts.update(
        cut_off_us=cut_off,
        gap_us=train_at - cut_off,
        train_at_us=train_at,
        labels_to_come=len(to_come),
        labels_missing_share=round(float(missing), 4),
    )
    yield made


def regime(have: Given) -> Iterator[Scheme]:
    """Hold out what is after a release."""
    at = have.times.regime_us
    if at is None:
        raise NotPossibleError(have.times.why_not["regime"])
    earlier = _examples(have, have.tables.opens_us, at)
    later = _examples(have, at, have.tables.closes_us)

    fold = np.repeat(["train", "test"], [len(earlier), len(later)])
    meanings = {"train": "accounts before the release", "test": "accounts after it"}
    made = _scheme("regime", earlier, later, fold, meanings)
    made.counts["at_us"] = at
    yield made


def _examples(have: Given, from_us: int, to_us: int) -> Any:
    """Return the examples of a window, in order of their identifier."""
    if "truth/targets" not in have.tables.schemas:
        raise NotPossibleError("there are no examples: truth/targets is not there")
    found = have.tables.rows(
        "SELECT entity_id, account_id FROM truth_targets WHERE entity_type::VARCHAR = 'example'"
        f" AND epoch_us(window_from) = {from_us} AND epoch_us(window_to) = {to_us}"
        " ORDER BY entity_id"
    )
    if found.empty:
        begin, end = ((us - have.tables.opens_us) for us in (from_us, to_us))
        raise NotPossibleError(
            f"no account has an example from {format_duration(begin)} to {format_duration(end)} "
            "after the log opens"
        )
    return found


def _called(have: Given, at_us: int | None) -> Any:
    """Return the accounts that are called `extraction` at a time, or in the end."""
    last = have.labels["created_at"].max()
    if last != last:
        return have.accounts["account_id"][:0]
    standing = labels_as_of(have.labels, last.to_pydatetime() if at_us is None else at_us)
    said = (standing["entity_type"] == "account") & (standing["label"].astype(str) == EXTRACTION)
    return standing["entity_id"][said]


def _scheme(name: str, earlier: Any, later: Any, fold: Any, meanings: dict[str, str]) -> Scheme:
    """Return a scheme of examples with its counts."""
    ids = np.concatenate([earlier["entity_id"], later["entity_id"]]).astype(np.int64)
    counts = {"entity_type": "example", "folds": folded(fold)}
    return Scheme(name, "example", ids, fold, meanings, counts)
