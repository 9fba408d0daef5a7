"""What a finished run holds, and what it took."""

from __future__ import annotations

from dataclasses import dataclass

from sim.output.achieved import ActorSummary
from sim.tables.formats import FileRecord
from sim.tables.store import Store


@dataclass(frozen=True)
class RunSummary:
    """What a finished run holds, and what it took.

    Attributes
    ----------
    out
        Where it lies.
    exchanges
        Attempts in the log (C1).
    actors
        What each actor achieved, in the order of the scenario.
    files
        Its files but for the manifest, in order of path.
    shards, parts
        How many there are, whoever made them and when.
    workers
        How many carried it out; 0 if nothing was left to do.
    peak_bytes
        The most memory that any of its processes held, as far as they were alive in this session.
    """

    out: Store
    exchanges: int
    actors: tuple[ActorSummary, ...]
    files: tuple[FileRecord, ...]
    shards: int
    parts: int
    workers: int
    peak_bytes: int

    @property
    def path(self) -> str:
        """Where the run lies."""
        return self.out.url
