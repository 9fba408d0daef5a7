"""Carry out events in order of time: attempts of sessions, and workers who take tickets.

In one microsecond, what comes back to a bucket or is taken from it at the end of an attempt comes
first, then workers who get free, then attempts in the order of the serial numbers of their calls.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.compiled import compiled
from sim.arrays.time import MINUTE_US
from sim.arrays.types import Ints
from sim.world.attempt_rules import (
    GIVES_UP,
    attempt_outcome,
    ends_chain_down,
    pause_us,
    refusal_us,
)
from sim.world.attempts import BLOCKED, OK, RATE_LIMIT
from sim.world.bucket_levels import OUTPUT, ask, put_output, taken_up_front
from sim.world.event_heap import AT, ORDER, UNITS, WHAT, push, remove_first, replace_first

# The order of events in a microsecond: attempts have the serial number of their call.
END_OF_ATTEMPT, FREE_WORKER = -2, -1
# What a free worker has done before: nothing, or a ticket.
BEGINS, HAS_SERVED = 0, 1
# Why `carry_out` returns.
IS_DONE, NEEDS_ROOM, NEEDS_TICKETS = 0, 1, 2
# Columns of the attempts that are made; the first six are those of `Attempts`.
CALL, NUMBER, BEGINS_US, TTFT_US, ENDS_US, STATUS, READ, BLOCK = range(8)
# So many events an event adds to the heap at most.
_MOST_NEW = 2


@compiled
def carry_out(
    before_us: int,
    rules: Any,
    progress: Any,
    heap: Ints,
    openings: Any,
    calls: Any,
    sessions: Any,
    attempts: Ints,
    segments: Any,
    segment_of_minute: Ints,
    answered: Any,
    touched_us: Ints,
    buckets: Any,
    sizes: Any,
    period_ends_us: Ints,
) -> int:
    """Carry out all events before a time, or until something is missing.

    Parameters
    ----------
    before_us
        Events at this time or later stay where they are.
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
        Filled with the attempts that are made, shape (8, room).
    segments, segment_of_minute
        Records of `SEGMENT`, and the segment of each minute from `rules.first_minute` on.
    answered, touched_us
        Records of `ANSWERED` by history, and when each static prefix was last touched.
    buckets, sizes, period_ends_us
        Records of `BUCKET`, and what `size_records` returns.

    Returns
    -------
    int
        `IS_DONE`, `NEEDS_ROOM` if the heap or `attempts` may be full, or `NEEDS_TICKETS` if a
        worker is free (at the time of the first event) and the current batch is used up.
    """
    rule, state = rules[0], progress[0]
    length, made = state["heap_length"], state["attempts"]
    last_minute = len(segment_of_minute) - 1
    reason = IS_DONE

    # a session has one event at a time, and calls that fail at most three in a second: the three
    # attempts of a chain have two pauses between them
    while True:
        if made == attempts.shape[1] or length + _MOST_NEW > len(heap):
            reason = NEEDS_ROOM
            break
        if _is_to_open(state, openings, heap, length):
            session_number = openings[state["opening"]]["session"]
            at_us = openings[state["opening"]]["at_us"]
            serial = calls[sessions[session_number]["call"]]["serial"]
            length = push(heap, length, at_us, serial, session_number, 0)
            state["opening"] += 1
            continue
        if length == 0 or heap[0, AT] >= before_us:
            break

        now_us, order, what = heap[0, AT], heap[0, ORDER], heap[0, WHAT]
        if order == FREE_WORKER:
            if _is_ticket_missing(state, heap, now_us):
                reason = NEEDS_TICKETS
                break
            length = _serve_next(state, heap, length, calls, sessions)
            continue
        segment_number = segment_of_minute[
            min(now_us // MINUTE_US - rule["first_minute"], last_minute)
        ]
        segment = segments[segment_number]
        period = segment["period"]
        if order == END_OF_ATTEMPT:
            put_output(buckets[what], sizes, period_ends_us, period, now_us, heap[0, UNITS])
            length = remove_first(heap, length)
            continue

        # an attempt; that of a barred account counts nowhere
        session = sessions[what]
        row, n = session["call"], np.int64(session["number"])
        call = calls[row]
        bucket = np.int64(session["bucket"])
        is_barred = now_us >= session["until_us"]
        read = lacking_us = asked = 0
        if not is_barred:
            if rule["reads_cache"]:
                read = _read_tokens(call, session, answered, touched_us, now_us)
            if bucket >= 0:
                asked = np.int64(call["asks"])
                lacking_us = ask(
                    buckets[bucket],
                    sizes,
                    period_ends_us,
                    period,
                    now_us,
                    call["context"] - read,
                    asked,
                    rule["up_front"],
                )

        # what becomes of it
        if lacking_us > 0:
            status, ttft_us = RATE_LIMIT, 0
            duration_us = refusal_us(rule, call["serial"], n)
        else:
            status, ttft_us, duration_us = attempt_outcome(rule, segment, call, n, session["batch"])
        end_us = now_us + duration_us

        # what the log says of it
        if now_us < rule["until_us"] and not session["refused"]:
            attempts[CALL, made] = row
            attempts[NUMBER, made] = n
            attempts[BEGINS_US, made] = now_us
            attempts[TTFT_US, made] = ttft_us
            attempts[ENDS_US, made] = end_us
            attempts[STATUS, made] = status
            attempts[READ, made] = read
            attempts[BLOCK, made] = session["block"]
            if is_barred:
                session["refused"] = True
                attempts[STATUS, made] = BLOCKED
                attempts[ENDS_US, made] = now_us + refusal_us(rule, call["serial"], n)
            made += 1

        # what it leaves behind
        units = 0
        if not is_barred and lacking_us == 0:
            if status == OK and rule["reads_cache"]:
                left = np.int64(call["left"])
                answered[call["history"]]["at_us"] = now_us
                answered[call["history"]]["left"] = left
                if left > 0:
                    touched_us[session["key"]] = now_us
            if bucket >= 0:
                size = sizes[buckets[bucket]["size_class"], period, OUTPUT]
                used = call["output"] * size["per_token"] if status == OK else 0
                units = -used
                if rule["up_front"]:
                    # an answer longer than what was taken up front leaves no debt
                    units = max(taken_up_front(asked, size) - used, 0)

        # what comes next in the session
        at_us = _next_attempt_us(rule, session, calls, n, status, end_us, lacking_us)
        if session["call"] < session["past"]:
            if at_us < rule["until_us"] or rule["goes_beyond"]:
                serial = calls[session["call"]]["serial"]
                replace_first(heap, length, at_us, serial, what, 0)
            else:
                length = remove_first(heap, length)
        elif session["has_worker"]:
            replace_first(heap, length, at_us, FREE_WORKER, HAS_SERVED, 0)
        else:
            length = remove_first(heap, length)
        if units != 0 and end_us < rule["until_us"]:
            length = push(heap, length, end_us, END_OF_ATTEMPT, bucket, units)

    state["heap_length"], state["attempts"] = length, made
    return reason


@compiled
def _is_to_open(state: Any, openings: Any, heap: Ints, length: int) -> bool:
    """Tell whether the next session opens before the first event, or begins the next group."""
    opening = state["opening"]
    if opening == len(openings):
        return False
    if length == 0:
        state["group"] = openings[opening]["group"]
        return True
    if openings[opening]["group"] != state["group"]:
        return False
    return openings[opening]["at_us"] <= heap[0, AT]


@compiled
def _is_ticket_missing(state: Any, heap: Ints, now_us: int) -> bool:
    """Tell whether the batch is used up for the free worker whose event is the first.

    The ticket that it has served is over from then on.
    """
    if heap[0, WHAT] == HAS_SERVED:
        heap[0, WHAT] = BEGINS
        state["in_flight"] -= 1
    if state["work_is_over"] or (state["waiting"] > 0 and state["in_flight"] == 0):
        return False
    return state["next_ticket"] == state["past_ticket"] or now_us >= state["batch_until_us"]


@compiled
def _serve_next(state: Any, heap: Ints, length: int, calls: Any, sessions: Any) -> int:
    """Give the next ticket to the worker whose event is the first, or let it wait for the round.

    Returns the new length of the heap.
    """
    now_us = heap[0, AT]
    if state["work_is_over"]:
        return remove_first(heap, length)
    if state["in_flight"] == 0 and state["waiting"] > 0:
        # the round is over: those who wait for its end are free again, one by one
        state["waiting"] -= 1
        return push(heap, length, now_us, FREE_WORKER, BEGINS, 0)
    if state["batch_round"] != state["round"]:
        if state["in_flight"] > 0:
            state["waiting"] += 1
            return remove_first(heap, length)
        state["round"] = state["batch_round"]

    ticket = state["next_ticket"]
    session = sessions[ticket]
    session["opens_us"] = max(now_us, session["opens_us"])
    call = calls[session["call"]]
    replace_first(heap, length, session["opens_us"] + call["wait_us"], call["serial"], ticket, 0)
    state["next_ticket"] += 1
    state["in_flight"] += 1
    return length


@compiled
def _read_tokens(call: Any, session: Any, answered: Any, touched_us: Ints, now_us: int) -> int:
    """Return what a call reads from the cache: context of its history, or static prefix."""
    left = np.int64(call["left"])
    if left == 0:
        return 0
    lifetime_us = session["lifetime_us"]
    before = answered[call["history"]]
    if before["left"] > 0 and now_us - before["at_us"] <= lifetime_us:
        return min(before["left"], left)
    if now_us - touched_us[session["key"]] <= lifetime_us:
        return min(np.int64(session["static"]), left)
    return 0


@compiled
def _next_attempt_us(
    rule: Any, session: Any, calls: Any, n: int, status: int, end_us: int, lacking_us: int
) -> int:
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
def split_by_block(attempts: Ints, made: int, first_call: Ints, place: Ints, out: Ints) -> None:
    """Sort the first `made` attempts by block, and number their calls within the block.

    Parameters
    ----------
    attempts
        As `carry_out` fills them.
    made
        How many of them there are.
    first_call, place
        By block: the row of its first call, and where its attempts begin; `place` is used up.
    out
        Attempts without the column of blocks, shape (7, made).
    """
    for k in range(made):
        block = attempts[BLOCK, k]
        at = place[block]
        place[block] += 1
        out[CALL, at] = attempts[CALL, k] - first_call[block]
        for column in range(NUMBER, BLOCK):
            out[column, at] = attempts[column, k]
