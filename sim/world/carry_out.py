"""Carry out events in order of time: attempts of sessions, and workers who take tickets.

In one microsecond, what comes back to a bucket or is taken from it at the end of an attempt comes
first, then workers who get free, then attempts in the order of the serial numbers of their calls.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.compiled import compiled, inlined
from sim.arrays.time import MINUTE_US
from sim.world.attempt_rules import (
    GIVES_UP,
    attempt_outcome,
    ends_chain_down,
    pause_us,
    refusal_us,
)
from sim.world.attempts import BLOCKED, OK, RATE_LIMIT
from sim.world.buckets import OUTPUT, ask, fill, put_output, taken_up_front
from sim.world.cache import read_tokens, remember
from sim.world.event_heap import AT, ORDER, UNITS, WHAT, push, remove_first, replace_first
from sim.world.worker_rules import FREE_WORKER, HAS_SERVED, is_ticket_missing, serve_next

# The order of events in a microsecond: attempts have the serial number of their call.
END_OF_ATTEMPT = FREE_WORKER - 1
# Why `carry_out` returns.
IS_DONE, NEEDS_ROOM, NEEDS_TICKETS = 0, 1, 2
# Columns of the attempts that are made; the first six are those of `Attempts`.
CALL, NUMBER, BEGINS_US, TTFT_US, ENDS_US, STATUS, READ, BLOCK = range(8)
# So many events an event adds to the heap at most.
_MOST_NEW = 2


class LoopArrays(NamedTuple):
    """All that an event loop works on; the records are those of `sim.world.event_records`.

    Attributes
    ----------
    rules, progress
        The one record of `RULES`, and that of `PROGRESS`, in arrays of length 1.
    heap
        Events to come, see `sim.world.event_heap`.
    openings
        Records of `OPENING`, in order of group and time. Each group is carried out to its end
        before the next one.
    calls, sessions
        Records of `CALL` and `SESSION`.
    attempts
        Filled with the attempts that are made, shape (room, 8).
    segments, segment_of_minute
        Records of `SEGMENT`, and the segment of each minute from `rules.first_minute` on.
    answered, touched_us
        Records of `ANSWERED` by history, and when each static prefix was last touched,
        counted from `NEVER_US`.
    buckets, sizes
        Records of `BUCKET`, and of `SIZE` by class of model, period and kind of bucket.
    """

    rules: Any
    progress: Any
    heap: Any
    openings: Any
    calls: Any
    sessions: Any
    attempts: Any
    segments: Any
    segment_of_minute: Any
    answered: Any
    touched_us: Any
    buckets: Any
    sizes: Any


@compiled
def carry_out(before_us: Any, loop: LoopArrays) -> Any:
    """Carry out all events before a time, or until something is missing.

    Returns
    -------
    int
        `IS_DONE`, `NEEDS_ROOM` if the heap or `attempts` may be full, or `NEEDS_TICKETS` if a
        worker is free (at the time of the first event) and the current batch is used up.
    """
    # each array once: it costs more than an event to take one out of the tuple
    rule, state = loop.rules[0], loop.progress[0]
    heap, openings, calls, sessions = loop.heap, loop.openings, loop.calls, loop.sessions
    attempts, answered, touched_us = loop.attempts, loop.answered, loop.touched_us
    buckets, sizes = loop.buckets, loop.sizes
    segments, segment_of_minute = loop.segments, loop.segment_of_minute

    # it ends: a session has one event at a time, and between the three attempts of a chain lie
    # two pauses, together more than a second
    while True:
        if state["attempts"] == len(attempts) or state["heap_length"] + _MOST_NEW > len(heap):
            return NEEDS_ROOM
        if _is_to_open(state, openings, heap):
            _open_next(state, openings, heap, calls, sessions)
            continue
        now_us, order, what = heap[0, AT], heap[0, ORDER], heap[0, WHAT]
        if state["heap_length"] == 0 or now_us >= before_us:
            return IS_DONE

        if order == FREE_WORKER:
            if is_ticket_missing(state, heap):
                return NEEDS_TICKETS
            serve_next(state, heap, calls, sessions)
            continue

        minute = now_us // MINUTE_US - rule["first_minute"]
        segment = segments[segment_of_minute[min(max(minute, 0), len(segment_of_minute) - 1)]]
        period = segment["period"]
        if order == END_OF_ATTEMPT:
            put_output(buckets[what], sizes, period, now_us, heap[0, UNITS])
            state["heap_length"] = remove_first(heap, state["heap_length"])
            continue

        # what an attempt asks of the provider, and what becomes of it
        session = sessions[what]
        call, n, bucket = calls[session["call"]], np.int64(session["number"]), session["bucket"]
        read = read_tokens(rule, call, session, answered, touched_us, now_us)
        lacking_us = _lacking_us(rule, call, session, read, buckets, sizes, period, now_us)
        status, ttft_us, end_us = _outcome(rule, segment, call, session, n, now_us, lacking_us)
        attempt = n, now_us, ttft_us, end_us, status, read
        _note(rule, state, call, session, attempts, attempt)

        # what it leaves behind, and what comes next in the session
        units = 0
        if status != RATE_LIMIT and now_us < session["until_us"]:
            remember(rule, call, session, answered, touched_us, now_us, status)
            units = _units_at_end(rule, call, session, buckets, sizes, period, status)
        at_us = _next_attempt_us(rule, session, calls, n, status, end_us, lacking_us)
        _put_next(rule, state, heap, session, what, at_us, calls)
        _put_end(rule, state, heap, bucket, end_us, units)


@inlined
def _lacking_us(
    rule: Any,
    call: Any,
    session: Any,
    read: Any,
    buckets: Any,
    sizes: Any,
    period: Any,
    now_us: Any,
) -> Any:
    """Return after how long limits would let an attempt through, 0 if they do.

    An attempt of a barred account is refused before anybody asks for limits.
    """
    number = session["bucket"]
    if number < 0 or now_us >= session["until_us"]:
        return 0
    if not buckets[number]["is_open"]:
        fill(buckets[number], sizes, number % len(sizes), rule["from_period"], rule["from_us"])
    return ask(
        buckets[number],
        sizes,
        period,
        now_us,
        call["context"] - read,
        call["asks"],
        rule["up_front"],
    )


@inlined
def _outcome(
    rule: Any, segment: Any, call: Any, session: Any, n: Any, now_us: Any, lacking_us: Any
) -> Any:
    """Return status, time to first token and end of an attempt that lacks so much."""
    if lacking_us > 0:
        return RATE_LIMIT, 0, now_us + refusal_us(rule, call["serial"], n)
    status, ttft_us, duration_us = attempt_outcome(rule, segment, call, n, session["batch"])
    return status, ttft_us, now_us + duration_us


@inlined
def _note(rule: Any, state: Any, call: Any, session: Any, attempts: Any, attempt: Any) -> None:
    """Note an attempt for the log, if it begins within; of a barred account only the first."""
    n, now_us, ttft_us, end_us, status, read = attempt
    if now_us >= rule["until_us"] or session["refused"]:
        return
    if now_us >= session["until_us"]:
        session["refused"] = True
        status, end_us = BLOCKED, now_us + refusal_us(rule, call["serial"], n)

    made = state["attempts"]
    attempts[made, CALL] = session["call"]
    attempts[made, NUMBER] = n
    attempts[made, BEGINS_US] = now_us
    attempts[made, TTFT_US] = ttft_us
    attempts[made, ENDS_US] = end_us
    attempts[made, STATUS] = status
    attempts[made, READ] = read
    attempts[made, BLOCK] = session["block"]
    state["attempts"] += 1


@inlined
def _units_at_end(
    rule: Any, call: Any, session: Any, buckets: Any, sizes: Any, period: Any, status: Any
) -> Any:
    """Return the units of output that come back at the end of an attempt, below 0 if they go."""
    if session["bucket"] < 0:
        return 0
    size = sizes[buckets[session["bucket"]]["size_class"], period, OUTPUT]
    used = call["output"] * size["per_token"] if status == OK else 0
    if not rule["up_front"]:
        return -used
    # an answer longer than what was taken up front leaves no debt
    return max(taken_up_front(call["asks"], size) - used, 0)


@inlined
def _put_next(
    rule: Any, state: Any, heap: Any, session: Any, what: Any, at_us: Any, calls: Any
) -> None:
    """Put what comes next in a session in the place of its attempt, the first event."""
    length = state["heap_length"]
    if session["call"] == session["past"]:
        if session["has_worker"]:
            replace_first(heap, length, at_us, FREE_WORKER, HAS_SERVED, 0)
            return
    elif at_us < rule["until_us"] or rule["goes_beyond"]:
        replace_first(heap, length, at_us, calls[session["call"]]["serial"], what, 0)
        return
    state["heap_length"] = remove_first(heap, length)


@inlined
def _put_end(rule: Any, state: Any, heap: Any, bucket: Any, end_us: Any, units: Any) -> None:
    """Put the end of an attempt on the heap, if anything comes back to its bucket or is taken."""
    if units != 0 and end_us < rule["until_us"]:
        length = state["heap_length"]
        state["heap_length"] = push(heap, length, end_us, END_OF_ATTEMPT, bucket, units)


@inlined
def _is_to_open(state: Any, openings: Any, heap: Any) -> Any:
    """Tell whether the next session opens before the first event, or begins the next group."""
    opening = state["opening"]
    if opening == len(openings):
        return False
    if state["heap_length"] == 0:
        state["group"] = openings[opening]["group"]
        return True
    if openings[opening]["group"] != state["group"]:
        return False
    return openings[opening]["at_us"] <= heap[0, AT]


@inlined
def _open_next(state: Any, openings: Any, heap: Any, calls: Any, sessions: Any) -> None:
    """Put the first attempt of the session that opens next on the heap."""
    opening = openings[state["opening"]]
    serial = calls[sessions[opening["session"]]["call"]]["serial"]
    state["heap_length"] = push(
        heap, state["heap_length"], opening["at_us"], serial, opening["session"], 0
    )
    state["opening"] += 1


@inlined
def _next_attempt_us(
    rule: Any, session: Any, calls: Any, n: Any, status: Any, end_us: Any, lacking_us: Any
) -> Any:
    """Move a session on to what follows attempt `n` of its call; return when that is due.

    If the session is over (its `call` is `past`), this is when it ended.
    """
    at_us = end_us
    row = session["call"]
    if status == OK:
        session["call"] += 1
    else:
        if ends_chain_down(n, status):
            session["chains_down"] += 1
        serial = calls[row]["serial"]
        wait_us = pause_us(rule, serial, n, status, session["chains_down"], lacking_us)
        if wait_us == GIVES_UP:
            # the rest of the task is left
            task = calls[row]["task"]
            while session["call"] < session["past"] and calls[session["call"]]["task"] == task:
                session["call"] += 1
        else:
            at_us += wait_us
            if at_us < rule["until_us"] or not rule["goes_beyond"]:
                session["number"] += 1
                return at_us
            # beyond the end of the log nobody tries again, and the next call follows
            session["call"] += 1

    session["number"] = session["chains_down"] = 0
    if session["call"] == session["past"]:
        session["ends_us"] = at_us
    else:
        at_us += calls[session["call"]]["wait_us"]
    return at_us


@compiled
def split_by_block(attempts: Any, made: Any, first_call: Any, place: Any, out: Any) -> None:
    """Sort the first `made` attempts by block, and number their calls within the block.

    Parameters
    ----------
    attempts
        As `carry_out` fills them.
    made
        How many of them there are.
    first_call, place
        By block: the row of its first call, and where its attempts go; `place` is moved on.
    out
        Columns of attempts without that of blocks, shape (7, attempts).
    """
    for k in range(made):
        block = attempts[k, BLOCK]
        at = place[block]
        place[block] += 1
        out[CALL, at] = attempts[k, CALL] - first_call[block]
        for column in range(NUMBER, BLOCK):
            out[column, at] = attempts[k, column]
