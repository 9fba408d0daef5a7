"""Exchanges as records: what is of one attempt, and beside it what its whole task shares."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.columns import Columns
from sim.arrays.compiled import compiled
from sim.arrays.types import Ints
from sim.scaffold.fill import POSITION_BITS

Records = NDArray[Any]

# In place of an index of `FINISH_REASONS` where no answer came, and of a time to first token.
NO_FINISH = -1
NO_TTFT = -1

# An exchange as output sees it: the names and types of its columns.
EXCHANGE_ROW = np.dtype(
    [
        ("ts", np.int64),
        ("serial", np.int64),
        ("prompt", np.int64),
        ("session", np.int64),
        ("duration", np.int64),
        ("ttft", np.int64),
        ("content", np.uint64),
        ("shares_with", np.int64),
        ("think", np.int64),
        ("account", np.int32),
        ("person", np.int32),
        ("output", np.int32),
        ("reasoning", np.int32),
        ("uncached", np.int32),
        ("read", np.int32),
        ("write_5m", np.int32),
        ("write_1h", np.int32),
        ("n_messages", np.int16),
        ("n_results", np.int16),
        ("n_calls", np.int16),
        ("status", np.int16),
        ("number", np.int32),
        ("turn", np.int32),
        ("shared", np.int32),
        ("server", np.int16),
        ("template", np.int16),
        ("topic", np.int16),
        ("finish", np.int8),
        ("model", np.int8),
        ("choices", np.int8),
        ("category", np.int8),
        ("kind", np.int8),
        ("language", np.int8),
        ("role", np.int8),
        ("away", np.bool_),
        ("user", np.bool_),
        ("sub", np.bool_),
        ("prewarm", np.bool_),
        ("batch", np.bool_),
    ]
)

# What all exchanges of a task share: who sends them, and what they are about.
ORIGIN_RECORD = np.dtype(
    [
        ("task", np.int64),  # number of the task within its actor
        ("session", np.int64),
        ("prompt", np.int64),
        ("content", np.uint64),
        ("account", np.int32),
        ("person", np.int32),
        ("turn", np.int32),
        ("template", np.int16),
        ("topic", np.int16),
        ("model", np.int8),
        ("kind", np.int8),
        ("language", np.int8),
        ("away", np.bool_),
        ("batch", np.bool_),
        ("for_an_hour", np.bool_),  # whether prompts are cached for an hour, not five minutes
    ]
)

# One attempt. `origin` is an index into records of its task.
EXCHANGE_RECORD = np.dtype(
    [
        ("ts", np.int64),
        ("duration", np.int64),
        ("ttft", np.int64),
        ("think", np.int64),
        ("shares_with", np.int64),
        ("origin", np.int32),
        ("position", np.int32),  # of the call in its task
        ("number", np.int32),
        ("output", np.int32),
        ("reasoning", np.int32),
        ("uncached", np.int32),
        ("read", np.int32),
        ("write", np.int32),
        ("shared", np.int32),
        ("n_messages", np.int16),
        ("n_results", np.int16),
        ("n_calls", np.int16),
        ("server", np.int16),
        ("status", np.int16),
        ("finish", np.int8),
        ("choices", np.int8),
        ("category", np.int8),
        ("role", np.int8),
        ("user", np.bool_),
        ("sub", np.bool_),
        ("prewarm", np.bool_),
    ]
)


@dataclass(frozen=True)
class Exchanges:
    """Exchanges, in any order, and what those of one task share.

    Attributes
    ----------
    records : array of EXCHANGE_RECORD, shape (N,)
        The exchanges.
    origins : array of ORIGIN_RECORD, shape (T,)
        Tasks, each of them once or several times; `origin` of an exchange is an index of it.
    """

    records: Records
    origins: Records

    @classmethod
    def none(cls) -> Exchanges:
        """Return no exchange."""
        return cls(np.empty(0, EXCHANGE_RECORD), np.empty(0, ORIGIN_RECORD))

    def __len__(self) -> int:
        """Return how many exchanges there are."""
        return len(self.records)


# The columns that differ between exchanges of one task, with the types of `EXCHANGE_ROW`, and
# which origin an exchange has.
_OF_TASK = tuple(name for name in EXCHANGE_ROW.names or () if name in (ORIGIN_RECORD.names or ()))
_OF_ATTEMPT = tuple(name for name in EXCHANGE_ROW.names or () if name not in _OF_TASK)
_FIELDS = ["origin", *_OF_ATTEMPT]
_AttemptColumns: Any = namedtuple("_AttemptColumns", _FIELDS)  # type: ignore[misc]


def unpacked(exchanges: Exchanges, order: Ints | None = None) -> Columns:
    """Return exchanges as columns, with the names and types of `EXCHANGE_ROW`.

    Parameters
    ----------
    exchanges
        N exchanges.
    order : array of int, shape (M,), or None
        Which of them, in which order; None for all of them as they are.

    Returns
    -------
    Columns
        Arrays of shape (M,). `serial` and `shares_with` are task number and position in the task
        in one number.
    """
    columns = attempt_columns(exchanges, order)
    origin = columns.pop("origin")
    for name, values in origin_columns(exchanges).items():
        columns[name] = values[origin]
    return columns


def origin_columns(exchanges: Exchanges) -> Columns:
    """Return what exchanges of one task share, by origin: arrays of shape (T,)."""
    return {name: np.ascontiguousarray(exchanges.origins[name]) for name in _OF_TASK}


def attempt_columns(exchanges: Exchanges, order: Ints | None = None) -> Columns:
    """Return what differs between exchanges of one task; parameters as of `unpacked`.

    Returns
    -------
    Columns
        The columns of `unpacked` but for those of `origin_columns`, and `origin`, the index of
        each exchange in these, of 64 bits.
    """
    if order is None:
        order = np.arange(len(exchanges))
    columns = _AttemptColumns(  # type: ignore[call-arg]
        np.empty(len(order), np.int64),
        *(np.empty(len(order), EXCHANGE_ROW[name]) for name in _OF_ATTEMPT),
    )
    _lay_out(exchanges.records, exchanges.origins, order, columns)
    return dict(columns._asdict())


@compiled
def _lay_out(records: Records, origins: Records, order: Ints, columns: Any) -> None:
    """Lay out records as columns, in an order."""
    for i in range(len(order)):
        row = records[order[i]]
        origin = origins[row["origin"]]
        columns.origin[i] = row["origin"]

        # the call: its place, and what it asks for
        columns.serial[i] = (origin["task"] << POSITION_BITS) + row["position"]
        columns.shares_with[i] = row["shares_with"]
        columns.shared[i] = row["shared"]
        columns.think[i] = row["think"]
        columns.n_messages[i] = row["n_messages"]
        columns.n_results[i] = row["n_results"]
        columns.choices[i] = row["choices"]
        columns.category[i] = row["category"]
        columns.role[i] = row["role"]
        columns.user[i] = row["user"]
        columns.sub[i] = row["sub"]
        columns.prewarm[i] = row["prewarm"]

        # the attempt: when it was made, and what became of it
        columns.ts[i] = row["ts"]
        columns.number[i] = row["number"]
        columns.duration[i] = row["duration"]
        columns.ttft[i] = row["ttft"]
        columns.status[i] = row["status"]
        columns.finish[i] = row["finish"]
        columns.output[i] = row["output"]
        columns.reasoning[i] = row["reasoning"]
        columns.n_calls[i] = row["n_calls"]
        columns.server[i] = row["server"]
        columns.uncached[i] = row["uncached"]
        columns.read[i] = row["read"]
        columns.write_5m[i] = 0 if origin["for_an_hour"] else row["write"]
        columns.write_1h[i] = row["write"] if origin["for_an_hour"] else 0
