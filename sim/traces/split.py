"""Parts of a trace to fit on and to test on, such that nothing of one is in the other."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd

from sim.arrays.types import Ints
from sim.errors import InvalidInputError
from sim.traces.trace import Trace

FIT_SHARE = 2 / 3
# A call that more of all sessions have in common is a habit, not one conversation told twice.
_COMMON_SHARE = 0.05
_FEW_SESSIONS = 3


def split_trace(trace: Trace, seed: int = 0) -> tuple[Trace, Trace]:
    """Return the part of a trace to fit on, and the part to test on.

    Sessions that share calls stay together (`session_clusters`): clusters in an order that `seed`
    decides fill the first part until it has two thirds of the calls. Without sessions whole clients
    are told apart in the same way; without these the first half of the time is the first part,
    since what happens from minute to minute needs time in one piece.

    Parameters
    ----------
    trace
        Any trace. Of shipped ones, with seed 0, the parts are those of their column `part`.
    seed
        Of the order, any whole number. The same seed gives the same parts.

    Returns
    -------
    tuple of Trace and Trace
        Both have at least one row, and sessions keep their numbers.

    Raises
    ------
    InvalidInputError
        If all sessions share calls, or there is but one, so that there is nothing to test on.
    """
    if seed == 0 and trace.has("part"):
        is_fit = (trace.rows["part"] == "fit").to_numpy()
    else:
        is_fit = in_fit_part(trace, seed)
    if is_fit.all() or not is_fit.any():
        raise InvalidInputError(
            f"{trace.name}: cannot be split into a part to fit and a part to test; give a trace of "
            "more sessions that share no calls"
        )
    return trace.only(is_fit), trace.only(~is_fit)


def in_fit_part(trace: Trace, seed: int = 0) -> Ints:
    """Return for each row whether it is in the part to fit on; see `split_trace`."""
    rows = trace.rows
    if trace.has_sessions:
        return fill_by_hash(session_clusters(trace), seed)
    if trace.has("client"):
        return fill_by_hash(rows["client"].to_numpy(), seed)
    times = rows["t_s"].to_numpy()
    return np.asarray(times < (times[0] + times[-1]) / 2)


def session_clusters(trace: Trace) -> Ints:
    """Return for each row the cluster of its session: sessions that share calls are in one.

    Copies of one conversation that went on differently share the calls that they have in common.
    Two calls are the same if input, output and cached tokens are equal, and there were at most a
    twentieth of all sessions (at least three) with such a call; what more have in common is a habit
    of the client, such as a job whose calls are all alike.

    Returns
    -------
    numpy.ndarray
        Whole numbers from 0 in order of the first session, shape (rows,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = trace.rows
    parts = [x for x in ("input_tokens", "output_tokens", "prefix_tokens") if x in rows]
    call = rows.groupby(parts, sort=False).ngroup().to_numpy()
    session = pd.factorize(rows["session"])[0]
    pairs = np.unique(np.column_stack([session, call]), axis=0)
    sessions, calls = int(session.max()) + 1, int(call.max()) + 1
    holders = np.bincount(pairs[:, 1], minlength=calls)
    pairs = pairs[holders[pairs[:, 1]] <= max(_FEW_SESSIONS, _COMMON_SHARE * sessions)]

    # a graph of sessions and calls; what hangs together is a cluster
    edges = (np.ones(len(pairs)), (pairs[:, 0], sessions + pairs[:, 1]))
    graph = coo_array(edges, shape=(sessions + calls, sessions + calls))
    _, component = connected_components(graph, directed=False)
    return np.asarray(pd.factorize(component[:sessions][session])[0])


def fill_by_hash(group: Ints, seed: int) -> Ints:
    """Return for each row whether its group is among those that fill the part to fit on.

    Groups are taken in the order of a hash of seed and number, which no order of the file decides.
    """
    names, sizes = np.unique(group, return_counts=True)
    hashes = [blake2b(f"{seed}/{name}".encode(), digest_size=8).digest() for name in names]
    order = sorted(range(len(names)), key=hashes.__getitem__)
    before = np.cumsum(sizes[order]) - sizes[order]
    is_fit = np.zeros(len(names), bool)
    is_fit[order] = before + sizes[order] / 2 < FIT_SHARE * len(group)
    is_fit[order[-1]] &= len(names) == 1  # one that outweighs all others leaves something to test
    return np.asarray(is_fit[np.searchsorted(names, group)])
