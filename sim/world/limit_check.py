"""Whether limits let a stream of attempts through, in one pass over all buckets."""

from __future__ import annotations

import numpy as np

from sim.arrays.columns import grouped
from sim.arrays.time import NEVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempt_stream import AttemptStream
from sim.world.conditions import ProviderConditions
from sim.world.limits import BucketEvents, BucketSize, Sizes, overdrawn

_OUTPUT = 2


class LimitCheck:
    """Find the buckets that a stream of attempts may overdraw.

    There are no false negatives: a bucket that is not `overdrawn` never was, so everything that
    was assumed about it holds. A false positive is possible where the stream comes in chunks:
    unused output that comes back from an earlier chunk is not counted.

    Where output is taken up front, there are two passes. The first keeps deficits as if unused
    output never came back, which is never too little. The second looks once more at the output of
    the buckets that this overdraws, with what comes back within the chunk. Where answers are taken
    at their end, those that end behind a chunk wait for the next one, and the check is exact.

    Attributes
    ----------
    overdrawn : array of bool, shape (buckets,)
        Buckets that may have been asked for more than they held, so far.
    """

    def __init__(
        self, conditions: ProviderConditions, buckets: int, sizes: list[Sizes | None], opens_us: int
    ) -> None:
        """Fill all buckets.

        Parameters
        ----------
        conditions : ProviderConditions
            Its segments are those of `sizes`.
        buckets : int
            Number of buckets; bucket b is of class b % classes.
        sizes : list of Sizes or None, length classes
            Sizes by class of model, None where nothing limits it.
        opens_us : int
            Time of the first attempt at the earliest.
        """
        self._sizes = sizes
        # by kind of bucket (requests, input, output): units missing, and when that was so
        self._deficit = np.zeros((3, buckets), np.int64)
        self._since_us = np.full((3, buckets), opens_us)
        self._up_front = conditions.takes_output_up_front
        self._repaid_us = np.full(buckets, NEVER_US)
        # answers that end later on: bucket, end and tokens, shape (3, answers)
        self._coming = np.zeros((3, 0), np.int64)
        self._segment = first = conditions.segment_scalar(opens_us)
        steps = np.flatnonzero(np.diff(conditions.limits[first:])) + first
        # (time, segment that begins then) of each change of limits to come
        self._changes = [(int(conditions.ends_us[k]), int(k) + 1) for k in steps]
        self.overdrawn = np.zeros(buckets, np.bool_)

    def add(self, stream: AttemptStream, read: Ints) -> None:
        """Check the next chunk of a stream.

        Parameters
        ----------
        stream : AttemptStream
            Attempts, none earlier than those of the chunks before.
        read : array of int, shape (A,)
            Tokens that each attempt reads from the cache.
        """
        if not any(self._sizes) or not len(stream.at_us):
            return
        low, last_us = 0, int(stream.at_us[-1])
        while self._changes and self._changes[0][0] <= last_us:
            edge_us, segment = self._changes.pop(0)
            high = int(np.searchsorted(stream.at_us, edge_us))
            # at the edge itself, the change comes first
            self._check_segment(stream.pick(slice(low, high)), read[low:high], edge_us - 1)
            self._change_limits(edge_us, segment)
            low = high
        self._check_segment(stream.pick(slice(low, None)), read[low:], last_us)

    def repaid_us(self) -> Ints:
        """Return when what answers took beyond an empty bucket is repaid, at the latest.

        Shape (buckets,); long before the last attempt of a bucket if it owes nothing after that.
        What comes after the attempts seen so far does not count.
        """
        classes, repaid_us = len(self._sizes), self._repaid_us.copy()
        bucket, ends_us, tokens = self._coming
        for number, sizes in enumerate(self._sizes):
            if sizes is None or self._up_front:
                continue
            of_class = slice(number, None, classes)
            now, coming = sizes.output[self._segment], bucket % classes == number
            owed = np.maximum(self._deficit[_OUTPUT] - now.capacity, 0)
            since_us = self._since_us[_OUTPUT].copy()
            np.add.at(owed, bucket[coming], tokens[coming] * now.per_token)
            np.maximum.at(since_us, bucket[coming], ends_us[coming])

            wait_us = owed // min(size.rate for size in sizes.output) + 1
            of_debt_us = np.where(owed > 0, since_us + wait_us, NEVER_US)
            repaid_us[of_class] = np.maximum(repaid_us, of_debt_us)[of_class]
        return repaid_us

    def _check_segment(self, stream: AttemptStream, read: Ints, until_us: int) -> None:
        """Check attempts between two changes of limits, class by class.

        What answers take is counted up to `until_us`, included.
        """
        classes = len(self._sizes)
        ended = self._ended(stream, until_us)
        for number, sizes in enumerate(self._sizes):
            if sizes is None:
                continue
            of_class = stream.bucket >= 0
            if classes > 1:
                of_class &= stream.bucket % classes == number
            rows = np.flatnonzero(of_class)
            rows = rows[grouped(stream.bucket[rows])]

            now = [by_segment[self._segment] for by_segment in sizes]
            if len(rows):
                self._check_class(stream, rows, stream.context[rows] - read[rows], now)
            if not self._up_front:
                answers = ended[:, ended[0] % classes == number]
                self._check_generated(stream, rows, answers, now[_OUTPUT])

    def _ended(self, stream: AttemptStream, until_us: int) -> Ints:
        """Return the answers that end by then, shape (3, answers); others wait.

        None where output is taken up front.
        """
        if self._up_front:
            return self._coming
        takes = stream.answered & (stream.output > 0) & (stream.bucket >= 0)
        new = np.stack([stream.bucket[takes], stream.ends_us[takes], stream.output[takes]])
        answers = np.concatenate([self._coming, new], axis=1)
        has_ended = answers[1] <= until_us
        self._coming = answers[:, ~has_ended]
        return answers[:, has_ended]

    def _check_class(
        self, stream: AttemptStream, rows: Ints, uncached: Ints, sizes: list[BucketSize]
    ) -> None:
        """Check `rows`, sorted by bucket and time, which send so many uncached tokens.

        Of output only what is taken up front.
        """
        for_requests, for_input, for_output = sizes
        events = BucketEvents.of_sorted(stream.bucket[rows], stream.at_us[rows])
        asked_output = np.minimum(stream.asks[rows] * for_output.per_token, for_output.capacity)
        takes = (
            np.full(len(rows), for_requests.per_token),
            np.minimum(uncached * for_input.per_token, for_input.capacity),
            asked_output,
        )

        present = events.present
        output_before = self._deficit[_OUTPUT, present], self._since_us[_OUTPUT, present]
        for kind, size in enumerate(sizes if self._up_front else sizes[:_OUTPUT]):
            deficit = self._deficit[kind]
            over = overdrawn(size, events, takes[kind], deficit, self._since_us[kind])
            if kind == _OUTPUT and over.any():
                over = _recheck_output(
                    stream, rows, events, over, asked_output, size, output_before
                )
            # of a bucket that was not overdrawn no more can be missing
            deficit[present] = np.minimum(deficit[present], size.capacity)
            self.overdrawn[present] |= over

    def _check_generated(
        self, stream: AttemptStream, rows: Ints, answers: Ints, size: BucketSize
    ) -> None:
        """Check that buckets of output hold a token for each of `rows`, and take `answers`.

        An answer that ends at a microsecond comes before attempts that begin.
        """
        begin, (bucket, ends_us, tokens) = np.zeros(len(rows), np.int64), answers
        bucket = np.concatenate([bucket, stream.bucket[rows]])
        at_us = np.concatenate([ends_us, stream.at_us[rows]])
        takes = np.concatenate([tokens * size.per_token, begin])
        asks = np.concatenate([np.zeros(len(tokens), np.int64), begin + size.per_token])

        order = np.lexsort((at_us, bucket))
        events = BucketEvents.of_sorted(bucket[order], at_us[order])
        if len(order):
            state = self._deficit[_OUTPUT], self._since_us[_OUTPUT]
            over = overdrawn(size, events, takes[order], *state, asks=asks[order])
            self.overdrawn[events.present] |= over

    def _change_limits(self, edge_us: int, segment: int) -> None:
        """Refill all buckets up to the edge and cut them to their size beyond it."""
        # a debt may be gone at the edge, and with it the time at which it was repaid
        self._repaid_us = self.repaid_us()
        for number, sizes in enumerate(self._sizes):
            if sizes is None:
                continue
            for kind in range(3):
                old, new = sizes[kind][self._segment], sizes[kind][segment]
                of_class = slice(number, None, len(self._sizes))
                deficit, since_us = self._deficit[kind, of_class], self._since_us[kind, of_class]
                elapsed_us = np.minimum(edge_us - since_us, deficit // old.rate + 1)
                missing = np.maximum(deficit - elapsed_us * old.rate, 0)
                deficit[:] = np.maximum(missing + new.capacity - old.capacity, 0)
                since_us[:] = edge_us
        self._segment = segment


def _recheck_output(
    stream: AttemptStream,
    rows: Ints,
    events: BucketEvents,
    suspect: Bools,
    asked: Ints,
    size: BucketSize,
    before: tuple[Ints, Ints],
) -> Bools:
    """Check the output of the `suspect` buckets of `events`, with what comes back.

    `asked` is what each of `rows` takes, `before` deficit and time of the buckets at first.
    """
    inside = np.repeat(suspect, events.length)
    rows, asked = rows[inside], asked[inside]
    used = stream.output[rows] * stream.answered[rows] * size.per_token
    unused = asked - np.minimum(used, asked)

    # each attempt is two events: it takes when it begins, and gives back when it ends
    zeros = np.zeros(len(rows), np.int64)
    at_us = np.concatenate([stream.ends_us[rows], stream.at_us[rows]])
    bucket = np.repeat(np.arange(int(suspect.sum())), events.length[suspect])
    bucket = np.concatenate([bucket, bucket])
    # what comes back at a microsecond comes before what is taken; among takers the order
    # makes no difference to whether the last of them finds enough
    order = np.lexsort((at_us, bucket))
    both = BucketEvents.of_sorted(bucket[order], at_us[order])
    takes, gives = np.concatenate([zeros, asked])[order], np.concatenate([unused, zeros])[order]

    deficit, since_us = (state[suspect] for state in before)
    over = np.zeros(len(suspect), np.bool_)
    over[suspect] = overdrawn(size, both, takes, deficit, since_us, gives)
    return over
