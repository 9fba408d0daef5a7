"""Traces of runs: what a user would export of a log of one's own."""

from __future__ import annotations

from pathlib import Path

import sim

QUERY = """
SELECT session_uid AS session, account_id AS client, epoch(ts_start) AS t_s,
       input_tokens_total AS input_tokens, output_tokens, cache_read_tokens AS prefix_tokens,
       last_role_in = 'user' AS opens_turn, duration_s AS service_time_s
FROM exchanges JOIN truth_exchanges USING (exchange_id)
WHERE http_status = 200
"""


def export_trace(run: sim.Run, path: Path) -> Path:
    """Write the answered calls of a run as a trace, and return its path."""
    run.sql(QUERY, truth=True).df().to_csv(path, index=False)
    return path
