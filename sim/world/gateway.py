"""What the gateway does with the merged stream of requests: cache, and a check of the limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.tables.columns import Columns, concat, take
from sim.world.attempts import OK
from sim.world.cache import LIFETIME_5M_US, PrefixCache
from sim.world.limits import Runs, Sizes, overdrawn
from sim.world.weather import Weather

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_ONLY_HERE = (
    "context",
    "left",
    "static",
    "lifetime",
    "key",
    "bucket",
    "asks_output",
    "session_read",
)


class Gateway:
    """Sees the attempts of some organisations in order of time, in one piece or several.

    `sizes` are those of each class of model, None where nothing limits it; bucket b belongs to
    organisation b // classes and class b % classes.
    """

    def __init__(
        self,
        weather: Weather,
        keys: int,
        organisations: int,
        sizes: list[Sizes | None],
        opens_us: int,
    ) -> None:
        self._weather, self._sizes = weather, sizes
        self._cache = PrefixCache(keys)
        buckets = organisations * len(sizes)
        self._deficit = np.zeros((3, buckets), np.int64)
        self._since_us = np.full((3, buckets), opens_us)
        self._open: Columns = {}
        self._segment = first = weather.segment_scalar(opens_us)
        steps = np.flatnonzero(np.diff(weather.limits[first:])) + first
        self._changes = [(int(weather.ends_us[k]), int(k) + 1) for k in steps]
        self.overdrawn = np.zeros(buckets, np.bool_)

    def read_tokens(self, rows: Columns) -> Ints:
        """What each attempt reads from the cache; rows in order of time and serial number."""
        touches = (rows["status"] == OK) & (rows["left"] > 0)
        touched = self._cache.touched_before(rows["ts"], rows["key"], touches)
        alive = rows["ts"] - touched <= rows["lifetime"]
        static = np.where(alive, np.minimum(rows["static"], rows["left"]), 0)
        return np.where(rows["session_read"] >= 0, rows["session_read"], static)

    def check(self, rows: Columns, read: Ints, until_us: int) -> None:
        """Note in `overdrawn` which buckets the rows, all before `until_us`, ask too much of."""
        if not any(self._sizes):
            return
        limited = rows["bucket"] >= 0
        if not limited.all():
            rows, read = take(rows, limited), read[limited]
        new = self._events(rows, read)
        events = concat([self._open, new]) if self._open else new
        late = events["at"] >= until_us
        self._open = take(events, late)
        due = take(events, ~late)
        # what is given back at a microsecond comes before what is taken; among takers the order
        # makes no difference to whether the last of them finds enough
        due = take(due, np.argsort(2 * due["at"] + ~due["gives_back"]))
        low = 0
        while self._changes and self._changes[0][0] < until_us:
            edge, segment = self._changes.pop(0)
            high = int(np.searchsorted(due["at"], edge))
            self._check_stretch(take(due, slice(low, high)))
            self._change_limits(edge, segment)
            low = high
        self._check_stretch(take(due, slice(low, None)))

    def _events(self, rows: Columns, read: Ints) -> Columns:
        """An attempt takes when it begins; of the output, what it did not use comes back."""
        count = len(rows["ts"])
        segment = self._weather.segment(rows["ts"])
        twice = {
            "bucket": rows["bucket"].astype(np.int64),
            "serial": rows["serial"],
            "requests": np.ones(count, np.int64),
            "input": self._at_most_a_bucket(rows["context"] - read, rows, segment, "input"),
            "output": self._at_most_a_bucket(rows["asks_output"], rows, segment, "output"),
            "kept": rows["output"].astype(np.int64),
        }
        return {name: np.concatenate([values, values]) for name, values in twice.items()} | {
            "at": np.concatenate([rows["ts"], rows["ts"] + rows["duration"]]),
            "gives_back": np.repeat([False, True], count),
        }

    def _at_most_a_bucket(self, tokens: Ints, rows: Columns, segment: Ints, kind: str) -> Ints:
        asked = tokens.astype(np.int64)
        of_class = rows["bucket"] % len(self._sizes)
        for number, sizes in enumerate(self._sizes):
            if sizes is not None:
                most = np.array([size.tokens for size in getattr(sizes, kind)])
                mine = of_class == number
                asked[mine] = np.minimum(asked[mine], most[segment[mine]])
        return asked

    def _check_stretch(self, events: Columns) -> None:
        if not len(events["at"]):
            return
        of_class = events["bucket"] % len(self._sizes)
        for number, sizes in enumerate(self._sizes):
            mine = np.flatnonzero(of_class == number)
            if sizes is None or not len(mine):
                continue
            mine = mine[np.argsort(events["bucket"][mine], kind="stable")]
            own = take(events, mine)
            back = own["gives_back"]
            runs = Runs.of(own["bucket"], own["at"])
            for kind, name in enumerate(("requests", "input", "output")):
                size = sizes[kind][self._segment]
                units = own[name] * size.per_token
                gives = np.zeros(len(units), np.int64)
                if name == "output":
                    kept = np.minimum(own["kept"] * size.per_token, units)
                    gives = np.where(back, units - kept, 0)
                takes = np.where(back, 0, units)
                state = self._deficit[kind], self._since_us[kind]
                over = overdrawn(size, runs, takes, gives, *state)
                self.overdrawn[runs.present] |= over

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


def with_tokens(rows: Columns, read: Ints) -> Columns:
    """Rows as the log has them: the input split, and nothing counted for a failed attempt."""
    answered = rows["status"] == OK
    write = np.where(rows["left"] > 0, rows["left"] - read, 0)
    hour = rows["lifetime"] > LIFETIME_5M_US

    def tokens(values: Ints) -> NDArray[np.int32]:
        return np.where(answered, values, 0).astype(np.int32)

    kept = {name: values for name, values in rows.items() if name not in _ONLY_HERE}
    return kept | {
        "uncached": tokens(rows["context"] - read - write),
        "read": tokens(read),
        "write_5m": tokens(np.where(hour, 0, write)),
        "write_1h": tokens(np.where(hour, write, 0)),
    }
