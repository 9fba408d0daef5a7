"""What checks of a run return: short to look at, and an error on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sim.documents.printable import first_of, printable
from sim.errors import CheckFailedError

if TYPE_CHECKING:
    import pandas as pd

    from sim.invariants import Verdict


@dataclass(frozen=True, repr=False)
class Verification:
    """Whether a run holds what its manifest says.

    `files` is how many the manifest lists; `problems` has a line for each that is missing, altered
    or unknown, and after a rerun for each that differs. `other_software` has a line for each
    version that differs from the one that made the run.
    """

    run: str
    files: int
    problems: tuple[str, ...]
    is_rerun: bool = False
    other_software: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def raise_if_failed(self) -> None:
        """Raise CheckFailedError with a line for each problem, if there is one."""
        if self.problems:
            raise CheckFailedError("\n".join(first_of(self.problems)))

    def __repr__(self) -> str:
        """Return what the command line prints."""
        if self.problems:
            return "\n".join(first_of(self.problems))
        rerun = ", and a rerun gives the same bytes" if self.is_rerun else ""
        return f"{self.run}: {self.files} files are as the manifest says{rerun}"


class Verdicts(Sequence["Verdict"]):
    """One verdict for each invariant of a run, in order.

    `other_files` has a line for each file that is not the one of the manifest; what it holds was
    checked.
    """

    def __init__(
        self, run: str, verdicts: Sequence[Verdict], other_files: Sequence[str] = ()
    ) -> None:
        self.run = run
        self.other_files = tuple(other_files)
        self._verdicts = tuple(verdicts)

    def __len__(self) -> int:
        return len(self._verdicts)

    def __getitem__(self, index: int | str) -> Verdict:  # type: ignore[override]
        """Return a verdict by its position, or by the id of the invariant, such as INV-1."""
        if isinstance(index, str):
            return {verdict.id: verdict for verdict in self._verdicts}[index]
        return self._verdicts[index]

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts on invariants that do not hold."""
        return tuple(verdict for verdict in self._verdicts if verdict.status == "failed")

    @property
    def ok(self) -> bool:
        """Whether no invariant is broken; those that were not checked do not count."""
        return not self.failed

    def raise_if_failed(self) -> None:
        """Raise CheckFailedError that names the broken invariants, if there are any."""
        if self.failed:
            broken = ", ".join(verdict.id for verdict in self.failed)
            raise CheckFailedError(f"{printable(self.run)}: broken: {broken}")

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each invariant: id, name, status, note, breach."""
        import pandas as pd

        rows = [{**asdict(verdict), "breach": str(verdict.breach or "")} for verdict in self]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        """Return what the command line prints, a line for each invariant."""
        return "\n".join(printable(verdict) for verdict in self)
