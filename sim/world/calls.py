"""Calls as they were drawn, before anything happens to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.world.attempts import Calls


@dataclass(frozen=True)
class Shape:
    """M calls in order of session, task and position; session arrays have shape (S,).

    `session` and `task` count from 0 without a gap, each with one call at least.
    `call` is the serial number; `left_tokens` is what an answered call leaves in the prompt cache
    (0: nothing); `epoch` counts the compactions of the session; `key` numbers the organisation,
    model and template whose static prefix a session shares; `bucket` its organisation and class
    of model, -1 where nothing limits it. `asks_tokens` is `max_tokens` of the request. `fate` and
    `batch` are as in `Calls`.
    """

    session: Ints
    task: Ints
    call: Ints
    wait_us: Ints
    ttft_us: Ints
    generation_us: Ints
    context_tokens: Ints
    left_tokens: Ints
    epoch: Ints
    output_tokens: Ints
    asks_tokens: Ints
    fate: Floats
    calls_per_session: Ints
    key: Ints
    bucket: Ints
    batch: Bools
    lifetime_us: Ints
    static_tokens: Ints

    @property
    def calls(self) -> Calls:
        batch = self.batch[self.session]
        return Calls(self.call, self.ttft_us, self.generation_us, self.fate, batch)

    def without(self, dropped: Bools) -> Shape:
        """Leave out calls; of every session one stays, and tasks are numbered anew."""
        columns = {name: getattr(self, name)[~dropped] for name in _BY_CALL}
        columns |= {name: getattr(self, name) for name in _BY_SESSION}
        lost = np.bincount(self.session[dropped], minlength=len(self.calls_per_session))
        columns["calls_per_session"] = self.calls_per_session - lost
        task = np.unique(self.task[~dropped], return_inverse=True)[1]
        return Shape(session=self.session[~dropped], task=task, **columns)


_BY_CALL = (
    "call",
    "wait_us",
    "ttft_us",
    "generation_us",
    "context_tokens",
    "left_tokens",
    "epoch",
    "output_tokens",
    "asks_tokens",
    "fate",
)
_BY_SESSION = (
    "calls_per_session",
    "key",
    "bucket",
    "batch",
    "lifetime_us",
    "static_tokens",
)
