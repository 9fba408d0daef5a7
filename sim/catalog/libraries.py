"""Stand-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.arrays.types import Bools, Floats, Ints

NO_LIBRARY = "none"


@dataclass(frozen=True)
class Library:
    name: str
    source: Ints
    opens_turn: Bools
    wait_s: Floats
    growth: Ints
    output_tokens: Ints
    before_tokens: Ints
    compacts: Bools
    begin_tokens: Ints


@cache
def libraries() -> Mapping[str, Library]:
    d = pd.read_csv("/work/shared/traces/kvct_claude_code_even.csv.gz")
    d["api_time"] = d.api_time.fillna(6)
    g = d.groupby("session")
    d["wait"] = (g.t_s.diff() - g.api_time.shift()).clip(lower=0).fillna(0)
    growth = g.input_tokens.diff().fillna(0)
    first = g.cumcount() == 0
    return {
        "claude-code": Library(
            name="claude-code",
            source=np.cumsum(first.to_numpy()) - 1,
            opens_turn=(d.trigger != "tool").to_numpy() | first.to_numpy(),
            wait_s=d.wait.to_numpy(),
            growth=growth.to_numpy().astype(np.int64),
            output_tokens=d.output_tokens.to_numpy(),
            before_tokens=g.output_tokens.shift().fillna(0).to_numpy().astype(np.int64),
            compacts=(growth < -3000).to_numpy(),
            begin_tokens=d.input_tokens[first].to_numpy(),
        )
    }
