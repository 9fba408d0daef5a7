"""What a set of exchanges of one account shows: features of accounts, of days and of windows alike.

The `source` of each is the SQL that makes it of the rows in the set. Sums and means are of whole
numbers, so that they do not depend on the order of the rows. Where there is nothing to divide by, a
feature is 0.
"""

from __future__ import annotations

from sim.tables.column import Column


def share(name: str, meaning: str, condition: str) -> Column:
    """Return a feature: the share of rows for which a condition holds."""
    return Column(name, "float32", meaning, source=f"avg(coalesce({condition}, false)::INT)")


def mean(name: str, meaning: str, of: str, unit: str = "") -> Column:
    """Return a feature: the mean of a whole number."""
    return Column(name, "float32", meaning, unit, source=f"avg({of})")


def number(name: str, meaning: str, of: str) -> Column:
    """Return a feature: how many different identifiers or words there are."""
    return Column(name, "int32", meaning, source=f"count(DISTINCT {of})")


def part(name: str, meaning: str, some: str, whole: str) -> Column:
    """Return a feature: one sum over another."""
    return Column(name, "float32", meaning, source=f"sum({some}) / nullif(sum({whole}), 0)")


_OK = "FILTER (http_status = 200)"
_SQUARE = "output_tokens::BIGINT * output_tokens"
_DEVIATION = f"sqrt(greatest(avg({_SQUARE}) {_OK} - (avg(output_tokens) {_OK}) ** 2, 0))"
_WRITTEN = "cache_write_5m_tokens + cache_write_1h_tokens"

