"""Features of accounts beyond what their exchanges show one by one: pace, sign-up, relations.

The `source` of each is the SQL that makes it of the rows that `sim.features` joins for it. Where
there is nothing to count, a feature is 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.tables.column import Column
from sim.tables.exchange_features import share


def _count(name: str, meaning: str, source: str) -> Column:
    return Column(name, "int32", meaning, source=source)


def _days(name: str, meaning: str, source: str) -> Column:
    return Column(name, "float32", meaning, "days", source=f"({source}) / 86400e6")


def _seconds(name: str, meaning: str, quantile: float) -> Column:
    source = f"quantile_cont(gap_us, {quantile}) / 1e6"
    return Column(name, "float32", meaning, "s", source=source)


# Of rows with the time since the request before it, and the bits by which the prompt differs.
PACE = [
    _count(
        "active_days",
        "Number of days (UTC) with a request.",
        "count(DISTINCT start_us // 86400000000)",
    ),
    _days("span_days", "Time from the first request to the last.", "max(start_us) - min(start_us)"),
    _seconds("gap_q10_s", "Gap between requests than which a tenth of the gaps are shorter.", 0.1),
    _seconds("gap_median_s", "Median gap between requests.", 0.5),
    _seconds("gap_q90_s", "Gap between requests than which nine tenths are shorter.", 0.9),
    _days("silence_days", "Longest gap between requests.", "max(gap_us)"),
    _count(
        "sessions", "Sessions: runs of requests without a gap over half an hour.", "sum(opens::INT)"
    ),
    Column(
        "session_mean",
        "float32",
        "Mean number of requests in a session.",
        source="count(*) / sum(opens::INT)",
    ),
    share(
        "same_prompt_share", "Share of requests whose prompt is that of the one before.", "bits = 0"
    ),
    share(
        "reworded_share",
        "Share of requests whose prompt is the one before in other words.",
        "bits BETWEEN 1 AND 6",
    ),
    share(
        "on_topic_share",
        "Share of requests whose prompt is about the same thing as the one before.",
        "bits BETWEEN 7 AND 12",
    ),
]

# What accounts use and may have in common: words for it, and the column of the exchanges.
USED = {
    "template": ("prompt template", "system_prompt_hash"),
    "cluster": ("cluster of prompts", "prompt_cluster"),
    "prompt": ("near-duplicate hash", "prompt_simhash64"),
    "address": ("address", "ip_hash"),
    "network": ("/24 network", "ip24_hash"),
}


def used(word: str) -> list[Column]:
    """Return the features of what accounts use, such as `template`.

    Of rows with the exchanges `n` of an account on each, the accounts `degree` there, those of
    `others`, other organisations, and whether it is `rare`.
    """
    meaning = USED[word][0]
    article = f"an {meaning}" if meaning[0] in "aeiou" else f"a {meaning}"
    return [
        Column(
            f"{word}_top_share",
            "float32",
            f"Share of the exchanges with {article} that use the {meaning} used most.",
            source="max(n) / sum(n)",
        ),
        Column(
            f"{word}_accounts",
            "float32",
            f"Mean over exchanges of the number of accounts that use the same {meaning}.",
            source="sum(n * degree) / sum(n)",
        ),
        Column(
            f"{word}_rare_share",
            "float32",
            f"Share of exchanges on {article} that few accounts use, of two or more organisations.",
            source="sum(CASE WHEN rare AND others > 0 THEN n ELSE 0 END) / sum(n)",
        ),
        Column(
            f"{word}_rare_accounts",
            "float32",
            f"Mean over exchanges of the accounts of other organisations on the same {meaning}; "
            "0 where many use it.",
            source="sum(CASE WHEN rare THEN n * others ELSE 0 END) / sum(n)",
        ),
    ]


# Of rows with the account's clusters in each hour, and the accounts of other organisations there.
TOGETHER = [
    share(
        "together_share",
        "Of the hours on clusters of prompts that few accounts use: share in which another "
        "organisation is there, too.",
        "others > 0",
    ),
    Column(
        "together_mean",
        "float32",
        "Mean number of accounts of other organisations in an hour on such a cluster.",
        source="avg(others)",
    ),
]

# One row an account: what it gave at the sign-up, its organisation, and who did alike.
SIGN_UP = [
    _days(
        "age_days",
        "Age of the account at the end of the window.",
        "window_to_us - epoch_us(created_at)",
    ),
    _count("is_new", "1 if the account signed up within the window.", "(is_new)::INT"),
    _days(
        "quiet_days",
        "Time from sign-up, or the window's beginning, to the first exchange.",
        "first_us - since_us",
    ),
    _count(
        "is_verified", "1 if the account is verified.", "(verification_level = 'verified')::INT"
    ),
    _count(
        "by_cloud",
        "1 if the account comes by a cloud platform.",
        "(platform <> 'first_party')::INT",
    ),
    _count(
        "signed_up_hosting",
        "1 if the account signed up from a hosting network.",
        "(signup_asn_type = 'hosting')::INT",
    ),
    _count(
        "signed_up_mobile",
        "1 if the account signed up from a mobile network.",
        "(signup_asn_type = 'mobile')::INT",
    ),
    _count("signup_address_accounts", "Accounts signed up from its address.", "address_accounts"),
    _count("signup_network_accounts", "Accounts signed up from its /24.", "network_accounts"),
    _count(
        "signup_week_accounts",
        "Accounts signed up from its /24 within three days.",
        "week_accounts",
    ),
    _count("domain_accounts", "Accounts with its mail domain.", "domain_accounts"),
    _count("organisation_accounts", "Accounts of its organisation.", "organisation_accounts"),
    _count(
        "organisation_verified",
        "1 if an account of its organisation is verified.",
        "(kyc = 'verified')::INT",
    ),
    _days(
        "organisation_age_days",
        "Age of its organisation.",
        "window_to_us - epoch_us(org_created_at)",
    ),
    _count("keys_made", "Credentials that the account ever had.", "keys_made"),
    _count("keys_revoked", "Credentials that were revoked.", "keys_revoked"),
    _count("workspaces", "Workspaces of its credentials.", "workspaces"),
]


def _kinds(kinds: tuple[str, ...], meaning: str, column: str) -> Iterator[Column]:
    for kind in kinds:
        source = f"count(*) FILTER ({column} = '{kind}')"
        yield _count(f"{kind}_{column}s", f"{meaning}: {kind}.", source)


# One row for each instrument of an account.
INSTRUMENTS = [
    *_kinds(("card", "prepaid", "invoice", "credit"), "Payment instruments so far", "instrument"),
    _count(
        "instrument_accounts", "Most accounts that pay with one of its instruments.", "max(degree)"
    ),
    _count(
        "instrument_organisations",
        "Most organisations that pay with one of its instruments.",
        "max(organisations)",
    ),
    _count(
        "abroad_instruments",
        "Instruments from a country other than the declared one.",
        "sum((abroad)::INT)",
    ),
]

# One row for each payment that is known.
PAYMENTS = [
    *_kinds(("charge", "decline", "dispute", "refund"), "Payments known so far", "payment"),
    Column(
        "charged_usd",
        "float64",
        "Sum of all charges known so far.",
        "USD",
        source="sum(CASE WHEN payment = 'charge' THEN round(1e6 * usd)::BIGINT ELSE 0 END) / 1e6",
    ),
]

# One row for each thing that the provider did to it.
MEASURES = list(
    _kinds(
        ("rate_limit", "step_up", "suspend", "ban"), "Measures of the provider so far", "measure"
    )
)
