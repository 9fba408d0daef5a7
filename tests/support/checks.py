"""Rows and runs in memory, as the checks of invariants see them, without any file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.catalog import models
from sim.invariants.check import Check
from sim.scenario.resolved import Scenario
from sim.tables.words import END_TURN, FINISHED, PromptSource
from sim.world.models import ModelTable

OPENS_US = 1_000_000_000_000
MODEL = "claude-sonnet-4.5"
MODELS = ModelTable(list(models().values()))
MODEL_NUMBER = MODELS.number(MODEL)


def columns(size: int, defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Columns of one length: numbers stand for all rows."""
    values = {**defaults, **given}
    return {name: np.array(np.broadcast_to(np.asarray(v), size)) for name, v in values.items()}


def _size(given: dict[str, Any] | None) -> int:
    """The length of columns that are given, two if they are not."""
    return max(np.size(values) for values in given.values()) if given else 2


def index_of(
    asked: Scenario,
    *,
    full: bool = True,
    truth: bool = True,
    accounts: dict[str, Any] | None = None,
    tasks: dict[str, Any] | None = None,
    events: dict[str, Any] | None = None,
    **more: Any,
) -> Any:
    """What stands for the `RunIndex` of a run: two accounts, two tasks, unless they are given."""
    closes_us = OPENS_US + asked.clock.duration_us
    n, m = (np.arange(_size(values)) for values in (accounts, tasks))
    account = {"id": n + 50, "org_id": n + 60, "org": n, "created": 0, "actor": 0}
    task = {
        "id": m + 70,
        "file": 0,
        "row": m,
        "account": 0,
        "actor": 0,
        "start": OPENS_US,
        "end": closes_us - 1,
        "state": FINISHED,
        "work": PromptSource.OWN,
        "item": -1,
        "run": 0,
        "calls": 1,
        "exchanges": 1,
        "exchanges_in_log": 1,
    }
    event = {"account": np.zeros(0, int), "at": np.zeros(0, int), "action": np.zeros(0, int)}
    index = {
        "scenario": asked,
        "full": full,
        "truth": truth,
        "sells_batches": any(a.batch_share > 0 for a in asked.actors),
        "opens_us": OPENS_US,
        "closes_us": closes_us,
        "files": ["log"],
        "models": MODELS,
        "model_ids": MODELS.ids,
        "actor_ids": tuple(a.id for a in asked.actors),
        "accounts": columns(len(n), account, accounts or {}),
        "tasks": columns(len(m), task, tasks or {}),
        "events": events or event,
        "lifetime_us": np.full(len(n), 300_000_000),
    }
    return SimpleNamespace(**{**index, **more})


def exchanges(size: int = 1, **given: Any) -> dict[str, Any]:
    """Answered exchanges of account 0, a minute apart from an hour after the opening on."""
    number = np.arange(size)
    start = np.asarray(given.get("start", OPENS_US + 3_600_000_000 + number * 60_000_000))
    plain = {
        "id": 900 + number,
        "truth_id": given.get("id", 900 + number),
        "call": given.get("id", 900 + number),
        "file": 0,
        "row": number,
        "labels": size,
        "start": start,
        "end": start + 1_000_000,
        "status": 200,
        "error": -1,
        "resend": 0,
        "account": 0,
        "account_id": 50,
        "org_id": 60,
        "actor": 0,
        "task": 0,
        "task_uid": 70,
        "opens_turn": True,
        "session": 40,
        "turn": 0,
        "step": number,
        "agent": 30,
        "parent": 0,
        "shares_with": 0,
        "shared": 0,
        "think_s": np.float32(0),
        "messages": 1,
        "results": 0,
        "model": MODEL_NUMBER,
        "template": 1,
        "uncached": 2_000,
        "read": 0,
        "write_5m": 0,
        "write_1h": 0,
        "output": 20,
        "tools": 0,
        "choices": 1,
        "role": 1,
        "finish": END_TURN,
        "max_tokens": 4_000,
        "reasoning": 0,
        "server": 0,
        "thinks": False,
        "tier": 0,
        "batch": False,
        "category": -1,
    }
    rows = columns(size, plain, given)
    whole = sum(rows[name] for name in ("uncached", "read", "write_5m", "write_1h"))
    rows["total"] = columns(size, {"total": whole}, {})["total"]
    price = MODELS.cost_nano_usd(
        rows["model"], *(rows[n] for n in ("uncached", "read", "write_5m", "write_1h", "output"))
    )
    price = np.where(rows["batch"], np.rint(price * 0.5).astype(np.int64), price)
    seconds = ((rows["end"] - rows["start"]) * 1e-6).astype(np.float32)
    computed = {
        "total": rows["total"],
        "cost": (price * 1e-9).astype(np.float32),
        "duration": seconds,
        "ttft": seconds / 2,
    }
    return rows | columns(size, computed, {k: v for k, v in given.items() if k in computed})


def failed(size: int = 1, status: int = 529, error: int = 2, **given: Any) -> dict[str, Any]:
    """Attempts that were not answered."""
    nothing = {"uncached": 0, "output": 0, "finish": -1, "ttft": np.float32(np.nan)}
    return exchanges(size, **{**nothing, "status": status, "error": error, **given})


def first_wrong(check: Check, rows: dict[str, Any]) -> tuple[int, str] | None:
    """Row and finding of what a check says of the next rows; None if nothing is wrong."""
    check.see(rows)
    return said(check)


def said(check: Check) -> tuple[int, str] | None:
    """Row and finding of what a check found so far."""
    breach = check.breach
    return None if breach is None else (int(breach.row or 0), breach.found)
