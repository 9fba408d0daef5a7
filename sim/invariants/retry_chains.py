"""INV-6: the attempts of a call, and the calls of a task, one after the other.

A *chain* is an attempt with its retries. A client that resumes begins another chain after a pause.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import MINUTE_US, SECOND_US
from sim.arrays.types import Bools, Ints
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.grouping import lasts, previous
from sim.invariants.run_index import RunIndex
from sim.invariants.timestamps import clock
from sim.world.attempts import BLOCKED, CLIENT_TIMEOUT, DOWN, MOST_CHAINS, OK, RATE_LIMIT, RETRIES

# A retry waits for a retry-after of up to a minute; a backoff is shorter.
_LONGEST_RETRY_US = MINUTE_US
# Nobody knows how many chains came before those of a call whose first attempt is not in the log.
_UNKNOWN = 1 << 40
_COLUMNS = (
    "id",
    "file",
    "row",
    "start",
    "end",
    "status",
    "resend",
    "account",
    "task",
    "actor",
    "call",
)


class RetryChains(Check):
    """The attempts of a call are numbered without a gap, do not overlap, and end as they may.

    The same holds for the calls of a task: one after the other, of one account. The last attempt of
    each task in progress is carried from part to part. When a task is over, its last attempt has to
    have an end: success, giving up, or no time left before the log closes.
    """

    id, name, needs_truth = "INV-6", "attempts", True

    def __init__(self, index: RunIndex) -> None:
        """Look up which actors resume, and after which pause.

        The last entry by actor is for rows whose actor is not known: they may do anything.
        """
        super().__init__(index)
        actors = index.scenario.actors
        self._resumes = np.array([a.on_failure == "resume" for a in actors] + [True])
        resume_us = [round(a.resume_after_s * SECOND_US) for a in actors]
        self._resume_us = np.array([*resume_us, 0], np.int64)
        # the last attempt of each task in progress at the end of the part before; they are `old`
        self._open: Columns = {}

    def see(self, rows: Columns) -> None:
        """Check the next attempts after the last of each open task, and the end of closed tasks."""
        new = {name: rows[name] for name in _COLUMNS}
        new["old"] = np.zeros(len(new["id"]), np.bool_)
        new["down"] = np.zeros(len(new["id"]), np.int64)
        both = concat([self._open, new]) if self._open else new
        both = take(both, (both["task"] >= 0) & (both["actor"] >= 0))
        both["down"] = _chains_down(both)

        before = previous(both["task"])
        rules = [*self._followers(both, before), *self._firsts(both, before)]
        self.breach = first_breach(both, self.index.files, rules)

        last = take(both, lasts(both["task"]))
        now_us = int(rows["start"][-1]) if len(rows["start"]) else self.index.opens_us
        is_open = self.index.tasks["end"][last["task"]] > now_us
        self._open = take(last, is_open)
        self._open["old"][:] = True
        self._judge_ends(take(last, ~is_open))

    def close(self) -> None:
        """Check the end of the tasks that are still open."""
        if self._open:
            self._judge_ends(self._open)

    def _judge_ends(self, rows: Columns) -> None:
        """Check the last attempts of tasks: answered, given up, or too late for another.

        An attempt is too late if its pause would reach beyond the log: a minute before a retry, or
        as long as the actor pauses before it resumes.
        """
        is_last_try = rows["resend"] >= RETRIES
        pause = np.where(is_last_try, self._resume_us[rows["actor"]], _LONGEST_RETRY_US)
        is_given_up = self._gives_up(rows, rows["down"] >= MOST_CHAINS)
        has_time = rows["end"] + pause < self.index.closes_us
        goes_on = (rows["status"] != OK) & ~is_given_up & has_time

        order = np.lexsort((rows["row"], rows["file"]))
        rows, goes_on = take(rows, order), goes_on[order]
        rule = Rule(
            goes_on,
            lambda i: (
                f"status {rows['status'][i]}, resend_count {rows['resend'][i]}, "
                "and no attempt after it"
            ),
            lambda _: "an end by success, by giving up, or by the end of the log",
        )
        self.breach = self.breach or first_breach(rows, self.index.files, [rule])

    def _gives_up(self, rows: Columns, worn_out: Bools) -> Bools:
        """Return whether a failed attempt is the last of its call.

        No client resumes after a timeout, none that is `worn_out` if limits are not to blame, and
        none goes on when its account is barred.

        Parameters
        ----------
        rows
            Columns of attempts, shape (rows,).
        worn_out
            Whether as many chains of the call have ended with an error of the provider as a client
            bears.
        """
        is_last_try = (rows["resend"] >= RETRIES) & (rows["status"] != OK)
        stops = (rows["status"] == CLIENT_TIMEOUT) | (worn_out & (rows["status"] != RATE_LIMIT))
        ends: Bools = is_last_try & (stops | ~self._resumes[rows["actor"]])
        ends |= rows["status"] == BLOCKED
        return ends

    def _followers(self, rows: Columns, before: Ints) -> list[Rule]:
        """Return the rules on rows that follow another of their task.

        Parameters
        ----------
        rows
            Old rows, which only stand before others, and new ones.
        before
            Index of the row before in the task, -1 if there is none.
        """
        follows = (before >= 0) & ~rows["old"]
        of_same_call = follows & (rows["call"] == rows["call"][before])
        of_next_call = follows & ~of_same_call
        resend, status = rows["resend"], rows["status"]
        expected = (resend[before] + 1) % (RETRIES + 1)
        worn_out = (rows["down"] >= MOST_CHAINS) & (rows["down"] < _UNKNOWN)
        is_given_up = self._gives_up(rows, worn_out)[before]

        return [
            Rule(
                follows & (rows["start"] < rows["end"][before]),
                lambda i: f"ts_start {clock(rows['start'][i])}",
                lambda i: (
                    f"{clock(rows['end'][before[i]])} or later, when the attempt before it "
                    "in the task had ended"
                ),
            ),
            Rule(
                of_same_call & ((status[before] == OK) | is_given_up),
                lambda i: (
                    f"an attempt after status {status[before[i]]}, resend_count {resend[before[i]]}"
                ),
                lambda _: "none after success or giving up",
            ),
            Rule(
                of_same_call & (resend != expected),
                lambda i: f"resend_count {resend[i]}",
                lambda i: f"{expected[i]} after {resend[before[i]]}",
            ),
            Rule(
                of_next_call & (status[before] != OK),
                lambda i: f"another call after status {status[before[i]]}",
                lambda _: "another attempt of the call before it",
            ),
            Rule(
                follows & (rows["account"] != rows["account"][before]),
                lambda _: "another account than that of the attempt before it in the task",
                lambda _: "one account in a task",
            ),
        ]

    def _firsts(self, rows: Columns, before: Ints) -> list[Rule]:
        """Return the rules on rows that begin a call.

        Near the opening of the log the first attempts of a call may not be in it.
        """
        begins = ~rows["old"] & ((before < 0) | (rows["call"] != rows["call"][before]))
        pause = np.maximum(self._resume_us[rows["actor"]], _LONGEST_RETRY_US)
        reach = pause + self.index.scenario.world.timeout_us
        begins &= (before >= 0) | (rows["start"] - reach >= self.index.opens_us)

        return [
            Rule(
                begins & (rows["resend"] != 0),
                lambda i: f"resend_count {rows['resend'][i]} of the first attempt of a call",
                lambda _: "0",
            ),
            Rule(
                begins & (rows["call"] != rows["id"]),
                lambda i: f"attempt_of req_{int(rows['call'][i]):016x}, which is not before it",
                lambda _: "its own exchange_id, or that of the attempt before it",
            ),
        ]


def _chains_down(rows: Columns) -> Ints:
    """Count the chains of its call, up to each row, that ended with an error of the provider.

    `_UNKNOWN` and more if the first attempt of the call is not there.
    """
    # rows by call; which of them open a call
    order = np.argsort(rows["call"], kind="stable")
    call = rows["call"][order]
    opens = np.ones(len(call), np.bool_)
    opens[1:] = call[1:] != call[:-1]
    first = order[opens]

    # chains before the first row of each call: none, those counted in an earlier part, or unknown
    earlier = np.where(rows["call"][first] == rows["id"][first], 0, _UNKNOWN)
    earlier = np.where(rows["old"][first], rows["down"][first], earlier)

    # a running count over all rows, less what it was at the opening of the call
    ends_down = (rows["resend"] >= RETRIES) & np.isin(rows["status"], DOWN) & ~rows["old"]
    running = np.cumsum(ends_down[order])
    at_opening: Ints = (running - ends_down[order])[opens]
    down = np.empty(len(call), np.int64)
    down[order] = (earlier - at_opening)[np.cumsum(opens) - 1] + running
    return down
