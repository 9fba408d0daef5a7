"""Where a verb may write charts and a page, and in which formats: said before it computes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from sim.picture_formats import ALL_FORMATS, DEFAULT_FORMATS

# A path has lost the second slash of it.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def formats_of(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    """Split `png,svg` into the formats of pictures; capitals and spaces do not matter.

    Raises
    ------
    click.BadParameter
        If one of them is no such format.
    """
    words = tuple(dict.fromkeys(word.strip().lower() for word in text.split(",")))
    for word in words:
        if word not in ALL_FORMATS:
            raise click.BadParameter(f"found {word!r}; allowed: {', '.join(ALL_FORMATS)}")
    return words


formats_option = click.option(
    "--format",
    "formats",
    metavar="FORMATS",
    callback=formats_of,
    default=",".join(DEFAULT_FORMATS),
    show_default=True,
    help=f"Formats of the pictures, with commas between them: {', '.join(ALL_FORMATS)}.",
)


def check_places(
    charts: Path | None, html: Path | None, read: Sequence[str] = (), out: Path | None = None
) -> None:
    """Refuse before anything is computed what could not be written after it, or should not be.

    Parameters
    ----------
    charts
        Folder of the charts, which need not exist; None for none.
    html
        File of the page; its folder need not exist. None for no page.
    read
        What is read: files, which are not written over; and runs and packs, the folders of their
        manifests, which list all files in them. Other words are passed over.
    out
        Another file of results; its folder need not exist. None for none.

    Raises
    ------
    InvalidInputError
        If the nearest folder that exists is a file, or cannot be written to; if a file is a folder
        or a URL, or is read, or two are one; or if a place lies within a run or pack.
    """
    from sim.errors import InvalidInputError
    from sim.tables.manifest import MANIFEST

    places = (("--charts", charts), ("--html", html), ("--out", out))
    for option, file in places:
        place = file if file is None or option == "--charts" else file.parent
        if place is None:
            continue
        above = next(x for x in (place, *place.absolute().parents) if x.exists())
        if not above.is_dir():
            raise InvalidInputError(f"{option}: {above} is a file, not a folder")
        if not os.access(above, os.W_OK):
            raise InvalidInputError(f"{option}: {above} cannot be written to; choose another place")

    _expect_files({option: file for option, file in places[1:] if file is not None}, read)
    folders = [Path(x).resolve() for x in read if _is_file(Path(x) / MANIFEST)]
    for option, place in places:
        for run in folders:
            if place is not None and place.resolve().is_relative_to(run):
                raise InvalidInputError(
                    f"{option}: {place} lies in the run {run.name}, which holds nothing but what "
                    "was simulated; choose another place"
                )


def _expect_files(files: Mapping[str, Path], read: Sequence[str]) -> None:
    """Refuse files that are none, that are read, or that are written twice."""
    from sim.errors import InvalidInputError

    taken = {Path(x).resolve(): "is read" for x in read if _is_file(Path(x))}
    for option, file in files.items():
        if _URL.match(str(file)):
            raise InvalidInputError(f"{option}: {file}: found a URL; give a file on this machine")
        if file.is_dir():
            raise InvalidInputError(f"{option}: {file} is a folder, not a file")
        place = file.resolve()
        if place in taken:
            raise InvalidInputError(f"{option}: {file} {taken[place]}; choose another name")
        taken[place] = f"is written by {option} too"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no word for a file, such as one of a thousand letters
        return False
