"""The columns of every table: name, type, and where the field's conventions come from."""

from __future__ import annotations

from typing import Any

# Numbers in the vector of a prompt.
DIMENSIONS = 32

# Arrow type names; "word" is a dictionary column, "id" an opaque number, 0 if missing.
EXCHANGES: dict[str, str] = {
    "exchange_id": "id",
    "ts_start": "time",
    "ts_end": "time",
    "ttft_s": "float32?",
    "duration_s": "float32",
    "org_id": "id",
    "api_key_id": "id",
    "account_id": "id",
    "end_user_hash": "id?",
    "conversation_id": "id?",
    "platform": "word",
    "model_requested": "word",
    "model_served": "word",
    "stream": "bool",
    "temperature": "float32?",
    "max_tokens": "int32",
    "choice_count": "int8",
    "thinking_enabled": "bool",
    "service_tier": "word",
    "n_messages": "int16",
    "n_tool_defs": "int16",
    "n_tool_results_in": "int16",
    "last_role_in": "word",
    "n_tool_calls_out": "int16",
    "toolset_hash": "id",
    "system_prompt_hash": "id",
    "prompt_cluster": "id",
    "prompt_simhash64": "id",
    "prompt_lang": "word",
    "input_tokens_uncached": "int32",
    "cache_read_tokens": "int32",
    "cache_write_5m_tokens": "int32",
    "cache_write_1h_tokens": "int32",
    "input_tokens_total": "int32",
    "output_tokens": "int32",
    "reasoning_tokens": "int32",
    "server_tool_requests": "int16",
    "finish_reason": "word?",
    "refusal_category": "word?",
    "http_status": "int16",
    "error_type": "word?",
    "resend_count": "int8",
    "cost_usd": "float32",
    "ip_hash": "id?",
    "ip24_hash": "id?",
    "asn": "int32?",
    "asn_type": "word?",
    "geo_country": "word?",
    "tcp_rtt_ms": "float32?",
    "tls_rtt_ms": "float32?",
    "ja4": "word",
    "user_agent": "word",
    "sdk_lang": "word",
    "sdk_version": "word",
    "os": "word",
    "arch": "word",
    "runtime": "word",
}

CORE_COLUMNS = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "org_id",
    "account_id",
    "model_served",
    "choice_count",
    "last_role_in",
    "n_tool_calls_out",
    "input_tokens_uncached",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "input_tokens_total",
    "output_tokens",
    "finish_reason",
    "http_status",
    "error_type",
    "resend_count",
    "cost_usd",
)

ACCOUNTS: dict[str, str] = {
    "account_id": "id",
    "org_id": "id",
    "created_at": "time",
    "signup_ip_hash": "id",
    "signup_ip24": "id",
    "signup_asn_type": "word",
    "email_domain_hash": "id",
    "platform": "word",
    "verification_level": "word",
    "status_at_export": "word",
}
CREDENTIALS: dict[str, str] = {
    "api_key_id": "id",
    "account_id": "id",
    "created_at": "time",
    "revoked_at": "time?",
}
ORGS: dict[str, str] = {
    "org_id": "id",
    "created_at": "time",
    "declared_country": "word",
    "kyc_level": "word",
}
PAYMENT_INSTRUMENTS: dict[str, str] = {
    "instrument_hash": "id",
    "type": "word",
    "bin_country": "word",
    "first_seen": "time",
}
ACCOUNT_PAYMENT: dict[str, str] = {
    "account_id": "id",
    "instrument_hash": "id",
    "first_seen": "time",
    "last_seen": "time",
    "n_declines": "int16",
    "chargeback_at": "time?",
}
EDGES_OBSERVED: dict[str, str] = {
    "src_id": "id",
    "src_type": "word",
    "dst_id": "id",
    "dst_type": "word",
    "relation": "word",
    "first_seen": "time",
    "last_seen": "time",
    "count": "int32",
}
MODEL_CATALOG: dict[str, str] = {
    "model": "word",
    "released_at": "time",
    "latest_from": "time?",
    "input_usd_per_mtok": "float64",
    "output_usd_per_mtok": "float64",
    "context_window_tokens": "int32",
}
ENFORCEMENT_EVENTS: dict[str, str] = {
    "account_id": "id",
    "at": "time",
    "action": "word",
    "trigger_channel": "word",
}

