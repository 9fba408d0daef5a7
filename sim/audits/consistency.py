"""T7: whether every class keeps the rules that rows of the log have by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, Status, not_checked
from sim.catalog import models, typologies

# What breaks a rule, as a condition on a row of the log.
RULES = {
    "the end lies before the start": "ts_end < ts_start",
    "duration_s is not from start to end": (
        "abs((epoch_us(ts_end) - epoch_us(ts_start)) / 1e6 - duration_s) > 1e-3 + 1e-6 * duration_s"
    ),
    "the first token comes after the end": "ttft_s > duration_s + 1e-3",
    "a count is below 0": (
        "least(input_tokens_uncached, cache_read_tokens, cache_write_5m_tokens,"
        " cache_write_1h_tokens, output_tokens) < 0"
    ),
    "input_tokens_total is not the sum of its parts": (
        "input_tokens_total <> input_tokens_uncached + cache_read_tokens + cache_write_5m_tokens"
        " + cache_write_1h_tokens"
    ),
    "more reasoning than output": "reasoning_tokens > output_tokens",
    "more output than was asked for": "output_tokens > max_tokens::BIGINT * choice_count",
    "the encryption takes less time than the network": "tls_rtt_ms < tcp_rtt_ms",
    "a failed attempt has tokens": "http_status <> 200 AND input_tokens_total + output_tokens > 0",
    "an answer has no reason to end": "http_status = 200 AND finish_reason IS NULL",
    "a failed attempt has a reason to end": "http_status <> 200 AND finish_reason IS NOT NULL",
    "tool results come with a first message": "n_messages = 1 AND n_tool_results_in > 0",
}
# Of a model and tier, a price that this share of those who do not extract pays is one that held.
_PRICE_SHARE = 0.001


def check(context: Context) -> Iterator[Finding]:
    """Count by class what breaks the rules; one finding for single rows, one for what spans them.

    A price may change over time, so what is asked is whether each exchange has one of the few
    ratios of cost to list price that others have for its model and tier.
    """
    there = context.tables.schemas["log/exchanges"]
    rules = {name: rule for name, rule in RULES.items() if _columns_of(rule) <= set(there)}
    counts = {name: _by_class(context, rule) for name, rule in rules.items()}
    yield _finding(context, "rules of a row that are broken, exchanges", counts)

    others = {}
    for name, query in _spanning(context).items():
        found = context.tables.rows(f"SELECT account_id FROM ({query})")
        others[name] = _classes(context, found["account_id"].value_counts())
    yield _finding(context, "rules of rows and tables that are broken, exchanges", others)


def _columns_of(rule: str) -> set[str]:
    """Return the columns that a condition names."""
    words = rule.replace("(", " ").replace(")", " ").replace(",", " ").replace("::", " ").split()
    return {w for w in words if "_" in w and w.islower() and not w.startswith("epoch")}


def _by_class(context: Context, rule: str) -> dict[str, int]:
    """Return how many exchanges of each class break a rule."""
    found = context.tables.rows(
        f"SELECT account_id, count(*) AS n FROM log_exchanges WHERE {rule} GROUP BY 1"
    )
    return _classes(context, found.set_index("account_id")["n"])


def _classes(context: Context, broken: object) -> dict[str, int]:
    """Return numbers by account as numbers by class; all in one where there is no truth."""
    import pandas as pd

    counts = pd.Series(broken)
    if context.lacks("truth"):
        return {"all": int(counts.sum())}
    extracts = context.truth.set_index("account_id")["extracts"].reindex(counts.index)
    mine = extracts.fillna(False).to_numpy(bool)
    return {"extract": int(counts[mine].sum()), "others": int(counts[~mine].sum())}


def _spanning(context: Context) -> Mapping[str, str]:
    """Return queries for the exchanges that break rules of several rows or tables."""
    made = {
        "an exchange comes before its account": (
            "SELECT account_id FROM log_exchanges JOIN log_accounts USING (account_id)"
            " WHERE ts_start < created_at"
        ),
        "an exchange is of no account": (
            "SELECT account_id FROM log_exchanges"
            " WHERE account_id NOT IN (SELECT account_id FROM log_accounts)"
        ),
    }

    there = context.tables.schemas
    if context.has("log/model_catalog") and "cost_usd" in there["log/exchanges"]:
        made["the input is longer than the window of the model"] = (
            "SELECT account_id FROM log_exchanges JOIN log_model_catalog ON model = model_served"
            " WHERE input_tokens_total > context_window_tokens"
        )
        made["the cost is none of the prices of the model"] = _costs(
            "service_tier" if "service_tier" in there["log/exchanges"] else "''",
            "true" if context.lacks("truth") else _OTHERS,
        )

    has_context = "n_messages" in there["log/exchanges"]
    if has_context and "agent_uid" in there.get("truth/exchanges", {}):
        made["the context shrinks within a history"] = _SHRINKS
    return made


_EXTRACTING = ", ".join(f"'{key}'" for key, kind in typologies().items() if kind.is_extraction)
_OTHERS = (
    "account_id NOT IN"
    f" (SELECT account_id FROM truth_accounts WHERE typology_id::VARCHAR IN ({_EXTRACTING}))"
)


def _costs(tier: str, others: str) -> str:
    """Return a query for exchanges whose cost is no multiple of the list price that others pay."""
    factors = ", ".join(
        f"('{key}', {m.cache_read_factor}, {m.cache_write_5m_factor}, {m.cache_write_1h_factor})"
        for key, m in models().items()
    )

    return f"""
    WITH factors(model, r, w5, w1) AS (VALUES {factors}), priced AS (
      SELECT account_id, model, {tier} AS tier, cost_usd, ({others})::INT AS other,
        ((input_tokens_uncached + r * cache_read_tokens + w5 * cache_write_5m_tokens
          + w1 * cache_write_1h_tokens) * input_usd_per_mtok
         + output_tokens * output_usd_per_mtok) / 1e6 AS listed
      FROM log_exchanges JOIN log_model_catalog c ON c.model = model_served
           JOIN factors USING (model)
      WHERE http_status = 200
    ), rated AS (
      SELECT *, round(cost_usd / listed, 3) AS ratio FROM priced WHERE listed > 1e-4
    )
    SELECT account_id FROM rated
    QUALIFY sum(other) OVER (PARTITION BY model, tier, ratio)
            < {_PRICE_SHARE} * sum(other) OVER (PARTITION BY model, tier)"""


_SHRINKS = """
WITH ordered AS (
  SELECT account_id, n_messages, input_tokens_total AS input,
    lag(n_messages) OVER calls AS messages_before, lag(input_tokens_total) OVER calls AS before
  FROM log_exchanges JOIN truth_exchanges USING (exchange_id)
  WHERE http_status = 200
  WINDOW calls AS (PARTITION BY agent_uid ORDER BY ts_start, exchange_id))
SELECT account_id FROM ordered WHERE n_messages > messages_before AND input < before"""


def _finding(context: Context, title: str, counts: Mapping[str, Mapping[str, int]]) -> Finding:
    """Return how many exchanges break the rule that most break, and of which class they are."""
    if not counts:
        return not_checked(title, "the columns that rules are about are not there")
    worst = max(counts, key=lambda name: sum(counts[name].values()))
    broken = sum(counts[worst].values())
    limit = context.limit("T7", "violations")
    status: Status = "failed" if broken > limit else "passed"
    by_class = ", ".join(f"{name} {n}" for name, n in counts[worst].items())
    where = f"{worst} ({by_class})" if broken else ""
    return Finding("", title, status, broken, limit, None, where, f"{len(counts)} rules")


TEST = AuditTest("T7", "rules that each class keeps", needs=(), check=check)
