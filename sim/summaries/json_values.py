"""A summary of a run as values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from sim.summaries.quantiles import spread_of
from sim.summaries.run_figures import Distribution, RunFigures


def summary_values(summary: RunFigures) -> dict[str, Any]:
    """Return the numbers of a summary for JSON.

    Distributions are given by units, mean, p50, p90, p99 and max, and what is not a number is
    None; all else is as in the record.
    """
    return {name: _plain(value) for name, value in vars(summary).items()}


def _plain(value: Any) -> Any:
    """Return a value of a summary as JSON has it."""
    if isinstance(value, Distribution):
        return asdict(spread_of(value))
    if is_dataclass(value):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
