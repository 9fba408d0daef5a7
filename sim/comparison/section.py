"""A section of a comparison as one record, and what its functions are given.

To add a section, write a file in `sections/` with a `SECTION` and name it in
`analysis.SECTIONS`. Text, CSV, JSON, the page, `--only` and the docs follow from the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim.catalog import Claim
from sim.comparison.claims.cases import Case
from sim.comparison.claims.intervals import Reading
from sim.comparison.clusters.from_runs import Cluster
from sim.comparison.hypotheses.model import Library, PriorSet
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.tables import Table
from sim.comparison.wording import inline, lowered

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result")


@dataclass(frozen=True)
class Settings:
    """How an analysis was made; the same settings give the same analysis.

    Attributes
    ----------
    accused
        Id of the accused hypothesis.
    against
        Id of the hypothesis that it is compared with in the sensitivity analysis.
    hypotheses
        All that are compared, `accused` among them.
    sets
        The prior sets, the priors as stated first.
    draws
        For each hypothesis and prior set.
    seed
        Seed of all random streams.
    reading
        What "over" means.
    prior_odds
        Prior odds by hypothesis; None if none were given.
    sections
        Ids of the sections that were asked for, in their order.
    """

    accused: str
    against: str
    hypotheses: tuple[str, ...]
    sets: tuple[PriorSet, ...]
    draws: int
    seed: int
    reading: Reading
    prior_odds: Mapping[str, float] | None
    sections: tuple[str, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """All hypotheses but the accused one."""
        return tuple(x for x in self.hypotheses if x != self.accused)


@dataclass(frozen=True, repr=False)
class Comparison:
    """What is compared, and how.

    Attributes
    ----------
    settings
        How it is made.
    library
        The compared hypotheses and their prior sets.
    claims
        All claims that belong to the `cases`, each once.
    cases
        Reported counts; they are weighed unless there are `runs`.
    runs
        Clusters of finished runs, or of their actors; empty if claims are weighed.
    """

    settings: Settings
    library: Library
    claims: tuple[Claim, ...]
    cases: tuple[Case, ...]
    runs: tuple[Cluster, ...]

    def title(self, hypothesis: str) -> str:
        """Return the title of a hypothesis."""
        return self.library.hypotheses[hypothesis].title

    def inline_title(self, hypothesis: str) -> str:
        """Return the title of a hypothesis as it stands in a sentence of a chart."""
        return inline(self.title(hypothesis))

    def lowered_title(self, hypothesis: str) -> str:
        """Return the title of a hypothesis as it stands in a finding."""
        return lowered(self.title(hypothesis))


@dataclass(frozen=True)
class Inputs:
    """What results are computed of: a comparison, and the draws and likelihoods of hypotheses.

    Attributes
    ----------
    comparison
        What is compared.
    model
        Draws and likelihoods; they are made when a section asks for them.
    """

    comparison: Comparison
    model: EvidenceModel
    _shared: dict[Callable[[Inputs], Any], Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings of the comparison."""
        return self.comparison.settings

    def shared(self, compute: Callable[[Inputs], Result]) -> Result:
        """Return `compute(self)`, computed once for all sections that need it.

        Parameters
        ----------
        compute
            Function of these inputs; it is told apart by identity, so a lambda would be computed
            anew.
        """
        if compute not in self._shared:
            self._shared[compute] = compute(self)
        result: Result = self._shared[compute]
        return result


def no_result(inputs: Inputs) -> None:
    """Compute nothing: for a section whose tables show the comparison itself."""


@dataclass(frozen=True)
class Section(Generic[Result]):
    """One question with everything that answers it.

    A section is split in two: `compute` is slow and depends on draws, all other functions only
    write what it returned. So tables, findings and charts can be made again without new draws.

    Attributes
    ----------
    id
        Its name for `--only`, in JSON, and as an anchor of the page.
    question
        Its heading.
    tables
        Functions that make its tables of comparison and result. A table without rows is left out.
    compute
        Function that makes its result. Another section's result is `inputs.shared(other.compute)`.
    foretell
        Function that makes so much of its result as the short answer can begin with, much sooner.
    findings
        Functions that say what was found, in one sentence without a full stop, or "".
    importance
        Findings of more important sections stand before others; else sections keep their order.
    charts
        Functions that draw, as "module:function", so that matplotlib is loaded only to draw. Each
        takes comparison and result, and returns a chart, or None if there is nothing to draw.
    """

    id: str
    question: str
    tables: tuple[Callable[[Comparison, Result], Table], ...]
    compute: Callable[[Inputs], Result]
    findings: tuple[Callable[[Comparison, Result], str], ...] = ()
    importance: int = 0
    charts: tuple[str, ...] = ()
    foretell: Callable[[Inputs], Result] | None = None

    def answer(self, comparison: Comparison, result: Result) -> Answer:
        """Return the tables that have rows, and the findings that say something."""
        tables = (make_table(comparison, result) for make_table in self.tables)
        findings = (say(comparison, result) for say in self.findings)
        return Answer(
            self.id,
            self.question,
            tuple(table for table in tables if table.rows),
            tuple(finding for finding in findings if finding),
        )


@dataclass(frozen=True, repr=False)
class Answer:
    """The tables and findings of one section.

    Attributes
    ----------
    section
        Id of the section.
    question
        What they answer.
    tables
        Those that have rows; it may be that none has.
    findings
        Sentences without a full stop; a section may find nothing.
    """

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
        """Return question, findings and tables as HTML, as notebooks show them."""
        findings = "".join(f"<li>{escape(finding)}</li>" for finding in self.findings)
        tables = "".join(table._repr_html_() for table in self.tables)
        return f"<h3>{escape(self.question)}</h3><ul>{findings}</ul>{tables}"
