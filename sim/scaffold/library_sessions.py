"""Sessions from recorded ones: blocks of calls, joined where sessions resemble each other.

A nearest-neighbour block bootstrap (Lall and Sharma 1996, "A nearest neighbor bootstrap for
resampling hydrologic time series") with blocks of geometric length (Politis and Romano 1994, "The
stationary bootstrap").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.catalog.libraries import Library

# Cells of the table of what each session has used; it bounds how many are drawn at once.
_CELLS = 1_000_000
# Spread of the factors, as standard deviations of their logarithms: no call comes back exactly.
_WAIT_SPREAD = 0.10
_TOKEN_SPREAD = 0.05


class LibrarySessions(NamedTuple):
    """Sessions as rows of a library.

    Attributes
    ----------
    rows : array of int, shape (M,)
        Row of each call, by session, then order in it.
    per_session : array of int, shape (S,)
        Calls of each session, at least 1.
    """

    rows: Ints
    per_session: Ints


def draw_library_sessions(
    library: Library, sessions: int, rng: np.random.Generator, weights: Floats | None = None
) -> LibrarySessions:
    """Draw sessions from a library.

    A session begins with the first call of a source and goes on call by call. After blocks of
    geometric length, and always when a block has reached `library.longest_run`, it goes on after
    a row of another source that resembles the present one, the j-th nearest with a weight of 1/j
    (Lall and Sharma's kernel). It ends where the source that it is in ends. It does not come back
    to a source; if that leaves no neighbour, it ends.

    Parameters
    ----------
    library : Library
        What to draw from.
    sessions : int
        How many.
    rng : numpy.random.Generator
        Source of the draws.
    weights : array of float, shape (sources,), optional
        How likely a session is to begin with each source; all alike by default.
    """
    share = None if weights is None else weights / weights.sum()
    begins = rng.choice(library.sources, sessions, p=share)
    at_once = max(1, _CELLS // library.sources)

    none = LibrarySessions(np.zeros(0, np.int64), np.zeros(0, np.int64))
    pieces = (begins[k : k + at_once] for k in range(0, sessions, at_once))
    parts = [none, *(_joined_blocks(library, piece, rng) for piece in pieces)]
    rows, per_session = (np.concatenate(column) for column in zip(*parts, strict=True))
    return LibrarySessions(rows, per_session)


def _joined_blocks(library: Library, begins: Ints, rng: np.random.Generator) -> LibrarySessions:
    """Return the sessions that begin with these sources, drawn block by block."""
    used = np.zeros((len(begins), library.sources), np.bool_)
    rank = np.arange(1, library.neighbours.shape[1] + 1)
    session, row = np.arange(len(begins)), library.first[begins]
    blocks: list[tuple[Ints, Ints, Ints]] = []

    while session.size:
        # a block: geometric, at most the longest run, at most to the end of the source
        source = library.source[row]
        calls = rng.geometric(1 / library.block_calls, row.size)
        calls = np.minimum(calls, library.longest_run[source])
        end = np.minimum(row + calls - 1, library.last[source])
        blocks.append((session, row, end - row + 1))
        used[session, source] = True

        # a join: one of the neighbours whose source the session has not used; the largest of
        # u ** (1 / weight) is a draw by weight
        near = library.neighbours[end]
        chance = rng.random(near.shape) ** rank
        is_free = (near >= 0) & ~used[session[:, None], library.source[near]]
        pick = np.where(is_free, chance, -1.0).argmax(axis=1)
        goes_on = (end < library.last[source]) & is_free.any(axis=1)
        row = (near[np.arange(row.size), pick] + 1)[goes_on]
        session = session[goes_on]

    return _in_order(blocks, len(begins))


def _in_order(blocks: list[tuple[Ints, Ints, Ints]], sessions: int) -> LibrarySessions:
    """Return the calls of blocks (session, first row, calls) by session."""
    session, row, calls = (np.concatenate(column) for column in zip(*blocks, strict=True))
    order = np.argsort(session, kind="stable")
    row, calls, session = row[order], calls[order], session[order]

    # the rows of all blocks one after the other
    start = np.cumsum(calls) - calls
    rows = np.repeat(row - start, calls) + np.arange(calls.sum())
    return LibrarySessions(
        rows.astype(np.int64), np.bincount(session, calls, sessions).astype(np.int64)
    )


def stretched(
    library: Library, rows: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return what the calls of rows do, each multiplied by a lognormal factor around 1.

    Parameters
    ----------
    library : Library
        Where the rows are.
    rows : array of int, shape (M,)
        Rows of the library.
    rng : numpy.random.Generator
        Gives three arrays of M numbers.

    Returns
    -------
    tuple of array of float, shape (M,)
        Seconds from the answer before to the call; tokens by which the input grows beyond the
        answer before, negative where reasoning is dropped; tokens of the answer, whole.
    """
    size = len(rows)
    wait_s = library.wait_s[rows] * np.exp(rng.normal(0, _WAIT_SPREAD, size))
    net = (library.growth - library.before_tokens)[rows]
    net_tokens = np.rint(net * np.exp(rng.normal(0, _TOKEN_SPREAD, size)))
    output = library.output_tokens[rows] * np.exp(rng.normal(0, _TOKEN_SPREAD, size))
    return wait_s, net_tokens, np.rint(output)
