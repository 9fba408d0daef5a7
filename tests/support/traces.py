"""Traces made by hand for tests: sessions, and a stream of calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def sessions_frame(seed: int, sessions: int = 60, slower: float = 1.0) -> pd.DataFrame:
    """Sessions of about twenty calls whose context grows; gaps are `slower` times as long."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(sessions):
        calls = int(rng.integers(3, 41))
        opens = rng.random(calls) < 0.2
        opens[0] = True
        gaps = slower * np.where(opens, rng.lognormal(4, 1, calls), rng.lognormal(2, 0.5, calls))
        output = np.ceil(rng.lognormal(5 + 0.4 * rng.standard_normal(), 0.8, calls))
        grown = output + np.ceil(rng.lognormal(6, 1, calls))
        parts.append(
            pd.DataFrame(
                {
                    "session": f"s{number}",
                    "t_s": np.round(np.cumsum(gaps) - gaps[0], 3),
                    "input_tokens": (15_000 + np.cumsum(grown)).astype(int),
                    "output_tokens": output.astype(int),
                    "opens_turn": opens,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def stream_frame(seed: int, rate: float = 2.0, length_s: float = 3_600.0) -> pd.DataFrame:
    """Poisson arrivals with lognormal lengths, a row a call."""
    rng = np.random.default_rng(seed)
    n = int(rate * length_s)
    return pd.DataFrame(
        {
            "t_s": np.round(np.sort(rng.random(n)) * length_s, 6),
            "input_tokens": np.ceil(rng.lognormal(6, 1, n)).astype(int),
            "output_tokens": np.ceil(rng.lognormal(5, 0.5, n)).astype(int),
        }
    )


def clients_frame(seed: int, clients: int = 24) -> pd.DataFrame:
    """Clients of unlike volume that send for three days, most by day; a row a call."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(clients):
        n = int(rng.lognormal(7.5, 0.7))
        t_s = rng.random(n) * 3 * 86_400
        kept = rng.random(n) < 0.5 + 0.5 * np.sin(2 * np.pi * t_s / 86_400 - 2)
        part = pd.DataFrame({"t_s": np.round(t_s[kept], 3), "client": f"c{number}"})
        part["input_tokens"] = np.ceil(rng.lognormal(6, 0.5, kept.sum())).astype(int)
        part["output_tokens"] = np.ceil(rng.lognormal(4, 0.5, kept.sum())).astype(int)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def written(frame: pd.DataFrame, path: Path) -> str:
    """Write a trace as CSV, and return its path."""
    frame.to_csv(path, index=False)
    return str(path)
