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
    def counts(
        self, by: None = None, *, groups: str = "actor", timezone: str = "UTC"
    ) -> Counts: ...

    @overload
    def counts(self, by: str, *, groups: str = "actor", timezone: str = "UTC") -> pd.DataFrame: ...

    def counts(
        self, by: str | None = None, *, groups: str = "actor", timezone: str = "UTC"
    ) -> Counts | pd.DataFrame:
        """Count the run under the six conventions; it is read once for each grouping and zone.

        Parameters
        ----------
        by
            `account`, `day`, `hour`, `typology`, `actor`, `task`, `session`, `account_day` or
            `benchmark_run` for a data frame of these; all counts if left out.
        groups
            Whether tasks, sessions and accounts are grouped by `actor` or by `typology`.
        timezone
            Name of the time zone of days and hours, such as `Europe/Paris`.

        Raises
        ------
        InvalidInputError
            If `by`, `groups` or `timezone` name nothing known, if `by` needs truth and there is
            none, or if a file of the run is missing or damaged.
        """
        asked = (groups, timezone)
        if asked not in self._counts:
            self._counts[asked] = count_run(self, groups, timezone)
        counts = self._counts[asked]
        return counts if by is None else counts.to_frame(by)

    @cached_property
    def _counts(self) -> dict[tuple[str, str], Counts]:
        """The counts that were asked for, by grouping and time zone."""
        return {}
