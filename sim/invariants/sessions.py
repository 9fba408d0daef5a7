"""INV-10: sessions as one tree of calls: turns and steps, agents, pauses and shared prefixes."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import SECOND_US
from sim.arrays.types import Bools, Ints
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.grouping import lasts, previous
from sim.invariants.run_index import LIFETIME_1H_US, RunIndex
from sim.streams import MISSING
from sim.tables.words import FINISHED
from sim.world.attempts import OK

_COLUMNS = (
    "id",
    "file",
    "row",
    "start",
    "end",
    "status",
    "total",
    "task",
    "call",
    "session",
    "turn",
    "step",
    "agent",
    "parent",
    "shares_with",
    "shared",
    "think_s",
)
_OF_CALL = ("session", "turn", "step", "agent", "parent", "shares_with", "shared", "think_s")
# A pause in single precision is so much longer than as drawn, at most.
_ROUNDING = 1e-6


class Sessions(Check):
    """The calls of a session form one tree: turns in order, steps in turns, agents in turns.

    A sub-agent works while its parent waits: after a call of the parent in the turn and before the
    last one. A call shares a prefix with the call before of its agent, or, at the start of a
    sub-agent, with the one that had it work. No call comes before its pause is over. The last row
    of each agent is carried from part to part, for an hour or to the end of its turn.
    """

    id, name, needs_truth = "INV-10", "sessions", True

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        # the last row of each agent of earlier parts; they are `old`
        self._earlier: Columns = {}

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log after those of the same session and agent."""
        new = {name: rows[name] for name in _COLUMNS}
        new["old"] = np.zeros(len(new["id"]), np.bool_)
        both = concat([self._earlier, new]) if self._earlier else new
        both = take(both, both["task"] >= 0)

        before, of_agent = previous(both["session"]), previous(both["agent"])
        tasks = self.index.tasks
        begun = tasks["start"][both["task"]] >= self.index.opens_us
        finished = tasks["state"][both["task"]] == FINISHED
        rules = [
            *_rules_of_rows(both, begun, before),
            *_rules_of_order(both, before, finished),
            *_rules_of_prefixes(both, before, of_agent, finished),
        ]
        self.breach = first_breach(both, self.index.files, rules)

        now_us = int(rows["start"][-1])
        last = take(both, lasts(both["agent"]))
        is_open = tasks["end"][last["task"]] > now_us
        self._earlier = take(last, is_open | (last["start"] >= now_us - LIFETIME_1H_US))
        # rows stay in order of time
        order = np.argsort(self._earlier["start"], kind="stable")
        self._earlier = take(self._earlier, order)
        self._earlier["old"][:] = True


def _rules_of_rows(rows: Columns, begun: Bools, before: Ints) -> list[Rule]:
    """Return the rules on single rows, and on the first of their session in the log."""
    is_new, first = ~rows["old"], (rows["turn"] == 0) & (rows["step"] == 0)

    return [
        Rule(
            is_new & ((rows["session"] == MISSING) | (rows["agent"] == MISSING)),
            lambda _: "a call without session or agent",
            lambda _: "a session and an agent of every call",
        ),
        Rule(
            is_new & (rows["parent"] != MISSING) & (rows["step"] == 0),
            lambda _: "a sub-agent in the first call of a turn",
            lambda _: "the main agent, which has others work",
        ),
        Rule(
            is_new & begun & (before < 0) & (rows["step"] != 0) & (rows["turn"] == 0),
            lambda i: f"step {rows['step'][i]} first of its turn",
            lambda _: "0",
        ),
        Rule(
            is_new & (first != (rows["shares_with"] == MISSING)),
            lambda i: f"shares_with {_req(rows['shares_with'][i])} in {_place(rows, i)}",
            lambda _: "an earlier call of the session; none in its first call alone",
        ),
        Rule(
            is_new & (rows["status"] == OK) & (rows["shared"] > rows["total"]),
            lambda i: f"shared_prefix_tokens {rows['shared'][i]}",
            lambda i: f"at most {rows['total'][i]}, the whole input",
        ),
    ]


