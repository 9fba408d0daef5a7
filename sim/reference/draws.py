"""What was drawn about sessions, one record a call, and the attempts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.workload import Block
from sim.arrays.types import Ints
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.rows import Placement, RowMaker
from sim.streams import Streams
from sim.world.attempts import Attempts

_MASK = (1 << 64) - 1
_OF_CALL = (
    "serial",
    "wait_us",
    "ttft_us",
    "generation_us",
    "context_tokens",
    "left_tokens",
    "epoch",
    "output_tokens",
    "asks_tokens",
)
_OF_SESSION = ("key", "bucket", "lifetime_us", "static_tokens", "batch")


class Call(NamedTuple):
    """One step of a task, as drawn.

    `row` is its place in the block, `serial` its number in the actor. Times are those at normal
    speed; `wait_us` is the pause before the call. `left_tokens` is what its answer leaves in the
    prompt cache (context less tail, 0: nothing), `asks_tokens` the most output that it asks for.
    """

    row: int
    serial: int
    wait_us: int
    ttft_us: int
    generation_us: int
    context_tokens: int
    left_tokens: int
    epoch: int
    output_tokens: int
    asks_tokens: int


class Attempt(NamedTuple):
    """What the log says of one attempt of a call; `read_tokens` come from the prompt cache."""

    row: int
    number: int
    begins_us: int
    ttft_us: int
    ends_us: int
    status: int
    read_tokens: int


@dataclass
class Session:
    """The calls of a session by task, who makes them, and the attempts made so far in its block.

    `key` names what shares a static prefix in the prompt cache (organisation, model and template),
    `bucket` what shares token buckets (organisation and class of model, -1: no limit). From
    `until_us` on the account is barred. `last_answered` is what its own cache depends on.
    """

    tasks: list[list[Call]]
    attempts: list[Attempt]
    until_us: int
    key: int
    bucket: int
    lifetime_us: int
    static_tokens: int
    batch: bool
    last_answered: Call | None = None
    last_answered_began_us: int = 0


class DrawnBlock:
    """Sessions that were drawn together; `attempts` fills up while they are simulated."""

    def __init__(self, drawn: DrawnSessions, placement: Placement) -> None:
        self._drawn, self._placement = drawn, placement
        self.attempts: list[Attempt] = []
        self.sessions = self._sessions()

    def _sessions(self) -> list[Session]:
        """Turn columns into records: sessions of tasks of calls."""
        shape = self._drawn.calls
        columns = [getattr(shape, name).tolist() for name in _OF_SESSION]
        until_us = self._placement.until_us.tolist()
        sessions = [
            Session([], self.attempts, until, *values)
            for until, *values in zip(until_us, *columns, strict=True)
        ]

        columns = [getattr(shape, name).tolist() for name in _OF_CALL]
        numbers = zip(shape.session.tolist(), shape.task.tolist(), strict=True)
        latest_task = -1
        for row, ((session, task), *values) in enumerate(zip(numbers, *columns, strict=True)):
            if task != latest_task:
                sessions[session].tasks.append([])
                latest_task = task
            sessions[session].tasks[-1].append(Call(row, *values))
        return sessions

    def rows(self, make: RowMaker, context: ActorContext) -> Block:
        """Return the rows of the log and of the task table, by the code of the fast engine."""
        attempts, read_tokens = self._columns()
        in_log = np.flatnonzero(context.is_in_log(attempts))
        rows = make(self._drawn, self._placement, attempts.pick(in_log), read_tokens[in_log])
        return Block(rows, context.service.task_rows(self._drawn, self._placement, attempts))

    def _columns(self) -> tuple[Attempts, Ints]:
        columns = np.array(self.attempts, np.int64).reshape(-1, len(Attempt._fields)).T
        return Attempts(*columns[:-1]), columns[-1]


class FailureUniforms:
    """The uniform numbers in [0, 1) that decide what becomes of attempts, by purpose."""

    def __init__(self, streams: Streams, actor: str) -> None:
        self._keys = {p: streams.key(actor, p) for p in ("failure", "error time", "backoff")}

    def failure(self, call: Call, number: int) -> float:
        """Return the number that decides whether an attempt of a call fails, and how."""
        return uniform(self._keys["failure"], call.serial, number)

    def error_us(self, call: Call, number: int) -> int:
        """Return the time from an attempt to its error answer, in microseconds."""
        return round(50_000 + 450_000 * uniform(self._keys["error time"], call.serial, number))

    def backoff_us(self, call: Call, number: int, retry: int) -> int:
        """Return the pause before retry `retry` (0, 1), after the failed attempt `number`."""
        jitter = 1 - 0.25 * uniform(self._keys["backoff"], call.serial, number)
        return round(min(0.5 * 2.0**retry, 8.0) * jitter * 1_000_000)


def uniform(key: int, serial: int, number: int) -> float:
    """Return the uniform number of attempt `number` of call `serial`, in [0, 1).

    It is a function of its arguments alone, so an attempt has the same luck whenever it is made.
    """
    return (_mix(_mix(key, serial), number) >> 11) / 2**53


def _mix(key: int, counter: int) -> int:
    """Apply the output function of splitmix64 to the state key + golden ratio * counter."""
    z = (key + 0x9E3779B97F4A7C15 * counter) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
