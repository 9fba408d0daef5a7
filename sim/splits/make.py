"""Splits of a pack: which fold of each scheme an account or an example is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from sim.errors import InvalidInputError
from sim.splits import account_schemes, example_schemes
from sim.splits.dials import SCHEMES, SplitDials
from sim.splits.given import Given, Scheme, given
from sim.splits.times import NotPossibleError
from sim.tables.database import RunTables
from sim.tables.split_schema import SPLIT_CUTS, SPLIT_KEYS, SPLITS

_MAKERS: dict[str, Callable[[Given], Iterator[Scheme]]] = {
    "time": example_schemes.time,
    "campaign": account_schemes.campaign,
    "typology-held-out": account_schemes.typology_held_out,
    "adaptation-held-out": account_schemes.adaptation_held_out,
    "world-held-out": account_schemes.world_held_out,
    "regime": example_schemes.regime,
    "random-rows": account_schemes.random_rows,
}


class Splits(NamedTuple):
    """Tables of the splits, and what was counted.

    Attributes
    ----------
    table
        `splits`: entity_type, entity_id, split_scheme, fold, in order of identifier and scheme.
    keys
        `truth/split_keys`: split_scheme, fold, meaning.
    cuts
        `truth/split_cuts`: kind, identifier, owners, accounts: popular identifiers, which are on
        both sides of all schemes.
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
        The pack: log and truth, with `truth/targets` for the schemes of examples, and
        `truth/members` for `world-held-out`.
    dials
        Of the splits.
    labels
        The table `labels_observed/labels`, of Arrow or a data frame.
    seed
        Of the draws.

    Raises
    ------
    InvalidInputError
        If a scheme that the dials ask for cannot be had; all such in one message.
    """
    have = given(tables, dials, labels, seed)
    made: list[Scheme] = []
    counts: dict[str, Any] = {}
    faults = []
    for name in SCHEMES if dials.schemes is None else dials.schemes:
        try:
            new = list(_MAKERS[name](have))
        except NotPossibleError as error:
            counts[name] = {"left_out": str(error)}
            faults += [f"splits: {name}: {error}"] if dials.asks_for(name) else []
        else:
            made += new
            counts |= {scheme.name: scheme.counts for scheme in new}

    if faults:
        raise InvalidInputError("\n".join(faults))
    cuts = _arrow([have.links.many], ["kind", "identifier"], SPLIT_CUTS)
    return Splits(_table(made), _keys(made), cuts, counts)


def _table(schemes: Iterable[Scheme]) -> Any:
    """Return `splits`, in order of identifier, so that the order tells of no fold."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "entity_type": scheme.entity_type,
                "entity_id": scheme.entity_id,
                "split_scheme": scheme.name,
                "fold": scheme.fold,
            }
        )
        for scheme in schemes
    ]
    return _arrow(parts, ["entity_id", "entity_type", "split_scheme"], SPLITS)


def _keys(schemes: Iterable[Scheme]) -> Any:
    """Return `truth/split_keys`."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "split_scheme": scheme.name,
                "fold": list(scheme.meanings),
                "meaning": list(scheme.meanings.values()),
            }
        )
        for scheme in schemes
    ]
    return _arrow(parts, ["split_scheme", "fold"], SPLIT_KEYS)


def _arrow(parts: list[Any], order: list[str], columns: Any) -> Any:
    """Return frames as one Arrow table, in order of some of its columns."""
    import pandas as pd
    import pyarrow as pa

    from sim.tables.schema import arrow_schema

    schema = arrow_schema(columns)
    if not parts:
        return schema.empty_table()
    frame = pd.concat(parts).sort_values(order, ignore_index=True)
    return pa.Table.from_pandas(frame[list(columns)], schema, preserve_index=False)
