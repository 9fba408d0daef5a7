"""INV-2: nothing is admitted that the token buckets of its organisation do not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.compiled import compiled
from sim.arrays.time import FOREVER_US, MINUTE_US
from sim.arrays.types import Bools, Ints
from sim.catalog import Limit, limits_of
from sim.invariants.check import Breach, Check, breach_at
from sim.invariants.run_index import RunIndex
from sim.scenario.resolved import World
from sim.world.attempts import OK, RATE_LIMIT
from sim.world.limits import BucketSize

REQUESTS, INPUT, OUTPUT = range(3)
KINDS = ("requests", "input tokens", "output tokens")


@dataclass
class Buckets:
    """Token buckets of one kind for one actor and class of model, one for each organisation.

    Levels are whole units, kept as what is missing: a bucket of `capacity` units gains `rate` units
    a microsecond, and `per_token` units are one request or token.

    Attributes
    ----------
    kind
        `REQUESTS`, `INPUT` or `OUTPUT`.
    sizes
        Size by segment: a stretch of time within which the factor on limits is constant.
    missing
        Units short of full, shape (organisations,).
    since_us
        The time for which `missing` holds, microseconds since 1970, shape (organisations,).
    takes_debt
        Whether some events take what is not there, so that more can be missing than the size.
    segment
        The segment that the replay has come to.
    waiting
        Events later than the rows seen so far.
    """

    kind: int
    sizes: list[BucketSize]
    missing: Ints
    since_us: Ints
    takes_debt: bool = False
    segment: int = 0
    waiting: Columns = field(default_factory=dict)

    def next_segment(self, edge_us: int) -> None:
        """Refill up to the end of a segment, and cut to the size of the next.

        What is in a bucket stays as it is, but for what no longer fits.

        Parameters
        ----------
        edge_us
            End of the segment, microseconds since 1970.
        """
        old, new = self.sizes[self.segment], self.sizes[self.segment + 1]
        elapsed = np.clip(edge_us - self.since_us, 0, self.missing // old.rate + 1)
        missing = np.maximum(self.missing - elapsed * old.rate, 0)
        self.missing = np.maximum(missing + new.capacity - old.capacity, 0)
        self.since_us = np.maximum(self.since_us, edge_us)
        self.segment += 1

    def replay(self, events: Columns) -> tuple[Ints, Bools]:
        """Replay the events of one segment, in order of time; each gives back, then takes.

        Parameters
        ----------
        events
            Columns `org`, `at` (microseconds since 1970, ascending), `asks`, `takes` and `gives`
            (units), of any organisations together; at least one event. One that asks for 0 takes
            what is not there.

        Returns
        -------
        after : Ints
            Units missing after each event, shape (events,). It may be more than the capacity.
        over : Bools
            Whether it asked for more than there was, shape (events,).
        """
        size, takes = self.sizes[self.segment], events["takes"]
        after = np.empty(len(takes), np.int64)
        columns = (events[name] for name in ("org", "at", "takes", "gives"))
        arrays = (np.array(column, np.int64) for column in columns)
        _replay(*arrays, self.missing, self.since_us, size.rate, after)
        return after, (after - takes + events["asks"] > size.capacity) & (events["asks"] > 0)


@compiled
def _replay(
    org: Any,
    at_us: Any,
    takes: Any,
    gives: Any,
    missing: Any,
    since_us: Any,
    rate: Any,
    after: Any,
) -> None:
    """Write what is missing after each event; `missing` and `since_us` are moved on."""
    for k in range(len(org)):
        of, short = org[k], missing[org[k]]
        # the product is made only where it is no more than what is missing
        elapsed_us = max(at_us[k] - since_us[of], 0)
        short = short - elapsed_us * rate if elapsed_us <= short // rate else 0
        after[k] = missing[of] = max(short - gives[k], 0) + takes[k]
        since_us[of] = at_us[k]


class Limits(Check):
    """No organisation gets more than its token buckets hold and are refilled with.

    Buckets are replayed from full with what is sure to have been taken, so that the replayed level
    is never below the true one: what breaks this check was surely too much, but not every slip is
    found. Refused requests take nothing. Batches have no limits. Without truth the tier of an
    account is not known, and the highest limit of all actors counts.
    """

    id, name = "INV-2", "limits"

    def __init__(self, index: RunIndex) -> None:
        """Fill the buckets as they are when the log opens.

        Output that was taken up front before the opening may still be on its way back; it is looked
        at only from a timeout later on.
        """
        super().__init__(index)
        world = index.scenario.world
        self._up_front = world.limits.output == "up_front"
        starts, self._factors = limit_segments(world, index.scenario.clock.duration_us)
        self._edges_us = starts[1:] + index.opens_us
        self._sees_output_from_us = index.opens_us + world.timeout_us
        limits = dict(self._limits())
        self._buckets = {key: self._full_buckets(limit) for key, limit in limits.items()}
        self.note = self._left_out()

    def _limits(self) -> Iterator[tuple[tuple[int, int], Limit]]:
        """Yield ((actor, class of model), limit) of what can be checked.

        Without truth the actor is -1, and the highest limit of all actors counts; a class for which
        some actor has no limit is left out. Without `service_tier`, actors that send batches are
        left out.
        """
        actors, day = self.index.scenario.actors, self.index.scenario.world.limits.as_of
        is_seen = [self.index.full or not actor.batch_share for actor in actors]
        for number, name in enumerate(self.index.models.classes):
            by_actor = [limits_of(actor.tier, day).get(name) for actor in actors]
            if self.index.truth:
                for actor, limit in enumerate(by_actor):
                    if limit and is_seen[actor]:
                        yield (actor, number), limit
                continue
            limits = [limit for limit in by_actor if limit]
            if all(is_seen) and len(limits) == len(by_actor):
                yield (-1, number), _highest(limits)

    def _full_buckets(self, limit: Limit) -> list[Buckets]:
        """Return a full bucket of each kind for every organisation.

        Output that is taken up front needs `max_tokens`, so it is left out in the core profile.
        """
        organisations = int(self.index.accounts["org"].max(initial=-1)) + 1
        per_minute = (
            limit.requests_per_min,
            limit.input_tokens_per_min,
            limit.output_tokens_per_min,
        )
        buckets = []
        kinds = 3 if self.index.full or not self._up_front else 2
        for kind, number in enumerate(per_minute[:kinds]):
            sizes = BucketSize.series(number, self._factors, self.index.scenario.world.burst)
            since_us = np.full(organisations, self.index.opens_us)
            takes_debt = kind == OUTPUT and not self._up_front
            none_missing = np.zeros(organisations, np.int64)
            buckets.append(Buckets(kind, sizes, none_missing, since_us, takes_debt))
        return buckets

    def _left_out(self) -> str:
        """Say what is not checked, and why."""
        index = self.index
        notes = []
        if not index.full and self._up_front:
            notes.append("output needs max_tokens, which the core profile lacks")
        if not index.full and index.sells_batches:
            actors = "actors that send some" if index.truth else "all"
            notes.append(
                "service_tier, which exempts batches, is not in the core profile: "
                f"{actors} are left out"
            )
        if not index.truth:
            notes.append("without truth the highest tier of the scenario counts for all")
        if not self._buckets and (index.full or not index.sells_batches):
            notes.append("no actor is limited")
        return "; ".join(notes)

    def see(self, rows: Columns) -> None:
        """Replay the buckets over the next rows, all but refused requests and batches."""
        actor = rows["actor"] if self.index.truth else np.full(len(rows["id"]), -1)
        model_class = np.append(self.index.models.class_of, -1)[rows["model"]]
        is_admitted = (rows["status"] != RATE_LIMIT) & (rows["account"] >= 0)
        if self.index.full:
            is_admitted &= ~rows["batch"]

        breaches: list[tuple[int, Breach]] = []
        for (of_actor, of_class), buckets in self._buckets.items():
            meant = take(rows, is_admitted & (actor == of_actor) & (model_class == of_class))
            if len(meant["id"]):
                meant["org"] = self.index.accounts["org"][meant["account"]]
                for bucket in buckets:
                    breaches += self._replay(bucket, self._events(bucket, meant), meant)
        self.breach = min(breaches, key=lambda b: b[0])[1] if breaches else None

    def _events(self, bucket: Buckets, rows: Columns) -> Columns:
        """Return what rows take when they begin, and what becomes of output when they end.

        A row takes one request, its uncached input if it was answered, or `max_tokens` of output,
        of which it gets back what it did not use. No more is taken than a full bucket holds. Where
        output is not taken up front, a row asks for one token, and its answer is taken at its end.

        Returns
        -------
        Columns
            `at`, `org`, `asks`, `takes` and `gives` in units of the bucket, and `place`: the row of
            `rows`, -1 for an end. Not in order of time.
        """
        answered = rows["status"] == OK
        if bucket.kind == REQUESTS:
            asked = np.ones(len(answered), np.int64)
        elif bucket.kind == INPUT:
            asked = np.where(answered, rows["total"] - rows["read"], 0)
        elif bucket.takes_debt:
            asked = np.ones(len(answered), np.int64)
        else:
            asked = rows["max_tokens"]

        per_token = bucket.sizes[0].per_token
        most = np.array([size.tokens for size in bucket.sizes])
        segment = np.searchsorted(self._edges_us, rows["start"], "right")
        units = np.minimum(asked, most[segment]) * per_token
        nothing = np.zeros(len(units), np.int64)
        row = np.arange(len(units))
        takes = {
            "at": rows["start"],
            "org": rows["org"],
            "asks": units,
            "takes": nothing if bucket.takes_debt else units,
            "gives": nothing,
            "place": row,
        }
        if bucket.kind != OUTPUT:
            return takes

        used = np.where(answered, rows["output"], 0) * per_token
        ends = {
            "at": rows["end"],
            "org": rows["org"],
            "asks": nothing,
            "takes": used if bucket.takes_debt else nothing,
            "gives": nothing if bucket.takes_debt else units - np.minimum(used, units),
            "place": np.full(len(units), -1),
        }
        return concat([ends, takes])

    def _replay(
        self, bucket: Buckets, events: Columns, rows: Columns
    ) -> Iterator[tuple[int, Breach]]:
        """Yield the first row of `rows` that a bucket did not hold enough for; at most one.

        Events behind the last start of the part wait for the next one. At equal times what comes
        back is there before something is taken.
        """
        if bucket.waiting:
            events = concat([bucket.waiting, events])
        if bucket.kind == OUTPUT and self._up_front:
            # before that, answers may be on their way that are not in the log
            events = take(events, events["at"] >= self._sees_output_from_us)
        is_late = events["at"] > rows["start"][-1]
        bucket.waiting = take(events, is_late)
        events = take(events, ~is_late)
        events = take(events, np.lexsort((events["place"] >= 0, events["at"])))

        # each pass replays the events up to one change of limits
        while len(events["at"]):
            edge = int(np.append(self._edges_us, FOREVER_US)[bucket.segment])
            now = take(events, slice(0, int(np.searchsorted(events["at"], edge))))
            if len(now["at"]):
                after, over = bucket.replay(now)
                if over.any():
                    yield _overdrawn(bucket, now, after, int(np.argmax(over)), rows, self.index)
                    return
            events = take(events, slice(len(now["at"]), None))
            if len(events["at"]):
                bucket.next_segment(edge)


def _overdrawn(
    bucket: Buckets, events: Columns, after: Ints, event: int, rows: Columns, index: RunIndex
) -> tuple[int, Breach]:
    """Return (row in its file, breach) of an event that asked for more than there was."""
    size, place = bucket.sizes[bucket.segment], int(events["place"][event])
    asks, kind = int(events["asks"][event]), KINDS[bucket.kind]
    left = (size.capacity - int(after[event]) + int(events["takes"][event])) // size.per_token
    org = int(rows["org_id"][place])
    return int(rows["row"][place]), breach_at(
        rows,
        index.files,
        place,
        f"{asks // size.per_token} {kind} taken by org_{org:016x}",
        f"at most {max(left, 0)}, left of a bucket of {size.tokens} refilled "
        f"{size.per_minute} a minute",
    )


def limit_segments(world: World, duration_us: int) -> tuple[Ints, list[float]]:
    """Return the segments within which the factor on limits is constant.

    Limits change at whole minutes. Factors of events that overlap are multiplied.

    Parameters
    ----------
    world
        Of its timeline the events of kind `limits` count.
    duration_us
        Length of the clock; an event without an end lasts beyond it.

    Returns
    -------
    starts : Ints
        When each segment starts, microseconds since the opening, ascending, the first 0.
    factors : list of float
        The factor of each segment.
    """
    events = [e for e in world.events if e.kind == "limits"]
    edges = {0}
    for event in events:
        until_us = duration_us if event.until_us is None else event.until_us
        edges |= {event.at_us // MINUTE_US, until_us // MINUTE_US}

    starts = np.array(sorted(edges), np.int64)
    factors = np.ones(len(starts))
    for event in events:
        last = FOREVER_US if event.until_us is None else event.until_us // MINUTE_US
        factors[(starts >= event.at_us // MINUTE_US) & (starts < last)] *= event.factor
    return starts * MINUTE_US, factors.tolist()


def _highest(limits: list[Limit]) -> Limit:
    """Return the highest of each kind of limit, as one limit."""
    names = ("requests_per_min", "input_tokens_per_min", "output_tokens_per_min")
    return limits[0].model_copy(update={n: max(getattr(x, n) for x in limits) for n in names})