TRUTH_EXCHANGES: dict[str, str] = {
    "exchange_id": "id",
    "task_uid": "id",
    "actor_id": "word",
    "typology_id": "word",
    "is_extraction": "bool",
    "cover_flag": "bool",
    "user_initiated": "bool",
    "attempt_of": "id",
}
TRUTH_TASKS: dict[str, str] = {
    "task_uid": "id",
    "account_id": "id",
    "actor_id": "word",
    "typology_id": "word",
    "started_at": "time",
    "ended_at": "time",
    "calls": "int32",
    "exchanges": "int32",
    "exchanges_in_log": "int32",
    "work": "word",
    "item": "int64?",
    "run": "int32",
    "state": "word",
}
TRUTH_ACCOUNTS: dict[str, str] = {
    "account_id": "id",
    "actor_id": "word",
    "typology_id": "word",
    "purpose": "word",
    "access_legitimacy": "word",
    "coordination": "word",
    "extraction_share": "float32",
    "campaign_uid": "id?",
    "operator_uid": "id",
    "generation": "int16",
}
TRUTH_LINKS: dict[str, str] = {
    "account_id": "id",
    "to_id": "id",
    "link": "word",
}
TRUTH_CAMPAIGNS: dict[str, str] = {
    "campaign_uid": "id",
    "operator_uid": "id",
    "actor_id": "word",
    "typology_id": "word",
    "accounts": "int32",
    "accounts_in_log": "int32",
    "replacements": "int32",
    "accounts_banned": "int32",
    "requested_exchanges": "int64",
    "achieved_exchanges": "int64",
    "extraction_exchanges": "int64",
    "starts_at": "time",
    "ends_at": "time",
    "adaptations": "word",
    "budget_usd": "float64?",
    "planned_usd": "float64",
    "spent_identities_usd": "float64",
    "spent_replacements_usd": "float64",
    "spent_tokens_usd": "float64",
}
TRUTH_ACTORS: dict[str, str] = {
    "actor_id": "word",
    "typology_id": "word",
    "unit": "word",
    "requested": "int64",
    "achieved": "int64",
    "exchanges_in_log": "int64",
    "tasks_in_log": "int64",
    "tasks_finished": "int64",
    "tasks_given_up": "int64",
    "tasks_cut_off": "int64",
    "tasks_barred": "int64",
}

TABLES: dict[str, dict[str, str]] = {
    "log/exchanges": EXCHANGES,
    "log/accounts": ACCOUNTS,
    "log/credentials": CREDENTIALS,
    "log/orgs": ORGS,
    "log/payment_instruments": PAYMENT_INSTRUMENTS,
    "log/account_payment": ACCOUNT_PAYMENT,
    "log/edges_observed": EDGES_OBSERVED,
    "log/model_catalog": MODEL_CATALOG,
    "log/enforcement_events": ENFORCEMENT_EVENTS,
    "truth/exchanges": TRUTH_EXCHANGES,
    "truth/tasks": TRUTH_TASKS,
    "truth/accounts": TRUTH_ACCOUNTS,
    "truth/campaigns": TRUTH_CAMPAIGNS,
    "truth/actors": TRUTH_ACTORS,
    "truth/links": TRUTH_LINKS,
}
# Columns that are identifiers wherever they occur, and those of them that may be missing.
IDENTIFIERS, MAY_BE_MISSING = (
    frozenset(name for table in TABLES.values() for name, kind in table.items() if kind in kinds)
    for kinds in (("id", "id?"), ("id?",))
)
# Tables that are a file for each part of the log; the others are a single file each.
IN_PARTS = ("log/exchanges", "truth/exchanges", "truth/tasks")
# Which table says the truth about the rows of another: as many, in the same order.
LABELS = {"log/exchanges": "truth/exchanges", "log/accounts": "truth/accounts"}


VECTOR_COLUMN = "prompt_emb"


def exchange_columns(profile: str, *, vectors: bool = False) -> dict[str, str]:
    """Columns of the log for the profile `full` or `core`, perhaps with vectors of prompts."""
    columns = EXCHANGES
    if profile == "core":
        columns = {name: EXCHANGES[name] for name in CORE_COLUMNS}
    return {**columns, VECTOR_COLUMN: "vector"} if vectors else columns


def arrow_schema(columns: dict[str, str]) -> Any:
    """Arrow schema of a table; only columns marked `?` may hold nulls, identifiers never."""
    import pyarrow as pa

    types = {
        "id": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
        "word": pa.dictionary(pa.int32(), pa.string()),
        "bool": pa.bool_(),
        "vector": pa.list_(pa.float16(), DIMENSIONS),
    }
    return pa.schema(
        [
            pa.field(
                name,
                types.get(kind.rstrip("?")) or getattr(pa, kind.rstrip("?"))(),
                nullable=kind.endswith("?") and kind != "id?",
            )
            for name, kind in columns.items()
        ]
    )
