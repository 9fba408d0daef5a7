"""The baseline `volume`: who sends most in a day. It learns nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Bools
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen

_DAYS = f"""
SELECT account_id, epoch_us(ts_end) // {DAY_US} AS day, count(*)::DOUBLE AS score
FROM log_exchanges GROUP BY ALL ORDER BY ALL
"""


def find(_learned: Seen, _sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts by the most exchanges in a day (UTC), known when the day is over."""
    days = asked.once("exchanges by day", lambda: _days(asked))
    days = days[days["account_id"].isin(asked.accounts)]
    most = days.groupby("account_id")["score"].max().reindex(asked.accounts, fill_value=0.0)
    return Found(most.to_numpy(np.float64), moments=days)


def _days(seen: Seen) -> Any:
    """Return the exchanges of each account on each day, known at its end or the window's."""
    days = seen.log.rows(_DAYS)
    at_us = ((days.pop("day") + 1) * DAY_US).clip(upper=seen.to_us)
    return days.assign(at_us=at_us)


BASELINE = Baseline(
    name="volume",
    title="a rule: most exchanges in a day",
    sees="when exchanges ended",
    source="what every provider has",
    find=find,
    gives=("at",),
)
