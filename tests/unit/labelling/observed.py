"""The labels of a log as a frame, by dials with quick channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.labelling.dials import LabelDials
from sim.labelling.process import observed_labels
from sim.tables.database import RunTables

SEEDS = range(5)
# Quick channels, so that a month holds labels of all.
QUICK = LabelDials.model_validate(
    {
        "rule": {"day_times": 5, "hour_times": 5, "false_share": 0.2},
        "review": {"per_day_per_1000": 8, "verdict_days": 3},
        "report": {"campaign_share": 0.8, "after_days": {"lognormal": {"median": 9, "sigma": 0.6}}},
        "appeal": {"after_days": 2},
        "missed": {"share": 0.5},
    }
)


def frame(tables: RunTables, dials: LabelDials = QUICK, seed: int = 3) -> pd.DataFrame:
    found: pd.DataFrame = observed_labels(tables, dials, seed).to_pandas()
    return found.astype({"entity_type": str, "label": str, "channel": str})


def of_channel(labels: pd.DataFrame, channel: str) -> pd.DataFrame:
    return labels[labels["channel"] == channel]


def us(times: Any) -> Any:
    return times.astype("datetime64[us, UTC]").astype(np.int64).to_numpy()
