"""Which table a file of a pack belongs to."""

from __future__ import annotations

from pathlib import PurePosixPath


def table_of(path: str) -> str:
    """Return the table of a Parquet file of a pack, such as `log/exchanges` for a part of it."""
    place = PurePosixPath(path)
    return str(place.parent if place.name.startswith("part-") else place.with_suffix(""))
