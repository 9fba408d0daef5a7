"""How far a run is, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Progress(NamedTuple):
    """How far a run is.

    Attributes
    ----------
    doing
        `simulates` or `writes`.
    share
        The share done, 0 to 1; simulating counts for 55 % of a run.
    exchanges
        Those of finished shards.
    peak_bytes
        The most memory that a process has held so far.
    """

    doing: str
    share: float
    exchanges: int
    peak_bytes: int


Observer = Callable[[Progress], None]
