"""The three token buckets of an organisation and class of model, one request after the other."""

from __future__ import annotations

import heapq

from sim.arrays.time import FOREVER_US
from sim.world.limits import Sizes


class Buckets:
    """Full at first. What comes back waits for its time and is put in before anything later.

    Requests must come in order of time.
    """

    __slots__ = (
        "_at_us",
        "_back",
        "_edges_us",
        "_input",
        "_output",
        "_output_at_us",
        "_requests",
        "_segment",
        "_size",
        "_sizes",
        "_taken",
    )

    def __init__(self, sizes: Sizes, edges_us: list[int], segment: int, now_us: int) -> None:
        """`edges_us` are the ends of the segments of the weather, by which sizes may change."""
        self._sizes, self._edges_us = sizes, edges_us
        self._segment, self._taken = segment, 0
        self._at_us = self._output_at_us = now_us
        self._back: list[tuple[int, int]] = []
        self._size = _flat(sizes, segment)
        self._requests, self._input, self._output = self._size[::3]

    def ask(self, now_us: int, segment: int, input_tokens: int, output_tokens: int) -> int:
        """Take one request's worth and return 0, or nothing and return the time lacking in us."""
        if segment != self._segment or (self._back and self._back[0][0] <= now_us):
            self._catch_up(now_us, segment)
        self._refill_output(now_us)
        most, rate, one, most_input, input_rate, per_input, most_output, output_rate, per_output = (
            self._size
        )
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
        out = output_tokens * per_output
        if out > most_output:
            out = most_output
        if requests >= one and level >= into and self._output >= out:
            self._requests, self._input = requests - one, level - into
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
        """The request that took last ends then: what it did not use of the output comes back."""
        unused = self._taken - output_tokens * self._size[8]
        if unused > 0:
            heapq.heappush(self._back, (at_us, unused))

    def _refill_output(self, now_us: int) -> None:
        level = self._output + (now_us - self._output_at_us) * self._size[7]
        self._output_at_us = now_us
        self._output = level if level < self._size[6] else self._size[6]

    def _change_size(self, edge_us: int) -> None:
        """Refill up to the end of a segment, and cut the levels to the sizes beyond it."""
        for _ in range(2):
            size, elapsed = self._size, edge_us - self._at_us
            self._requests = min(size[0], self._requests + elapsed * size[1])
            self._input = min(size[3], self._input + elapsed * size[4])
            self._refill_output(edge_us)
            self._at_us = edge_us
            self._size = _flat(self._sizes, self._segment + 1)
        self._segment += 1

    def _catch_up(self, now_us: int, segment: int) -> None:
        """Carry out what came back and the changes of size up to now, in order."""
        back = self._back
        # each pass uses up a change of limits or what an attempt gives back
        while True:
            edge_us = self._edges_us[self._segment] if self._segment < segment else FOREVER_US
            back_us = back[0][0] if back else FOREVER_US
            if edge_us <= back_us and edge_us <= now_us:
                self._change_size(edge_us)
            elif back_us <= now_us:
                self._refill_output(back_us)
                level = self._output + heapq.heappop(back)[1]
                self._output = min(self._size[6], level)
            else:
                return


def _flat(sizes: Sizes, segment: int) -> tuple[int, ...]:
    """Capacity, rate and units of a token of the three buckets, one after the other."""
    now = [kind[segment] for kind in sizes]
    return tuple(n for size in now for n in (size.capacity, size.rate, size.per_token))
