"""The real side of a scorecard: a trace in two parts, and which goals it can tell of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Floats, Ints
from sim.errors import InvalidInputError
from sim.scorecard.calls import Calls
from sim.scorecard.clients import LEAST_REQUESTS, WINDOW_S, Clients, clients_of
from sim.scorecard.goals import Form, Workload
from sim.traces import (
    Trace,
    read_client_windows,
    read_trace,
    session_clusters,
    shipped_traces,
    split_trace,
)

# The trace that each class of workload is held against if none is named.
DEFAULT_TRACES: dict[Workload, str] = {
    "coding": "claude_code",
    "chat": "azure_chat",
    "api": "api_clients_large",
    "benchmark": "mini_swe_agent",
}
# Traces leave out sessions of fewer calls than this, or have them: a run does as its trace.
_SHORT_SESSION = 3
# Each part of a trace must have as much.
_LEAST_SESSIONS, _LEAST_CALLS, _LEAST_STRETCH_S = 3, 100, 300.0
# Clients without sessions that are watched for so long tell of days and bursts.
_LEAST_DAYS_S = 2 * 86_400.0


@dataclass(frozen=True)
class Real:
    """A real trace: a part to fit on, and a part that runs are held against.

    Attributes
    ----------
    name, title
        Of the trace; the title is empty for a file.
    workload
        What its calls are for.
    form
        Whether it has sessions, a stream of calls, or windows of clients.
    fit, test
        The two parts: `Clients` for windows of clients, else `Calls`.
    fit_groups, test_groups
        Group of each session: those of one group share calls. None for other forms.
    resolution_s
        Of its times, in seconds; 0 if they are exact.
    """

    name: str
    title: str
    workload: Workload
    form: Form
    fit: Calls | Clients
    test: Calls | Clients
    fit_groups: Ints | None = None
    test_groups: Ints | None = None
    resolution_s: float = 0.0

    @property
    def least_calls(self) -> int:
        """Calls of the smallest session that counts: the trace's smallest, at most three."""
        assert isinstance(self.test, Calls)
        return min(_SHORT_SESSION, int(self.test.per_session.min(initial=_SHORT_SESSION)))


def real_from(source: str | os.PathLike[str], workload: Workload | None = None) -> Real:
    """Read a trace, and split it.

    Parameters
    ----------
    source
        Name of a shipped trace, or a file as `read_trace` takes it.
    workload
        What its calls are for. Left out, as the catalog has it; of a file with sessions `coding`,
        of one of clients over days `api`, of others `chat`.

    Raises
    ------
    InvalidInputError
        If there is no such trace, if it is not valid, or if it cannot be split.
    """
    name = os.fspath(source)
    entry = shipped_traces().get(name)
    if entry is not None and entry.kind == "windows":
        windows = read_client_windows(name)
        fit, test = (_clients(windows.windows, windows.tokens, part) for part in ("fit", "test"))
        return Real(name, entry.title, workload or "api", "clients", fit, test)

    trace = read_trace(source)
    by_sessions = trace.has_sessions
    of_clients = trace.has("client") and _span(trace.rows["t_s"]) >= _LEAST_DAYS_S
    guess = "coding" if by_sessions else "api" if of_clients else "chat"
    known: Any = workload or trace.workload or guess
    parts = split_trace(trace)
    if of_clients and not by_sessions:
        fit, test = (clients_of_trace(part, trace) for part in parts)
        return Real(trace.name, trace.title, known, "clients", fit, test)

    groups = [_groups(part) if by_sessions else None for part in parts]
    calls = [calls_of(part) for part in parts]
    for part in calls:
        _expect_part(part, trace.name)
    return Real(
        name=trace.name,
        title=trace.title,
        workload=known,
        form="sessions" if by_sessions else "stream",
        fit=calls[0],
        test=calls[1],
        fit_groups=groups[0],
        test_groups=groups[1],
        resolution_s=trace.resolution_s,
    )


