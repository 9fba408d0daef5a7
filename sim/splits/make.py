"""Splits of a pack: which fold of each scheme an account or an example is in."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.splits.dials import SplitDials
from sim.tables.database import RunTables


class Splits(NamedTuple):
    """Tables of the splits, and what was counted.

    Attributes
    ----------
    table
        `splits`: entity_type, entity_id, split_scheme, fold.
    keys
        `truth/split_keys`: split_scheme, fold, meaning.
    cuts
        `truth/split_cuts`: split_scheme, kind, identifier, owners, accounts; which identifiers are
        known to be on both sides.
    counts
        By scheme, as JSON: entities of each fold, what was cut and dropped, or `left_out` with the
        reason.
    """

    table: Any
    keys: Any
    cuts: Any
    counts: dict[str, Any]


def make_splits(tables: RunTables, dials: SplitDials, labels: Any, seed: int) -> Splits:
    """Return the splits of a pack.

    Parameters
    ----------
    tables
        The pack, with `truth/targets` for the schemes of examples.
    dials
        Of the splits.
    labels
        The table `labels_observed/labels`, of Arrow or a data frame.
    seed
        Of the draws.

    Raises
    ------
    InvalidInputError
        If a scheme that the dials name cannot be had; all such in one message.
    """
    raise NotImplementedError
