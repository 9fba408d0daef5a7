"""The tables that are one file each: those of all members laid together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sim.errors import InvalidInputError
from sim.packs.actor_names import numbered
from sim.tables.arrow import table as arrow_table
from sim.tables.arrow import words
from sim.tables.pack_schema import TRUTH_MEMBERS
from sim.tables.reading import Run
from sim.tables.schema import IN_PARTS, TABLES

# What belongs to one member alone: two members with one of these have the same seed.
_OWN = {
    "log/accounts": "account_id",
    "log/orgs": "org_id",
    "log/credentials": "api_key_id",
    "truth/campaigns": "campaign_uid",
}


def merged_tables(members: Sequence[Run]) -> Iterator[tuple[str, Any]]:
    """Yield every table that is a single file, and `truth/members`, one after the other.

    Rows are in order of their columns that are no words, as in a run, so that the order tells
    nothing; those of `truth/actors` are in order of members.

    Parameters
    ----------
    members
        The finished runs, in order of their numbers.

    Yields
    ------
    tuple of str and pyarrow.Table
        The name of a table, and its rows.

    Raises
    ------
    InvalidInputError
        If members have accounts in common, or unlike facts about one model.
    """
    for stem, columns in TABLES.items():
        if stem in IN_PARTS:
            continue
        tables = [
            numbered(run.table(stem, columns), member) for member, run in enumerate(members, 1)
        ]
        yield stem, _merged(stem, tables)
    yield "truth/members", _members(members)


def _merged(stem: str, tables: Sequence[Any]) -> Any:
    """Return the rows of one table of all members."""
    import pyarrow as pa

    if stem in _OWN:
        _expect_disjoint(stem, _OWN[stem], tables)
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if stem == "log/model_catalog":
        table = _one_catalog(table)
    if stem == "log/payment_instruments":
        table = _first_of_each(table, "instrument_hash", "first_seen")

    keys = [f.name for f in table.schema if not pa.types.is_dictionary(f.type)]
    if table.column_names[0] not in keys:
        return table
    return table.sort_by([(name, "ascending") for name in keys])


def _expect_disjoint(stem: str, key: str, tables: Sequence[Any]) -> None:
    """Raise InvalidInputError if an identifier is one of two members."""
    seen: dict[int, int] = {}
    for member, table in enumerate(tables, 1):
        ids = table.column(key).to_pylist()
        other = next((seen[x] for x in ids if x in seen), None)
        if other is not None:
            raise InvalidInputError(
                f"members {other} and {member} of the pack have rows of {stem} in common; "
                "give them unlike seeds"
            )
        seen.update(dict.fromkeys(ids, member))


def _first_of_each(table: Any, key: str, time: str) -> Any:
    """Return one row of each key: the earliest, the first member's of those at one time."""
    import numpy as np
    import pyarrow as pa

    ids, times = table.column(key).to_numpy(), table.column(time).to_numpy()
    order = np.lexsort((np.arange(len(ids)), times, ids))
    ordered = ids[order]
    is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
    return table.take(pa.array(order[is_first]))


def _one_catalog(table: Any) -> Any:
    """Return one row of each model; all members must say the same of it."""
    first: dict[str, int] = {}
    rows = table.to_pylist()
    for number, row in enumerate(rows):
        known = rows[first.setdefault(row["model"], number)]
        differs = [name for name in row if row[name] != known[name]]
        if differs:
            raise InvalidInputError(
                f"members of the pack say unlike things of the model {row['model']}: its "
                f"{differs[0]} is {known[differs[0]]} and {row[differs[0]]}; one log has one "
                "catalog, so give them the same releases"
            )
    return table.take([*first.values()])


def _members(members: Sequence[Run]) -> Any:
    """Return the table of members: what each was made of, and what it brought."""
    import numpy as np

    scenarios = [run.scenario for run in members]
    rows = [{record.path: record.rows for record in run.records} for run in members]

    def texts(values: Sequence[str]) -> Any:
        """Return a column of words."""
        return words(np.arange(len(values)), values)

    values = {
        "member": np.arange(1, len(members) + 1, dtype=np.int32),
        "scenario": texts([scenario.name for scenario in scenarios]),
        "seed": texts([str(scenario.seed) for scenario in scenarios]),
        "world_seed": texts([str(scenario.world.seed) for scenario in scenarios]),
        "accounts": np.array(
            [n[run.files("log/accounts")[0]] for n, run in zip(rows, members, strict=True)]
        ),
        "exchanges": np.array(
            [
                sum(n[p] for p in run.files(IN_PARTS[0]))
                for n, run in zip(rows, members, strict=True)
            ]
        ),
    }
    return arrow_table(TRUTH_MEMBERS, values)
