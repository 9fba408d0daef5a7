"""Where a verb may write charts and a page: refused before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path


def check_places(charts: Path | None, html: Path | None) -> None:
    """Refuse before anything is computed what could not be written after it.

    Parameters
    ----------
    charts
        Folder of the charts, which need not exist; None for none.
    html
        File of the page; its folder need not exist. None for no page.

    Raises
    ------
    InvalidInputError
        If the nearest folder that exists is a file, or cannot be written to.
    """
    from sim.errors import InvalidInputError

    for option, place in (("--charts", charts), ("--html", html and html.parent)):
        if place is None:
            continue
        above = next(x for x in (place, *place.absolute().parents) if x.exists())
        if not above.is_dir():
            raise InvalidInputError(f"{option}: {above} is a file, not a folder")
        if not os.access(above, os.W_OK):
            raise InvalidInputError(f"{option}: {above} cannot be written to; choose another place")
