"""What every check is: it sees the rows of a run part by part and remembers the first breach."""

from __future__ import annotations

from sim.arrays.columns import Columns
from sim.invariants.run_index import RunIndex
from sim.invariants.verdict import Breach, Verdict


class Check:
    """One invariant. After its first breach a check is shown nothing more."""

    id: str
    name: str
    needs_truth = False

    def __init__(self, index: RunIndex) -> None:
        self.index = index
        self.breach: Breach | None = None
        self.note = ""

    def see(self, rows: Columns) -> None:
        """Check the next rows of the log."""

    def close(self) -> None:
        """Check what only the whole run tells."""

    def verdict(self) -> Verdict:
        return Verdict(
            self.id, self.name, "ok" if self.breach is None else "failed", self.note, self.breach
        )
