"""Answered calls as the scorecard reads them, whether of a trace or of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.arrays.types import Array, Bools, Floats, Ints


@dataclass(frozen=True)
class Calls:
    """Answered calls, sorted by session, then by time; arrays have the shape (calls,).

    Attributes
    ----------
    session
        Number of the session of each call. Where the calls have no sessions it is the stretch of
        time that they lie in.
    t_s
        When the call arrived, in seconds since the first call of its session, or since the
        beginning of its stretch.
    input_tokens, output_tokens
        Length of the whole input, cached or not, and of the answer.
    opens_turn
        Whether a person or program asked, and no tool result did; None if nobody knows.
    prefix_tokens
        How much of the input is that of the call before; None if nobody knows.
    item
        Benchmark item that the session works on; -1 for none. None if nobody knows.
    length_s
        How long a stretch lasts, in seconds; 0 for sessions.
    failed_share
        Share of attempts that failed, which are not among the calls; None if nobody knows.
    """

    session: Ints
    t_s: Floats
    input_tokens: Floats
    output_tokens: Floats
    opens_turn: Bools | None = None
    prefix_tokens: Floats | None = None
    item: Ints | None = None
    length_s: float = 0.0
    failed_share: float | None = None

    @classmethod
    def sorted(cls, session: Ints, t_s: Floats, **more: Array | float | None) -> Calls:
        """Return calls that are given in any order; times are counted from anywhere.

        Of sessions, times are shifted so that the first call is at 0; stretches keep theirs.
        """
        order = np.lexsort((t_s, session))
        columns: dict[str, Any] = {
            k: v[order] if isinstance(v, np.ndarray) else v for k, v in more.items()
        }
        calls = cls(session=session[order], t_s=t_s[order].astype(np.float64), **columns)
        if calls.length_s or not len(calls):
            return calls
        return replace(calls, t_s=calls.t_s - np.repeat(calls.t_s[calls.first], calls.per_session))

    def __len__(self) -> int:
        return len(self.t_s)

    @cached_property
    def first(self) -> Ints:
        """The first call of each session, shape (sessions,)."""
        new = np.r_[True, np.diff(self.session) != 0][: len(self)]
        return np.flatnonzero(new)

    @cached_property
    def per_session(self) -> Ints:
        """How many calls each session has, shape (sessions,)."""
        return np.diff(self.first, append=len(self))

    @cached_property
    def later(self) -> Ints:
        """The calls that are not the first of their session."""
        is_later = np.ones(len(self), bool)
        is_later[self.first] = False
        return np.flatnonzero(is_later)

    @cached_property
    def gaps_s(self) -> Floats:
        """Time since the call before, for each of `later`, in seconds."""
        return self.t_s[self.later] - self.t_s[self.later - 1]

    @cached_property
    def growth(self) -> Floats:
        """By how much the input is longer than that of the call before, for each of `later`."""
        return self.input_tokens[self.later] - self.input_tokens[self.later - 1]

    def each(self) -> list[slice]:
        """Return where the calls of each session are."""
        ends = self.first + self.per_session
        return [slice(a, b) for a, b in zip(self.first.tolist(), ends.tolist(), strict=True)]

    def only(self, wanted: Callable[[Calls], Bools]) -> Calls:
        """Return the sessions for which `wanted` says so; it gives one value a session."""
        return self.rows(np.repeat(wanted(self), self.per_session))

    def rows(self, kept: Bools) -> Calls:
        """Return some of the calls."""
        columns: dict[str, Any] = {
            f.name: value[kept]
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), np.ndarray)
        }
        return replace(self, **columns)

    def rounded(self, resolution_s: float) -> Calls:
        """Return the calls with times as a trace has them that knows no finer ones."""
        if not resolution_s:
            return self
        return replace(self, t_s=np.round(self.t_s / resolution_s) * resolution_s)

    def sampled(self, most: int, rng: np.random.Generator) -> Calls:
        """Return at most so many sessions, drawn without replacement."""
        sessions = len(self.first)
        if sessions <= most:
            return self
        kept = np.zeros(sessions, bool)
        kept[rng.choice(sessions, most, replace=False)] = True
        return self.only(lambda _: kept)
