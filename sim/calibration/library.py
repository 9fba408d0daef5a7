"""A library of calls from a trace: which calls resemble each other, and what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.catalog.libraries import Library
from sim.errors import InvalidInputError
from sim.traces import Trace, session_clusters

BLOCK_CALLS = 24.0
MOST_CALLS = 72
MOST_SHARE = 0.5
_NEIGHBOURS = 8
# A call is compared with as many; those of its own group and of one group twice are left out.
_COMPARED = 800
# The weight of the newest call in running means.
_NEWEST = 0.15
# An input that falls by more is a context that the client cut down; less is reasoning dropped.
_COMPACTED = 3000
# Without times of service, a call is taken to last as long as this.
_NO_SERVICE_S = 0.0
_FEWEST_GROUPS = 3


def library_from_trace(trace: Trace, name: str) -> Library:
    """Return the library of the sessions of a trace.

    Parameters
    ----------
    trace : Trace
        With sessions. `opens_turn` and `service_time_s` are used if it has them: without the
        first, a call opens a turn only at the beginning of a session; without the second, waits
        include the time of the answer.
    name : str
        Name of the library.

    Raises
    ------
    InvalidInputError
        If the trace has no sessions, or fewer than three groups of sessions that share no calls.
    """
    if not trace.has_sessions:
        raise InvalidInputError(f"{trace.name}: has no column session; a library needs sessions")
    groups = session_clusters(trace)
    found = len(np.unique(groups))
    if found < _FEWEST_GROUPS:
        raise InvalidInputError(
            f"{trace.name}: a library needs at least {_FEWEST_GROUPS} sessions that share no "
            f"calls; found {found}"
        )

    calls = recorded_calls(trace.rows)
    compacts = calls["growth"] < -_COMPACTED
    state = states(calls)
    facts = {"trace": trace.title or trace.name, "licence": trace.licence, "source": trace.source}
    return Library(
        name=name,
        source=calls["source"],
        group=groups,
        opens_turn=calls["opens_turn"],
        wait_s=calls["wait_s"],
        growth=calls["growth"],
        output_tokens=calls["output_tokens"],
        compacts=compacts,
        begin_tokens=calls["begin_tokens"],
        neighbours=nearest_rows(state, calls["source"], groups, calls["opens_turn"]),
        block_calls=BLOCK_CALLS,
        most_calls=MOST_CALLS,
        most_share=MOST_SHARE,
        facts=facts,
    )


def recorded_calls(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the columns of a library that a trace states, from its rows by session and time."""
    source = pd.factorize(rows["session"])[0].astype(np.int64)
    is_first = np.diff(source, prepend=-1) != 0
    service = rows.get("service_time_s", pd.Series(_NO_SERVICE_S, rows.index))
    by_source = service.groupby(source).transform("median")
    service = service.fillna(by_source).fillna(service.median()).fillna(_NO_SERVICE_S).to_numpy()
    tokens = rows["input_tokens"].to_numpy(np.int64)
    opens = rows.get("opens_turn", pd.Series(False, rows.index)).to_numpy(bool)

    gap = np.diff(rows["t_s"].to_numpy(), prepend=0.0)
    wait = np.maximum(gap - np.append(0.0, service[:-1]), 0.0)
    return {
        "source": source,
        "opens_turn": opens | is_first,
        "wait_s": np.where(is_first, 0.0, wait),
        "growth": np.where(is_first, 0, np.diff(tokens, prepend=0)),
        "output_tokens": rows["output_tokens"].to_numpy(np.int64),
        "begin_tokens": np.where(is_first, tokens, 0),
        "input_tokens": tokens,
    }


def states(calls: dict[str, Any]) -> Floats:
    """Return what makes calls alike, standardised, shape (rows, features).

    Running means of log output, log wait and log growth; the same of whole sources, since people
    and tasks differ; the place in the source, the calls that are left, and the input.
    """
    source = calls["source"]
    logs = {
        "output": np.log1p(calls["output_tokens"]),
        "wait": np.log1p(calls["wait_s"]),
        "growth": np.log1p(np.maximum(calls["growth"], 0)),
    }
    features = []
    for values in logs.values():
        by_source = pd.Series(values).groupby(source)
        running = by_source.transform(lambda x: x.ewm(alpha=_NEWEST).mean())
        features += [running.to_numpy(), by_source.transform("mean").to_numpy()]
    place = pd.Series(source).groupby(source).cumcount().to_numpy()
    calls_left = pd.Series(source).groupby(source).cumcount(ascending=False).to_numpy()
    features += [np.log1p(place), np.log1p(calls_left), np.log1p(calls["input_tokens"])]

    table = np.column_stack(features)
    spread = table.std(axis=0)
    return np.asarray(table / np.where(spread > 0, spread, 1.0))


def nearest_rows(state: Floats, source: Ints, groups: Ints, opens_turn: Bools) -> Array:
    """Return for each row the nearest of other groups, whose next calls open a turn alike.

    Returns
    -------
    numpy.ndarray
        Rows, the nearest first, one of a group, -1 where there are fewer; rows that end a source
        have none. Array int32, shape (rows, 8).
    """
    from scipy.spatial import cKDTree

    near = np.full((len(source), _NEIGHBOURS), -1, np.int32)
    has_next = np.append(source[1:] == source[:-1], False)
    next_opens = np.append(opens_turn[1:], False)
    for kind in (False, True):
        rows = np.flatnonzero(has_next & (next_opens == kind))
        if not rows.size:
            continue
        _, found = cKDTree(state[rows]).query(state[rows], k=min(rows.size, _COMPARED))
        for row, candidates in zip(rows, rows[found.reshape(rows.size, -1)], strict=True):
            of_group = dict.fromkeys(groups[candidates].tolist())
            of_group.pop(int(groups[row]), None)
            firsts = [candidates[groups[candidates] == g][0] for g in list(of_group)[:_NEIGHBOURS]]
            near[row, : len(firsts)] = firsts
    return near
