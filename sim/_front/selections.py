"""Which rows of a run functions of the front are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sim._inputs import expect_number, expect_text, names_from

if TYPE_CHECKING:
    from sim._run import Run
    from sim.exports.selection import Selection


def selection_from(
    run: Run,
    *,
    actors: str | Iterable[str],
    since: str | datetime | None,
    until: str | datetime | None,
    sessions: int | None = None,
) -> Selection:
    """Return which rows of a run are meant.

    Parameters
    ----------
    run
        A finished run.
    actors, since, until, sessions
        As of `sim.export`.

    Raises
    ------
    TypeError
        If one is of another type.
    InvalidInputError
        Lists everything that cannot be, a line each.
    """
    from sim.exports.selection import selection_of

    if not isinstance(actors, Iterable):
        raise TypeError(f"actors are texts, one or several; found {type(actors).__name__}")
    ids = names_from(actors)
    for actor in ids:
        expect_text("an actor", actor)
    for name, moment in (("since", since), ("until", until)):
        if not isinstance(moment, str | datetime | None):
            raise TypeError(f"{name} is a text, a datetime or None; found {type(moment).__name__}")
    if sessions is not None:
        expect_number("sessions", sessions, whole=True)
    return selection_of(run, actors=ids, since=since, until=until, sessions=sessions)
