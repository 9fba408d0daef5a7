"""What one section of a comparison says, for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sim.comparison.tables import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Answer:
    """The tables and findings of one section; `question` is what they answer."""

    section: str
    question: str
    tables: tuple[Table, ...]
    findings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the first table as a data frame; `tables[1].to_frame()` and so on for the others.

        Raises
        ------
        ValueError
            If the settings of the analysis left no table.
        """
        if not self.tables:
            raise ValueError(f"the section {self.section!r} has no table with these settings")
        return self.tables[0].to_frame()

    def __repr__(self) -> str:
        tables = ", ".join(table.id for table in self.tables) or "none"
        return f"Answer({self.section!r}: {self.question}; tables: {tables})"

    def _repr_html_(self) -> str:
        findings = "".join(f"<li>{escape(finding)}</li>" for finding in self.findings)
        tables = "".join(table._repr_html_() for table in self.tables)
        return f"<h3>{escape(self.question)}</h3><ul>{findings}</ul>{tables}"
