"""INV-9: requests that the API accepts, one after the other in a history of messages."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.types import Bools, Ints
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.grouping import lasts, numbered, previous
from sim.invariants.run_index import RunIndex
from sim.tables.words import ASSISTANT, ROLES, TOOL, USER
from sim.world.attempts import OK

_COLUMNS = (
    "id",
    "file",
    "row",
    "start",
    "status",
    "role",
    "tools",
    "total",
    "task",
    "agent",
    "call",
    "opens_turn",
    "step",
    "messages",
    "results",
    "server",
)


class Requests(Check):
    """The last message of a request is what may stand there after the messages before it.

    Each row by itself: who opens a history asks as a user; results of tools come with the role of
    a tool, or wait in a request for a summary; an answer that goes on makes the number of messages
    even. With truth, rows are held against the one before of the same agent in the same turn:
    results are of tools that its answer called for, messages grow by what was said, and so does
    the context. The last row of each agent in a turn in progress is carried from part to part.
    """

    id, name = "INV-9", "requests"

    def __init__(self, index: RunIndex) -> None:
        """Say in the note what the columns of the run do not allow."""
        super().__init__(index)
        # the last attempt of each agent in each turn in progress; they are `old`
        self._open: Columns = {}
        if not index.full:
            self.note = "the core profile has no n_messages and no tool results: nothing is checked"
        elif not index.truth:
            self.note = "without truth each row by itself"

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log, each by itself and after those of its turn."""
        if not self.index.full:
            return
        rules = _rules_of_rows(rows)
        self.breach = first_breach(rows, self.index.files, rules)
        if self.breach is not None or not self.index.truth:
            return

        new = {name: rows[name] for name in _COLUMNS}
        new["old"] = np.zeros(len(new["id"]), np.bool_)
        both = concat([self._open, new]) if self._open else new
        both = take(both, both["task"] >= 0)
        group = numbered(both["task"], both["agent"])
        self.breach = first_breach(both, self.index.files, _rules_in_turns(both, previous(group)))

        last = take(both, lasts(group))
        is_open = self.index.tasks["end"][last["task"]] > int(rows["start"][-1])
        self._open = take(last, is_open)
        self._open["old"][:] = True


def _rules_of_rows(rows: Columns) -> list[Rule]:
    """Return the rules on single rows."""
    messages, results, role = rows["messages"], rows["results"], rows["role"]
    even = messages % 2 == 0

    return [
        Rule(
            (messages < 1) | (role < 0) | (results < 0),
            lambda i: _request(rows, i),
            lambda _: "at least one message, and a known role",
        ),
        Rule(
            (messages == 1) & ((role != USER) | (results > 0)),
            lambda i: _request(rows, i),
            lambda _: "last_role_in user and no tool results where n_messages is 1",
        ),
        Rule(
            even != (role == ASSISTANT),
            lambda i: _request(rows, i),
            lambda _: "an even n_messages if an answer goes on, and else an odd one",
        ),
        Rule(
            (results > 0) & (role == ASSISTANT) | (results == 0) & (role == TOOL),
            lambda i: _request(rows, i),
            lambda _: "tool results with last_role_in tool, or where a summary is asked for",
        ),
    ]


def _rules_in_turns(rows: Columns, before: Ints) -> list[Rule]:
    """Return the rules on rows after others of their agent and turn.

    Parameters
    ----------
    rows
        Old rows, which only stand before others, and new ones.
    before
        Index of the row before of the same agent in the same turn, -1 if there is none.
    """
    messages, results, role, tools = (rows[n] for n in ("messages", "results", "role", "tools"))
    is_new, follows = ~rows["old"], (before >= 0) & ~rows["old"]
    again = follows & (rows["call"] == rows["call"][before])
    goes_on = follows & ~again & (messages > 1)
    opens = follows & ~again & (messages == 1)

    # one message for the answer, and one for what is new if the answer does not just go on
    said = np.where(role == ASSISTANT, 1, 2) - (messages[before] % 2 == 0)
    expected = messages[before] + said
    brought = np.where(rows["opens_turn"], 0, tools[before])
    both_answered = goes_on & (rows["status"] == OK) & (rows["status"][before] == OK)
    paused = (rows["server"][before] > 0) & (tools[before] == 0)

    return [
        Rule(
            is_new & (rows["step"] == 0) & ((role != USER) | (results > 0)),
            lambda i: f"{_request(rows, i)} in the first call of a turn",
            lambda _: "last_role_in user and no tool results",
        ),
        Rule(
            again & _differs(rows, before),
            lambda i: f"{_request(rows, i)} in another attempt",
            lambda i: f"{_request(rows, before[i])}, as before",
        ),
        Rule(
            opens & ~_may_be_compaction(rows)[before],
            lambda i: f"n_messages 1 after {_request(rows, before[i])}",
            lambda i: f"{expected[i]}, or 1 after a summary was asked for",
        ),
        Rule(
            goes_on & (messages != expected),
            lambda i: f"n_messages {messages[i]}",
            lambda i: f"{expected[i]} after {messages[before[i]]}, or 1 after a summary",
        ),
        Rule(
            goes_on & (results != brought),
            lambda i: f"n_tool_results_in {results[i]}",
            lambda i: f"{brought[i]}, the tool calls of the answer before that wait for a result",
        ),
        Rule(
            goes_on & (role == ASSISTANT) & ~paused & (rows["status"][before] == OK),
            lambda i: _request(rows, i),
            lambda _: "last_role_in assistant only after an answer that paused for its tools",
        ),
        Rule(
            both_answered & (rows["total"] < rows["total"][before]),
            lambda i: f"input_tokens_total {rows['total'][i]}",
            lambda i: f"{rows['total'][before[i]]} or more, as the call before in its history had",
        ),
    ]


def _differs(rows: Columns, before: Ints) -> Bools:
    """Return whether rows ask otherwise than the row before."""
    differs = np.zeros(len(before), np.bool_)
    for name in ("messages", "results", "role", "opens_turn"):
        differs |= rows[name] != rows[name][before]
    return differs


def _may_be_compaction(rows: Columns) -> Bools:
    """Return whether rows may ask for a summary: as a user, though nobody opens a turn."""
    may_be: Bools = (rows["role"] == USER) & ~rows["opens_turn"] & (rows["tools"] == 0)
    return may_be


def _request(rows: Columns, i: int) -> str:
    """Say what the request at `i` looks like."""
    role = ROLES[rows["role"][i]] if rows["role"][i] >= 0 else "none"
    return (
        f"n_messages {rows['messages'][i]}, last_role_in {role}, "
        f"n_tool_results_in {rows['results'][i]}"
    )
