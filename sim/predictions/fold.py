"""What a split asks: the entities of its fold `test` with their window; nothing of the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.arrays.types import Ints
from sim.documents.printable import printable
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.packs.examples import FEATURES, KEYS
from sim.packs.pack import Pack

if TYPE_CHECKING:
    import pandas as pd

TEST = "test"


@dataclass(frozen=True)
class Fold:
    """The entities that a split asks for, in order of their identifier.

    Attributes
    ----------
    split
        The scheme.
    entity_type
        `account`, or `example` in the splits by time.
    ids, account_ids
        Entities, and the account of each, shape (entities,).
    from_us, to_us
        Their window, in microseconds of Unix time; the end is excluded.
    """

    split: str
    entity_type: str
    ids: Ints
    account_ids: Ints
    from_us: int
    to_us: int

    def __len__(self) -> int:
        return len(self.ids)


def schemes_of(pack: Pack) -> list[str]:
    """Return the names of the splits that a pack has."""
    return sorted(map(str, pack.splits["split_scheme"].unique()))


def check_splits(pack: Pack, names: Iterable[str]) -> None:
    """Raise InvalidInputError that lists every name that no split of a pack has, and why."""
    there = schemes_of(pack)
    lines = []
    for name in names:
        if name not in there:
            left_out = pack.manifest["splits"].get(name, {}).get("left_out")
            why = f": {left_out}" if left_out else suggest(name, there)
            lines.append(f"{pack.store}: has no split {printable(name)}{why}")
    if lines:
        raise InvalidInputError("\n".join(lines))


def fold_of(pack: Pack, split: str) -> Fold:
    """Return what a split asks: what of its fold `test` sent something in the window.

    Raises
    ------
    InvalidInputError
        If there is no such split, or if nothing is asked.
    """
    check_splits(pack, [split])
    splits = pack.splits
    rows = splits[(splits["split_scheme"] == split) & (splits["fold"] == TEST)]
    windows = windows_of(pack)

    entity_type = str(rows["entity_type"].iloc[0]) if len(rows) else "account"
    if entity_type == "account":
        recipe = pack.recipe
        windows = windows[
            (windows["from_us"] == recipe.opens_us) & (windows["to_us"] == recipe.closes_us)
        ]
    found = windows[windows[f"{entity_type}_id"].isin(rows["entity_id"])]
    if found.empty:
        raise InvalidInputError(f"{pack.store}: the split {split} has nothing to be judged by")
    found = found.sort_values(f"{entity_type}_id")
    return Fold(
        split=split,
        entity_type=entity_type,
        ids=found[f"{entity_type}_id"].to_numpy(),
        account_ids=found["account_id"].to_numpy(),
        from_us=int(found["from_us"].min()),
        to_us=int(found["to_us"].max()),
    )


def expect_features(pack: Pack) -> None:
    """Raise InvalidInputError if a pack was made without the table that lists who is asked."""
    if FEATURES not in pack.names:
        raise InvalidInputError(
            f"{pack.store}: has no {FEATURES}, which lists who is asked; make the pack with "
            "features: {accounts: true}"
        )


def windows_of(pack: Pack) -> pd.DataFrame:
    """Return the examples of a pack: example_id, account_id, from_us, to_us."""
    expect_features(pack)
    frame = pack.pandas(FEATURES, KEYS)
    for name in ("from", "to"):
        times = frame.pop(f"window_{name}")
        frame[f"{name}_us"] = times.dt.as_unit("us").astype("int64").to_numpy()
    return frame
