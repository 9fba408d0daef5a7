"""What a score consists of: figures with intervals, in sections, and curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number of a score, with its interval and what it rests on.

    Attributes
    ----------
    id
        What is measured, such as `recall_at_fpr_1e-3`.
    words
        A short plain name for tables.
    value
        The figure; None if it could not be measured.
    low, high
        Ends of its interval of 95 %; None where there is none.
    rests_on
        Such as `12 false alarms of 7,001 negatives`.
    why_not
        Why it could not be measured, or why it has no interval; else empty.
    of
        The slice that it is about, such as `L09`, `AD8` or `typology-held-out-2`; empty for all.
    """

    id: str
    words: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    rests_on: str = ""
    why_not: str = ""
    of: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as data for JSON; numbers have nine digits."""
        return {
            "id": self.id,
            "of": self.of,
            "words": self.words,
            "value": rounded(self.value),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "rests_on": self.rests_on,
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class Section:
    """Figures about one question, in their order, with what one has to know to read them."""

    id: str
    title: str
    figures: tuple[Figure, ...]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        figures = [figure.to_dict() for figure in self.figures]
        return {"id": self.id, "title": self.title, "figures": figures, "note": self.note}


@dataclass(frozen=True)
class Curve:
    """A line for a chart: points in the order of `x`, and a band of 95 % where there is one.

    Attributes
    ----------
    x_name, y_name
        What the axes are, with units.
    step
        Whether the line stays level from a point to the next, as that of Kaplan and Meier does.
    """

    id: str
    title: str
    x_name: str
    y_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    step: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as data for JSON; numbers have nine digits."""
        texts = {name: getattr(self, name) for name in ("id", "title", "x_name", "y_name")}
        lines = {name: getattr(self, name) for name in ("x", "y", "low", "high")}
        numbers = {
            name: None if line is None else [rounded(v) for v in line]
            for name, line in lines.items()
        }
        return {**texts, **numbers, "step": self.step}


def rounded(value: float | None) -> float | None:
    """Return a number with nine digits, None for None and for what is no number.

    The last digits of a sum hang on the order in which it is added.
    """
    return None if value is None or value != value else float(f"{value:.9g}")
