"""What a trace says about each dial: the values of every quantity that was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats
from sim.calibration.dropped import left_out
from sim.traces import Trace

# Without a column that says who starts a call, a person is taken to after such a pause.
TURN_PAUSE_S = 60.0
# A context that falls by more was compacted or cleared, which is no growth.
_COMPACTED_TOKENS = 3_000


@dataclass(frozen=True)
class Quantities:
    """Values of what was measured, in the units of the dials; empty where the trace cannot tell.

    Attributes
    ----------
    output_tokens
        Of every answer.
    base_context_tokens
        Input of the first call of each session; without sessions of every call.
    append_tokens, user_append_tokens
        What the input grew by, in calls of tools and of people, beyond the answer before unless
        that was left out; at least 0, compactions left out.
    tool_time_s, human_gap_s
        Pauses before calls of tools and of people, after the answer before.
    tool_steps
        Calls after the first of each turn that has any.
    turns, calls
        User turns, and calls, of each session.
    agentic_share, dropped_share, compacted_share
        Share of turns that have more than one call; of calls after the first in a session, those
        that leave the answer before out (`left_out`), and those that were compacted.
    """

    output_tokens: Floats
    base_context_tokens: Floats
    append_tokens: Floats
    user_append_tokens: Floats
    tool_time_s: Floats
    human_gap_s: Floats
    tool_steps: Floats
    turns: Floats
    calls: Floats
    agentic_share: float = 0.0
    dropped_share: float = 0.0
    compacted_share: float = 0.0


UNITS = {
    "output_tokens": "tokens",
    "base_context_tokens": "tokens",
    "append_tokens": "tokens",
    "user_append_tokens": "tokens",
    "tool_time_s": "s",
    "human_gap_s": "s",
    "tool_steps": "calls",
    "turns": "turns",
    "calls": "calls",
}


def quantities_of(trace: Trace) -> Quantities:
    """Measure a trace, or a part of one."""
    rows = trace.rows
    output = rows["output_tokens"].to_numpy(float)
    inputs = rows["input_tokens"].to_numpy(float)
    if not trace.has_sessions:
        none = np.empty(0)
        ones = np.ones(len(rows))
        return Quantities(output, inputs, none, none, none, none, none, ones, ones)

    first = (rows["session"].diff() != 0).to_numpy()
    pause = pauses_of(rows, first)
    opens = with_turns(trace).rows["opens_turn"].to_numpy(bool) | first
    growth = np.diff(inputs, prepend=0.0)
    before = np.concatenate([[0.0], output[:-1]])
    compacted = ~first & (growth < -_COMPACTED_TOKENS)
    grows = ~first & ~compacted
    dropped = np.zeros(len(rows), bool)
    for kind in (grows & ~opens, grows & opens):
        dropped[kind] = left_out(growth[kind], before[kind])
    appended = np.maximum(np.where(dropped, growth, growth - before), 0)

    # turns: a call that opens one, and those up to the next
    per_turn = np.diff(np.append(np.flatnonzero(opens), len(rows)))
    session = np.cumsum(first) - 1
    known = ~first & np.isfinite(pause)
    return Quantities(
        output_tokens=output,
        base_context_tokens=inputs[first],
        append_tokens=appended[grows & ~opens],
        user_append_tokens=appended[grows & opens],
        tool_time_s=pause[known & ~opens],
        human_gap_s=pause[known & opens],
        tool_steps=per_turn[per_turn > 1] - 1.0,
        turns=np.bincount(session[opens]).astype(float),
        calls=np.bincount(session).astype(float),
        agentic_share=float((per_turn > 1).mean()),
        dropped_share=_share(dropped[grows]),
        compacted_share=_share(compacted[~first]),
    )


def pauses_of(rows: pd.DataFrame, first: Bools) -> Floats:
    """Return the pause of the client before each call, in seconds, NaN where it is not known.

    It is the time since the call before was sent, less the time that one took where the trace says
    so; at least 0, as calls may overlap.

    Parameters
    ----------
    rows
        Of a trace with sessions.
    first
        Whether a call is the first of its session, shape (rows,).
    """
    pause = np.diff(rows["t_s"].to_numpy(), prepend=0.0)
    if "service_time_s" in rows:
        pause[1:] -= rows["service_time_s"].to_numpy()[:-1]
    return np.where(first, np.nan, np.maximum(pause, 0.0))


def with_turns(trace: Trace) -> Trace:
    """Return a trace of sessions with a column `opens_turn`, guessed from pauses if it has none."""
    if trace.has("opens_turn"):
        return trace
    first = (trace.rows["session"].diff() != 0).to_numpy()
    pause = pauses_of(trace.rows, first)
    return replace(trace, rows=trace.rows.assign(opens_turn=first | (pause > TURN_PAUSE_S)))


def _share(flags: Bools) -> float:
    return float(flags.mean()) if len(flags) else 0.0
