"""A trace: one row a call, with when it was sent and how long its texts were."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim.arrays.types import Floats

_RESOLUTIONS_S = (60.0, 1.0, 0.1, 0.01, 0.001, 1e-6)
# Of the resolution; a sum of times is that exact.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Trace:
    """Recorded calls as numbers; what they say is in `sim.traces.columns`.

    Attributes
    ----------
    name
        Of a shipped trace, or the path of the file.
    rows
        A row a call, by session, then time; without sessions by time. Columns `t_s` (s),
        `input_tokens`, `output_tokens`, and those of `session`, `prefix_tokens`, `client`,
        `opens_turn`, `service_time_s` (s, NaN if unknown), `item` that the trace has. Sessions,
        clients and items are whole numbers from 0. Shipped traces have `part`: fit or test.
    resolution_s
        The times are multiples of this; 0 if of nothing coarser than a microsecond.
    sha256
        Of the bytes of the file that was read.
    title, workload, licence, source
        As the catalog has them; workload is coding, chat, api or benchmark. Empty for a file.
    """

    name: str
    rows: pd.DataFrame
    resolution_s: float
    sha256: str
    title: str = ""
    workload: str = ""
    licence: str = ""
    source: str = ""

    @property
    def has_sessions(self) -> bool:
        """Whether calls are told apart by session."""
        return "session" in self.rows

    def has(self, column: str) -> bool:
        """Whether the trace has a column that not every trace has."""
        return column in self.rows

    def only(self, is_kept: pd.Series | Floats) -> Trace:
        """Return the trace of some of its rows; sessions keep their numbers."""
        return replace(self, rows=self.rows[is_kept].reset_index(drop=True))


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by session, then time; those of equal times stay in the order of the file."""
    keys = ["session", "t_s"] if "session" in rows else ["t_s"]
    return rows.sort_values(keys, kind="stable", ignore_index=True)


def resolution_of(times_s: Floats) -> float:
    """Return the coarsest of 60, 1, .1, .01, .001, 10^-6 s that all times are multiples of, else 0.

    Parameters
    ----------
    times_s
        Times in seconds.
    """
    for step in _RESOLUTIONS_S:
        multiples = times_s / step
        if np.abs(multiples - np.rint(multiples)).max(initial=0.0) < _TOLERANCE:
            return step
    return 0.0
