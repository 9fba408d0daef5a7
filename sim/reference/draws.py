"""What was drawn about sessions, one record a call, and the attempts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    "history",
    "output_tokens",
    "asks_tokens",
)
_OF_SESSION = ("key", "bucket", "lifetime_us", "static_tokens", "batch")


class Call(NamedTuple):
    """One step of a task, as drawn.

    Attributes
    ----------
    row
        Its place in the block, from 0.
    serial
        Its number in the actor; it keys the uniform numbers of the call's attempts.
    wait_us
        The pause before the call, from the end of the call before it.
    ttft_us, generation_us
        The time to the first token, and from there to the end of the answer, at normal speed.
    context_tokens
        All tokens that go in, from the cache or not.
    left_tokens
        What its answer leaves in the prompt cache: the context less its tail. 0 if it leaves
        nothing; then it reads nothing either.
    history
        Calls with the same history continue one context, so that they can read it.
    output_tokens
        The length of the answer.
    asks_tokens
        The most output that it asks for; output buckets take that much in advance.
    """

    row: int
    serial: int
    wait_us: int
    ttft_us: int
    generation_us: int
    context_tokens: int
    left_tokens: int
    history: int
    output_tokens: int
    asks_tokens: int


class Attempt(NamedTuple):
    """What the log says of one attempt of a call.

    `DrawnBlock` turns attempts into columns by the order of these fields.

    Attributes
    ----------
    row
        The place of its call in the block.
    number
        Its number among all attempts of the call, from 0.
    begins_us, ends_us
        In microseconds from the opening of the log.
    ttft_us
        The time to the first token, -1 if there was none.
    status
        The HTTP status; 499 if the client hung up.
    read_tokens
        The tokens that come from the prompt cache.
    """

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

    Attributes
    ----------
    tasks
        The calls of each task, in order.
    attempts
        One list, which all sessions of a block share; attempts stand in it in the order in which
        they begin.
    until_us
        From then on the account is barred.
    key
        Names what shares a static prefix in the prompt cache: organisation, model and template.
    bucket
        Names what shares token buckets: organisation and class of model. -1 without a limit.
    lifetime_us
        How long the prompt cache keeps what was left or read.
    static_tokens
        Length of the static prefix, the system prompt and the tools.
    batch
        Whether the requests come in a batch: nobody waits for them, and the load does not slow them
        down.
    last_answered
        By history, the last answered call and when its attempt began: what the session's own cache
        depends on.
    """

    tasks: list[list[Call]]
    attempts: list[Attempt]
    until_us: int
    key: int
    bucket: int
    lifetime_us: int
    static_tokens: int
    batch: bool
    last_answered: dict[int, tuple[Call, int]] = field(default_factory=dict)


class DrawnBlock:
    """Sessions that were drawn together; `attempts` fills up while they are simulated.

    `sessions` and the sessions of the block as drawn have the same order. `placement` says who
    sends them; what their tasks are about matters to rows only, and may be set later.
    """

    def __init__(self, drawn: DrawnSessions, placement: Placement) -> None:
        self._drawn, self.placement = drawn, placement
        self.attempts: list[Attempt] = []
        self.sessions = self._sessions()

    def _sessions(self) -> list[Session]:
        """Turn columns into records: sessions of tasks of calls.

        Calls of a task stand together in the columns, and a new number of the task begins a new
        one. A session without calls has no tasks.
        """
        shape = self._drawn.calls
        columns = [getattr(shape, name).tolist() for name in _OF_SESSION]
        until_us = self.placement.until_us.tolist()
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
        """Return the rows of the log and of the task table, by the code of the fast engine.

        Attempts outside the log get no row, but they count for what becomes of their task.

        Parameters
        ----------
        make
            Makes the rows of exchanges from calls and their attempts.
        context
            The actor; it knows which attempts are in the log.
        """
        attempts, read_tokens = self.columns()
        in_log = np.flatnonzero(context.is_in_log(attempts))
        rows = make(self._drawn, self.placement, attempts.pick(in_log), read_tokens[in_log])
        return Block(rows, context.service.task_rows(self._drawn, self.placement, attempts))

    def columns(self) -> tuple[Attempts, Ints]:
        """Return the attempts so far as columns, and the tokens that each reads."""
        columns = np.array(self.attempts, np.int64).reshape(-1, len(Attempt._fields)).T
        return Attempts(*columns[:-1]), columns[-1]


class FailureUniforms:
    """The uniform numbers in [0, 1) that decide what becomes of attempts, by purpose.

    Each is a function of the seed, the actor, the purpose, the call and the number of the attempt.
    The fast engine computes the same numbers on arrays, so both engines meet the same failures.
    """

    def __init__(self, streams: Streams, actor: str) -> None:
        self._keys = {p: streams.key(actor, p) for p in ("failure", "error time", "backoff")}

    def failure(self, call: Call, number: int) -> float:
        """Return the number that decides whether an attempt of a call fails, and how.

        Below the probability of an overload it is one, from there up to the sum of both
        probabilities a server error, and above that an answer.
        """
        return uniform(self._keys["failure"], call.serial, number)

    def error_us(self, call: Call, number: int) -> int:
        """Return the microseconds to an error answer: uniform from 50 to 500 ms."""
        return round(50_000 + 450_000 * uniform(self._keys["error time"], call.serial, number))

    def backoff_us(self, call: Call, number: int, retry: int) -> int:
        """Return the pause before retry `retry` (0, 1), after the failed attempt `number`.

        Exponential backoff with jitter, as in the public Python clients of providers: 0.5 s,
        doubled with each retry, at most 8 s, less up to a quarter of it. In microseconds.
        """
        jitter = 1 - 0.25 * uniform(self._keys["backoff"], call.serial, number)
        return round(min(0.5 * 2.0**retry, 8.0) * jitter * 1_000_000)


def uniform(key: int, serial: int, number: int) -> float:
    """Return the uniform number of attempt `number` of call `serial`, in [0, 1).

    It is a function of its arguments alone, so an attempt has the same luck whenever it is made. Of
    the 64 bits of the hash the upper 53 are used, as many as a double holds exactly.

    Parameters
    ----------
    key
        The key of the actor and of the purpose, 64 bits.
    serial
        The number of the call in the actor.
    number
        The number of the attempt among all of the call, from 0.
    """
    return (_mix(_mix(key, serial), number) >> 11) / 2**53


def _mix(key: int, counter: int) -> int:
    """Apply the output function of splitmix64 to the state key + golden ratio * counter.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Python's
    integers have no end, so each step is cut to 64 bits.
    """
    z = (key + 0x9E3779B97F4A7C15 * counter) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
