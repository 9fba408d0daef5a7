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
    _count("active_days", "Days with a request, UTC.", "count(DISTINCT start_us // 86400000000)"),
    _days("span_days", "From the first request to the last.", "max(start_us) - min(start_us)"),
    _seconds("gap_q10_s", "Tenth of the gaps between requests.", 0.1),
    _seconds("gap_median_s", "Median of the gaps.", 0.5),
    _seconds("gap_q90_s", "Nine tenths of the gaps.", 0.9),
    _days("silence_days", "Longest gap.", "max(gap_us)"),
    _count("sessions", "Runs of requests without a gap over half an hour.", "sum(opens::INT)"),
    Column(
        "session_mean",
        "float32",
        "Mean of the requests in such a run.",
        source="count(*) / sum(opens::INT)",
    ),
    share("same_prompt_share", "Whose prompt is that of the request before.", "bits = 0"),
    share("reworded_share", "Whose prompt is that in other words.", "bits BETWEEN 1 AND 6"),
    share("on_topic_share", "Whose prompt is about the same.", "bits BETWEEN 7 AND 12"),
]

# What accounts use and may have in common: words for it, and the column of the exchanges.
USED = {
    "template": ("prompt template", "system_prompt_hash"),
    "cluster": ("cluster of prompts", "prompt_cluster"),
    "prompt": ("near-duplicate hash", "prompt_simhash64"),
    "address": ("address", "ip_hash"),
    "network": ("/24", "ip24_hash"),
}


def used(word: str) -> list[Column]:
    """Return the features of what accounts use, such as `template`.

    Of rows with the exchanges `n` of an account on each, the accounts `degree` there, those of
    `others`, other organisations, and whether it is `rare`.
    """
    meaning = USED[word][0]
    return [
        Column(
            f"{word}_top_share",
            "float32",
            f"Exchanges on the {meaning} that it uses most, of those with one.",
            source="max(n) / sum(n)",
        ),
        Column(
            f"{word}_accounts",
            "float32",
            f"Accounts on the {meaning} of an exchange, mean.",
            source="sum(n * degree) / sum(n)",
        ),
        Column(
            f"{word}_rare_share",
            "float32",
            f"Exchanges on a {meaning} that few accounts use, and of several organisations.",
            source="sum(CASE WHEN rare AND others > 0 THEN n ELSE 0 END) / sum(n)",
        ),
        Column(
            f"{word}_rare_accounts",
            "float32",
            f"Accounts of other organisations on the {meaning}, if few use it; mean.",
            source="sum(CASE WHEN rare THEN n * others ELSE 0 END) / sum(n)",
        ),
    ]


# Of rows with the account's clusters in each hour, and the accounts of other organisations there.
TOGETHER = [
    share("together_share", "Rare clusters in an hour where others are too.", "others > 0"),
    Column("together_mean", "float32", "Mean of such others.", source="avg(others)"),
]

# One row an account: what it gave at the sign-up, its organisation, and who did alike.
SIGN_UP = [
    _days("age_days", "Age at the end of the window.", "window_to_us - epoch_us(created_at)"),
    _count("is_new", "1 if it registered within the window.", "(is_new)::INT"),
    _days("quiet_days", "From sign-up or window to its first exchange.", "first_us - since_us"),
    _count("is_verified", "1 if verified.", "(verification_level = 'verified')::INT"),
    _count("by_cloud", "1 if it comes by a cloud platform.", "(platform <> 'first_party')::INT"),
    _count("signed_up_hosting", "1 if from hosting.", "(signup_asn_type = 'hosting')::INT"),
    _count("signed_up_mobile", "1 if from mobile.", "(signup_asn_type = 'mobile')::INT"),
    _count("signup_address_accounts", "Accounts from its address.", "address_accounts"),
    _count("signup_network_accounts", "Accounts from its /24.", "network_accounts"),
    _count("signup_week_accounts", "Those of them within three days of it.", "week_accounts"),
    _count("domain_accounts", "Accounts with its domain of mail.", "domain_accounts"),
    _count("organisation_accounts", "Accounts of its organisation.", "organisation_accounts"),
    _count("organisation_verified", "1 if one of them is verified.", "(kyc = 'verified')::INT"),
    _days("organisation_age_days", "Age of that.", "window_to_us - epoch_us(org_created_at)"),
    _count("keys_made", "Credentials that it ever had.", "keys_made"),
    _count("keys_revoked", "Those that are revoked.", "keys_revoked"),
    _count("workspaces", "Workspaces that they are for.", "workspaces"),
]


def _kinds(kinds: tuple[str, ...], meaning: str, column: str) -> Iterator[Column]:
    for kind in kinds:
        source = f"count(*) FILTER ({column} = '{kind}')"
        yield _count(f"{kind}_{column}s", f"{meaning}: {kind}.", source)


# One row for each instrument of an account.
INSTRUMENTS = [
    *_kinds(("card", "prepaid", "invoice", "credit"), "Instruments so far", "instrument"),
    _count("instrument_accounts", "Most accounts that pay with one of them.", "max(degree)"),
    _count("instrument_organisations", "Most organisations that do.", "max(organisations)"),
    _count("abroad_instruments", "Those from another country.", "sum((abroad)::INT)"),
]

# One row for each payment that is known.
PAYMENTS = [
    *_kinds(("charge", "decline", "dispute", "refund"), "Payments known so far", "payment"),
    Column(
        "charged_usd",
        "float64",
        "All charges known so far.",
        "USD",
        source="sum(CASE WHEN payment = 'charge' THEN round(1e6 * usd)::BIGINT ELSE 0 END) / 1e6",
    ),
]

# One row for each thing that the provider did to it.
MEASURES = list(_kinds(("rate_limit", "step_up", "suspend", "ban"), "Measures so far", "measure"))
