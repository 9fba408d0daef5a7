"""What a detector can know of each account from the log and the observable tables alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# One row per account that is in the log. Rates and shares, no sums that only say how long it was.
_FEATURES = """
WITH rows AS (
  SELECT *, epoch_us(ts_start) AS ts,
         epoch_us(ts_start) - lag(epoch_us(ts_start)) OVER (
             PARTITION BY account_id ORDER BY ts_start, exchange_id) AS gap
  FROM read_parquet('{run}/log/exchanges/*.parquet')
)
SELECT account_id,
       ln(count(*)) AS ln_exchanges,
       ln(1 + count(DISTINCT ts // 3600000000)) AS ln_hours,
       avg((hour(ts_start) < 6)::INT) AS night,
       avg((isodow(ts_start) > 5)::INT) AS weekend,
       coalesce(ln(1 + stddev_pop(gap) / nullif(avg(gap), 0)), 0) AS gap_cv,
       coalesce(ln(1 + median(gap)), 0) AS gap_median,
       avg((last_role_in = 'tool')::INT) AS tool_share,
       avg(ln(1 + input_tokens_total)) AS ln_input,
       avg(ln(1 + output_tokens)) AS ln_output,
       sum(reasoning_tokens) / greatest(sum(output_tokens), 1) AS reasoning,
       sum(cache_read_tokens) / greatest(sum(input_tokens_total), 1) AS cached,
       avg((http_status <> 200)::INT) AS failures,
       avg((finish_reason = 'refusal')::INT) AS refusals,
       avg((service_tier = 'batch')::INT) AS batch,
       count(DISTINCT prompt_simhash64) / count(*) AS distinct_prompts,
       count(DISTINCT system_prompt_hash) AS templates,
       count(DISTINCT prompt_lang) AS languages,
       avg((asn_type = 'hosting')::INT) AS hosting
FROM rows GROUP BY account_id
"""
_ENTITIES = """
WITH a AS (SELECT * FROM read_parquet('{run}/log/accounts.parquet')),
     p AS (SELECT * FROM read_parquet('{run}/log/account_payment.parquet'))
SELECT a.account_id,
       ln(1 + greatest(epoch(TIMESTAMPTZ '{end}') - epoch(a.created_at), 0) / 86400) AS age,
       ln(count(*) OVER (PARTITION BY a.signup_ip_hash)) AS ip_degree,
       ln(count(*) OVER (PARTITION BY a.signup_ip24)) AS ip24_degree,
       ln(count(*) OVER (PARTITION BY coalesce(p.instrument_hash, a.account_id))) AS card_degree,
       (a.verification_level = 'verified')::INT AS verified,
       coalesce(p.n_declines, 0) AS declines
FROM a LEFT JOIN p USING (account_id)
"""


def account_features(run: Path) -> Any:
    """Features by account as a data frame, in order of identifier."""
    import duckdb

    from sim.tables.reading import Run

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    end = Run(run).scenario.clock.end.isoformat()
    behaviour = connection.execute(_FEATURES.format(run=run)).df()
    entities = connection.execute(_ENTITIES.format(run=run, end=end)).df()
    joined = behaviour.merge(entities, on="account_id", how="left", validate="one_to_one")
    return joined.fillna(0.0).sort_values("account_id", ignore_index=True)


def labels(run: Path, accounts: Any) -> Any:
    """Truth of those accounts, in their order."""
    import duckdb

    truth = duckdb.connect().execute(f"FROM read_parquet('{run}/truth/accounts.parquet')").df()
    return accounts[["account_id"]].merge(truth, on="account_id", how="left")