def calls_of(trace: Trace) -> Calls:
    """Return the calls of a trace; without sessions they are one stretch of time."""
    rows = trace.rows
    times = rows["t_s"].to_numpy(np.float64)
    session = (
        np.unique(rows["session"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        if trace.has_sessions
        else np.zeros(len(rows), np.int64)
    )
    length_s = 0.0 if trace.has_sessions else float(np.nextafter(_span(rows["t_s"]), np.inf))
    return Calls.sorted(
        session,
        times if trace.has_sessions else times - times.min(),
        length_s=length_s,
        input_tokens=rows["input_tokens"].to_numpy(np.float64),
        output_tokens=rows["output_tokens"].to_numpy(np.float64),
        opens_turn=rows["opens_turn"].to_numpy(bool) if trace.has("opens_turn") else None,
        prefix_tokens=rows["prefix_tokens"].to_numpy(np.float64)
        if trace.has("prefix_tokens")
        else None,
        item=rows["item"].to_numpy(np.int64) if trace.has("item") else None,
    )


def clients_of_trace(part: Trace, whole: Trace) -> Clients:
    """Cut a part of a trace of clients into windows; the beginning is that of the whole trace."""
    rows, begins = part.rows, float(whole.rows["t_s"].min())
    return clients_of(
        rows["client"].to_numpy(np.int64),
        rows["t_s"].to_numpy(np.float64) - begins,
        (rows["input_tokens"].to_numpy(np.float64), rows["output_tokens"].to_numpy(np.float64)),
        _span(whole.rows["t_s"]),
    )


def _span(times: pd.Series) -> float:
    return float(times.max() - times.min())


def _groups(part: Trace) -> Ints:
    """Return the cluster of each session, in the order of the sessions' numbers."""
    clusters = session_clusters(part)
    _, first = np.unique(part.rows["session"].to_numpy(), return_index=True)
    return np.asarray(clusters[first], np.int64)


def _clients(windows: pd.DataFrame, tokens: pd.DataFrame, part: str) -> Clients:
    """Return the clients of one part of a trace of windows, those that ever had ten requests."""
    rows = windows[windows["part"] == part].sort_values(["client", "w"], kind="stable")
    requests = rows["rate"].to_numpy(np.float64) * WINDOW_S
    full = requests >= LEAST_REQUESTS - 0.5
    client = rows["client"].to_numpy(np.int64)[full]
    return Clients(
        client=client,
        window=rows["w"].to_numpy(np.int64)[full],
        requests=requests[full],
        gap_cv=rows["cv"].to_numpy(np.float64)[full],
        windows=int(windows["w"].max()) + 1,
        tokens=_client_tokens(tokens, np.unique(client)),
    )


def _client_tokens(tokens: pd.DataFrame, clients: Ints) -> Floats:
    """Return median and 90 % quantile of each client: means over its days, weighted by calls."""
    found = np.full((len(clients), 4), np.nan)
    for k, field in enumerate(("input_tokens", "output_tokens")):
        rows = tokens[tokens["field"] == field]
        for j, quantile in enumerate(("p50", "p90")):
            weighted = (rows[quantile] * rows["weight"]).groupby(rows["client"]).sum()
            total = rows.groupby("client")["weight"].sum()
            found[:, 2 * k + j] = (weighted / total).reindex(clients).to_numpy(np.float64)
    return found


def _expect_part(part: Calls, name: str) -> None:
    """Raise InvalidInputError unless a part of a trace is enough to hold a run against."""
    if part.length_s and (len(part) < _LEAST_CALLS or part.length_s < _LEAST_STRETCH_S):
        found = f"{len(part)} calls in {part.length_s:.0f} s"
        needed = f"{_LEAST_CALLS} calls in {_LEAST_STRETCH_S:.0f} s"
    elif not part.length_s and len(part.first) < _LEAST_SESSIONS:
        found, needed = f"{len(part.first)} sessions", f"{_LEAST_SESSIONS} sessions"
    else:
        return
    raise InvalidInputError(
        f"{name}: one of its two parts has {found}; {needed} are needed to hold a run against it; "
        "give a longer trace"
    )


def expect_enough(calls: Calls, name: str, fewest: int) -> None:
    """Raise InvalidInputError if there are too few sessions or calls for any statistic."""
    sessions = len(calls.first)
    what = "calls in a stretch of the trace's length" if calls.length_s else "sessions"
    found = int(calls.per_session.max(initial=0)) if calls.length_s else sessions
    if found < fewest:
        raise InvalidInputError(
            f"{name}: has {found} {what}; at least {fewest} are needed to be held against a trace; "
            "simulate more accounts, or for longer"
        )
