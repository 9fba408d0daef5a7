"""What the provider sees: the attempts of everybody, in order of time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.columns import time_order
from sim.arrays.types import Bools, Ints
from sim.world.attempts import OK, Attempts
from sim.world.calls import DrawnCalls


class AttemptStream(NamedTuple):
    """Attempts in order of time and serial number; arrays of shape (A,).

    Attributes
    ----------
    at_us, ends_us : array of int
        Begin and end of the attempt.
    answered : array of bool
        Whether its status is `OK`.
    own_read : array of int
        Tokens that it reads of its own history, -1 where nothing of that is alive.
    context, left, asks, output : array of int
        `context_tokens`, `left_tokens`, `asks_tokens` and `output_tokens` of its call.
    static, lifetime_us, key : array of int
        `static_tokens`, `lifetime_us` and `key` of its session.
    bucket : array of int
        Number of the bucket that it takes from, negative for none.
    """

    at_us: Ints
    ends_us: Ints
    answered: Bools
    own_read: Ints
    context: Ints
    left: Ints
    asks: Ints
    output: Ints
    static: Ints
    lifetime_us: Ints
    key: Ints
    bucket: Ints

    def pick(self, index: Any) -> AttemptStream:
        """Select attempts by index array, mask or slice."""
        return AttemptStream(*(column[index] for column in self))


def merge_attempts(
    parts: list[tuple[DrawnCalls, Attempts, Ints]], buckets: list[Ints]
) -> tuple[AttemptStream, Ints]:
    """Merge the attempts of several blocks of calls into one stream.

    Parameters
    ----------
    parts : list of (DrawnCalls, Attempts, array of int)
        Calls, their attempts, and what each attempt reads of its own session (`own_read`).
    buckets : list of array of int, each of shape (S,)
        For each part the number of the bucket of each session.

    Returns
    -------
    stream : AttemptStream
        All attempts, in order of time and serial number.
    order : array of int, shape (A,)
        Row i of the stream is row order[i] of the parts laid end to end.
    """
    columns = [_stream(*part, bucket) for part, bucket in zip(parts, buckets, strict=True)]
    unordered = AttemptStream(*(np.concatenate(column) for column in zip(*columns, strict=True)))
    serial = np.concatenate([calls.serial[attempts.call] for calls, attempts, _ in parts])
    order = time_order(unordered.at_us, serial)
    return unordered.pick(order), order


def _stream(calls: DrawnCalls, attempts: Attempts, own_read: Ints, bucket: Ints) -> AttemptStream:
    """Put beside each attempt what its call and its session were drawn with."""
    call = attempts.call
    session = calls.session[call]

    return AttemptStream(
        at_us=attempts.begins_us,
        ends_us=attempts.ends_us,
        answered=attempts.status == OK,
        own_read=own_read,
        context=calls.context_tokens[call],
        left=calls.left_tokens[call],
        asks=calls.asks_tokens[call],
        output=calls.output_tokens[call],
        static=calls.static_tokens[session],
        lifetime_us=calls.lifetime_us[session],
        key=calls.key[session],
        bucket=bucket[session],
    )
