"""The columns of the tables of features, and of the targets and weights that go with them."""

from __future__ import annotations

from sim.tables.account_features import (
    INSTRUMENTS,
    MEASURES,
    PACE,
    PAYMENTS,
    SIGN_UP,
    TOGETHER,
    USED,
    used,
)
from sim.tables.column import Column, TableSchema
from sim.tables.exchange_features import SHOWN

ACCOUNT = Column("account_id", "id", "The account.", prefix="acc_")
_FROM = Column("window_from", "time", "Beginning of the window.")
_TO = Column(
    "window_to", "time", "End of the window, excluded; what was not known then is in no feature."
)

EXAMPLE = [
    Column(
        "example_id",
        "id",
        "Identifier of the account in the window; the number means nothing.",
        prefix="ex_",
    ),
    ACCOUNT,
    _FROM,
    _TO,
]
DAY = [
    ACCOUNT,
    Column("day", "time", "Beginning of the day in UTC on which the exchanges were complete."),
]
NUMBERED = [
    ACCOUNT,
    Column(
        "number", "int32", "Number of the window of requests among those of the account, from 0."
    ),
]
ENDS = [
    Column(
        "first_end",
        "time",
        "When the first exchange of the window was complete.",
        source="min(epoch_us(ts_end))",
    ),
    Column(
        "last_end",
        "time",
        "When the last exchange of the window was complete; all features are known from then on.",
        source="max(epoch_us(ts_end))",
    ),
]

ACCOUNT_FEATURES = TableSchema(
    [
        *EXAMPLE,
        *SHOWN,
        *PACE,
        *(column for word in USED for column in used(word)),
        *TOGETHER,
        *SIGN_UP,
        *INSTRUMENTS,
        *PAYMENTS,
        *MEASURES,
    ]
)
ACCOUNT_DAY_FEATURES = TableSchema([*DAY, *SHOWN])
WINDOW_FEATURES = TableSchema([*NUMBERED, *ENDS, *SHOWN])

TARGETS = TableSchema(
    [
        Column("entity_type", "word", "`account` in the whole log, or `example`."),
        Column("entity_id", "id", "The account, or the example as `features/accounts` has it."),
        ACCOUNT,
        _FROM,
        Column("window_to", "time", "End of the window, excluded."),
        Column(
            "extraction_share",
            "float32",
            "Share of the exchanges complete in the window that extract, whoever sent them.",
        ),
        Column(
            "target",
            "bool",
            "The recommended target: `extraction_share` is at least 0.05, or what the recipe says.",
        ),
        Column("any_extraction", "bool", "Whether any exchange of the window extracts."),
        Column("half_extraction", "bool", "Whether at least half of the exchanges extract."),
        Column("abusive_typology", "bool", "Whether the typology of the account extracts."),
        Column("extraction_purpose", "bool", "Whether the purpose of the account is extraction."),
    ]
)

SAMPLE_WEIGHTS = TableSchema(
    [
        Column("entity_type", "word", "Always `account`."),
        Column("entity_id", "id", "The account."),
        Column(
            "prevalence",
            "float64",
            "Weighted share of all accounts whose `target` is true in the whole log. In the "
            "test fold of a split it is near that, in a shorter window often lower.",
        ),
        Column(
            "weight",
            "float64",
            "Accounts of the population for each of the pack; mean 1. The same for all accounts of "
            "a typology.",
        ),
    ]
)

# By the name of a table of a pack.
FEATURE_TABLES = {
    "features/accounts": ACCOUNT_FEATURES,
    "features/account_days": ACCOUNT_DAY_FEATURES,
    "features/windows": WINDOW_FEATURES,
    "truth/targets": TARGETS,
    "truth/sample_weights": SAMPLE_WEIGHTS,
}
