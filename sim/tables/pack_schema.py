"""The tables of a pack: those of a run, and what is made of them."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema
from sim.tables.schema import TABLES

TRUTH_MEMBERS = TableSchema(
    [
        Column(
            "member",
            "int32",
            "Number of the simulation, from 1; the ids of its actors begin with it and a point.",
        ),
        Column("scenario", "word", "Name of its scenario."),
        Column("seed", "word", "Its seed, in decimal digits."),
        Column("world_seed", "word", "The seed of its world, in decimal digits."),
        Column("accounts", "int64", "Accounts that it brought into the log."),
        Column("exchanges", "int64", "Exchanges that it brought into the log (C1)."),
    ]
)

PACK_TABLES: dict[str, TableSchema] = {
    **TABLES,
    "truth/members": TRUTH_MEMBERS,
}
