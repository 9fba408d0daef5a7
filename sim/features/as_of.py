"""What a provider knows of its log at a time: the one place that says what is known when."""

from __future__ import annotations

from sim.tables.database import RunTables


class AsOf:
    """The log as it was known at a time.

    Attributes
    ----------
    tables
        The whole log.
    t_us
        The time, in microseconds of Unix time. What happened before it is known: exchanges that
        were complete, accounts that had registered, events that had been heard of.
    """

    def __init__(self, tables: RunTables, t_us: int) -> None:
        self.tables, self.t_us = tables, t_us

    def known(self, stem: str, from_us: int | None = None) -> str:
        """Return a query in brackets for the rows of a table that are known, and their columns.

        Parameters
        ----------
        stem
            Such as `log/exchanges`.
        from_us
            Leaves out what happened before it.
        """
        raise NotImplementedError


def recomputed(tables: RunTables, t_us: int) -> RunTables:
    """Return the same log with all that came later taken out or spoiled, for the audit T9.

    Features of windows that end by `t_us` are the same on both, or one of them looks ahead.
    """
    raise NotImplementedError
