"""The three token buckets of an organisation and class of model, one request after the other."""

from __future__ import annotations

import heapq

from sim.arrays.time import FOREVER_US
from sim.world.limits import Sizes


class Buckets:
    """Token buckets for requests, input and output, full at first.

    A request takes from all three or from none. Where output is taken up front, its bucket gives
    `max_tokens` in advance, and what the answer did not use comes back when the request ends. Else
    it is enough that the bucket holds one token, and the tokens of the answer are taken at its end;
    the bucket may then hold less than nothing.

    Requests must come in order of time, because a bucket is refilled up to the time of each. What
    an end gives back or takes is kept until its time, and counts before anything later.
    """

    __slots__ = (
        "_at_us",
        "_edges_us",
        "_input",
        "_output",
        "_output_at_us",
        "_output_capacity",
        "_output_per_token",
        "_output_rate",
        "_requests",
        "_returns",
        "_segment",
        "_size",
        "_sizes",
        "_taken",
        "_up_front",
    )

    def __init__(
        self, sizes: Sizes, edges_us: list[int], segment: int, now_us: int, up_front: bool
    ) -> None:
        """Fill the buckets.

        Parameters
        ----------
        sizes : Sizes
            Sizes by segment of the provider's conditions.
        edges_us : list of int
            End of each segment, when sizes may change.
        segment, now_us : int
            The first segment, and the time in it.
        up_front : bool
            Whether output is taken when a request begins.
        """
        self._sizes, self._edges_us, self._up_front = sizes, edges_us, up_front
        self._at_us = self._output_at_us = now_us
        self._taken = 0
        # (time, units) of output that will come back, or be taken where below 0, as a heap
        self._returns: list[tuple[int, int]] = []
        self._resize(segment)
        self._requests, self._input, self._output = self._size[::3]

    def ask(self, now_us: int, segment: int, input_tokens: int, output_tokens: int) -> int:
        """Take one request if all three buckets hold enough.

        Parameters
        ----------
        now_us, segment : int
            The time, and the segment in which it lies.
        input_tokens, output_tokens : int
            What the request asks for; more than a bucket holds counts as all that it holds.

        Returns
        -------
        int
            0 if the request was taken. Else microseconds until refilling alone would do.
        """
        if segment != self._segment or (self._returns and self._returns[0][0] <= now_us):
            self._catch_up(now_us, segment)
        self._refill_output(now_us)
        most, rate, one, most_input, input_rate, per_input, most_output, output_rate, per_output = (
            self._size
        )

        # refill, and see what the request asks for; written out, for it is the innermost step
        elapsed, self._at_us = now_us - self._at_us, now_us
        requests = self._requests + elapsed * rate
        if requests > most:
            requests = most
        level = self._input + elapsed * input_rate
        if level > most_input:
            level = most_input
        into = input_tokens * per_input
        if into > most_input:
            into = most_input
        out = output_tokens * per_output if self._up_front else per_output
        if out > most_output:
            out = most_output

        if requests >= one and level >= into and self._output >= out:
            self._requests, self._input = requests - one, level - into
            if self._up_front:
                self._output -= out
                self._taken = out
            return 0
        self._requests, self._input = requests, level
        return max(
            -((requests - one) // rate),
            -((level - into) // input_rate),
            -((self._output - out) // output_rate),
        )

    def ends(self, at_us: int, output_tokens: int) -> None:
        """Have the request that took last end at `at_us`, with so much output in its answer."""
        back = self._taken - output_tokens * self._output_per_token
        # an answer longer than what was taken up front leaves no debt
        if back > 0 or (back and not self._up_front):
            heapq.heappush(self._returns, (at_us, back))

    def debt_us(self) -> int:
        """Return after how long at most the output bucket is empty again, not below.

        Counted from the end of the last request, under the lowest limit of all segments.
        """
        debt = -min(0, self._output) - sum(back for _, back in self._returns if back < 0)
        return -(-debt // min(size.rate for size in self._sizes.output))

    def _refill_output(self, now_us: int) -> None:
        level = self._output + (now_us - self._output_at_us) * self._output_rate
        self._output_at_us = now_us
        self._output = level if level < self._output_capacity else self._output_capacity

    def _resize(self, segment: int) -> None:
        """Take the sizes of a segment: capacity, rate and units of a token of each bucket."""
        now = [sizes[segment] for sizes in self._sizes]
        self._segment = segment
        self._size = tuple(n for size in now for n in (size.capacity, size.rate, size.per_token))
        self._output_capacity, self._output_rate, self._output_per_token = self._size[6:]

    def _refill(self, now_us: int) -> None:
        """Refill all three buckets up to `now_us`, and cut what is above their capacity."""
        most, rate, _, most_input, input_rate, *_ = self._size
        elapsed, self._at_us = now_us - self._at_us, now_us
        self._requests = min(most, self._requests + elapsed * rate)
        self._input = min(most_input, self._input + elapsed * input_rate)
        self._refill_output(now_us)

    def _catch_up(self, now_us: int, segment: int) -> None:
        """Put in or take out what ends say, and change the sizes, up to now in order of time."""
        returns = self._returns
        # each pass uses up a change of limits or the end of an attempt
        while True:
            edge_us = self._edges_us[self._segment] if self._segment < segment else FOREVER_US
            back_us = returns[0][0] if returns else FOREVER_US
            if edge_us <= back_us and edge_us <= now_us:
                self._refill(edge_us)
                self._resize(self._segment + 1)
                # the time is the same: this only cuts levels to the new sizes
                self._refill(edge_us)
            elif back_us <= now_us:
                self._refill_output(back_us)
                level = self._output + heapq.heappop(returns)[1]
                self._output = min(self._output_capacity, level)
            else:
                return
