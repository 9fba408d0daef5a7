"""The columns of `log/exchanges`: one record each, from which all else about a column derives.

A column whose `source` names a field of the row, its task, the account or the client shows it as
it is. Any other is made by the function of its name in `sim/output/log_*.py`.
"""

from __future__ import annotations

from sim.tables.column import Column, TableSchema

# Numbers in the vector of a prompt.
DIMENSIONS = 32

EXCHANGES = TableSchema(
    [
        # --- the request: when, who, by which model
        Column(
            "exchange_id",
            "id",
            "Identifier of the attempt.",
            profile="lean",
            source="row.id",
            prefix="req_",
            encoding="plain",
            compression="none",
        ),
        Column(
            "ts_start",
            "time",
            "When the request arrived; inside the clock of the scenario, end excluded.",
            profile="lean",
            ranges=True,
            encoding="delta",
            compression="none",
        ),
        Column(
            "ts_end",
            "time",
            "When the answer was complete, or the error came; may lie after the end of the clock.",
            profile="core",
            encoding="split",
        ),
        Column(
            "ttft_s",
            "float32?",
            "Seconds from request to first token; missing if the attempt failed.",
            unit="s",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "duration_s",
            "float32",
            "Seconds from request to the end of the answer, or of the error.",
            unit="s",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "org_id",
            "id",
            "Organisation of the account.",
            profile="core",
            source="account.org_id",
            prefix="org_",
            compression="none",
        ),
        Column(
            "api_key_id",
            "id",
            "Credential that was used; an account has one or several.",
            prefix="key_",
            compression="none",
        ),
        Column(
            "workspace_id",
            "id",
            "Workspace of the organisation that the credential is for.",
            prefix="wrk_",
            compression="none",
        ),
        Column(
            "account_id",
            "id",
            "Account that sent it.",
            profile="lean",
            source="account.account_id",
            prefix="acc_",
            compression="none",
        ),
        Column(
            "end_user_hash",
            "id?",
            "Which end user of the account asks, where its client says so; else missing (0).",
            encoding="plain",
        ),
        Column(
            "conversation_id",
            "id?",
            "Session, for clients that send one; else missing (0).",
            prefix="conv_",
            encoding="plain",
        ),
        Column(
            "client_request_group",
            "id?",
            "Joins the attempts of one call, for clients that send an idempotency key with it; "
            "else missing (0).",
            prefix="grp_",
            encoding="plain",
            compression="lz4",
        ),
        Column(
            "platform",
            "word",
            "`first_party`, or the cloud platform by which the account comes: "
            "`aws.bedrock`, `gcp.vertex_ai`, `azure`.",
        ),
        Column("model_requested", "word", "Model that was asked for, or the alias `latest`."),
        Column("model_served", "word", "Model that answered, or would have.", profile="lean"),
        Column(
            "stream", "bool", "Whether the answer was streamed.", source="account.streams_answers"
        ),
        Column("temperature", "float32?", "Where the client sets one."),
        Column(
            "max_tokens",
            "int32",
            "Longest answer that the scaffold allows; 0 for a call that only warms the cache.",
            unit="tokens",
            encoding="split",
        ),
        Column(
            "choice_count",
            "int8",
            "Answers asked for at once.",
            profile="lean",
            source="row.choices",
            encoding="plain",
        ),
        Column(
            "thinking_enabled",
            "bool",
            "Whether the account has the model think.",
            source="account.thinks",
        ),
        Column("service_tier", "word", "`standard`, or `batch` at half the price."),
        # --- the messages, and what the prompt is about
        Column(
            "n_messages",
            "int16",
            "Messages in the request: 1 in a new history (at first, after a compaction, of a "
            "sub-agent), then two more a call; even where a paused answer goes on.",
            source="row.n_messages",
            encoding="split",
        ),
        Column(
            "n_tool_defs",
            "int16",
            "Tools that the request defines.",
            encoding="split",
        ),
        Column(
            "n_tool_results_in",
            "int16",
            "Tool results in the last message: the tool calls of the last answer of the history.",
            source="row.n_results",
            encoding="split",
        ),
        Column(
            "last_role_in",
            "word",
            "`user` if a person or program asked, or the scaffold for a summary; `tool` if a tool "
            "result did; `assistant` if a paused answer goes on.",
            profile="lean",
        ),
        Column(
            "n_tool_calls_out",
            "int16",
            "Tool calls in the answer; 0 in the last call of a task and in failed attempts.",
            profile="core",
            source="row.n_calls",
            encoding="split",
        ),
        Column(
            "toolset_hash",
            "id",
            "The set of tool definitions; one for each scaffold.",
            encoding="plain",
        ),
        Column("system_prompt_hash", "id", "The prompt template."),
        Column(
            "prompt_cluster",
            "id",
            "What an online clustering makes of the prompt: mostly its template; 6 % of "
            "contents are split off, 4 % land in another cluster.",
        ),
        Column(
            "prompt_simhash64",
            "id",
            "Near-duplicate hash of the task's prompt, 63 bits of a 64-bit number: equal "
            "for equal prompts, near (few differing bits) for reworded ones. Unrelated "
            "prompts differ in half of the bits.",
            source="task.prompt",
            encoding="plain",
        ),
        Column("prompt_lang", "word", "Language; follows from the country of whoever asks."),
        # --- tokens
        Column(
            "input_tokens_uncached",
            "int32",
            "Input neither read from nor written to the cache. Failed attempts have no tokens.",
            unit="tokens",
            profile="core",
            source="row.uncached",
            encoding="plain",
        ),
        Column(
            "cache_read_tokens",
            "int32",
            "Input read from the prompt cache.",
            unit="tokens",
            profile="core",
            source="row.read",
            encoding="split",
        ),
        Column(
            "cache_write_5m_tokens",
            "int32",
            "Input written to the prompt cache for five minutes.",
            unit="tokens",
            profile="core",
            source="row.write_5m",
            encoding="split",
        ),
        Column(
            "cache_write_1h_tokens",
            "int32",
            "Input written to the prompt cache for an hour.",
            unit="tokens",
            profile="core",
            source="row.write_1h",
            encoding="plain",
        ),
        Column(
            "input_tokens_total",
            "int32",
            "Sum of the four.",
            unit="tokens",
            profile="lean",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "output_tokens",
            "int32",
            "Tokens of the answer.",
            unit="tokens",
            profile="lean",
            source="row.output",
            encoding="split",
        ),
        Column(
            "reasoning_tokens",
            "int32",
            "Part of the output that is reasoning.",
            unit="tokens",
            source="row.reasoning",
            encoding="split",
        ),
        Column(
            "server_tool_requests",
            "int16",
            "Tool steps that the provider ran inside this exchange.",
            source="row.server",
            encoding="plain",
        ),
        # --- the answer
        Column(
            "finish_reason",
            "word?",
            "`tool_use`, `end_turn`, `max_tokens`, `stop_sequence`, `pause_turn`, `refusal` "
            "or `model_context_window_exceeded`; missing if the attempt failed.",
            profile="lean",
        ),
        Column(
            "refusal_category",
            "word?",
            "The provider's noisy guess at why it refused; missing unless it did.",
        ),
        Column(
            "http_status",
            "int16",
            "200, or 403 (the account is barred), 429 (rate limit), 529 (overloaded), 500 "
            "(server error), 499 (the client hung up).",
            profile="lean",
            source="row.status",
            encoding="plain",
        ),
        Column(
            "error_type",
            "word?",
            "`permission_error`, `rate_limit_error`, `overloaded_error`, `api_error` or "
            "`client_timeout`; missing if answered.",
            profile="core",
        ),
        Column(
            "resend_count",
            "int8",
            "Which retry of its chain the attempt is: 0, 1 or 2.",
            profile="core",
            encoding="plain",
        ),
        Column(
            "cost_usd",
            "float32",
            "List price of the exchange; 0 for failed attempts.",
            unit="USD",
            profile="lean",
            encoding="split",
            compression="lz4",
        ),
        # --- the network, home or away
        Column(
            "ip_hash",
            "id?",
            "Address: that of the account's home, or of its second network. This and the "
            "next six are missing (0 here and in the next) where the account comes by a "
            "cloud platform.",
        ),
        Column("ip24_hash", "id?", "Its /24 prefix."),
        Column(
            "asn",
            "int32?",
            "Network, a number for private use. As a float, which pandas makes of it, it is exact.",
            encoding="split",
        ),
        Column("asn_type", "word?", "`hosting`, `isp`, `mobile`, `edu` or `business`."),
        Column("geo_country", "word?", "Country of the address."),
        Column(
            "tcp_rtt_ms",
            "float32?",
            "Round trip of the network, to where the address is; up to 15 % longer by chance.",
            unit="ms",
            encoding="split",
            compression="lz4",
        ),
        Column(
            "tls_rtt_ms",
            "float32?",
            "Round trip of the encryption, to where the client sits. Longer than the other, "
            "and much so behind a relay; what is beyond the network has a chance of its "
            "own.",
            unit="ms",
            encoding="split",
            compression="lz4",
        ),
        # --- the client
        Column(
            "ja4",
            "word",
            "TLS fingerprint, made up; shared by all clients of an SDK and runtime.",
            source="client.ja4",
        ),
        Column("user_agent", "word", "Client software, made up.", source="client.user_agent"),
        Column("sdk_lang", "word", "Language of the SDK.", source="client.sdk_lang"),
        Column("sdk_version", "word", "Version of the SDK.", source="client.sdk_version"),
        Column("os", "word", "Operating system of the client.", source="client.os"),
        Column("arch", "word", "Its processor architecture.", source="client.arch"),
        Column("runtime", "word", "Its language runtime.", source="client.runtime"),
    ]
)

PROMPT_VECTOR = Column(
    "prompt_emb",
    "vector",
    "Vector of the prompt, of which `prompt_simhash64` is made; of no real embedding model.",
    profile="vectors",
)
