"""Logs of a few rows that tests write by hand: what they do not say is ordinary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.tables.database import RunTables
from sim.tables.schema import TABLES, arrow_schema

OPENS = datetime(2026, 1, 5, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=4)

Rows = Sequence[Mapping[str, Any]]

# What a row has that does not say otherwise, besides 0, "" and null.
_ORDINARY: dict[str, dict[str, Any]] = {
    "log/exchanges": {
        "org_id": 10,
        "account_id": 1,
        "api_key_id": 1,
        "model_requested": "m",
        "model_served": "m",
        "http_status": 200,
        "finish_reason": "end_turn",
        "choice_count": 1,
        "max_tokens": 1000,
        "n_messages": 1,
        "system_prompt_hash": 7,
        "prompt_cluster": 7,
        "prompt_simhash64": 7,
        "last_role_in": "user",
    },
    "log/accounts": {"org_id": 10, "platform": "first_party", "verification_level": "unverified"},
    "truth/accounts": {"typology_id": "L01", "purpose": "personal"},
}


def at(hours: float) -> datetime:
    """So many hours after the log opens."""
    return OPENS + timedelta(hours=hours)


def us(moment: datetime) -> int:
    """A moment in microseconds of Unix time."""
    return round(moment.timestamp() * 1e6)


def sent(account: int, hours: float, *, seconds: float = 10, **columns: Any) -> dict[str, Any]:
    """An exchange of an account that begins so many hours after the log opens."""
    ends = {"ts_start": at(hours), "ts_end": at(hours) + timedelta(seconds=seconds)}
    return {"account_id": account, "org_id": 10 * account, **ends, **columns}


def tiny_log(folder: Path, drop: Sequence[str] = (), **tables: Rows) -> RunTables:
    """Write tables, such as `log_exchanges=[...]`, and open them; the others are without rows.

    Exchanges are numbered where they do not say. Accounts and organisations that are not given are
    those of the exchanges. `drop` leaves out columns of the exchanges.
    """
    rows = {stem: [*tables.get(stem.replace("/", "_"), [])] for stem in TABLES}
    exchanges = rows["log/exchanges"]
    rows["log/exchanges"] = [{"exchange_id": k + 1, **row} for k, row in enumerate(exchanges)]
    if not rows["log/accounts"]:
        found = {row["account_id"]: row["org_id"] for row in exchanges}
        rows["log/accounts"] = [{"account_id": a, "org_id": o} for a, o in found.items()]
    if not rows["log/orgs"]:
        rows["log/orgs"] = [{"org_id": o} for o in {r["org_id"] for r in rows["log/accounts"]}]

    for stem, given in rows.items():
        left_out = drop if stem == "log/exchanges" else ()
        _write(folder / f"{stem}.parquet", stem, given, left_out)
    return RunTables.over(folder, us(OPENS), us(CLOSES))


def _write(path: Path, stem: str, rows: Rows, drop: Sequence[str]) -> None:
    columns = {name: kind for name, kind in TABLES[stem].items() if name not in drop}
    ordinary = {name: _nothing(kind) for name, kind in columns.items()}
    ordinary |= {k: v for k, v in _ORDINARY.get(stem, {}).items() if k in columns}
    full = [{**ordinary, **{k: v for k, v in row.items() if k in columns}} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(full, schema=arrow_schema(columns)), path)


def _nothing(kind: str) -> Any:
    if kind.endswith("?") and kind != "id?":
        return None
    return {"word": "", "bool": False, "time": at(-24)}.get(kind, 0)
