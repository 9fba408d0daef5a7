"""Read the exchanges of a run part by part, log and truth side by side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.invariants.grouping import index_in
from sim.invariants.run_index import RunIndex, codes, ids, times
from sim.streams import MISSING
from sim.tables.schema import EXCHANGES, TRUTH_EXCHANGES, exchange_columns
from sim.tables.words import FINISH_REASONS, REFUSAL_CATEGORIES, ROLES
from sim.world.attempts import ERROR_TYPES

TIERS = ("standard", "batch")
ERRORS = tuple(ERROR_TYPES.values())
_PLAIN = {
    "uncached": "input_tokens_uncached",
    "read": "cache_read_tokens",
    "write_5m": "cache_write_5m_tokens",
    "write_1h": "cache_write_1h_tokens",
    "total": "input_tokens_total",
    "output": "output_tokens",
    "tools": "n_tool_calls_out",
    "choices": "choice_count",
    "status": "http_status",
    "resend": "resend_count",
    "cost": "cost_usd",
}
_PLAIN_FULL = {
    "ttft": "ttft_s",
    "duration": "duration_s",
    "max_tokens": "max_tokens",
    "messages": "n_messages",
    "results": "n_tool_results_in",
    "reasoning": "reasoning_tokens",
    "server": "server_tool_requests",
}
_OTHERS = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "org_id",
    "account_id",
    "model_served",
    "last_role_in",
    "finish_reason",
    "error_type",
    "system_prompt_hash",
    "thinking_enabled",
    "service_tier",
    "refusal_category",
)
# What stands in the columns of truth in rows that it lacks.
_WITHOUT_TRUTH = {
    "truth_id": 0,
    "task_uid": 0,
    "task": -1,
    "actor": -1,
    "call": 0,
    "opens_turn": False,
    "session": 0,
    "turn": -1,
    "step": -1,
    "agent": 0,
    "parent": 0,
    "shares_with": 0,
    "shared": 0,
    "think_s": 0.0,
}


def parts(index: RunIndex) -> Iterator[Columns]:
    """Yield the parts of the log as columns of shape (rows,), in order.

    Log and truth are read side by side: row by row, part by part. That they belong together is not
    taken for granted; `truth_id` is there for INV-1 to compare.

    Parameters
    ----------
    index
        Where codes are looked up. `account`, `model`, `actor` and `task` are rows of it, -1 for
        what it does not know.

    Yields
    ------
    Columns
        Those of the log that checks use (fewer in the core profile), times in microseconds since
        1970, `file` and `row`. With truth also the keys of `_WITHOUT_TRUTH`, which says what stands
        in rows that truth lacks, and `labels`, how many rows the part of truth has.
    """
    tables = index.scenario.tables
    profile = exchange_columns(tables.columns, vectors=tables.vectors)
    wanted = {*_OTHERS, *_PLAIN.values(), *_PLAIN_FULL.values()}
    log = index.run.tables("log/exchanges", EXCHANGES, [name for name in profile if name in wanted])
    truth: Iterator[Any] = iter(())
    if index.truth:
        truth = index.run.tables("truth/exchanges", TRUTH_EXCHANGES, list(TRUTH_EXCHANGES))

    for file, table, labels in zip_longest(index.parts_of("log/exchanges"), log, truth):
        if table is None:
            return
        rows = index.placed(_observed(index, table), file)
        yield rows | _labels(index, labels, len(rows["row"])) if index.truth else rows


def _observed(index: RunIndex, table: Any) -> Columns:
    """Return the columns that the log has, under the short names that checks use.

    A column that only the full profile has is missing without it.
    """
    plain = _PLAIN | (_PLAIN_FULL if index.full else {})
    rows: Columns = {name: _numbers(table.column(source)) for name, source in plain.items()}
    rows |= {
        "id": ids(table.column("exchange_id")),
        "start": times(table.column("ts_start")),
        "end": times(table.column("ts_end")),
        "org_id": ids(table.column("org_id")),
        "account_id": ids(table.column("account_id")),
        "model": codes(table.column("model_served"), index.model_ids),
        "role": codes(table.column("last_role_in"), ROLES),
        "finish": codes(table.column("finish_reason"), FINISH_REASONS),
        "error": codes(table.column("error_type"), ERRORS),
    }
    rows["account"] = index_in(index.accounts["id"], rows["account_id"])

    if index.full:
        rows["template"] = ids(table.column("system_prompt_hash"))
        rows["thinks"] = table.column("thinking_enabled").to_numpy()
        rows["tier"] = codes(table.column("service_tier"), TIERS)
        rows["batch"] = rows["tier"] == TIERS.index("batch")
        rows["category"] = codes(table.column("refusal_category"), REFUSAL_CATEGORIES)
    return rows


def _numbers(column: Any) -> Any:
    """Return a column of numbers: 64-bit integers, or floating point as it is."""
    values = column.to_numpy()
    return values if values.dtype.kind == "f" else values.astype(np.int64)


def _labels(index: RunIndex, table: Any, rows: int) -> Columns:
    """Return the truth of the rows, cut or filled up to as many as the log has.

    `table` is None if the log has more parts than the truth.
    """
    columns: Columns = {}
    if table is not None:
        task_uid, truth_id = ids(table.column("task_uid")), ids(table.column("exchange_id"))
        again = ids(table.column("attempt_of"))
        columns = {
            "truth_id": truth_id,
            "task_uid": task_uid,
            "task": index_in(index.tasks["id"], task_uid),
            "actor": codes(table.column("actor_id"), index.actor_ids),
            "call": np.where(again == MISSING, truth_id, again),
            "opens_turn": table.column("user_initiated").to_numpy(),
            "session": ids(table.column("session_uid")),
            "turn": _numbers(table.column("turn")),
            "step": _numbers(table.column("step")),
            "agent": ids(table.column("agent_uid")),
            "parent": ids(table.column("parent_agent_uid")),
            "shares_with": ids(table.column("shares_with")),
            "shared": _numbers(table.column("shared_prefix_tokens")),
            "think_s": _numbers(table.column("think_time_s")),
        }

    labels: Columns = {}
    for name, missing in _WITHOUT_TRUTH.items():
        filled: NDArray[Any] = np.full(rows, missing)
        values = columns.get(name, filled)[:rows]
        filled[: len(values)] = values
        labels[name] = filled
    labels["labels"] = np.full(rows, len(columns["truth_id"]) if columns else 0)
    return labels
