"""The event loop: sessions and workers under limits, failures and bars, attempt by attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.arrays.time import FOREVER_US, NEVER_US
from sim.arrays.types import Bools, Ints
from sim.world import carry_out as events
from sim.world.attempts import Attempts, CallConditions
from sim.world.calls import DrawnCalls
from sim.world.event_heap import new_heap, push
from sim.world.event_records import (
    ANSWERED,
    BUCKET,
    CALL,
    OPENING,
    PROGRESS,
    SESSION,
    Records,
    call_records,
    rules_record,
    segment_records,
    session_records,
    size_records,
)
from sim.world.limits import Sizes
from sim.world.record_arena import RecordArena
from sim.world.worker_rules import BEGINS, FREE_WORKER

_FIRST_ROOM = 1_024
# Attempts that are made before they are put aside: a MiB of them.
_ATTEMPTS = 16_384


@dataclass(eq=False)
class LoopCalls:
    """A block of calls in an event loop: where its records lie.

    Attributes
    ----------
    number : int
        Number of the block in the loop. Those that are removed leave theirs to later ones.
    calls, sessions, histories : slice
        Its records among those of the loop.
    """

    number: int
    calls: slice
    sessions: slice
    histories: slice


class EventLoop:
    """A discrete-event simulation of sessions that share limits and prompt cache.

    Its state are a few arrays of records, and `sim.world.carry_out` is the loop over them. Events
    are attempts, what comes back to a bucket when one ends, and workers who get free. A session
    has one event at a time.

    There are two ways to begin sessions: `open` those whose start is known, or give `tickets` to
    workers that `begin`.
    """

    def __init__(
        self,
        conditions: CallConditions,
        sizes: list[Sizes | None],
        *,
        from_us: int,
        buckets: int,
        keys: int,
        reads_cache: bool = True,
        goes_beyond: bool = False,
    ) -> None:
        """Begin without sessions.

        Parameters
        ----------
        conditions : CallConditions
            Attempts that would begin at `until_us` or later are not made.
        sizes : list of Sizes or None, length classes
            Sizes of the buckets by class of model, None for no limits. Bucket b is of class
            b % classes.
        from_us : int
            Time of the first event at the earliest; buckets are full then.
        buckets, keys : int
            How many buckets and static prefixes there are.
        reads_cache : bool
            Whether there is a prompt cache; without one every attempt reads 0 tokens.
        goes_beyond : bool
            Whether sessions go on beyond the end of the log, to find out when they end. Each call
            is then tried only once, and these attempts are not noted.
        """
        provider = conditions.provider
        self._rules = rules_record(conditions, reads_cache=reads_cache, goes_beyond=goes_beyond)
        self._until_us = FOREVER_US if goes_beyond else conditions.until_us
        self._segments = segment_records(provider)
        self._segment_of_minute = provider.segment_of_minute
        self._sizes, self._limited = size_records(sizes, provider)
        self._buckets, self._touched_us = np.zeros(buckets, BUCKET), np.zeros(keys, np.int64)
        [segment] = provider.segment(np.array([from_us]))
        self._rules["from_us"] = from_us
        self._rules["from_period"] = self._segments["period"][segment]

        self._calls, self._sessions = RecordArena(CALL), RecordArena(SESSION)
        self._answered = RecordArena(ANSWERED)
        # by number, in the order in which they were added; and how many numbers were given out
        self._blocks: dict[int, LoopCalls] = {}
        self._free_numbers: list[int] = []
        self._numbers = 0
        self._openings: list[Records] = []
        self._sorted_openings = np.zeros(0, OPENING)

        self._heap = new_heap(_FIRST_ROOM)
        self._attempts = _new_attempts()
        self._full: list[Ints] = []
        self._progress = np.zeros(1, PROGRESS)

    # --- sessions ---------------------------------------------------------------------------------

    def reserve(self, blocks: Sequence[DrawnCalls]) -> None:
        """Make room for blocks that are added next; without it, room is made as it is needed."""
        self._calls.reserve(sum(len(calls.serial) for calls in blocks))
        self._sessions.reserve(sum(len(calls.calls_per_session) for calls in blocks))
        self._answered.reserve(sum(_histories(calls) for calls in blocks))

    def add(self, calls: DrawnCalls, until_us: Ints | None = None) -> LoopCalls:
        """Add a block of calls; none of its sessions is opened yet.

        Parameters
        ----------
        calls : DrawnCalls
            Calls of S sessions.
        until_us : array of int, shape (S,), optional
            When the account of each session is barred. The first attempt from then on is refused,
            and no other is made; but the session lasts as long as it would have.
        """
        block = LoopCalls(
            self._free_numbers.pop() if self._free_numbers else self._numbers,
            self._calls.place(len(calls.serial)),
            self._sessions.place(len(calls.calls_per_session)),
            self._answered.place(_histories(calls)),
        )
        self._blocks[block.number] = block
        self._numbers = max(self._numbers, block.number + 1)
        call_records(calls, self._calls.records[block.calls], block.histories.start)
        self._answered.records[block.histories] = (NEVER_US, 0)

        sessions = session_records(calls, block.calls.start, until_us)
        limited = self._limited[calls.bucket % len(self._limited)] & (calls.bucket >= 0)
        sessions["bucket"] = np.where(limited, calls.bucket, -1)
        sessions["block"], sessions["ends_us"] = block.number, FOREVER_US
        self._sessions.records[block.sessions] = sessions
        return block

    def remove(self, block: LoopCalls) -> None:
        """Forget a block of whose sessions none is in progress, and whose attempts are drained."""
        del self._blocks[block.number]
        self._free_numbers.append(block.number)
        self._calls.free(block.calls)
        self._sessions.free(block.sessions)
        self._answered.free(block.histories)

    def open(
        self, block: LoopCalls, start_us: Ints, group: Ints, sessions: Ints | None = None
    ) -> None:
        """Open sessions at known times.

        Parameters
        ----------
        block : LoopCalls
            What `add` returned.
        start_us, group : array of int, shape of `sessions`
            When each session starts, and its group. Sessions of different groups must share
            neither bucket nor key, because each group is carried out to its end before the next.
        sessions : array of int, optional
            Numbers of the sessions within the block; None for all of them.
        """
        of_block = self._sessions.records[block.sessions]
        number = np.arange(len(of_block)) if sessions is None else sessions
        openings = np.zeros(len(number), OPENING)
        openings["session"] = number + block.sessions.start
        openings["group"] = group
        first_call = self._calls.records[of_block["call"][number]]
        openings["at_us"] = start_us + first_call["wait_us"]
        self._openings.append(openings[openings["at_us"] < self._until_us])

    def ends_us(self, block: LoopCalls) -> Ints:
        """Return when each session of a block was over, `FOREVER_US` if it is not, shape (S,)."""
        return np.ascontiguousarray(self._sessions.records[block.sessions]["ends_us"])

    def starts_us(self, block: LoopCalls) -> Ints:
        """Return when each ticket of a block was begun, or is released, shape (S,)."""
        return np.ascontiguousarray(self._sessions.records[block.sessions]["opens_us"])

    def refused(self, block: LoopCalls) -> Bools:
        """Tell the sessions of a block whose account has had its refusal, shape (S,)."""
        return np.ascontiguousarray(self._sessions.records[block.sessions]["refused"])

    # --- workers ----------------------------------------------------------------------------------

    def begin(self, workers_from_us: Ints) -> None:
        """Add workers, who take tickets from these times on."""
        self._heap = new_heap(max(_FIRST_ROOM, 2 * len(workers_from_us)))
        state = self._progress[0]
        for at_us in workers_from_us.tolist():
            state["heap_length"] = push(
                self._heap, state["heap_length"], at_us, FREE_WORKER, BEGINS, 0
            )

    def tickets(
        self, block: LoopCalls, release_us: Ints, round_: int = 0, until_us: int = FOREVER_US
    ) -> None:
        """Make the sessions of a block the tickets that workers take next, in their order.

        Parameters
        ----------
        block : LoopCalls
            What `add` returned. What is left of the tickets before it is left out.
        release_us : array of int, shape (S,)
            When each ticket may begin, not before.
        round_ : int
            Number of the round. A round begins when all tickets of the round before have ended.
        until_us : int
            Workers that get free then or later leave the rest of the tickets.
        """
        records = self._sessions.records[block.sessions]
        records["opens_us"], records["has_worker"] = release_us, True
        state = self._progress[0]
        state["next_ticket"], state["past_ticket"] = block.sessions.start, block.sessions.stop
        state["batch_round"], state["batch_until_us"] = round_, until_us

    def end_work(self) -> None:
        """Say that there are no more tickets."""
        self._progress[0]["work_is_over"] = True

    def taken(self, block: LoopCalls) -> int:
        """Return how many tickets of the current block workers have taken."""
        return int(self._progress["next_ticket"][0] - block.sessions.start)

    # --- carrying out -----------------------------------------------------------------------------

    def run(self, until_us: int = FOREVER_US) -> int | None:
        """Carry out all events before `until_us`.

        Returns
        -------
        int or None
            None if that is done. Else the time at which a worker needs more `tickets`: give some,
            or `end_work`, and call again.
        """
        self._sort_openings()
        while True:
            before_us = min(until_us, self._until_us)
            reason = events.carry_out(before_us, self._arrays())
            if reason == events.IS_DONE:
                return None
            if reason == events.NEEDS_TICKETS:
                return int(self._heap[0, 0])
            self._make_room()

    def drain(self) -> list[tuple[LoopCalls, Attempts, Ints]]:
        """Return the attempts made since the last time, block by block.

        Returns
        -------
        list of (LoopCalls, Attempts, array of int)
            For each block with attempts, in the order in which blocks were added: these, in the
            order in which they were made (by group), and the tokens that each read from the cache.
            `Attempts.call` is the row in the calls of the block.
        """
        # pieces of attempts, with how many there are in each
        pieces = [(piece, len(piece)) for piece in self._full]
        pieces.append((self._attempts, int(self._progress[0]["attempts"])))
        self._full, self._progress[0]["attempts"] = [], 0

        count, first_call = np.zeros((2, self._numbers), np.int64)
        for piece, made in pieces:
            count += np.bincount(piece[:made, events.BLOCK], minlength=len(count))
        past = np.cumsum(count)
        for number, block in self._blocks.items():
            first_call[number] = block.calls.start

        # each piece is given up once it was split, so that most attempts are held only once
        columns = np.empty((events.BLOCK, count.sum()), np.int64)
        place = past - count
        pieces.reverse()
        while pieces:
            piece, made = pieces.pop()
            events.split_by_block(piece, made, first_call, place, columns)

        parts = []
        for number, block in self._blocks.items():
            if count[number]:
                *of_attempts, read = columns[:, past[number] - count[number] : past[number]]
                parts.append((block, Attempts(*of_attempts), read))
        return parts

    def _sort_openings(self) -> None:
        """Put sessions that were opened since the last run in order, behind those still to open."""
        if not self._openings:
            return
        to_open = self._sorted_openings[self._progress[0]["opening"] :]
        openings = np.concatenate([to_open, *self._openings])
        order = np.lexsort((openings["at_us"], openings["group"]))
        self._sorted_openings, self._openings = openings[order], []
        self._progress[0]["opening"] = 0

    def _make_room(self) -> None:
        """Put full attempts aside, or double the heap."""
        state = self._progress[0]
        if state["attempts"] == len(self._attempts):
            self._full.append(self._attempts)
            self._attempts, state["attempts"] = _new_attempts(), 0
        else:
            self._heap = np.concatenate([self._heap, np.zeros_like(self._heap)])

    def _arrays(self) -> events.LoopArrays:
        return events.LoopArrays(
            rules=self._rules,
            progress=self._progress,
            heap=self._heap,
            openings=self._sorted_openings,
            calls=self._calls.records,
            sessions=self._sessions.records,
            attempts=self._attempts,
            segments=self._segments,
            segment_of_minute=self._segment_of_minute,
            answered=self._answered.records,
            touched_us=self._touched_us,
            buckets=self._buckets,
            sizes=self._sizes,
        )


def _histories(calls: DrawnCalls) -> int:
    return int(calls.history.max(initial=-1)) + 1


def _new_attempts() -> Ints:
    """Return room for attempts, as `carry_out` fills it."""
    return np.empty((_ATTEMPTS, events.BLOCK + 1), np.int64)
