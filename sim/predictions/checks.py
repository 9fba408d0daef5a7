"""What can be wrong with predictions beside the fold that they answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.packs.pack import Pack
from sim.predictions.cells import rows_at, some
from sim.predictions.fold import Fold, windows_of

_OTHER = {"account": "example", "example": "account"}


@dataclass(frozen=True)
class Rows:
    """Rows of predictions, column by column; those that were not there are None."""

    entity_id: Ints
    score: Floats
    at: Ints | None = None
    cluster: Ints | None = None

    def pick(self, chosen: Bools) -> Rows:
        """Return some of the rows."""
        columns: dict[str, Any] = {
            name: None if column is None else column[chosen] for name, column in vars(self).items()
        }
        return Rows(**columns)


def kept(rows: Rows, fold: Fold) -> tuple[Rows, int]:
    """Return the rows about entities of the fold, and how many others there are."""
    asked = np.isin(rows.entity_id, fold.ids)
    return rows.pick(asked), int((~asked).sum())


def faults_of(rows: Rows, fold: Fold, pack: Pack) -> list[str]:
    """Return all that is wrong with rows, a line each."""
    known = _known(pack)
    faults = [*_strangers(rows, fold, known), *_missing(rows, fold), *_twice(rows)]
    if rows.at is not None:
        faults += _out_of_window(rows.at, fold)
    if rows.cluster is not None:
        faults += _torn(rows)
    return faults


def _known(pack: Pack) -> dict[str, Ints]:
    """Return the identifiers that the pack has, by the type of entity."""
    return {
        "account": pack.pandas("log/accounts", ["account_id"])["account_id"].to_numpy(),
        "example": windows_of(pack)["example_id"].to_numpy(),
    }


def _strangers(rows: Rows, fold: Fold, known: dict[str, Ints]) -> Iterator[str]:
    """Tell of identifiers of the wrong type, and of those that the pack does not have."""
    ids = np.unique(rows.entity_id)
    mine, other = fold.entity_type, _OTHER[fold.entity_type]
    unknown = ids[~np.isin(ids, known[mine])]
    confused = np.isin(unknown, known[other])
    if confused.any():
        yield (
            f"entity_id: {confused.sum():,} from among the {other}_ids, such as "
            f"{some(unknown[confused][:1])}; the split {fold.split} asks for {mine}_ids"
        )
    strange = unknown[~confused]
    if len(strange):
        yield f"entity_id: {len(strange):,} not in the pack: {some(strange)}"


def _missing(rows: Rows, fold: Fold) -> Iterator[str]:
    """Tell of entities that have no score."""
    without = fold.ids[~np.isin(fold.ids, rows.entity_id)]
    if len(without):
        yield (
            f"entity_id: {len(without):,} of the {len(fold):,} {fold.entity_type}s of the fold "
            f"test without a score: {some(without)}"
        )


def _twice(rows: Rows) -> Iterator[str]:
    """Tell of rows that say the same thing again, or contradict each other."""
    import pandas as pd

    keys = {"entity_id": rows.entity_id} | ({} if rows.at is None else {"at": rows.at})
    again = pd.DataFrame(keys).duplicated(keep=False).to_numpy()
    if again.any():
        ids = np.unique(rows.entity_id[again])
        when = "" if rows.at is None else " with the same `at`"
        yield f"entity_id: {len(ids):,} with several rows{when}: {some(ids)}"


def _out_of_window(at: Ints, fold: Fold) -> Iterator[str]:
    """Tell of scores from before the window, and from after it."""
    opens, closes = (np.datetime64(us, "us").item() for us in (fold.from_us, fold.to_us))
    window = f"{opens:%Y-%m-%dT%H:%M:%SZ} to {closes:%Y-%m-%dT%H:%M:%SZ}"
    early = at < fold.from_us
    if early.any():
        yield f"at: lies before the window, {window}, in {rows_at(early)}"
    late = (at > fold.to_us) & (at != np.iinfo(np.int64).max)
    if late.any():
        yield (
            f"at: lies after the window, {window}, in {rows_at(late)}; leave it empty for scores "
            "that are known at the close"
        )


def _torn(rows: Rows) -> Iterator[str]:
    """Tell of entities that are said to be in several clusters."""
    import pandas as pd

    clusters = pd.Series(rows.cluster).groupby(rows.entity_id).nunique()
    torn = clusters.index[clusters > 1].to_numpy()
    if len(torn):
        yield f"cluster: {len(torn):,} with several: {some(torn)}"
