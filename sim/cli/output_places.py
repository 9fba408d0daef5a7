"""Where a verb may write charts and a page, and in which formats: said before it computes."""

from __future__ import annotations

import os
from pathlib import Path

import click

FORMATS = ("png", "svg", "pdf")


def formats_of(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    """Split `png,svg` into the formats of pictures; capitals and spaces do not matter.

    Raises
    ------
    click.BadParameter
        If one of them is no such format.
    """
    words = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",")))
    for word in words:
        if word not in FORMATS:
            raise click.BadParameter(f"found {word!r}; allowed: {', '.join(FORMATS)}")
    return words


formats_option = click.option(
    "--format",
    "formats",
    metavar="FORMATS",
    callback=formats_of,
    default="png,svg",
    show_default=True,
    help="Formats of the pictures, with commas between them: png, svg, pdf.",
)


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
