"""Workers who take tickets: first come, first served, and round after round.

In both functions `state` is the record of `PROGRESS`, and the first event of `heap` is that a
worker is free.
"""

from __future__ import annotations

from typing import Any

from sim.arrays.compiled import inlined
from sim.world.event_heap import AT, WHAT, push, remove_first, replace_first

# The order of this event in its microsecond: before attempts, which have a serial number.
FREE_WORKER = -1
# What a free worker has done before: nothing, or a ticket.
BEGINS, HAS_SERVED = 0, 1


@inlined
def is_ticket_missing(state: Any, heap: Any) -> Any:
    """Tell whether the batch is used up for the free worker.

    The ticket that it has served is over from then on.
    """
    if heap[0, WHAT] == HAS_SERVED:
        heap[0, WHAT] = BEGINS
        state["in_flight"] -= 1
    if state["work_is_over"] or (state["waiting"] > 0 and state["in_flight"] == 0):
        return False
    return state["next_ticket"] == state["past_ticket"] or heap[0, AT] >= state["batch_until_us"]


@inlined
def serve_next(state: Any, heap: Any, calls: Any, sessions: Any) -> None:
    """Give the next ticket to the worker, or let it wait for the end of the round."""
    now_us, length = heap[0, AT], state["heap_length"]
    if state["work_is_over"]:
        state["heap_length"] = remove_first(heap, length)
        return
    if state["in_flight"] == 0 and state["waiting"] > 0:
        # the round is over: those who wait for its end are free again, one by one
        state["waiting"] -= 1
        state["heap_length"] = push(heap, length, now_us, FREE_WORKER, BEGINS, 0)
        return
    if state["batch_round"] != state["round"]:
        if state["in_flight"] > 0:
            state["waiting"] += 1
            state["heap_length"] = remove_first(heap, length)
            return
        state["round"] = state["batch_round"]

    ticket = state["next_ticket"]
    session = sessions[ticket]
    session["opens_us"] = max(now_us, session["opens_us"])
    call = calls[session["call"]]
    replace_first(heap, length, session["opens_us"] + call["wait_us"], call["serial"], ticket, 0)
    state["next_ticket"] += 1
    state["in_flight"] += 1
