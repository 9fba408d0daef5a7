"""A finished run as the front gives it: tables, SQL and counts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, overload

from sim.counting import Counts, count_run
from sim.tables.reading import Run as TablesOfRun

if TYPE_CHECKING:
    import pandas as pd


class Run(TablesOfRun):
    """A finished run: its manifest, its tables and its counts.

    Tables are named as their files are, such as `log/exchanges` and `truth/tasks`; `names` lists
    them. Truth comes only when it is asked for, by name or with `truth=True`.
    """

    @overload
    def counts(self, by: None = None) -> Counts: ...

    @overload
    def counts(self, by: str) -> pd.DataFrame: ...

    def counts(self, by: str | None = None) -> Counts | pd.DataFrame:
        """Count the run under the six conventions; it is read once.

        Parameters
        ----------
        by
            `account`, `day`, `typology` or `actor` for a data frame of these; all counts if left
            out.

        Raises
        ------
        InvalidInputError
            If `by` names none of these, or a file of the run is missing or damaged.
        """
        return self._counts if by is None else self._counts.to_frame(by)

    @cached_property
    def _counts(self) -> Counts:
        return count_run(self)
