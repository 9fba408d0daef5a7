"""The score of a detector on one split of a pack: figures in sections, and curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim._version import __version__
from sim.catalog.data_files import nearest
from sim.documents.printable import printable
from sim.errors import InvalidInputError
from sim.scoring.figures import Curve, Figure, Section

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA_VERSION = 1
ROUNDS = 200


@dataclass(frozen=True, repr=False)
class Score:
    """How good the predictions of a detector are, on one split of a pack.

    Attributes
    ----------
    detector
        Its name.
    pack, pack_sum, level
        Name of the pack, the checksum of the values of its log, and its difficulty.
    split
        The split whose fold `test` was scored.
    prevalence
        Share of positives in a population.
    fpr
        The rate of false positives at which accounts are flagged.
    sections, curves
        Figures by question, and lines for charts.
    notes
        What has to be said of the predictions.
    about
        What the predictions say of themselves, such as `labels` and `seed`.
    rounds, seed
        Draws behind the intervals, and their seed.
    version
        Of the package.
    """

    detector: str
    pack: str
    pack_sum: str
    level: str
    split: str
    prevalence: float
    fpr: float
    sections: tuple[Section, ...]
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    rounds: int = ROUNDS
    seed: int = 0
    version: str = __version__

    def section(self, identifier: str) -> Section | None:
        """Return a section, such as `ranking`; None if there is none of this id."""
        return next((s for s in self.sections if s.id == identifier), None)

    def figure(self, identifier: str, of: str = "") -> Figure:
        """Return a figure, such as `pr_auc`, of all or of a slice.

        Raises
        ------
        InvalidInputError
            If the score has none of this name; it says which there are.
        """
        found = self.find(identifier, of)
        if found is not None:
            return found

        figures = [figure for section in self.sections for figure in section.figures]
        names = list(dict.fromkeys(figure.id for figure in figures))
        if identifier not in names:
            raise InvalidInputError(
                f"the score has no figure {printable(identifier)}; {nearest(identifier, names)}"
            )

        of_slice = [figure.id for figure in figures if of and figure.of == of]
        slices = [figure.of or "all (no slice)" for figure in figures if figure.id == identifier]
        has = (
            f"of it there is {', '.join(of_slice)}"
            if of_slice
            else f"it has that of {', '.join(slices)}"
        )
        raise InvalidInputError(
            f"the score has no figure {identifier} of {printable(of) or 'all (no slice)'}; {has}"
        )

    def find(self, identifier: str, of: str = "") -> Figure | None:
        """Return a figure as `figure` does, and None if there is none."""
        figures = (figure for section in self.sections for figure in section.figures)
        return next((f for f in figures if (f.id, f.of) == (identifier, of)), None)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as data that JSON can hold; figures have nine digits."""
        plain = {name: value for name, value in vars(self).items() if name not in _PARTS}
        return {
            "schema_version": SCHEMA_VERSION,
            **plain,
            "about": dict(self.about),
            "notes": list(self.notes),
            "sections": [section.to_dict() for section in self.sections],
            "curves": [curve.to_dict() for curve in self.curves],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Score:
        """Return the score that `to_dict` gave.

        Raises
        ------
        ValueError
            For another version, or what is no score: then it is a `pydantic.ValidationError`.
        """
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"schema_version: {data.get('schema_version')}, not {SCHEMA_VERSION}")
        return _form().validate_python({k: v for k, v in data.items() if k != "schema_version"})

    def to_text(self, width: int = 100, full: bool = False) -> str:
        """Return what the command line prints: a summary, and a table for each section.

        Parameters
        ----------
        width
            Characters of a line at most.
        full
            Also the figures of each typology and each kind of customer.
        """
        text: str = import_module("sim.scoring.score_text").text_of((self,), width, full)
        return text

    def to_html(self, path: str | Path) -> None:
        """Write one page with the tables and the charts."""
        import_module("sim.reporting.score_page").write_score_page((self,), Path(path))

    def __repr__(self) -> str:
        return self.to_text().rstrip("\n")


_PARTS = ("sections", "curves", "notes")


@cache
def _form() -> TypeAdapter[Score]:
    """Return what checks data and makes a score of them."""
    from pydantic import TypeAdapter

    return TypeAdapter(Score)
