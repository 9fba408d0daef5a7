"""The three token buckets of an organisation and class of model, one request after the other."""

from __future__ import annotations

import heapq

from sim.world.limits import Sizes

_NEVER_US = 1 << 62


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
        "_requests",
        "_segment",
        "_size",
        "_sizes",
        "_taken",
    )

    def __init__(self, sizes: Sizes, edges_us: list[int], segment: int, now_us: int) -> None:
        """`edges_us` are the ends of the segments of the weather, by which sizes may change."""
        self._sizes, self._edges_us = sizes, edges_us
        self._segment, self._at_us, self._taken = segment, now_us, 0
        self._back: list[tuple[int, int]] = []
        self._size = tuple(bucket[segment] for bucket in sizes)
        self._requests, self._input, self._output = (size.capacity for size in self._size)

    def ask(self, now_us: int, segment: int, input_tokens: int, output_tokens: int) -> int:
        """Take one request's worth and return 0, or nothing and return the time lacking in us."""
        if segment != self._segment or (self._back and self._back[0][0] <= now_us):
            self._catch_up(now_us, segment)
        self._refill(now_us)
        of_requests, of_input, of_output = self._size
        one = of_requests.per_token
        into = min(input_tokens * of_input.per_token, of_input.capacity)
        out = min(output_tokens * of_output.per_token, of_output.capacity)
        if self._requests >= one and self._input >= into and self._output >= out:
            self._requests -= one
            self._input -= into
            self._output -= out
            self._taken = out
            return 0
        return max(
            -((self._requests - one) // of_requests.rate),
            -((self._input - into) // of_input.rate),
            -((self._output - out) // of_output.rate),
        )

    def ends(self, at_us: int, output_tokens: int) -> None:
        """The request that took last ends then: what it did not use of the output comes back."""
        unused = self._taken - output_tokens * self._size[2].per_token
        if unused > 0:
            heapq.heappush(self._back, (at_us, unused))

    def _refill(self, now_us: int) -> None:
        elapsed, self._at_us = now_us - self._at_us, now_us
        of_requests, of_input, of_output = self._size
        self._requests = min(of_requests.capacity, self._requests + elapsed * of_requests.rate)
        self._input = min(of_input.capacity, self._input + elapsed * of_input.rate)
        self._output = min(of_output.capacity, self._output + elapsed * of_output.rate)

    def _catch_up(self, now_us: int, segment: int) -> None:
        """Carry out what came back and the changes of size up to now, in order."""
        back = self._back
        while True:
            edge_us = self._edges_us[self._segment] if self._segment < segment else _NEVER_US
            back_us = back[0][0] if back else _NEVER_US
            if edge_us <= back_us and edge_us <= now_us:
                self._refill(edge_us)
                self._segment += 1
                self._size = tuple(bucket[self._segment] for bucket in self._sizes)
                self._refill(edge_us)
            elif back_us <= now_us:
                self._refill(back_us)
                level = self._output + heapq.heappop(back)[1]
                self._output = min(self._size[2].capacity, level)
            else:
                return
