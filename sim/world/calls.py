"""Calls as they were drawn, before anything happens to them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from sim.arrays.types import Bools, Floats, Ints


@dataclass(frozen=True)
class DrawnCalls:
    """M calls of S sessions, in order of session, task and position.

    Everything that chance decides about a call is here; when it is made, and what becomes of it,
    is not.

    Attributes
    ----------
    session, task : array of int, shape (M,)
        Session and task of each call. Both count from 0 without a gap.
    serial : array of int, shape (M,)
        Serial number of the call within its actor.
    wait_us : array of int, shape (M,)
        Pause between the end of the call before and this one.
    ttft_us, generation_us : array of int, shape (M,)
        Time to first token at normal speed, and from there to the end of the answer.
    failure_draw : array of float, shape (M,)
        `FailureDraws.failure(serial, 0)`: decides whether the first attempt fails.
    context_tokens : array of int, shape (M,)
        All input tokens, from the cache or not.
    left_tokens : array of int, shape (M,)
        What the call leaves in the prompt cache if it is answered, 0 for nothing.
    history : array of int, shape (M,)
        Number of the history that the call continues; no two sessions share one. Calls of
        different histories share no more than the static prefix.
    output_tokens, asks_tokens : array of int, shape (M,)
        Tokens of the answer, and `max_tokens` of the request.
    calls_per_session : array of int, shape (S,)
        At least 1.
    key : array of int, shape (S,)
        Number of the organisation, model and template whose static prefix the session shares.
    bucket : array of int, shape (S,)
        Number of the organisation and class of model that limits apply to, -1 for no limits.
    batch : array of bool, shape (S,)
        Calls that are answered when there is time: load does not slow them, nobody hangs up.
    lifetime_us : array of int, shape (S,)
        How long the client has the provider cache its prompts.
    static_tokens : array of int, shape (S,)
        Tokens of the static prefix: system prompt and tools.
    """

    session: Ints
    task: Ints
    serial: Ints
    wait_us: Ints
    ttft_us: Ints
    generation_us: Ints
    context_tokens: Ints
    left_tokens: Ints
    history: Ints
    output_tokens: Ints
    asks_tokens: Ints
    failure_draw: Floats
    calls_per_session: Ints
    key: Ints
    bucket: Ints
    batch: Bools
    lifetime_us: Ints
    static_tokens: Ints

    def without(self, dropped: Bools) -> DrawnCalls:
        """Leave out calls, shape (M,); of every session one stays, and tasks are numbered anew."""
        columns = {name: getattr(self, name)[~dropped] for name in _BY_CALL}
        columns |= {name: getattr(self, name) for name in _BY_SESSION}
        lost = np.bincount(self.session[dropped], minlength=len(self.calls_per_session))
        columns["calls_per_session"] = self.calls_per_session - lost
        columns["task"] = np.unique(columns["task"], return_inverse=True)[1]
        return DrawnCalls(**columns)


_BY_SESSION = ("calls_per_session", "key", "bucket", "batch", "lifetime_us", "static_tokens")
_BY_CALL = tuple(f.name for f in fields(DrawnCalls) if f.name not in _BY_SESSION)
