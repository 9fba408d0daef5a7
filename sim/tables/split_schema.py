"""The columns of the tables of splits."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema

SPLITS = TableSchema(
    [
        Column("entity_type", "word", "What is in the fold: `account` or `example`."),
        Column("entity_id", "id", "Identifier of the account or example.", encoding="plain"),
        Column("split_scheme", "word", "Which split, such as `campaign`."),
        Column(
            "fold",
            "word",
            "`train`, `validation` or `test`; `dropped` for what would be on both sides; in `time` "
            "also `known`, for what would be tested but was labelled before the training.",
        ),
    ]
)
SPLIT_KEYS = TableSchema(
    [
        Column("split_scheme", "word", "Which split, such as `campaign`."),
        Column("fold", "word", "Which fold of the split."),
        Column("meaning", "word", "What the fold holds, such as the typology that is held out."),
    ]
)
SPLIT_CUTS = TableSchema(
    [
        Column(
            "kind",
            "word",
            "Kind of the identifier: `card`, `address`, `network`, `mail domain` or `template`.",
        ),
        Column("identifier", "id", "What accounts of all folds may have, as the log names it."),
        Column("owners", "int32", "Operators, or organisations without one, that have it."),
        Column("accounts", "int32", "Accounts that have it."),
    ]
)
