"""INV-2: nothing is admitted that the token buckets of its organisation do not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.arrays.columns import Columns, concat, take
from sim.arrays.time import FOREVER_US, MINUTE_US
from sim.arrays.types import Bools, Ints
from sim.catalog import Limit, tiers
from sim.invariants.check import Check
from sim.invariants.run_index import RunIndex
from sim.invariants.verdict import Breach, breach_at
from sim.scenario.resolved import World
from sim.world.attempts import OK, RATE_LIMIT
from sim.world.limits import BucketSize

KINDS = ("requests", "input tokens", "output tokens")


@dataclass
class Buckets:
    """One kind of bucket, of all organisations of one tier and class of model.

    `sizes` by segment of the limits; `missing` (units short of full) and `since_us` by
    organisation. `from_us`: before it nothing counts, and at it all buckets are full.
    """

    kind: int
    sizes: list[BucketSize]
    missing: Ints
    since_us: Ints
    segment: int = 0
    waiting: Columns = field(default_factory=dict)

    def turn(self, edge_us: int) -> None:
        """Refill up to the end of a segment, and cut to the size of the next."""
        old, new = self.sizes[self.segment], self.sizes[self.segment + 1]
        elapsed = np.clip(edge_us - self.since_us, 0, old.capacity // old.rate + 1)
        missing = np.maximum(self.missing - elapsed * old.rate, 0)
        self.missing = np.maximum(missing + new.capacity - old.capacity, 0)
        self.since_us = np.maximum(self.since_us, edge_us)
        self.segment += 1

    def replay(self, events: Columns) -> tuple[Ints, Bools]:
        """Units missing after each event of one segment, and whether it asked too much.

        Events are in order of time; each gives back, then takes. With d the units missing, it
        makes them max(0, d - refill - given back) + taken: a reflected walk, whose closed form is
        the sum of all steps plus the highest of what its floor has lifted it by.
        """
        import pandas as pd

        size, org = self.sizes[self.segment], events["org"]
        by_org = pd.Series(events["at"]).groupby(org)
        elapsed = events["at"] - by_org.shift(1, fill_value=0).to_numpy()
        is_first = ~pd.Series(org).duplicated().to_numpy()
        elapsed[is_first] = (events["at"] - self.since_us[org])[is_first]
        down = np.clip(elapsed, 0, size.capacity // size.rate + 1) * size.rate + events["gives"]
        lowered = _running(down, org, "cumsum")
        raised = _running(events["takes"], org, "cumsum")
        floor = _running(lowered - raised + events["takes"], org, "cummax")
        after = raised - lowered + np.maximum(floor, self.missing[org])
        is_last = ~pd.Series(org).duplicated(keep="last").to_numpy()
        self.missing[org[is_last]] = after[is_last]
        self.since_us[org[is_last]] = events["at"][is_last]
        return after, (after > size.capacity) & (events["takes"] > 0)


class Limits(Check):
    """Every window admits at most what a bucket holds and what it is refilled with.

    Buckets are replayed from full with what is sure to have been taken, so that the true level is
    never above the replayed one.
    """

    id, name = "INV-2", "limits"

    def __init__(self, index: RunIndex) -> None:
        super().__init__(index)
        starts, self._factors = limit_segments(
            index.scenario.world, index.scenario.clock.duration_us
        )
        self._edges_us = starts[1:] + index.opens_us
        self._sees_output_from_us = index.opens_us + index.scenario.world.timeout_us
        self._plans = dict(self._limits())
        self._buckets = {plan: self._furnish(limit) for plan, limit in self._plans.items()}
        self.note = self._left_out()

    def _limits(self) -> Iterator[tuple[tuple[int, int], Limit]]:
        """Limits by actor and class of model; without truth, actor -1 and the highest of all."""
        actors = self.index.scenario.actors
        seen = [self.index.full or not actor.batch_share for actor in actors]
        for number, name in enumerate(self.index.models.classes):
            own = [tiers()[actor.tier].get(name) for actor in actors]
            if self.index.truth:
                limits = zip(own, seen, strict=True)
                yield from (((k, number), x) for k, (x, told) in enumerate(limits) if x and told)
                continue
            if not all(seen):
                continue
            known = [limit for limit in own if limit]
            if len(known) == len(own):
                yield (-1, number), _highest(known)

    def _furnish(self, limit: Limit) -> list[Buckets]:
        organisations = int(self.index.accounts["org"].max(initial=-1)) + 1
        burst, made = self.index.scenario.world.burst, []
        per_minute = (
            limit.requests_per_min,
            limit.input_tokens_per_min,
            limit.output_tokens_per_min,
        )
        for kind, number in enumerate(per_minute[: 3 if self.index.full else 2]):
            sizes = BucketSize.series(number, self._factors, burst)
            since = np.full(organisations, self.index.opens_us)
            made.append(Buckets(kind, sizes, np.zeros(organisations, np.int64), since))
        return made

    def _left_out(self) -> str:
        notes = [] if self.index.full else ["output needs max_tokens, which the core profile lacks"]
        if not self.index.full and self.index.sells_batches:
            who = "actors that send some" if self.index.truth else "all"
            notes.append(f"nor has it service_tier, which exempts batches: {who} are left out")
        if not self.index.truth:
            notes.append("without truth the highest tier of the scenario counts for all")
        if not self._plans and (self.index.full or not self.index.sells_batches):
            notes.append("no actor is limited")
        return "; ".join(notes)

    def see(self, rows: Columns) -> None:
        actor = rows["actor"] if self.index.truth else np.full(len(rows["id"]), -1)
        of_class = np.append(self.index.models.class_of, -1)[rows["model"]]
        admitted = (rows["status"] != RATE_LIMIT) & (rows["account"] >= 0)
        if self.index.full:
            admitted &= ~rows["batch"]
        found: list[tuple[int, Breach]] = []
        for (own, number), buckets in self._buckets.items():
            mine = take(rows, admitted & (actor == own) & (of_class == number))
            if len(mine["id"]):
                mine["org"] = self.index.accounts["org"][mine["account"]]
                for bucket in buckets:
                    found += self._replay(bucket, self._events(bucket, mine), mine)
        self.breach = min(found, key=lambda f: f[0])[1] if found else None

    def _events(self, bucket: Buckets, rows: Columns) -> Columns:
        """What rows take when they begin, and what comes back of output when they end."""
        answered = rows["status"] == OK
        if bucket.kind == 0:
            asked = np.ones(len(answered), np.int64)
        elif bucket.kind == 1:
            asked = np.where(answered, rows["total"] - rows["read"], 0)
        else:
            asked = rows["max_tokens"]
        size = bucket.sizes[0]
        most = np.array([s.tokens for s in bucket.sizes])
        segment = np.searchsorted(self._edges_us, rows["start"], "right")
        units = np.minimum(asked, most[segment]) * size.per_token
        nothing = np.zeros(len(units), np.int64)
        place = np.arange(len(units))
        takes = _events(rows["start"], rows["org"], units, nothing, place)
        if bucket.kind < 2:
            return takes
        kept = np.where(answered, rows["output"], 0) * size.per_token
        gives = _events(rows["end"], rows["org"], nothing, units - np.minimum(kept, units), place)
        gives["place"][:] = -1
        return concat([gives, takes])

    def _replay(
        self, bucket: Buckets, events: Columns, rows: Columns
    ) -> Iterator[tuple[int, Breach]]:
        """Yield the first row of `rows` that a bucket did not hold enough for."""
        if bucket.waiting:
            events = concat([bucket.waiting, events])
        if bucket.kind == 2:
            # before that, answers may be on their way that are not in the log
            events = take(events, events["at"] >= self._sees_output_from_us)
        late = events["at"] > rows["start"][-1]
        bucket.waiting = take(events, late)
        events = take(events, ~late)
        events = take(events, np.lexsort((events["takes"] > 0, events["at"])))
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
                bucket.turn(edge)


def _overdrawn(
    bucket: Buckets, events: Columns, after: Ints, event: int, rows: Columns, index: RunIndex
) -> tuple[int, Breach]:
    size, place = bucket.sizes[bucket.segment], int(events["place"][event])
    takes, kind = int(events["takes"][event]), KINDS[bucket.kind]
    held = (size.capacity - int(after[event]) + takes) // size.per_token
    org = int(rows["org_id"][place])
    return int(rows["row"][place]), breach_at(
        rows,
        index.files,
        place,
        f"{takes // size.per_token} {kind} taken by org_{org:016x}",
        f"at most {max(held, 0)}, left of a bucket of {size.tokens} refilled "
        f"{size.per_minute} a minute",
    )


def limit_segments(world: World, duration_us: int) -> tuple[Ints, list[float]]:
    """When the factor on limits changes, from 0 on, and the factor from then on."""
    events = [e for e in world.events if e.kind == "limits"]
    edges = {0}
    for event in events:
        until_us = duration_us if event.until_us is None else event.until_us
        edges |= {event.at_us // MINUTE_US, until_us // MINUTE_US}
    starts = np.array(sorted(edges), np.int64)
    factors = np.ones(len(starts))
    for event in events:
        last = np.iinfo(np.int64).max if event.until_us is None else event.until_us // MINUTE_US
        factors[(starts >= event.at_us // MINUTE_US) & (starts < last)] *= event.factor
    return starts * MINUTE_US, factors.tolist()


def _highest(limits: list[Limit]) -> Limit:
    names = ("requests_per_min", "input_tokens_per_min", "output_tokens_per_min")
    return limits[0].model_copy(update={n: max(getattr(x, n) for x in limits) for n in names})


def _events(at: Ints, org: Ints, takes: Ints, gives: Ints, place: Ints) -> Columns:
    return {"at": at, "org": org, "takes": takes, "gives": gives, "place": place.copy()}


def _running(values: Ints, group: Ints, what: str) -> Ints:
    import pandas as pd

    result: Any = getattr(pd.Series(values).groupby(group), what)()
    return np.asarray(result.to_numpy(), np.int64)
