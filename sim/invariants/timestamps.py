"""INV-3: the times of an exchange, and the order of the log."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.time import HOUR_US, SECOND_US
from sim.invariants.check import Check, Rule, first_breach
from sim.invariants.run_index import RunIndex

# Batches are answered within a day, and then generated.
_LONGEST_BATCH_US = 25 * HOUR_US


class Times(Check):
    """Times stand in order, inside the clock, and add up; rows are in order of time.

    It remembers the last row of the part before, so that the order is checked across parts.
    """

    id, name = "INV-3", "time"

    def __init__(self, index: RunIndex) -> None:
        """Begin before the first row, and say in the note what the columns do not allow."""
        super().__init__(index)
        # (start, identifier) of the last row of the part before
        self._last: tuple[int, int] | None = None
        if not index.full:
            self.note = "the core profile has no ttft_s and duration_s"
            if index.sells_batches:
                self.note += ", and no service_tier: all may take as long as a batch"

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log."""
        rules = [*self._clock(rows), self._order(rows)]
        if self.index.full:
            rules += self._seconds(rows)
        self.breach = first_breach(rows, self.index.files, rules)
        if len(rows["start"]):
            self._last = int(rows["start"][-1]), int(rows["id"][-1])

    def _clock(self, rows: Columns) -> list[Rule]:
        """Return the rules that exchanges begin in the log and end before the timeout.

        An exchange may end after the log closes. Batches have 25 hours; where `service_tier` is
        missing and batches are sold, every exchange has.
        """
        opens, closes = self.index.opens_us, self.index.closes_us
        start, end = rows["start"], rows["end"]
        longest = np.full(len(start), self.index.scenario.world.timeout_us)
        if self.index.full:
            longest[rows["batch"]] = _LONGEST_BATCH_US
        elif self.index.sells_batches:
            longest = np.maximum(longest, _LONGEST_BATCH_US)

        return [
            Rule(
                (start < opens) | (start >= closes),
                lambda i: f"ts_start {clock(start[i])}",
                lambda _: f"from {clock(opens)} to before {clock(closes)}",
            ),
            Rule(
                (end < start) | (end - start > longest),
                lambda i: f"ts_end {clock(end[i])}, ts_start {clock(start[i])}",
                lambda i: f"an end 0 to {longest[i] / SECOND_US:g} s after the start",
            ),
        ]

    def _order(self, rows: Columns) -> Rule:
        """Return the rule that rows are in order of time, then of identifier, across parts too."""
        start, ids = rows["start"], rows["id"]
        is_early = np.zeros(len(start), np.bool_)
        is_tied = start[1:] == start[:-1]
        is_early[1:] = (start[1:] < start[:-1]) | (is_tied & (ids[1:] < ids[:-1]))
        last = clock(self._last[0]) if self._last else ""
        if self._last is not None and len(start):
            is_early[0] = (int(start[0]), int(ids[0])) < self._last

        return Rule(
            is_early,
            lambda i: f"ts_start {clock(start[i])}",
            lambda i: (
                f"{clock(start[i - 1]) if i else last} of the row before or later, "
                "in one microsecond in order of exchange_id"
            ),
        )

    def _seconds(self, rows: Columns) -> list[Rule]:
        """Return the rules on `ttft_s` and `duration_s`, which are 32-bit floating point.

        The duration has to be equal to the last bit; `ttft_s` is NaN where nothing was generated.
        """
        ttft, duration = rows["ttft"], rows["duration"]
        exact = ((rows["end"] - rows["start"]) * 1e-6).astype(np.float32)
        return [
            Rule(
                duration != exact,
                lambda i: f"duration_s {duration[i]}",
                lambda i: f"{exact[i]}, ts_end less ts_start",
            ),
            Rule(
                ~np.isnan(ttft) & ((ttft < 0) | (ttft > exact)),
                lambda i: f"ttft_s {ttft[i]}",
                lambda i: f"0 to {exact[i]}, the whole answer",
            ),
        ]


def clock(at_us: int) -> str:
    """Return a time as the text formats write it: ISO 8601 in UTC, with microseconds."""
    return f"{np.datetime64(int(at_us), 'us')}Z"
