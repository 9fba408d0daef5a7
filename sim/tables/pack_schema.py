"""The tables of a pack: those of a run, and what is made of them."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema
from sim.tables.feature_schema import (
    ACCOUNT_DAY_FEATURES,
    ACCOUNT_FEATURES,
    SAMPLE_WEIGHTS,
    TARGETS,
    WINDOW_FEATURES,
)
from sim.tables.label_schema import LABEL_PROPENSITY, OBSERVED_LABELS
from sim.tables.schema import TABLES
from sim.tables.split_schema import SPLIT_CUTS, SPLIT_KEYS, SPLITS

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
    **{stem: table for stem, table in TABLES.items() if stem.startswith("log/")},
    "labels_observed/labels": OBSERVED_LABELS,
    "splits": SPLITS,
    "features/accounts": ACCOUNT_FEATURES,
    "features/account_days": ACCOUNT_DAY_FEATURES,
    "features/windows": WINDOW_FEATURES,
    **{stem: table for stem, table in TABLES.items() if stem.startswith("truth/")},
    "truth/members": TRUTH_MEMBERS,
    "truth/targets": TARGETS,
    "truth/sample_weights": SAMPLE_WEIGHTS,
    "truth/label_propensity": LABEL_PROPENSITY,
    "truth/split_keys": SPLIT_KEYS,
    "truth/split_cuts": SPLIT_CUTS,
}
