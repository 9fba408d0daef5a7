"""Columns that many tables have, and words that many sentences have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sim.comparison.analysis import Analysis
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.quantiles import Ranged, Span
from sim.comparison.tables import Column, Form, Row


def text(key: str, title: str, unit: str = "") -> Column:
    return Column(key, title, unit, "text")


def number(key: str, title: str, unit: str = "", form: Form = "count") -> Column:
    return Column(key, title, unit, form)


def span_columns(key: str, title: str, unit: str, form: Form = "count") -> list[Column]:
    return [
        Column(f"{key}_median", title, unit, form),
        Column(f"{key}_p05", "5 %", unit, form),
        Column(f"{key}_p95", "95 %", unit, form),
        Column(f"{key}_p25", "25 %", unit, form),
        Column(f"{key}_p75", "75 %", unit, form),
    ]


def span_cells(x: Span) -> Row:
    return x.median, x.p05, x.p95, x.p25, x.p75


def ranged_columns(key: str, title: str, form: Form = "odds") -> list[Column]:
    unit = "log10" if form == "odds" else ""
    return [
        Column(key, title, unit, form),
        Column(f"{key}_low", "from", unit, form),
        Column(f"{key}_high", "to", unit, form),
    ]


def ranged_cells(x: Ranged) -> Row:
    return x.stated, x.low, x.high


def counted(counts: Counter[str]) -> str:
    """Return `55 prior, 3 measured`, the most frequent first."""
    return ", ".join(f"{n} {name}" for name, n in counts.most_common())


def plural(n: int, word: str) -> str:
    """Return `1 report`, `2 reports`."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def title_of(a: Analysis, id_: str) -> str:
    """Return the title of an explanation as it stands inside a sentence."""
    title = a.library.hypotheses[id_].title
    return title[0].lower() + title[1:]


def added_words(known: Sequence[str]) -> str:
    """Return what the last of a growing set of observables adds: `count`, then `+ accounts`."""
    return known[-1] if len(known) == 1 else f"+ {known[-1]}"


def known_words(known: Sequence[str]) -> str:
    """Return a set of observables in words."""
    if len(known) == len(OBSERVABLES):
        return "all"
    return " + ".join(known)
