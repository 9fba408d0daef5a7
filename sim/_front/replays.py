"""Streams: a run that is replayed at the pace of its clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from sim._front.logs import logged
from sim._front.selections import selection_from
from sim._inputs import expect_number, expect_one_of, run_from

if TYPE_CHECKING:
    import pyarrow as pa

    from sim._inputs import RunLike

ORDERS = ("start", "end")


def stream(
    run: RunLike,
    *,
    speed: float | None = None,
    order: Literal["start", "end"] = "start",
    offset: int = 0,
    limit: int | None = None,
    actors: str | Iterable[str] = (),
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Replay the log of a run, an attempt after the other, at the pace of its clock.

    Parameters
    ----------
    run
        A finished run, with or without truth.
    speed
        How many times faster than the log, such as 60. An attempt that stands t seconds behind the
        first is given t / speed seconds after it, or as soon as it is asked for, if that is later.
        None for no clock.
    order
        `start`: by the time at which requests arrive, as in the log. `end`: by that at which their
        answers are complete, as a provider learns of them.
    offset
        How many rows at the beginning are left out. Every row has one place, so the first n rows
        and those from offset n on are the whole stream.
    limit
        How many rows come at most; all if left out.
    actors
        Rows of these actors alone; all if left out. Needs truth.
    since, until
        Only what arrives in [since, until): moments as `2026-02-05T08:00` (UTC), or times from the
        opening of the log as `2 d`.
    clock, sleep
        Tell the seconds that have passed, and wait for so many of them.

    Returns
    -------
    iterator of dict
        A row each, by the names of the columns of `log/exchanges`: what a line of `sim stream`
        holds. Identifiers are texts, times are texts in RFC 3339, what is missing is None.

    Raises
    ------
    InvalidInputError
        The selection is not possible or finds nothing, the stream has fewer rows than are left out,
        or a file of the run is damaged.
    """
    from sim.replay.pace import Pace
    from sim.replay.stream import Stream
    from sim.tables.formats import json_lines

    expect_one_of("order", order, ORDERS)
    for name, number in (("offset", offset), ("limit", 1 if limit is None else limit)):
        expect_number(name, number, whole=True)
    expect_number("speed", 1 if speed is None else speed)
    pace = Pace(speed, clock, sleep)

    opened = run_from(run)
    selection = selection_from(opened, actors=actors, since=since, until=until)
    rows = Stream(opened, selection, order=order, offset=offset, limit=limit)

    def values(table: pa.Table) -> list[dict[str, Any]]:
        """Return rows as their lines have them."""
        return [json.loads(line) for line in json_lines(table)]

    def told() -> Iterator[dict[str, Any]]:
        """Yield the rows, and log when the first is asked for and the last was."""
        with logged("stream", str(opened.store)):
            yield from chain.from_iterable(rows.paced(pace, values))

    return told()
