"""A library of calls from a trace: which calls resemble each other, and what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.catalog.libraries import Library
from sim.errors import InvalidInputError
from sim.traces import Trace, session_clusters

BLOCK_CALLS = 48.0
MOST_CALLS = 72
MOST_SHARE = 0.5
_NEIGHBOURS = 12
# A call is compared with as many at first; those of its own source and of one source twice are
# left out.
_COMPARED = 200
# Comparisons at once, which bounds memory.
_AT_ONCE = 1_000_000
# Of more calls than this a library keeps every second, third ... session.
MOST_ROWS = 50_000
# The weight of the newest call in running means.
_NEWEST = 0.15
# How much each feature of `states` counts. Whole sources count twice, calls that are left three
# times: otherwise people grow alike, and sessions of middling length, with every join.
_WEIGHTS = (1, 2, 1, 2, 1, 2, 1, 3, 1)
# An input that falls by more is a context that the client cut down; less is reasoning dropped.
_COMPACTED = 3000
# Without times of service, a call is taken to last as long as this.
_NO_SERVICE_S = 0.0
_FEWEST_SESSIONS = 3


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
        If the trace has no sessions, or fewer than three sessions that share no calls.
    """
    if not trace.has_sessions:
        raise InvalidInputError(f"{trace.name}: has no column session; a library needs sessions")

    kept = _distinct_sessions(trace)
    calls = recorded_calls(kept.rows)
    compacts = calls["growth"] < -_COMPACTED
    state = states(calls)
    facts = {"trace": trace.title or trace.name, "licence": trace.licence, "source": trace.source}

    return Library(
        name=name,
        source=calls["source"],
        opens_turn=calls["opens_turn"],
        wait_s=calls["wait_s"],
        growth=calls["growth"],
        output_tokens=calls["output_tokens"],
        compacts=compacts,
        begin_tokens=calls["begin_tokens"],
        neighbours=nearest_rows(state, calls["source"], calls["opens_turn"]),
        block_calls=BLOCK_CALLS,
        most_calls=MOST_CALLS,
        most_share=MOST_SHARE,
        facts=facts,
    )


def _distinct_sessions(trace: Trace) -> Trace:
    """Return the calls of sessions that share none, without those that ask for no answer.

    Of forks of one conversation the longest is kept. Calls without an answer warm up a cache, which
    the simulated client does by itself. Of a trace of more than `MOST_ROWS` calls every second,
    third ... session is kept.

    Raises
    ------
    InvalidInputError
        If there are fewer than three such sessions.
    """
    trace = trace.only(trace.rows["output_tokens"] > 0)
    sessions = pd.DataFrame({"session": trace.rows["session"], "group": session_clusters(trace)})
    calls = sessions.groupby(["group", "session"], as_index=False).size()
    longest = calls.sort_values("size", kind="stable").groupby("group")["session"].last()
    if len(longest) < _FEWEST_SESSIONS:
        raise InvalidInputError(
            f"{trace.name}: a library needs at least {_FEWEST_SESSIONS} sessions that share no "
            f"calls; found {len(longest)}"
        )

    trace = trace.only(trace.rows["session"].isin(longest))
    numbers = pd.factorize(trace.rows["session"])[0]
    return trace.only(numbers % -(-len(numbers) // MOST_ROWS) == 0)


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
    """Return what makes calls alike, as weighted ranks, shape (rows, features).

    Running means of log output, log wait and log growth, each followed by the mean over the source,
    since people and tasks differ; the place in the source, the calls that are left, and the input.
    Each is the rank among all rows as a share, so that rare rows have neighbours as near as others.
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
    features += [place, calls_left, calls["input_tokens"]]

    ranks = [pd.Series(feature).rank(pct=True).to_numpy() for feature in features]
    return np.asarray(np.column_stack(ranks) * np.array(_WEIGHTS))


def nearest_rows(state: Floats, source: Ints, opens_turn: Bools) -> Array:
    """Return for each row the nearest of other sources, whose next calls open a turn alike.

    Returns
    -------
    numpy.ndarray
        Rows, the nearest first, one of a source, -1 where there are fewer; rows that end a source
        have none. Array int32, shape (rows, 12).
    """
    from scipy.spatial import cKDTree

    near = np.full((len(source), _NEIGHBOURS), -1, np.int32)
    has_next = np.append(source[1:] == source[:-1], False)
    next_opens = np.append(opens_turn[1:], False)
    for kind in (False, True):
        rows = np.flatnonzero(has_next & (next_opens == kind))
        if not rows.size:
            continue
        tree, left, compared = cKDTree(state[rows]), rows, min(rows.size, _COMPARED)
        while left.size:
            for piece in np.array_split(left, -(-left.size * compared // _AT_ONCE)):
                _, found = tree.query(state[piece], k=[*range(1, compared + 1)])
                for row, candidates in zip(piece, rows[found], strict=True):
                    nearest = _one_of_each_source(candidates, source, int(source[row]))
                    near[row, : len(nearest)] = nearest

            # who is mostly among its own is compared with more
            left = left[near[left, -1] < 0] if compared < rows.size else left[:0]
            compared = min(rows.size, 4 * compared)
    return near


def _one_of_each_source(candidates: Ints, source: Ints, own: int) -> list[int]:
    """Return the first candidate of each source but a row's own, at most as many as neighbours."""
    firsts: dict[int, int] = {}
    for candidate, other in zip(candidates.tolist(), source[candidates].tolist(), strict=True):
        if other != own:
            firsts.setdefault(other, candidate)
        if len(firsts) == _NEIGHBOURS:
            break
    return list(firsts.values())
