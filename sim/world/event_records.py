"""The records that the event loop works on: calls, sessions, buckets, and what they meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.compiled import compiled
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempts import CallConditions
from sim.world.calls import DrawnCalls
from sim.world.conditions import ProviderConditions
from sim.world.limits import Sizes

Records = NDArray[Any]

# A call as in `DrawnCalls`: 64 bytes, so that an event reads one line of the processor's cache.
CALL = np.dtype(
    [
        ("serial", np.int64),
        ("wait_us", np.int64),
        ("ttft_us", np.int64),
        ("generation_us", np.int64),
        ("failure_draw", np.float64),
        ("task", np.int32),
        ("history", np.int32),
        ("context", np.int32),
        ("left", np.int32),
        ("output", np.int32),
        ("asks", np.int32),
    ]
)

# A session and how far it is. `call` is its next call and `past` the one after its last, `number`
# counts the attempts of the call, `chains_down` its chains as in `pause_us`. `opens_us` is when it
# opens, or a ticket is released; `until_us` when its account is barred; `ends_us` when it was
# over. `bucket` is -1 without limits.
SESSION = np.dtype(
    [
        ("call", np.int64),
        ("past", np.int64),
        ("opens_us", np.int64),
        ("until_us", np.int64),
        ("ends_us", np.int64),
        ("lifetime_us", np.int64),
        ("block", np.int32),
        ("key", np.int32),
        ("bucket", np.int32),
        ("static", np.int32),
        ("number", np.int32),
        ("chains_down", np.int32),
        ("batch", np.bool_),
        ("refused", np.bool_),
        ("has_worker", np.bool_),
    ],
    align=True,
)

# The last answered call of a history: when it was attempted, and what it left in the cache.
ANSWERED = np.dtype([("at_us", np.int64), ("left", np.int64)])

# The three buckets of an owner of limits and a class of model: levels in units of `BucketSize`,
# when they were so, and the period of constant limits in which that was. All zeros until the first
# request, so that those of owners who send nothing take no memory.
BUCKET = np.dtype(
    [
        ("at_us", np.int64),
        ("output_at_us", np.int64),
        ("requests", np.int64),
        ("input", np.int64),
        ("output", np.int64),
        ("period", np.int32),
        ("size_class", np.int32),
        ("is_open", np.bool_),
    ],
    align=True,
)

# A `BucketSize` in a period of constant limits, which ends at `ends_us`; after `full_us` an empty
# bucket is full.
SIZE = np.dtype(
    [
        ("capacity", np.int64),
        ("rate", np.int64),
        ("per_token", np.int64),
        ("full_us", np.int64),
        ("ends_us", np.int64),
    ]
)

# The provider's conditions in a segment of time, and the period of constant limits it lies in.
SEGMENT = np.dtype(
    [
        ("slowdown", np.float64),
        ("overload", np.float64),
        ("fails", np.float64),
        ("period", np.int64),
    ]
)

# What holds for all calls. `resume_after_us` is -1 where clients give up; buckets are full at
# `from_us`, in the period `from_period`.
RULES = np.dtype(
    [
        ("failure_key", np.uint64),
        ("error_key", np.uint64),
        ("backoff_key", np.uint64),
        ("timeout_us", np.int64),
        ("resume_after_us", np.int64),
        ("until_us", np.int64),
        ("first_minute", np.int64),
        ("from_us", np.int64),
        ("from_period", np.int64),
        ("reads_cache", np.bool_),
        ("up_front", np.bool_),
        ("goes_beyond", np.bool_),
    ],
    align=True,
)

# A session that opens, and the group of those that it shares buckets and cache with.
OPENING = np.dtype([("at_us", np.int64), ("group", np.int64), ("session", np.int64)])

# How far a loop is: the lengths of its heap and of its attempts; the next of its openings and the
# group in progress; the next ticket of the current batch, the one after its last, its round, and
# when workers leave it. `round` is the round in progress, with so many tickets `in_flight` and
# workers `waiting` for its end. `work_is_over` when there are no more tickets.
PROGRESS = np.dtype(
    [
        ("heap_length", np.int64),
        ("attempts", np.int64),
        ("opening", np.int64),
        ("group", np.int64),
        ("next_ticket", np.int64),
        ("past_ticket", np.int64),
        ("batch_round", np.int64),
        ("batch_until_us", np.int64),
        ("round", np.int64),
        ("in_flight", np.int64),
        ("waiting", np.int64),
        ("work_is_over", np.bool_),
    ],
    align=True,
)


def call_records(calls: DrawnCalls, records: Records, first_history: int) -> None:
    """Write drawn calls into records of `CALL`; histories count from `first_history`."""
    _fill_calls(
        records,
        first_history,
        (calls.serial, calls.wait_us, calls.ttft_us, calls.generation_us, calls.task),
        (calls.history, calls.context_tokens, calls.left_tokens),
        (calls.output_tokens, calls.asks_tokens),
        calls.failure_draw,
    )


@compiled
def _fill_calls(
    records: Any, first_history: Any, times: Any, context: Any, output: Any, draws: Any
) -> None:
    """Write one record after the other, so that each is touched once."""
    serial, wait_us, ttft_us, generation_us, task = times
    history, context_tokens, left_tokens = context
    output_tokens, asks_tokens = output

    for k in range(len(records)):
        record = records[k]
        record["serial"] = serial[k]
        record["wait_us"] = wait_us[k]
        record["ttft_us"] = ttft_us[k]
        record["generation_us"] = generation_us[k]
        record["failure_draw"] = draws[k]
        record["task"] = task[k]
        record["history"] = history[k] + first_history
        record["context"] = context_tokens[k]
        record["left"] = left_tokens[k]
        record["output"] = output_tokens[k]
        record["asks"] = asks_tokens[k]


def session_records(calls: DrawnCalls, first_call: int, until_us: Ints | None) -> Records:
    """Return records of `SESSION`, none of them opened; the first call has that number.

    `until_us` is when the account of each session is barred, None for never.
    """
    sessions = np.zeros(len(calls.calls_per_session), SESSION)
    past = first_call + np.cumsum(calls.calls_per_session)
    sessions["past"], sessions["call"] = past, past - calls.calls_per_session
    sessions["until_us"] = FOREVER_US if until_us is None else until_us
    for name in ("lifetime_us", "key", "batch"):
        sessions[name] = getattr(calls, name)
    sessions["static"] = calls.static_tokens
    return sessions


def rules_record(
    conditions: CallConditions, *, reads_cache: bool = True, goes_beyond: bool = False
) -> Records:
    """Return the one record of `RULES` of an actor; see `EventLoop`."""
    rules, policy = np.zeros(1, RULES), conditions.policy
    keys = conditions.failures
    rules["failure_key"], rules["error_key"] = keys.failure_key, keys.error_key
    rules["backoff_key"] = keys.backoff_key
    rules["timeout_us"] = policy.timeout_us
    rules["resume_after_us"] = -1 if policy.resume_after_us is None else policy.resume_after_us
    rules["until_us"] = conditions.until_us
    rules["first_minute"] = conditions.provider.first_minute
    rules["up_front"] = conditions.provider.takes_output_up_front
    rules["reads_cache"], rules["goes_beyond"] = reads_cache, goes_beyond
    return rules


def segment_records(provider: ProviderConditions) -> Records:
    """Return the conditions of each segment as records of `SEGMENT`."""
    segments = np.zeros(len(provider.slowdown), SEGMENT)
    segments["slowdown"], segments["overload"] = provider.slowdown, provider.overload
    segments["fails"] = provider.overload + provider.server_error
    segments["period"][1:] = np.cumsum(provider.limits[1:] != provider.limits[:-1])
    return segments


def size_records(sizes: list[Sizes | None], provider: ProviderConditions) -> tuple[Records, Bools]:
    """Return the sizes of buckets in each period of constant limits.

    Returns
    -------
    sizes : array of `SIZE`, shape (classes, periods, 3)
        Of the buckets of requests, input and output.
    limited : array of bool, shape (classes,)
        Classes of model with limits; sizes of the others are 1.
    """
    # the segments with which a period ends
    changes = np.flatnonzero(provider.limits[1:] != provider.limits[:-1])
    last = np.append(changes, len(provider.limits) - 1)
    records = np.ones((len(sizes), len(last), 3), SIZE)
    for number, of_class in enumerate(sizes):
        for kind, series in enumerate(of_class or ()):
            for period, segment in enumerate(last.tolist()):
                size = series[segment]
                full_us = size.capacity // size.rate + 1
                record = size.capacity, size.rate, size.per_token, full_us, 0
                records[number, period, kind] = record
    records["ends_us"] = provider.ends_us[last][:, None]
    return records, np.array([of_class is not None for of_class in sizes], np.bool_)
