"""Examples of a split: what a detector learns from, and what it is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.tables.label_schema import BENIGN, EXTRACTION

if TYPE_CHECKING:
    import pandas as pd

    from sim.packs.recipe import Recipe
    from sim.tables.store import Store

FEATURES = "features/accounts"
# Columns that say which example a row is; the others are features.
KEYS = ("example_id", "account_id", "window_from", "window_to")
# Labels that say what traffic is for; what pays for it is another matter.
POSITIVE, ABOUT_TRAFFIC = EXTRACTION, (EXTRACTION, BENIGN)


@dataclass(frozen=True)
class Part:
    """The examples of one fold, row by row.

    Attributes
    ----------
    features
        Numbers alone, one row an example; no identifiers.
    labels
        Whether each example is positive, as far as the detector is told.
    is_known
        Whether it is told anything of the example; of the others some are positive.
    example_ids, account_ids
        Which examples they are, and whose.
    """

    features: pd.DataFrame
    labels: Bools
    is_known: Bools
    example_ids: Ints
    account_ids: Ints

    def __len__(self) -> int:
        return len(self.features)

    def __repr__(self) -> str:
        return f"<Part: {len(self):,} examples, {int(self.labels.sum()):,} labelled positive>"


@dataclass(frozen=True)
class Examples:
    """A split, ready for a detector.

    Attributes
    ----------
    scheme
        Its name.
    trained_us
        As of when labels are known, in microseconds of Unix time.
    parts
        By fold: train, test, and others that the scheme has.
    """

    scheme: str
    trained_us: int
    parts: dict[str, Part]

    @property
    def train(self) -> Part:
        """What is learned from."""
        return self.parts["train"]

    @property
    def test(self) -> Part:
        """What is judged; `Pack.targets` has its truth."""
        return self.parts["test"]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{fold} {len(part):,}" for fold, part in self.parts.items())
        return f"<Examples of {self.scheme}: {sizes}>"


class Tables(Protocol):
    """What examples are made from; a Pack has it."""

    store: Store
    manifest: Mapping[str, Any]

    @property
    def recipe(self) -> Recipe:
        """What the pack was made of."""

    @property
    def splits(self) -> pd.DataFrame:
        """The folds."""

    def pandas(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or some columns of it."""

    def labels_as_of(self, moment: int) -> pd.DataFrame:
        """Return what is known at a moment."""


def examples_of(
    pack: Tables, scheme: str, *, labels: Literal["observed", "truth"], trained_us: int | None
) -> Examples:
    """Return the examples of a split; see `Pack.examples`.

    Folds of accounts hold the examples of these accounts whose window is the whole log.
    """
    folds = _folds(pack, scheme)
    frame = pack.pandas(FEATURES)
    if folds["entity_type"].iloc[0] == "example":
        key = "example_id"
    else:
        key = "account_id"
        frame = frame[_is_whole(frame, pack)]
    fold_of = folds.set_index("entity_id")["fold"].astype(str)
    fold = frame[key].map(fold_of)
    frame, fold = frame[fold.notna()], fold[fold.notna()]

    for name in ("train", "test"):
        if not (fold == name).any():
            raise InvalidInputError(f"{pack.store}: the split {scheme} has no {name} examples")
    if trained_us is None:
        trained_us = pack.recipe.closes_us
        if key == "example_id":
            trained_us = _us(frame["window_from"][fold == "test"]).min()

    told = _told(pack, frame, labels, int(trained_us))
    parts = {
        name: _part(frame, told, (fold == name).to_numpy())
        for name in sorted(fold.unique())
        if name != "dropped"
    }
    return Examples(scheme, int(trained_us), parts)


def _folds(pack: Tables, scheme: str) -> pd.DataFrame:
    """Return the rows of a scheme, or raise InvalidInputError that says which there are."""
    splits = pack.splits
    folds = splits[splits["split_scheme"] == scheme]
    if folds.empty:
        known = pack.manifest["splits"].get(scheme, {})
        there = sorted(map(str, splits["split_scheme"].unique()))
        why = f": {known['left_out']}" if "left_out" in known else suggest(str(scheme), there)
        raise InvalidInputError(f"{pack.store}: has no split {scheme}{why}")
    return folds


def _us(times: pd.Series[Any]) -> Ints:
    """Return times as microseconds of Unix time."""
    microseconds: Ints = times.dt.as_unit("us").astype("int64").to_numpy()
    return microseconds


def _is_whole(frame: pd.DataFrame, pack: Tables) -> Bools:
    """Tell of which examples the window is the whole log."""
    opens, closes = pack.recipe.opens_us, pack.recipe.closes_us
    is_whole: Bools = (_us(frame["window_from"]) == opens) & (_us(frame["window_to"]) == closes)
    return is_whole


def _told(
    pack: Tables, frame: pd.DataFrame, labels: Literal["observed", "truth"], trained_us: int
) -> tuple[Bools, Bools]:
    """Return which examples are positive and of which anything is known, when one trains."""
    if labels == "truth":
        targets = pack.pandas("truth/targets", ["entity_type", "entity_id", "target"])
        targets = targets[targets["entity_type"] == "example"]
        is_target = targets.set_index("entity_id")["target"]
        positive: Bools = frame["example_id"].map(is_target).to_numpy(dtype=bool)
        return positive, np.ones(len(frame), bool)

    known = pack.labels_as_of(trained_us)
    known = known[(known["entity_type"] == "account") & known["label"].isin(ABOUT_TRAFFIC)]
    label_of = known.set_index("entity_id")["label"].astype(str)
    label = frame["account_id"].map(label_of)
    return (label == POSITIVE).to_numpy(), label.notna().to_numpy()


def _part(frame: pd.DataFrame, told: tuple[Bools, Bools], pick: Bools) -> Part:
    """Return a part of some of the rows, without the columns that say which they are."""
    rows = frame[pick]
    positive, is_known = told
    return Part(
        features=rows.drop(columns=list(KEYS)).reset_index(drop=True),
        labels=positive[pick],
        is_known=is_known[pick],
        example_ids=rows["example_id"].to_numpy(),
        account_ids=rows["account_id"].to_numpy(),
    )
