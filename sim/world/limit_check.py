"""What the gateway sees: the merged stream of attempts, and whether limits let it through."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.arrays.columns import grouped, time_order
from sim.arrays.types import Bools, Ints
from sim.world.attempts import OK, Attempts
from sim.world.calls import Shape
from sim.world.conditions import ProviderConditions
from sim.world.limits import BucketSize, Runs, Sizes, overdrawn


class Stream(NamedTuple):
    """Attempts in order of time and serial number; arrays of shape (A,).

    `own_read` is what an attempt reads of its session's context, -1 where nothing of it is alive;
    `asks` is `max_tokens`, `output` what was generated; the others are as in `Shape`.
    """

    at_us: Ints
    ends_us: Ints
    answered: Bools
    own_read: Ints
    context: Ints
    left: Ints
    asks: Ints
    output: Ints
    static: Ints
    lifetime_us: Ints
    key: Ints
    bucket: Ints

    def pick(self, index: Any) -> Stream:
        return Stream(*(column[index] for column in self))


def merge(parts: list[tuple[Shape, Attempts, Ints]], buckets: list[Ints]) -> tuple[Stream, Ints]:
    """Merge attempts of several shapes, given with what each reads of its own session.

    `buckets` numbers the bucket of each session. The order is returned beside the stream: row i
    of it is row order[i] of the parts laid end to end.
    """
    columns = [_stream(*part, bucket) for part, bucket in zip(parts, buckets, strict=True)]
    whole = Stream(*(np.concatenate(column) for column in zip(*columns, strict=True)))
    serial = np.concatenate([shape.call[attempts.call] for shape, attempts, _ in parts])
    order = time_order(whole.at_us, serial)
    return whole.pick(order), order


def _stream(shape: Shape, attempts: Attempts, own_read: Ints, bucket: Ints) -> Stream:
    call = attempts.call
    session = shape.session[call]
    return Stream(
        at_us=attempts.begins_us,
        ends_us=attempts.ends_us,
        answered=attempts.status == OK,
        own_read=own_read,
        context=shape.context_tokens[call],
        left=shape.left_tokens[call],
        asks=shape.asks_tokens[call],
        output=shape.output_tokens[call],
        static=shape.static_tokens[session],
        lifetime_us=shape.lifetime_us[session],
        key=shape.key[session],
        bucket=bucket[session],
    )


class LimitCheck:
    """Tells which buckets a stream may overdraw; it comes in one piece or several, by time.

    Bucket b is of class b % classes; `sizes` are those of each class, None where nothing limits
    it. Deficits are kept as if nothing of the output charged in advance ever came back, which is
    never too little. Buckets that this bound overdraws are looked at once more with what comes
    back of the piece. So a bucket that is not `overdrawn` never was, and one that is may at worst
    have been let off by what came back from the piece before.
    """

    def __init__(
        self, conditions: ProviderConditions, buckets: int, sizes: list[Sizes | None], opens_us: int
    ) -> None:
        self._conditions, self._sizes = conditions, sizes
        self._deficit = np.zeros((3, buckets), np.int64)
        self._since_us = np.full((3, buckets), opens_us)
        self._segment = first = conditions.segment_scalar(opens_us)
        steps = np.flatnonzero(np.diff(conditions.limits[first:])) + first
        self._changes = [(int(conditions.ends_us[k]), int(k) + 1) for k in steps]
        self.overdrawn = np.zeros(buckets, np.bool_)

    def add(self, stream: Stream, read: Ints) -> None:
        """Check attempts that read `read` tokens from the cache; buckets below 0 are without."""
        if not any(self._sizes) or not len(stream.at_us):
            return
        low, last_us = 0, int(stream.at_us[-1])
        while self._changes and self._changes[0][0] <= last_us:
            edge, segment = self._changes.pop(0)
            high = int(np.searchsorted(stream.at_us, edge))
            self._stretch(stream.pick(slice(low, high)), read[low:high])
            self._change_limits(edge, segment)
            low = high
        self._stretch(stream.pick(slice(low, None)), read[low:])

    def _stretch(self, stream: Stream, read: Ints) -> None:
        classes = len(self._sizes)
        for number, sizes in enumerate(self._sizes):
            limited = stream.bucket >= 0
            mine = limited if classes == 1 else limited & (stream.bucket % classes == number)
            rows = np.flatnonzero(mine)
            if sizes is not None and len(rows):
                rows = rows[grouped(stream.bucket[rows])]
                of_now = (kind[self._segment] for kind in sizes)
                self._of_class(stream, rows, stream.context[rows] - read[rows], *of_now)

    def _of_class(
        self,
        stream: Stream,
        rows: Ints,
        uncached: Ints,
        of_requests: BucketSize,
        of_input: BucketSize,
        of_output: BucketSize,
    ) -> None:
        """Check `rows`, sorted by bucket and time."""
        runs = Runs.of(stream.bucket[rows], stream.at_us[rows])
        asks = np.minimum(stream.asks[rows] * of_output.per_token, of_output.capacity)
        asked = (
            (of_requests, np.full(len(rows), of_requests.per_token)),
            (of_input, np.minimum(uncached * of_input.per_token, of_input.capacity)),
            (of_output, asks),
        )
        before = self._deficit[2, runs.present], self._since_us[2, runs.present]
        for kind, (size, units) in enumerate(asked):
            deficit, since = self._deficit[kind], self._since_us[kind]
            over = overdrawn(size, runs, units, deficit, since)
            if kind == 2 and over.any():
                over = self._with_what_comes_back(stream, rows, runs, over, asks, of_output, before)
            # of a bucket that was not overdrawn no more can be missing
            deficit[runs.present] = np.minimum(deficit[runs.present], size.capacity)
            self.overdrawn[runs.present] |= over

    @staticmethod
    def _with_what_comes_back(
        stream: Stream,
        rows: Ints,
        runs: Runs,
        suspect: Bools,
        asks: Ints,
        size: BucketSize,
        before: tuple[Ints, Ints],
    ) -> Bools:
        """Check the output of the `suspect` runs exactly, from the deficit before them."""
        inside = np.repeat(suspect, runs.length)
        rows, asks = rows[inside], asks[inside]
        used = stream.output[rows] * stream.answered[rows] * size.per_token
        unused = asks - np.minimum(used, asks)
        zeros = np.zeros(len(rows), np.int64)
        at = np.concatenate([stream.ends_us[rows], stream.at_us[rows]])
        number = np.repeat(np.arange(int(suspect.sum())), runs.length[suspect])
        number = np.concatenate([number, number])
        # what comes back at a microsecond comes before what is taken; among takers the order
        # makes no difference to whether the last of them finds enough
        order = np.lexsort((at, number))
        events = Runs.of(number[order], at[order])
        takes, gives = np.concatenate([zeros, asks])[order], np.concatenate([unused, zeros])[order]
        deficit, since = (state[suspect] for state in before)
        over = np.zeros(len(suspect), np.bool_)
        over[suspect] = overdrawn(size, events, takes, deficit, since, gives)
        return over

    def _change_limits(self, edge_us: int, segment: int) -> None:
        """Refill all buckets up to the edge and cut them to their size beyond it."""
        for number, sizes in enumerate(self._sizes):
            if sizes is None:
                continue
            for kind in range(3):
                old, new = sizes[kind][self._segment], sizes[kind][segment]
                mine = slice(number, None, len(self._sizes))
                deficit, since = self._deficit[kind, mine], self._since_us[kind, mine]
                elapsed = np.minimum(edge_us - since, old.capacity // old.rate + 1)
                left = np.maximum(deficit - elapsed * old.rate, 0)
                deficit[:] = np.maximum(left + new.capacity - old.capacity, 0)
                since[:] = edge_us
        self._segment = segment
