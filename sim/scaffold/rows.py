"""Put filled sessions on the clock: rows for the log, rows for the tasks behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scaffold.fill import Exchanges
from sim.scaffold.ragged import starts_of
from sim.streams import U64
from sim.tables.columns import Columns, take

Ints = NDArray[np.int64]

POSITION_BITS = 20
_POSITION_MASK = (1 << POSITION_BITS) - 1

FINISHED, CUT_OFF = 0, 1
TASK_STATES = ("finished", "cut_off")


@dataclass(frozen=True)
class Placement:
    """Where a block of sessions stands: who sends it, when, and what it works on.

    Session arrays have shape (S,), task arrays (T,). `account` is the number in the scenario;
    `round` is -1 for work that began before what the scenario asked for.
    """

    start_us: Ints
    account: Ints
    model: Ints
    session_no: Ints
    task_no: Ints
    prompt: U64
    item: Ints
    round: Ints


def place(
    exchanges: Exchanges, placement: Placement, calls: Ints, horizon_us: int
) -> tuple[Columns, Columns]:
    """Return (exchange rows inside [0, horizon), task rows with at least one such exchange).

    `serial` is task number and position in the task in one whole number; identifiers of
    exchanges and tasks are derived from it.
    """
    start = placement.start_us[exchanges.session] + exchanges.offset_us
    inside = (start >= 0) & (start < horizon_us)
    tasks = _tasks(exchanges, placement, calls, start, inside, horizon_us)
    rows = _rows(exchanges, placement, start)
    return (rows if inside.all() else take(rows, inside)), tasks


def _rows(exchanges: Exchanges, placement: Placement, start: Ints) -> Columns:
    session, turn = exchanges.session, exchanges.turn
    serial = (placement.task_no << POSITION_BITS)[turn] + exchanges.position
    return {
        "ts": start,
        "serial": serial,
        "prompt": placement.prompt[turn],
        "session": placement.session_no[session],
        "account": placement.account[session].astype(np.int32),
        "duration": exchanges.duration_us.astype(np.int32),
        "ttft": exchanges.ttft_us.astype(np.int32),
        "uncached": exchanges.cache.uncached_tokens.astype(np.int32),
        "read": exchanges.cache.read_tokens.astype(np.int32),
        "write_5m": exchanges.cache.write_5m_tokens.astype(np.int32),
        "output": exchanges.output_tokens.astype(np.int32),
        "n_messages": exchanges.n_messages.astype(np.int16),
        "n_results": exchanges.n_tool_results_in.astype(np.int16),
        "n_calls": exchanges.n_tool_calls_out.astype(np.int16),
        "finish": exchanges.finish.astype(np.int8),
        "model": placement.model[session].astype(np.int8),
    }


def _tasks(
    exchanges: Exchanges,
    placement: Placement,
    calls: Ints,
    start: Ints,
    inside: NDArray[np.bool_],
    horizon_us: int,
) -> Columns:
    first = starts_of(calls)
    last = first + calls - 1
    session = exchanges.session[first]
    end = start[last] + exchanges.duration_us[last]
    logged = np.add.reduceat(inside, first, dtype=np.int64)
    tasks = {
        "serial": placement.task_no,
        "account": placement.account[session],
        "start": start[first],
        "end": end,
        "calls": calls,
        "logged": logged,
        "item": placement.item,
        "round": placement.round,
        "state": np.where(end <= horizon_us, FINISHED, CUT_OFF),
    }
    return take(tasks, logged > 0)


def task_of(serial: Ints) -> Ints:
    return serial >> POSITION_BITS


def position_of(serial: Ints) -> Ints:
    return serial & _POSITION_MASK
