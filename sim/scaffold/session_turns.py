"""The user turns of whole sessions: drawn by the dials of an actor, or from recorded sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from sim.arrays.ragged import cumulate_in, position_in, ranges, starts_of
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import Agent, Library, library_named, models
from sim.scaffold.library_sessions import LibrarySessions, draw_library_sessions, stretched
from sim.scaffold.turns import (
    Turns,
    draw_benchmark_items,
    draw_items_by_length,
    draw_tool_steps,
    draw_turns_of,
)
from sim.scenario.resolved import Actor
from sim.streams import Streams


class Windows(NamedTuple):
    """Windows of the models of S sessions, in tokens of input and answer; shape (S,).

    `standard` is the window that the model has for those who do not ask for a longer one.
    """

    tokens: Ints
    standard: Ints


class SessionTurns(NamedTuple):
    """User turns of S sessions, T in all, which ask for M calls.

    Attributes
    ----------
    per_session : array of int, shape (S,)
        User turns of each session, 1 or more.
    turns : Turns
        What each of them asks for, shape (T,).
    human_gap_us : array of int, shape (T,)
        Pause of the user before each; that of the first turn of a session is of no account.
    item : array of int, shape (T,)
        Item of a benchmark that each would work on, -1 without one.
    recorded : array of int, shape (M,), or None
        Row of the agent's library that each call is taken from; None where dials decide.
    """

    per_session: Ints
    turns: Turns
    human_gap_us: Ints
    item: Ints
    recorded: Ints | None

    @property
    def calls_per_session(self) -> Ints:
        """Calls that the turns of each session ask for, shape (S,)."""
        return np.add.reduceat(self.turns.calls, starts_of(self.per_session))

    def pick(self, keep: Bools) -> SessionTurns:
        """Return the turns of the sessions that are flagged."""
        keep_turn = np.repeat(keep, self.per_session)
        recorded = self.recorded
        if recorded is not None:
            recorded = recorded[np.repeat(keep_turn, self.turns.calls)]
        return SessionTurns(
            self.per_session[keep],
            self.turns.pick(keep_turn),
            self.human_gap_us[keep_turn],
            self.item[keep_turn],
            recorded,
        )


def draw_session_turns(
    behaviour: Actor,
    agent: Agent,
    windows: Windows,
    rng: np.random.Generator,
    world: Streams | None = None,
) -> SessionTurns:
    """Draw the turns of sessions of a scaffold, one for each of `window`.

    Parameters
    ----------
    behaviour : Actor
        Its dials; what is special about turns, such as refusals, comes from them in either case.
    agent : Agent
        The scaffold; its library, if it has one, decides turns, pauses and calls.
    windows : Windows
        Of the model of each session. Sessions with a long window are drawn from those recorded ones
        that needed it, others from those that did not.
    rng : numpy.random.Generator
        Draws all of them.
    world : Streams, optional
        Streams of the world, which make items of a benchmark hard or easy for everybody. Left out
        in samples, of which nobody asks what the turns are about.
    """
    if agent.library is None:
        return _by_dials(behaviour, len(windows.tokens), rng, world)

    library = library_named(agent.library)
    drawn = _sessions_within(library, behaviour.library_tilt, windows, rng)

    # a turn is a recorded call that opens one, and those behind it
    opens = library.opens_turn[drawn.rows]
    opens[starts_of(drawn.per_session)] = True
    first = np.flatnonzero(opens)
    recorded_calls = np.diff(first, append=len(opens))
    turns = draw_turns_of(behaviour, recorded_calls - 1, rng)

    # a turn that is cut short leaves out the last recorded calls; who warms the cache up sends a
    # call before the first
    place = position_in(turns.calls) - np.repeat(turns.prewarmed, turns.calls)
    rows = drawn.rows[np.repeat(first, turns.calls) + np.maximum(place, 0)]
    wait_s = stretched(library, drawn.rows[first], rng)[0]
    item = np.full(len(first), -1)
    if world is not None:
        rank = _ranks_of_lengths(library, recorded_calls, rng)
        item = draw_items_by_length(behaviour, rank, world, rng)
    return SessionTurns(
        per_session=np.add.reduceat(opens.astype(np.int64), starts_of(drawn.per_session)),
        turns=turns,
        human_gap_us=np.rint(wait_s * SECOND_US).astype(np.int64),
        item=item,
        recorded=rows,
    )


def _by_dials(
    behaviour: Actor, sessions: int, rng: np.random.Generator, world: Streams | None
) -> SessionTurns:
    """Draw turns, tool steps and pauses of the user independently, by the dials of an actor."""
    per_session = draw_turns(behaviour, sessions, rng)
    total = int(per_session.sum())
    item, difficulty = np.full(total, -1), None
    if world is not None:
        item, difficulty = draw_benchmark_items(behaviour, total, world, rng)
    steps = draw_tool_steps(behaviour, total, rng, difficulty)
    turns = draw_turns_of(behaviour, steps, rng)
    gap_us = np.rint(behaviour.human_gap_s.sample(rng, total) * SECOND_US).astype(np.int64)
    return SessionTurns(per_session, turns, gap_us, item, None)


def windows_of(actor: Actor) -> Mapping[tuple[int, int], float]:
    """Return the share of sessions of an actor by (window, standard window) of their models."""
    shares: dict[tuple[int, int], float] = defaultdict(float)
    for name, weight in actor.models.items():
        longest = models()[name].context_window_tokens
        standard = models()[name].standard_window_tokens or longest
        shares[longest, standard] += weight * actor.long_context_share
        shares[standard, standard] += weight * (1 - actor.long_context_share)
    return shares


def draw_windows(actor: Actor, sessions: int, rng: np.random.Generator) -> Windows:
    """Draw the windows of so many sessions of an actor."""
    kinds = np.array(list(windows_of(actor)))
    shares = np.array(list(windows_of(actor).values()))
    return Windows(*kinds[rng.choice(len(kinds), sessions, p=shares / shares.sum())].T)


def draw_turns(actor: Actor, size: int, rng: np.random.Generator) -> Ints:
    """Draw the user turns of `size` sessions by the dials of an actor, 1 or more each."""
    turns = actor.turns_per_session
    more = np.maximum(np.rint(turns.more.sample(rng, size)), 1)
    return np.where(rng.random(size) < turns.single_share, 1, more).astype(np.int64)


# --- recorded sessions


def source_weights(
    library: Library, tilt: dict[str, float], window_tokens: int, standard_tokens: int
) -> Floats:
    """Return how often sessions begin as each source does, relative to others, shape (sources,).

    A source weighs exp of the sum of weight x feature over the features of `tilt`. Those that
    needed no more than the standard window are for sessions that have no more, the others for
    sessions with a long window; if there are none of a kind, all others are drawn.
    """
    features = _features(library)
    weights = np.exp(sum((w * features[name] for name, w in tilt.items()), np.zeros(1)))
    needs = _needed_tokens(library)
    is_long = window_tokens > standard_tokens
    fits = (needs > standard_tokens) if is_long else (needs <= window_tokens)
    return np.asarray(weights * (fits if fits.any() else ~fits))


def _needed_tokens(library: Library) -> Ints:
    """Return the longest input of each source, shape (sources,)."""
    added = np.where(library.begin_tokens > 0, library.begin_tokens, library.growth)
    inputs = cumulate_in(added, np.bincount(library.source))
    return np.maximum.reduceat(inputs, library.first)


@cache
def _features(library: Library) -> dict[str, Floats]:
    """Return what a tilt can shift, for each source of a library; mean 0, standard deviation 1."""
    calls, first = np.bincount(library.source), library.first
    opens = library.opens_turn.astype(np.int64)

    def mean_log(values: Floats | Ints) -> Floats:
        return np.asarray(np.add.reduceat(np.log1p(values), first) / calls)

    features = {
        "calls_per_turn": np.log(calls / np.maximum(np.add.reduceat(opens, first), 1)),
        "output_tokens": mean_log(library.output_tokens),
        "pause": mean_log(library.wait_s),
    }
    return {key: (x - x.mean()) / max(float(x.std()), 1e-9) for key, x in features.items()}


def _ranks_of_lengths(library: Library, calls: Ints, rng: np.random.Generator) -> Floats:
    """Return the rank of turns of so many calls among those of a library; equals in any order."""
    lengths = _lengths_of_turns(library)
    low, high = (np.searchsorted(lengths, calls, side=side) for side in ("left", "right"))
    return np.asarray((low + rng.random(len(calls)) * (high - low)) / len(lengths))


@cache
def _lengths_of_turns(library: Library) -> Ints:
    """Return the calls of each turn of a library, ascending."""
    opens = library.opens_turn.copy()
    opens[library.first] = True
    return np.sort(np.diff(np.flatnonzero(opens), append=len(opens)))


def _sessions_within(
    library: Library, tilt: dict[str, float], windows: Windows, rng: np.random.Generator
) -> LibrarySessions:
    """Draw a recorded session for each of `windows`."""
    kinds, kind = np.unique(np.column_stack(windows), axis=0, return_inverse=True)
    drawn: list[Ints] = []
    first, calls = np.zeros((2, len(kind)), np.int64)
    for number, (tokens, standard) in enumerate(kinds.tolist()):
        alike = np.flatnonzero(kind.ravel() == number)
        weights = source_weights(library, tilt, tokens, standard)
        sessions = draw_library_sessions(library, len(alike), rng, weights)
        first[alike] = sum(map(len, drawn)) + starts_of(sessions.per_session)
        calls[alike] = sessions.per_session
        drawn.append(sessions.rows)
    rows = np.concatenate([np.zeros(0, np.int64), *drawn])
    return LibrarySessions(rows[ranges(first, calls)], calls)
