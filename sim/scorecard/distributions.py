"""The distributions that a page lays over each other: real, run and naive."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Floats
from sim.scorecard.calls import Calls
from sim.scorecard.clients import Clients
from sim.scorecard.goals import Form
from sim.scorecard.score import Overlaid

# Enough for a picture.
_MOST = 20_000


def overlaid(
    form: Form, real: Calls | Clients, run: Calls | Clients, naive: Calls | Clients
) -> tuple[Overlaid, ...]:
    """Return what is drawn of the test part, the first run and the naive generator."""
    parts = [_values(x, form) for x in (real, run, naive)]
    return tuple(
        Overlaid(id_, *_WORDS[id_], *(_few(values[id_]) for values in parts)) for id_ in parts[0]
    )


_WORDS = {
    "gap": ("Gap to the call before", "s"),
    "scaled_gap": ("Gap to the call before, over the mean gap", ""),
    "input": ("Input of a call", "tokens"),
    "output": ("Output of a call", "tokens"),
    "calls": ("Calls of a session", ""),
    "minutes": ("Calls in a minute, over the mean", ""),
    "volumes": ("Requests of a client, over the mean", ""),
    "window_cv": ("CV of the gaps in ten minutes of a client", ""),
    "client_input": ("Median input of a client", "tokens"),
    "client_output": ("Median output of a client", "tokens"),
}


def _values(x: Calls | Clients, form: Form) -> dict[str, Floats]:
    """Return the values of each distribution."""
    if isinstance(x, Clients):
        return {
            "volumes": x.volumes / x.volumes.mean(),
            "window_cv": x.gap_cv,
            "client_input": x.tokens[:, 0],
            "client_output": x.tokens[:, 2],
        }
    lengths = {"input": x.input_tokens, "output": x.output_tokens}
    if form == "sessions":
        return {"gap": x.gaps_s, **lengths, "calls": x.per_session.astype(np.float64)}
    bins = max(1, int(x.length_s // 60))
    minute = np.repeat(np.arange(len(x.first)), x.per_session) * bins
    minute = minute + np.minimum(x.t_s // 60, bins - 1).astype(np.int64)
    counts = np.bincount(minute, minlength=bins * len(x.first)).astype(np.float64)
    return {"scaled_gap": x.gaps_s / x.gaps_s.mean(), **lengths, "minutes": counts / counts.mean()}


def _few(values: Floats) -> Floats:
    """Return known values above 0, evenly chosen from the sorted ones if they are many."""
    known = np.sort(values[np.isfinite(values) & (values > 0)])
    if len(known) <= _MOST:
        return known
    return known[np.linspace(0, len(known) - 1, _MOST).astype(np.int64)]
