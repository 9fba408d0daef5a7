"""The columns of what a provider comes to know, and of how probable that was."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema

LABEL_CHANNELS = ("rule", "dispute", "review", "report", "appeal")
"""Whence a label comes."""

LABEL_WORDS = ("extraction", "benign", "payment_fraud")
"""What a label says."""
EXTRACTION, BENIGN, PAYMENT_FRAUD = LABEL_WORDS

LABELLED_ENTITIES = ("account", "instrument")

OBSERVED_LABELS = TableSchema(
    [
        Column("label_id", "id", "Identifier of the label.", prefix="lab_"),
        Column("entity_type", "word", "What is labelled: `account` or `instrument`."),
        Column("entity_id", "id", "The account, or the instrument that it pays with."),
        Column(
            "label",
            "word",
            "What it says: `extraction`, `benign`, or `payment_fraud`, which is about a card.",
        ),
        Column(
            "channel",
            "word",
            "Whence it comes: `rule`, `dispute`, `review`, `report`, or `appeal`.",
        ),
        Column("confidence", "float32", "How sure the channel is of what it says, 0 to 1."),
        Column(
            "created_at",
            "time",
            "When the provider knows of it, up to 180 days after the log closes. What is learned "
            "at t may use rows up to t.",
        ),
        Column(
            "valid_from",
            "time",
            "From when on it is taken to hold: the day that a rule looked at, the sign-up that a "
            "disputed card paid for, the account's first exchange for a review, the beginning of "
            "the campaign or of the account for a report; of an appeal that of the label it ends.",
        ),
        Column(
            "supersedes",
            "id?",
            "The label of the same account that stood until then, which this one ends; else "
            "missing (0).",
            prefix="lab_",
        ),
    ]
)

LABEL_PROPENSITY = TableSchema(
    [
        Column("entity_type", "word", "Always `account`."),
        Column("entity_id", "id", "The account."),
        Column(
            "propensity",
            "float32",
            "Share of repetitions of the label process, each with draws of its own, in which the "
            "account is called `extraction` when all labels are there.",
        ),
        Column(
            "standard_error",
            "float32",
            "Standard error of the propensity, from the number of repetitions; above 0 also where "
            "all agree.",
        ),
    ]
)
