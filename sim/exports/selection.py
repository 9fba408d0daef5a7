"""Which rows of a log are meant: those of some actors, of a stretch of time, of N sessions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sim.documents.printable import printable
from sim.documents.quantities import format_duration, parse_duration, parse_instant, quoted
from sim.errors import InvalidInputError

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario.resolved import Clock
    from sim.tables.reading import Run

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
# A moment to the microsecond, as rows of the log and messages have it.
_FRACTION = re.compile(r"(.*:\d\d)\.(\d{1,6})(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Selection:
    """Which rows are meant.

    Attributes
    ----------
    since_us, until_us
        Those that arrive in [since, until), in microseconds of Unix time.
    actors
        Actors whose rows are meant; empty for all.
    sessions
        So many sessions, those of the first rows among the others; None for all.
    """

    since_us: int
    until_us: int
    actors: tuple[str, ...] = ()
    sessions: int | None = None

    @property
    def truth(self) -> tuple[str, ...]:
        """The columns of `truth/exchanges` that decide."""
        by_actor = ("actor_id",) if self.actors else ()
        return (*by_actor, "session_uid") if self.sessions is not None else by_actor

    @property
    def finds_nothing(self) -> str:
        """What is said of a run in which no row is meant."""
        of = f" of {' and '.join(self.actors)}" if self.actors else ""
        stretch = f"from {text_of(self.since_us)} to {text_of(self.until_us)}"
        return f"has no exchanges{of} {stretch}; select more"

    def of(self, part: pa.Table) -> pa.Table:
        """Return the rows of a part of the log that are meant; `sessions` is not looked at.

        Parameters
        ----------
        part
            Rows in order of time, with `ts_start` and the columns of `truth` beside them.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        starts = pc.cast(part.column("ts_start"), pa.int64()).to_numpy()
        first, last = starts.searchsorted([self.since_us, self.until_us])
        part = part.slice(first, last - first)
        if self.actors:
            part = part.filter(pc.is_in(part.column("actor_id"), pa.array(self.actors)))
        return part


def selection_of(
    run: Run,
    *,
    actors: Sequence[str] = (),
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    sessions: int | None = None,
) -> Selection:
    """Return which rows of a run are meant.

    Parameters
    ----------
    run
        A finished run; one without truth knows neither actors nor sessions.
    actors
        Ids of actors of its scenario; all if left out.
    since, until
        Moments as `2026-02-05T08:00` (UTC), or times from the opening of the log as `2 d`; the
        whole log if left out. `until` is not included.
    sessions
        How many sessions, 1 or more; all if left out.

    Raises
    ------
    InvalidInputError
        Lists everything that cannot be, a line each.
    """
    clock = run.scenario.clock
    closing_us = clock.opening_us + clock.duration_us
    faults: list[str] = []
    since_us = _moment("--from", since, clock, clock.opening_us, faults)
    until_us = _moment("--until", until, clock, closing_us, faults)

    if not faults and since_us >= until_us:
        faults.append(
            f"--until: should be later than --from; found {text_of(until_us)}, and "
            f"{text_of(since_us)} of --from"
        )
    if sessions is not None and sessions < 1:
        faults.append(f"--sessions: should be 1 or more, found {sessions}")
    faults += _unknown(actors, [actor.id for actor in run.scenario.actors])
    asked = [f"--{name}" for name, value in (("actor", actors), ("sessions", sessions)) if value]
    if asked and not run.has("truth/exchanges"):
        faults.append(
            f"{' and '.join(asked)}: its truth was taken away, which says who sent what in which "
            "session; select by --from and --until alone"
        )

    if faults:
        raise InvalidInputError("\n".join(f"{run.store}: {fault}" for fault in faults))
    return Selection(since_us, until_us, tuple(dict.fromkeys(actors)), sessions)


def text_of(moment_us: int) -> str:
    """Return a moment in microseconds of Unix time as `2026-02-05T08:00:00Z`."""
    return (_EPOCH + timedelta(microseconds=moment_us)).isoformat().replace("+00:00", "Z")


def _moment(
    option: str, given: str | datetime | None, clock: Clock, default_us: int, faults: list[str]
) -> int:
    """Return a moment within the clock in microseconds; where it is none, add to the faults.

    Parameters
    ----------
    option
        What messages call it.
    given
        A moment, a time from the opening of the log, or None.
    clock
        Of the run.
    default_us
        Returned for None, and after a fault.
    faults
        Gets a line for what cannot be.
    """
    if given is None:
        return default_us
    opening_us, closing_us = clock.opening_us, clock.opening_us + clock.duration_us
    moment_us = _parsed(given, opening_us)

    if isinstance(given, datetime) and given.tzinfo is None:
        faults.append(
            f"{option}: should be a datetime with a time zone, such as UTC; found {given}"
        )
    elif moment_us is None:
        faults.append(
            f"{option}: should be a moment such as 2026-02-05 or 2026-02-05T08:00Z (UTC), or a "
            f"time from the opening of the log such as '2 d'; found {quoted(printable(str(given)))}"
        )
    elif not opening_us <= moment_us <= closing_us:
        faults.append(
            f"{option}: {text_of(moment_us)} lies outside the clock of the run, "
            f"{text_of(opening_us)} to {text_of(closing_us)}; give a moment in between, or a time "
            f"from its opening up to {quoted(format_duration(clock.duration_us))}"
        )
    else:
        return moment_us
    return default_us


def _parsed(given: str | datetime, opening_us: int) -> int | None:
    """Return a moment in microseconds of Unix time, None for what is no moment."""
    try:
        if isinstance(given, str) and given[4:5] != "-":  # 2026-...
            return opening_us + parse_duration(given)
        fraction = _FRACTION.fullmatch(given) if isinstance(given, str) else None
        if fraction is None:
            return (parse_instant(given) - _EPOCH) // _US
        second = parse_instant(fraction[1] + (fraction[3] or ""))
        return (second - _EPOCH) // _US + int(fraction[2].ljust(6, "0"))
    except ValueError:
        return None


def _unknown(actors: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return a line for each actor that the scenario does not have."""
    return [
        f"--actor: there is no actor {quoted(printable(str(actor)))}; there are "
        f"{', '.join(difflib.get_close_matches(str(actor), known, 5) or known[:20])}"
        for actor in actors
        if actor not in known
    ]