def _rules_of_order(rows: Columns, before: Ints, finished: Bools) -> list[Rule]:
    """Return the rules on rows after another of their session.

    Parameters
    ----------
    rows
        Old rows, which only stand before others, and new ones.
    before
        Index of the row before in the session, -1 if there is none.
    finished
        Whether the turn of each row was finished.
    """
    follows = (before >= 0) & ~rows["old"]
    turn, step = rows["turn"], rows["step"]
    again = follows & (rows["call"] == rows["call"][before])
    goes_on = follows & ~again & (rows["task"] == rows["task"][before])
    turns = follows & ~again & ~goes_on
    parent, agent = rows["parent"], rows["agent"]

    # who may come after whom: the same agent, its parent, or its sub-agent
    main = np.where(parent == MISSING, agent, parent)
    due_us = rows["end"][before] + rows["think_s"] * SECOND_US * (1 - _ROUNDING)
    has_to_return = finished[before] & (parent[before] != MISSING)

    return [
        Rule(
            again & _differs(rows, before),
            lambda i: f"{_place(rows, i)} in another attempt",
            lambda i: f"{_place(rows, before[i])} and all that is true of it, as before",
        ),
        Rule(
            goes_on & ((step != step[before] + 1) | (turn != turn[before])),
            lambda i: _place(rows, i),
            lambda i: f"step {step[before[i]] + 1} after {_place(rows, before[i])}",
        ),
        Rule(
            turns & ((turn != turn[before] + 1) | (step != 0)),
            lambda i: _place(rows, i),
            lambda i: f"turn {turn[before[i]] + 1}, step 0 after {_place(rows, before[i])}",
        ),
        Rule(
            follows & ~again & (rows["start"] < due_us.astype(np.int64)),
            lambda i: f"think_time_s {rows['think_s'][i]:g}",
            lambda i: (
                f"at most {(rows['start'][i] - rows['end'][before[i]]) / SECOND_US:g}, what lies "
                "between the call and the one before it"
            ),
        ),
        Rule(
            follows & (main != main[before]),
            lambda _: "another main agent than that of the call before it",
            lambda _: "one main agent in a session, and it the parent of all others",
        ),
        Rule(
            goes_on & (parent != MISSING) & (parent[before] != MISSING) & (agent != agent[before]),
            lambda _: "another sub-agent than that of the call before it",
            lambda _: "one sub-agent in a turn",
        ),
        Rule(
            turns & has_to_return,
            lambda i: f"{_place(rows, i)} after a call of a sub-agent",
            lambda _: "the parent's call with the result of the sub-agent before that",
        ),
    ]


def _rules_of_prefixes(rows: Columns, before: Ints, of_agent: Ints, finished: Bools) -> list[Rule]:
    """Return the rules on which earlier call a call shares a prefix with, and how much.

    Parameters
    ----------
    rows, before, finished
        As in `_rules_of_order`.
    of_agent
        Index of the row before of the agent, -1 if there is none.
    """
    call = rows["call"]
    is_next = (before >= 0) & ~rows["old"] & (call != call[before])
    known = is_next & (of_agent >= 0)
    # of a turn that was given up, calls that were never made may lie between
    known &= (rows["task"] == rows["task"][of_agent]) | finished[of_agent]
    spawned = is_next & (of_agent < 0) & (rows["parent"] != MISSING)
    spawned &= rows["task"] == rows["task"][before]
    with_row = np.where(known, of_agent, before)
    names = rows["shares_with"] == call[with_row]
    both_answered = (rows["status"] == OK) & (rows["status"][with_row] == OK)

    return [
        Rule(
            (known | spawned) & ~names,
            lambda i: f"shares_with {_req(rows['shares_with'][i])}",
            lambda i: f"{_req(call[with_row[i]])}, the call before of its agent or of its parent",
        ),
        Rule(
            (known | spawned) & both_answered & (rows["shared"] > rows["total"][with_row]),
            lambda i: f"shared_prefix_tokens {rows['shared'][i]}",
            lambda i: f"at most {rows['total'][with_row[i]]}, the input of that call",
        ),
    ]


def _differs(rows: Columns, before: Ints) -> Bools:
    """Return whether rows say otherwise of their call than the row before."""
    differs = np.zeros(len(before), np.bool_)
    for name in _OF_CALL:
        differs |= rows[name] != rows[name][before]
    return differs


def _place(rows: Columns, i: int) -> str:
    """Say where in its session the row at `i` stands."""
    return f"turn {rows['turn'][i]}, step {rows['step'][i]}"


def _req(number: int) -> str:
    """Return an identifier as text formats write it, `none` for a missing one."""
    return "none" if number == MISSING else f"req_{int(number):016x}"
