"""Recorded traffic as numbers: the traces that ship, and those of users; their parts to test on."""

from sim.traces.client_windows import ClientWindows, read_client_windows
from sim.traces.read import read_trace
from sim.traces.shipped import shipped_traces
from sim.traces.split import session_clusters, split_trace
from sim.traces.trace import Trace

__all__ = [
    "ClientWindows",
    "Trace",
    "read_client_windows",
    "read_trace",
    "session_clusters",
    "shipped_traces",
    "split_trace",
]
