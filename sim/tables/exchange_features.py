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
    number("active_hours", "Hours in which one was complete.", "epoch_us(ts_end) // 3600000000"),
    share("night_share", "Requested from 0 to 6 o'clock, UTC.", "hour(ts_start) < 6"),
    share("weekend_share", "Requested on Saturday or Sunday, UTC.", "isodow(ts_start) > 5"),
    Column(
        "duration_mean_s",
        "float32",
        "Mean time from request to the end of the answer.",
        "s",
        source="avg(epoch_us(ts_end) - epoch_us(ts_start)) / 1e6",
    ),
    # --- how they ended
    share("answered_share", "Answered.", "http_status = 200"),
    share("refused_share", "Refused by the model.", "finish_reason = 'refusal'"),
    share("rate_limited_share", "Over a rate limit.", "http_status = 429"),
    share("failed_share", "Lost to overload or an error of the server.", "http_status >= 500"),
    share("hung_up_share", "Given up by the client.", "http_status = 499"),
    share("retried_share", "Another attempt at a call.", "resend_count > 0"),
    share("cut_share", "Answers that met the limit of tokens.", "finish_reason = 'max_tokens'"),
    # --- what was asked for
    number("models", "Models that answered.", "model_served"),
    share("alias_share", "Asked for whatever is the latest model.", "model_requested = 'latest'"),
    share("streamed_share", "Answers that were streamed.", "stream"),
    share("thinking_share", "With thinking.", "thinking_enabled"),
    share("batch_share", "In batches at half the price.", "service_tier = 'batch'"),
    share("several_choices_share", "With several answers at once.", "choice_count > 1"),
    share("temperature_share", "With a temperature that the client set.", "temperature >= 0"),
    share("warm_up_share", "Calls that only warm the cache.", "max_tokens = 0"),
    # --- conversations and tools
    share("user_share", "Whose last message is a user's.", "last_role_in = 'user'"),
    share("tool_share", "Whose last message is the result of a tool.", "last_role_in = 'tool'"),
    share("conversation_share", "With a conversation that is named.", "conversation_id <> 0"),
    number("conversations", "Conversations that are named.", "nullif(conversation_id, 0)"),
    share("new_history_share", "That begin a history.", "n_messages = 1"),
    mean("messages_mean", "Mean of the messages in a request.", "n_messages"),
    mean("tool_defs_mean", "Mean of the tools that a request defines.", "n_tool_defs"),
    mean("tool_calls_mean", "Mean of the calls of tools in an answer.", "n_tool_calls_out"),
    mean("server_tools_mean", "Mean of the tool steps by the provider.", "server_tool_requests"),
    # --- tokens and money
    mean("input_mean_tokens", "Mean of the input, all kinds.", "input_tokens_total", "tokens"),
    Column(
        "output_mean_tokens",
        "float32",
        "Mean of the output where answered.",
        "tokens",
        source=f"avg(output_tokens) {_OK}",
    ),
    Column(
        "output_variation",
        "float32",
        "Standard deviation of the output over its mean, where answered.",
        source=f"{_DEVIATION} / nullif(avg(output_tokens) {_OK}, 0)",
    ),
    part("output_share", "Output over input.", "output_tokens", "input_tokens_total"),
    part("cache_read_share", "Input from the cache.", "cache_read_tokens", "input_tokens_total"),
    part("cache_written_share", "Input written to the cache.", _WRITTEN, "input_tokens_total"),
    part("reasoning_share", "Output that is reasoning.", "reasoning_tokens", "output_tokens"),
    Column(
        "cost_usd",
        "float64",
        "List price of all, to a millionth of a dollar for each.",
        "USD",
        source="sum(round(1e6 * cost_usd::DOUBLE)::BIGINT) / 1e6",
    ),
    # --- what it is about
    number("templates", "Prompt templates.", "nullif(system_prompt_hash, 0)"),
    number("clusters", "Clusters of prompts.", "nullif(prompt_cluster, 0)"),
    number("languages", "Languages of prompts.", "prompt_lang"),
    Column(
        "new_prompt_share",
        "float32",
        "Different prompts, by their near-duplicate hash, over exchanges.",
        source="count(DISTINCT prompt_simhash64) / count(*)",
    ),
    # --- from where, with what
    number("keys", "Credentials that were used.", "api_key_id"),
    number("end_users", "End users that are named.", "nullif(end_user_hash, 0)"),
    number("addresses", "Addresses.", "nullif(ip_hash, 0)"),
    number("networks", "Prefixes of /24.", "nullif(ip24_hash, 0)"),
    number("countries", "Countries of addresses.", "geo_country"),
    share("address_share", "Whose address is known: not by a cloud platform.", "ip_hash <> 0"),
    share("hosting_share", "From networks of hosting.", "asn_type = 'hosting'"),
    share("mobile_share", "From mobile networks.", "asn_type = 'mobile'"),
    Column(
        "relay_mean_ms",
        "float32",
        "Mean of the round trip of the encryption beyond that of the network; long behind relays.",
        "ms",
        source="avg(round(1000 * (tls_rtt_ms - tcp_rtt_ms)::DOUBLE)::BIGINT) / 1000",
    ),
]
