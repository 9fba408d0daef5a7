"""The columns of the other tables of `log/`: accounts and what a provider knows about them."""

from __future__ import annotations

from sim.tables.column import Column, TableSchema

ACCOUNTS = TableSchema(
    [
        Column("account_id", "id", "Identifier.", prefix="acc_"),
        Column("org_id", "id", "Organisation it belongs to.", prefix="org_"),
        Column("created_at", "time", "Registration; within the log for accounts that came later."),
        Column("signup_ip_hash", "id", "Address of the registration."),
        Column("signup_ip24", "id", "Its /24 prefix."),
        Column("signup_asn_type", "word", "Kind of its network."),
        Column(
            "email_domain_hash",
            "id",
            "Domain of its address for mail: a common one for 70 % of accounts, else that "
            "of the organisation.",
        ),
        Column("platform", "word", "As in the log."),
        Column("verification_level", "word", "`unverified` or `verified`."),
        Column(
            "status_at_export", "word", "`active`, `suspended` or `banned` when the log closes."
        ),
    ]
)

CREDENTIALS = TableSchema(
    [
        Column("api_key_id", "id", "Identifier.", prefix="key_"),
        Column("account_id", "id", "Account it belongs to.", prefix="acc_"),
        Column("workspace_id", "id", "Workspace of the organisation it is for.", prefix="wrk_"),
        Column(
            "created_at",
            "time",
            "When it was made: within ten minutes of the account, or later, before the log opens "
            "or the account begins to send.",
        ),
        Column(
            "revoked_at",
            "time?",
            "When it was replaced, or its account was banned for good; else missing.",
        ),
    ]
)

ORGS = TableSchema(
    [
        Column("org_id", "id", "Identifier.", prefix="org_"),
        Column("created_at", "time", "When it was made, shortly before its oldest account."),
        Column("declared_country", "word", "Country of its oldest account."),
        Column("kyc_level", "word", "`verified` if one of its accounts is, else `unverified`."),
    ]
)

PAYMENT_INSTRUMENTS = TableSchema(
    [
        Column("instrument_hash", "id", "Identifier."),
        Column("type", "word", "`card`, `prepaid`, `invoice` or `credit`."),
        Column(
            "bin_country",
            "word",
            "Country of its issuer: that of the account that brought it first, but for some "
            "numbers that strangers have too.",
        ),
        Column("first_seen", "time", "When it was first accepted, at a sign-up."),
    ]
)

ACCOUNT_PAYMENT = TableSchema(
    [
        Column("account_id", "id", "Account.", prefix="acc_"),
        Column("instrument_hash", "id", "What it pays with."),
        Column("first_seen", "time", "When it was accepted, at the sign-up."),
        Column("last_seen", "time", "Last exchange of the account in the log, or the sign-up."),
    ]
)

PAYMENT_EVENTS = TableSchema(
    [
        Column("account_id", "id", "Account.", prefix="acc_"),
        Column("instrument_hash", "id", "What it pays with."),
        Column("kind", "word", "`authorisation`, `charge`, `decline`, `dispute` or `refund`."),
        Column("at", "time", "When it happened; may lie after the end of the log."),
        Column(
            "known_at",
            "time",
            "When the provider knows of it: up to 180 days after the end of the log.",
        ),
        Column("usd", "float64", "Amount; 0 at the sign-up.", unit="USD"),
    ]
)

EDGES_OBSERVED = TableSchema(
    [
        Column("src_id", "id", "Account."),
        Column("src_type", "word", "Always `account`."),
        Column(
            "dst_id",
            "id",
            "What it is linked to: the identifier that other tables have for it; of a `ja4`, which "
            "the log has in words, a number for each.",
        ),
        Column("dst_type", "word", "`ip`, `ja4`, `instrument`, `email_domain` or `cluster`."),
        Column(
            "relation",
            "word",
            "`used_ip`, `used_ja4`, `used_card`, `same_email_domain` or `template_cluster`.",
        ),
        Column("first_seen", "time", "First exchange behind the link, or the sign-up."),
        Column("last_seen", "time", "Last one, or the sign-up."),
        Column(
            "count",
            "int32",
            "Exchanges behind it, as those in the cluster; 1 for what was given at the sign-up.",
        ),
    ]
)

MODEL_CATALOG = TableSchema(
    [
        Column("model", "word", "Model id."),
        Column("released_at", "time", "Day of its release."),
        Column(
            "latest_from",
            "time?",
            "From when on it was the newest, if a `release` of the scenario made it so.",
        ),
        Column(
            "input_usd_per_mtok",
            "float64",
            "List price of a million tokens of input.",
            unit="USD per million tokens",
        ),
        Column("output_usd_per_mtok", "float64", "And of output.", unit="USD per million tokens"),
        Column(
            "context_window_tokens", "int32", "Longest input and output together.", unit="tokens"
        ),
    ]
)

ENFORCEMENT_EVENTS = TableSchema(
    [
        Column("account_id", "id", "Account that was acted on.", prefix="acc_"),
        Column("at", "time", "When."),
        Column("action", "word", "`rate_limit`, `step_up`, `suspend`, `ban` or `reinstate`."),
        Column(
            "trigger_channel",
            "word",
            "What began it: `volume`, `sharing`, `refusals`, `random` or `report`.",
        ),
    ]
)
