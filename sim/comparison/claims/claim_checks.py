"""What has to hold between the keys of a user's claim, and between claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sim.comparison.claims.observables import OBSERVABLES, observable_of
from sim.documents.problems import Path, Problem
from sim.documents.strict_yaml import Document, dotted

_EXCHANGES = ("exchanges", "requests", "prompts")

# The units that a claim may have, by its metric.
METRICS: Mapping[str, tuple[str, ...]] = {
    "exchanges": _EXCHANGES,
    "prompts": ("prompts",),
    **{name: (observable.unit,) for name, observable in OBSERVABLES.items()},
    "count": _EXCHANGES,
}


class Figures(Protocol):
    """The keys of a claim that are looked at together; each is right on its own."""

    report: str
    actor: str
    metric: str
    value: float | None
    bound: Any
    low: float | None
    high: float | None
    unit: str


def problems_of_claims(
    document: Document,
    ids: Iterable[str],
    sound: Mapping[str, Figures],
    known: Iterable[str],
) -> Iterator[Problem]:
    """Yield what is wrong with claims that are right key by key, and with ids that are `known`."""
    taken = set(known)
    for key in ids:
        if key in taken:
            message = f"'{key}' is a claim of the catalog; choose another id"
            yield _problem(document, ("claims", key), message, at_key=True)
    for key, claim in sound.items():
        for name, message in (*_bound_faults(claim), *_metric_faults(claim)):
            path = ("claims", key, name) if name else ("claims", key)
            yield _problem(document, path, message)
    yield from _told_twice(document, sound)


def _problem(document: Document, path: Path, message: str, *, at_key: bool = False) -> Problem:
    shown = path[:-1] if at_key else path
    return Problem(document.place(path, key=at_key), dotted(shown), message)


def _bound_faults(claim: Figures) -> Iterator[tuple[str, str]]:
    """Yield key and message; the key is empty for a fault of the claim as a whole."""
    low, high, value = claim.low, claim.high, claim.value
    if claim.bound != "between":
        if value is None:
            yield "", "missing key 'value'"
        for name in ("low", "high"):
            if getattr(claim, name) is not None:
                yield name, "goes with bound 'between' alone"
    elif low is None or high is None:
        yield "bound", "'between' needs low and high, such as 200 and 1_000 for 'hundreds'"
    elif low >= high:
        yield "high", f"should be greater than low, {low:.15g}; found {high:.15g}"
    elif value is not None and not low <= value < high:
        yield "value", f"should lie between {low:.15g} and {high:.15g}; found {value:.15g}"


def _metric_faults(claim: Figures) -> Iterator[tuple[str, str]]:
    units = METRICS[claim.metric]
    if claim.unit not in units:
        allowed = ", ".join(units)
        yield "unit", f"'{claim.unit}' does not go with metric '{claim.metric}'; allowed: {allowed}"
    kind = OBSERVABLES[observable_of(claim.metric) or "count"].kind
    for name in ("value", "low", "high"):
        figure = getattr(claim, name)
        if figure is None:
            continue
        if kind == "share" and figure > 1:
            yield name, f"a share lies in [0, 1]; found {figure:.15g}"
        if kind == "count" and not figure.is_integer():
            yield name, f"should be a whole number, found {figure:.15g}"


def _told_twice(document: Document, sound: Mapping[str, Figures]) -> Iterator[Problem]:
    """Yield claims that give what one before them gives: a case has room for one."""
    first: dict[tuple[str, str, str | None], str] = {}
    for key, claim in sound.items():
        subject = (claim.report, claim.actor, observable_of(claim.metric))
        before = first.setdefault(subject, key)
        if before != key:
            message = f"'{before}' already gives the {subject[2]} of this actor in this report"
            yield _problem(document, ("claims", key, "metric"), message)
