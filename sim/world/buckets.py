"""The three token buckets of an owner of limits and class of model, one request after the other.

Buckets for requests, input and output are full at first, and refill all the time. A request takes
from all three or from none. Where output is taken up front, its bucket gives `max_tokens` in
advance, and what the answer did not use comes back when the request ends. Else it is enough that
the bucket holds one token, and the tokens of the answer are taken at its end; the bucket may then
hold less than nothing.

Events must come in order of time, because a bucket is refilled up to the time of each. Levels are
whole numbers of units, see `sim.world.limits.BucketSize`.
"""

from __future__ import annotations

from typing import Any

from sim.arrays.compiled import inlined

REQUESTS, INPUT, OUTPUT = 0, 1, 2


@inlined
def fill(bucket: Any, sizes: Any, size_class: Any, period: Any, now_us: Any) -> None:
    """Fill the buckets of an owner of limits and a class of model, at a time in a period."""
    bucket["is_open"] = True
    bucket["size_class"] = size_class
    bucket["period"] = period
    bucket["at_us"] = bucket["output_at_us"] = now_us
    bucket["requests"] = sizes[size_class, period, REQUESTS]["capacity"]
    bucket["input"] = sizes[size_class, period, INPUT]["capacity"]
    bucket["output"] = sizes[size_class, period, OUTPUT]["capacity"]


@inlined
def ask(
    bucket: Any,
    sizes: Any,
    period: Any,
    now_us: Any,
    input_tokens: Any,
    output_tokens: Any,
    up_front: Any,
) -> Any:
    """Take one request if all three buckets hold enough.

    Parameters
    ----------
    bucket
        A record of `BUCKET`, changed in place.
    sizes
        Records of `SIZE` by class of model, period and kind of bucket.
    period, now_us
        The period and the time of the request.
    input_tokens, output_tokens
        What it asks for; more than a bucket holds counts as all that it holds.
    up_front
        Whether output is taken when a request begins.

    Returns
    -------
    int
        0 if the request was taken. Else microseconds until refilling alone would do.
    """
    catch_up(bucket, sizes, period)
    refill(bucket, sizes, now_us)
    size_class = bucket["size_class"]
    for_requests = sizes[size_class, period, REQUESTS]
    for_input = sizes[size_class, period, INPUT]
    for_output = sizes[size_class, period, OUTPUT]

    one = for_requests["per_token"]
    into = min(input_tokens * for_input["per_token"], for_input["capacity"])
    out = taken_up_front(output_tokens if up_front else 1, for_output)
    requests = bucket["requests"] - one
    level = bucket["input"] - into
    output = bucket["output"] - out
    if requests >= 0 and level >= 0 and output >= 0:
        bucket["requests"] = requests
        bucket["input"] = level
        if up_front:
            bucket["output"] = output
        return 0

    lacking_us = max(-(requests // for_requests["rate"]), -(level // for_input["rate"]))
    return max(lacking_us, -(output // for_output["rate"]))


@inlined
def taken_up_front(output_tokens: Any, size: Any) -> Any:
    """Return the units that a request for so much output takes, at most all of a full bucket."""
    return min(output_tokens * size["per_token"], size["capacity"])


@inlined
def put_output(bucket: Any, sizes: Any, period: Any, now_us: Any, units: Any) -> None:
    """Put units into the bucket of output, or take them out where below 0."""
    catch_up(bucket, sizes, period)
    size = sizes[bucket["size_class"], period, OUTPUT]
    level = refilled(bucket["output"], now_us - bucket["output_at_us"], size)
    bucket["output_at_us"] = now_us
    # only what was taken up front comes back, and then nothing is owed
    comes_back = units > 0
    is_full = comes_back and units >= size["capacity"] - level
    bucket["output"] = size["capacity"] if is_full else level + units


@inlined
def catch_up(bucket: Any, sizes: Any, period: Any) -> None:
    """Change the sizes of buckets at the end of each period before `period`."""
    while bucket["period"] < period:
        edge_us = sizes[bucket["size_class"], bucket["period"], REQUESTS]["ends_us"]
        refill(bucket, sizes, edge_us)
        bucket["period"] += 1
        # the time is the same: this only cuts levels to the new sizes
        refill(bucket, sizes, edge_us)


@inlined
def refill(bucket: Any, sizes: Any, now_us: Any) -> None:
    """Refill all three buckets up to a time, and cut what is above their capacity."""
    size_class, period = bucket["size_class"], bucket["period"]
    elapsed_us = now_us - bucket["at_us"]
    for_requests = sizes[size_class, period, REQUESTS]
    bucket["requests"] = refilled(bucket["requests"], elapsed_us, for_requests)
    for_input = sizes[size_class, period, INPUT]
    bucket["input"] = refilled(bucket["input"], elapsed_us, for_input)
    bucket["at_us"] = now_us

    elapsed_us = now_us - bucket["output_at_us"]
    for_output = sizes[size_class, period, OUTPUT]
    bucket["output"] = refilled(bucket["output"], elapsed_us, for_output)
    bucket["output_at_us"] = now_us


@inlined
def refilled(level: Any, elapsed_us: Any, size: Any) -> Any:
    """Return the level of a bucket after some time.

    Capacity and debts may come near to what 64 bits hold, so that they are not added up.
    """
    capacity, rate = size["capacity"], size["rate"]
    if level < 0:
        # first what is owed
        owed_us = -(level // rate)
        if elapsed_us < owed_us:
            return level + elapsed_us * rate
        level += owed_us * rate
        elapsed_us -= owed_us

    if elapsed_us >= size["full_us"]:
        return capacity
    gained = elapsed_us * rate
    return capacity if gained >= capacity - level else level + gained
