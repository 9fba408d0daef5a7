"""Traffic of many clients as counts in windows of time, where no trace of single calls exists."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pandas as pd

from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.traces.shipped import shipped_bytes, shipped_traces

WINDOW_S = 600


@dataclass(frozen=True)
class ClientWindows:
    """Rates and lengths of many clients over time.

    Attributes
    ----------
    name
        Of the shipped trace.
    windows
        A row for each client and window in which it sent something, by client, then window:
        `client`; `w`, number of the window from 0; `rate`, calls a second; `cv`, the coefficient of
        variation of gaps within it; `part`, fit or test, the same for all of a client.
    tokens
        A row for each client, six hours and direction: `client`, `ts` (s from the beginning),
        `field` (input_tokens or output_tokens), `weight` (calls), `mean`, `p10` to `p99` of tokens,
        `part`.
    window_s
        Length of a window in seconds.
    """

    name: str
    windows: pd.DataFrame
    tokens: pd.DataFrame
    window_s: int = WINDOW_S


def read_client_windows(name: str) -> ClientWindows:
    """Read a shipped trace of windows of clients.

    Raises
    ------
    InvalidInputError
        If there is no such trace; the message names those that there are.
    """
    shipped = [key for key, entry in shipped_traces().items() if entry.kind == "windows"]
    if name not in shipped:
        raise InvalidInputError(
            f"{name}: no shipped trace of windows of clients{suggest(name, shipped)}"
        )
    windows, tokens = (
        pd.read_parquet(io.BytesIO(shipped_bytes(f"{name}.{part}"))).astype({"part": str})
        for part in ("windows", "tokens")
    )
    return ClientWindows(name, windows, tokens)
