"""Section `pivot`: the move to a new model, how fast traffic follows a release.

No adoption curve of a provider's clients is public. What is drawn here are the priors of `uptake`
with which the explanations are weighed, and no others: a share of the traffic moves, evenly over
some hours from the release on. None of them is taken from the claim that they weigh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.arrays.types import Floats
from sim.catalog import Claim, claims, lookup
from sim.comparison.claims.intervals import Interval, interval
from sim.comparison.hypotheses.hypothesis_forms import Uptake
from sim.comparison.hypotheses.model import Hypothesis, Library
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.quantiles import Span, span
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.sections.prior_list import source_words
from sim.comparison.tables import (
    Row,
    Table,
    number_column,
    span_cells,
    span_columns,
    text_column,
)
from sim.comparison.wording import lowered, odds_words
from sim.streams import Streams

REPORTED = "A9"
HOURS = tuple(range(25))
SWITCH = "default-switch"
NOTES = (
    "No provider publishes how fast clients follow a release. Every share here is an assumption, "
    "and none is taken from a report. What the new model gets during the first day is less than "
    "its share at the end of it, for the traffic moves in the course of the day.",
    "Typologies of simulated runs move half of their accounts within a day, a round number; an "
    "actor's `uptake` sets another. Those numbers are not used here.",
)
SWITCH_NOTE = (
    "`if 25 %`: if the product, or the alias that it names, changes its default in 25 % of cases."
)
_DRAWS = 4_000
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Move:
    """Share of the traffic on a new model, for one way in which traffic moves to it.

    Attributes
    ----------
    id, title
        The way, as an entry of `uptake`.
    explanations
        Ids of the compared explanations whose traffic may move so.
    hours
        Hours since the release, 0 to 24.
    median, low, high
        Quantiles of the share at 50, 5 and 95 %, one for each of `hours`.
    during
        Share of the traffic of the first 24 hours that the new model got.
    at_end
        Share of the traffic that it gets 24 hours after the release.
    status, source
        On what the share rests, in the words of the prior.
    """

    id: str
    title: str
    explanations: tuple[str, ...]
    hours: tuple[int, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    during: Span
    at_end: Span
    status: str
    source: str


@dataclass(frozen=True)
class Switch:
    """What a product that switches its default does to the odds of the reported move alone.

    Attributes
    ----------
    against
        Id of the other hypothesis.
    ratios
        Likelihood ratio of the accused hypothesis to the other one, by the weight of
        `default-switch` in that one, 0 to 1.
    """

    against: str
    ratios: Mapping[float, float]


@dataclass(frozen=True)
class Adoption:
    """The result of the section: ways to move, and what a switched default does to the odds."""

    moves: tuple[Move, ...]
    switches: tuple[Switch, ...]


def compute(inputs: Inputs) -> Adoption:
    """Draw the moves, and weigh the reported one."""
    settings = inputs.settings
    moved = moves(inputs.comparison.library, settings.seed)
    return Adoption(moved, switches(inputs.model, settings.accused))


def moves(library: Library, seed: int) -> tuple[Move, ...]:
    """Draw every way to move that some explanation may have, in the order of the explanations.

    Each way has a random stream of its own, so it does not depend on the others.
    """
    users: dict[str, list[str]] = {}
    uptakes: dict[str, Uptake] = {}
    for key, hypothesis in library.hypotheses.items():
        for name, weight in zip(hypothesis.uptake.names, hypothesis.uptake.weights, strict=True):
            if weight > 0:
                users.setdefault(name, []).append(key)
                uptakes[name] = hypothesis.uptakes[name]
    return tuple(_move(name, uptakes[name], tuple(users[name]), seed) for name in uptakes)


def _move(name: str, uptake: Uptake, users: tuple[str, ...], seed: int) -> Move:
    """Draw share and hours of one way to move, and follow the traffic over the first day."""
    u = Streams(seed).rng("compare", "adoption", name).random((_DRAWS, 2))
    moved, hours = uptake.moved.quantile(u[:, 0]), uptake.hours.quantile(u[:, 1])

    # the share grows evenly from 0 to `moved` within `hours`, and stays
    at_hour = [moved * _grown(hour, hours) for hour in HOURS]
    low, median, high = np.quantile(at_hour, [0.05, 0.5, 0.95], axis=1).tolist()
    return Move(
        id=name,
        title=uptake.title,
        explanations=users,
        hours=HOURS,
        median=tuple(median),
        low=tuple(low),
        high=tuple(high),
        during=span(moved * (1 - hours / (2 * HOURS[-1]))),
        at_end=span(moved),
        status=uptake.moved.status,
        source=uptake.moved.source,
    )


def _grown(hour: float, hours: Floats) -> Floats:
    """Return the part of a move over `hours` (n,) that is done at an hour; all of it if at once."""
    return np.where(hours > hour, hour / np.maximum(hours, 1e-9), 1.0)


def reported_move() -> tuple[Claim, Interval]:
    """Return the reported share that moved within 24 hours, and what it may stand for."""
    claim = lookup(claims(), "claim", REPORTED)
    return claim, interval(claim)


def switches(model: EvidenceModel, accused: str) -> tuple[Switch, ...]:
    """Return how the odds depend on whether the default of a product switches, where it may.

    The likelihood of the move is a mixture over the modes of uptake; it needs no draws. The weight
    of one mode is varied, and the others keep their proportions.

    Parameters
    ----------
    model
        Its library gives the modes of uptake and their weights.
    accused
        The hypothesis that stands above the fraction line of the ratios.

    Returns
    -------
    tuple
        One for each other hypothesis with the mode `default-switch`. Ratios are cut at the number
        of draws either way, as all others are.
    """
    _, limits = reported_move()
    hypotheses = model.library.hypotheses
    of_accused = float(hypotheses[accused].uptake.weights @ _mass(hypotheses[accused], limits))

    results = []
    for id_, hypothesis in hypotheses.items():
        names = hypothesis.uptake.names
        if id_ == accused or SWITCH not in names:
            continue
        mass, weights = _mass(hypothesis, limits), hypothesis.uptake.weights.copy()
        mode = names.index(SWITCH)
        weights[mode] = 0
        rest = float(weights @ mass / weights.sum()) if weights.sum() else 0.0
        switched = float(mass[mode])
        ratios = {w: of_accused / max(w * switched + (1 - w) * rest, 1e-12) for w in _SHARES}
        most = model.draws
        results.append(
            Switch(id_, {w: min(max(ratio, 1 / most), most) for w, ratio in ratios.items()})
        )
    return tuple(results)


def _mass(hypothesis: Hypothesis, limits: Interval) -> Floats:
    """Return the probability that the move lies within limits, by uptake mode, (modes,).

    It is taken from a thousand even quantiles of each prior, without random numbers.
    """
    u = (np.arange(1_000) + 0.5) / 1_000
    moved = [hypothesis.uptakes[name].moved.quantile(u) for name in hypothesis.uptake.names]
    return np.array([((x >= limits.low) & (x < limits.high)).mean() for x in moved])


# Tables and findings


def adoption_table(comparison: Comparison, result: Adoption) -> Table:
    """Return a row for each way to move: the share during the first day, and at its end."""
    columns = (
        text_column("uptake", "way"),
        text_column("title", "how traffic moves"),
        *span_columns("during", "during 24 h", "", "share"),
        *span_columns("at_end", "after 24 h", "", "share"),
        text_column("of", "explanations"),
        text_column("status", "status"),
        text_column("source", "source"),
    )

    rows = tuple(
        (
            x.id,
            x.title,
            *span_cells(x.during),
            *span_cells(x.at_end),
            ", ".join(x.explanations),
            x.status,
            source_words(x.source),
        )
        for x in result.moves
    )
    finding = say_pivot(comparison, result)
    wide = ("during_p25", "during_p75", "at_end_p25", "at_end_p75", "of", "status", "source")
    return Table("adoption", "pivot", finding, columns, rows, NOTES, wide)


def switches_table(comparison: Comparison, result: Adoption) -> Table:
    """Return the ratio of the reported move by the weight of a switched default."""
    weights = sorted({w for x in result.switches for w in x.ratios})
    columns = (
        text_column("against", f"{comparison.settings.accused} :"),
        *(number_column(f"switch_{w:g}", f"if {100 * w:g} %", "", "number") for w in weights),
    )
    rows: tuple[Row, ...] = tuple(
        (x.against, *(x.ratios[w] for w in weights)) for x in result.switches
    )
    finding = say_switches(comparison, result)
    return Table("default-switch", "pivot", finding, columns, rows, (SWITCH_NOTE,))


def say_pivot(_: Comparison, result: Adoption) -> str:
    """Say what share of the traffic each way moves within a day, and that this is assumed.

    Shares are given to the nearest 5 %, which other draws seldom change.
    """
    shares = [
        f"{_near(x.at_end.p05)} to {_near(x.at_end.p95)} % ({lowered(x.title)})"
        for x in result.moves
    ]
    return (
        "No public data say how fast traffic follows a release; by assumption a new model has "
        f"about {', '.join(shares)} of it after a day"
    )


def _near(share: float) -> int:
    """Return a share in percent, to the nearest 5."""
    return 5 * round(20 * share)


def say_switches(comparison: Comparison, result: Adoption) -> str:
    """Say what the move does to odds, by whether the first other hypothesis switches a default.

    Nothing is said where no hypothesis may switch one.
    """
    if not result.switches:
        return ""
    x, (claim, _) = result.switches[0], reported_move()
    never, always = (odds_words(math.log10(x.ratios[w])) for w in (min(x.ratios), max(x.ratios)))
    return (
        f"That {claim.qualifier} of the traffic moved within a day, as is reported of "
        f"{claim.actor}, turns even odds of "
        f"{comparison.lowered_title(comparison.settings.accused)} against "
        f"{comparison.lowered_title(x.against)} into {never} if the latter never switches a "
        f"default, and into {always} if it always does"
    )


SECTION = Section(
    id="pivot",
    question="the move to a new model within a day",
    tables=(adoption_table, switches_table),
    compute=compute,
    findings=(say_switches, say_pivot),
    charts=("sim.reporting.charts.adoption_chart:pivot",),
)