SHOWN = [
    Column("exchanges", "int64", "Exchanges, failed attempts included.", source="count(*)"),
    # --- when
    number(
        "active_hours", "Hours in which an exchange was complete.", "epoch_us(ts_end) // 3600000000"
    ),
    share(
        "night_share",
        "Share of exchanges requested from 0 to 6 o'clock, UTC.",
        "hour(ts_start) < 6",
    ),
    share(
        "weekend_share",
        "Share of exchanges requested on Saturday or Sunday, UTC.",
        "isodow(ts_start) > 5",
    ),
    Column(
        "duration_mean_s",
        "float32",
        "Mean time from request to the end of the answer.",
        "s",
        source="avg(epoch_us(ts_end) - epoch_us(ts_start)) / 1e6",
    ),
    # --- how they ended
    share("answered_share", "Share of exchanges that were answered.", "http_status = 200"),
    share(
        "refused_share", "Share of exchanges that the model refused.", "finish_reason = 'refusal'"
    ),
    share(
        "rate_limited_share",
        "Share of exchanges turned away by a rate limit (HTTP 429).",
        "http_status = 429",
    ),
    share(
        "failed_share",
        "Share of exchanges lost to overload or an error of the server.",
        "http_status >= 500",
    ),
    share("hung_up_share", "Share of exchanges that the client gave up.", "http_status = 499"),
    share("retried_share", "Share of exchanges that try a call once more.", "resend_count > 0"),
    share(
        "cut_share",
        "Share of exchanges cut off at the limit of tokens.",
        "finish_reason = 'max_tokens'",
    ),
    # --- what was asked for
    number("models", "Number of models that answered.", "model_served"),
    share(
        "alias_share",
        "Share of exchanges that ask for whatever model is the latest.",
        "model_requested = 'latest'",
    ),
    share("streamed_share", "Share of exchanges whose answer is streamed.", "stream"),
    share("thinking_share", "Share of exchanges with thinking on.", "thinking_enabled"),
    share(
        "batch_share",
        "Share of exchanges sent in batches, at half the price.",
        "service_tier = 'batch'",
    ),
    share(
        "several_choices_share",
        "Share of exchanges that ask for several answers at once.",
        "choice_count > 1",
    ),
    share(
        "temperature_share",
        "Share of exchanges whose temperature the client set.",
        "temperature >= 0",
    ),
    share("warm_up_share", "Share of exchanges that only warm the cache.", "max_tokens = 0"),
    # --- conversations and tools
    share(
        "user_share", "Share of exchanges whose last message is a user's.", "last_role_in = 'user'"
    ),
    share(
        "tool_share",
        "Share of exchanges whose last message is the result of a tool.",
        "last_role_in = 'tool'",
    ),
    share(
        "conversation_share",
        "Share of exchanges that name their conversation.",
        "conversation_id <> 0",
    ),
    number(
        "conversations", "Number of conversations that are named.", "nullif(conversation_id, 0)"
    ),
    share("new_history_share", "Share of exchanges that begin a history.", "n_messages = 1"),
    mean("messages_mean", "Mean number of messages in a request.", "n_messages"),
    mean("tool_defs_mean", "Mean number of tools that a request defines.", "n_tool_defs"),
    mean("tool_calls_mean", "Mean number of calls of tools in an answer.", "n_tool_calls_out"),
    mean("server_tools_mean", "Mean number of tool steps by the provider.", "server_tool_requests"),
    # --- tokens and money
    mean(
        "input_mean_tokens",
        "Mean input of an exchange, of all kinds.",
        "input_tokens_total",
        "tokens",
    ),
    Column(
        "output_mean_tokens",
        "float32",
        "Mean output of an answered exchange.",
        "tokens",
        source=f"avg(output_tokens) {_OK}",
    ),
    Column(
        "output_variation",
        "float32",
        "Standard deviation of the output of answered exchanges, over its mean.",
        source=f"{_DEVIATION} / nullif(avg(output_tokens) {_OK}, 0)",
    ),
    part("output_share", "Output tokens over input tokens.", "output_tokens", "input_tokens_total"),
    part(
        "cache_read_share",
        "Share of the input that came from the cache.",
        "cache_read_tokens",
        "input_tokens_total",
    ),
    part(
        "cache_written_share",
        "Share of the input that was written to the cache.",
        _WRITTEN,
        "input_tokens_total",
    ),
    part(
        "reasoning_share",
        "Share of the output that is reasoning.",
        "reasoning_tokens",
        "output_tokens",
    ),
    Column(
        "cost_usd",
        "float64",
        "List price of all exchanges, each rounded to a millionth of a dollar.",
        "USD",
        source="sum(round(1e6 * cost_usd::DOUBLE)::BIGINT) / 1e6",
    ),
    # --- what it is about
    number("templates", "Number of prompt templates.", "nullif(system_prompt_hash, 0)"),
    number("clusters", "Number of clusters of prompts.", "nullif(prompt_cluster, 0)"),
    number("languages", "Number of languages of prompts.", "prompt_lang"),
    Column(
        "new_prompt_share",
        "float32",
        "Number of different prompts (by near-duplicate hash) over exchanges.",
        source="count(DISTINCT prompt_simhash64) / count(*)",
    ),
    # --- from where, with what
    number("keys", "Number of credentials that were used.", "api_key_id"),
    number("end_users", "Number of end users that are named.", "nullif(end_user_hash, 0)"),
    number("addresses", "Number of network addresses.", "nullif(ip_hash, 0)"),
    number("networks", "Number of /24 networks.", "nullif(ip24_hash, 0)"),
    number("countries", "Number of countries of addresses.", "geo_country"),
    share(
        "address_share",
        "Share of exchanges whose address is known: not those by a cloud platform.",
        "ip_hash <> 0",
    ),
    share("hosting_share", "Share of exchanges from networks of hosting.", "asn_type = 'hosting'"),
    share("mobile_share", "Share of exchanges from mobile networks.", "asn_type = 'mobile'"),
    Column(
        "relay_mean_ms",
        "float32",
        "Mean of how much longer the round trip of the encryption takes than that of the network; "
        "long behind relays.",
        "ms",
        source="avg(round(1000 * (tls_rtt_ms - tcp_rtt_ms)::DOUBLE)::BIGINT) / 1000",
    ),
]
