"""Section `pivot`: the move to a new model, how fast clients of each kind follow a release.

No adoption curve of a provider's clients is public. The curves here are those of the typologies of
the catalog, all priors: a share of the accounts asks for the alias `latest` and moves at once, and
of the others a share moves evenly over some time. What varies around the middle is which accounts
move and how much they send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats
from sim.catalog import Claim, cited, claims, lookup, typologies
from sim.comparison.claims.intervals import Interval, interval
from sim.comparison.hypotheses.model import Hypothesis
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.quantiles import Span, span
from sim.comparison.section import Comparison, Inputs, Section
from sim.comparison.tables import (
    Row,
    Table,
    number_column,
    span_cells,
    span_columns,
    text_column,
)
from sim.streams import Streams

REPORTED = "A9"
HOURS = tuple(range(0, 49, 2))
SWITCH = "default-switch"
NOTES = (
    "No provider publishes how fast clients of different kinds follow a release. Every curve here "
    "is a prior of the catalog; the half within a day is itself taken from the claim.",
)
_GROUPS, _ACCOUNTS = 400, 50
_PRINTED_HOURS = (6, 12, 24, 48)
_HOUR_US = 3_600_000_000
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Curve:
    """Share of the traffic of one kind of client on the new model, by hours since the release.

    Attributes
    ----------
    typology, title
        Id and title of the typology that the curve is of.
    is_extraction
        Whether the typology extracts answers of the model.
    hours
        Hours since the release.
    median, low, high
        Quantiles at 50, 5 and 95 % over groups of 50 accounts, one for each of `hours`.
    after_a_day
        The share over groups, over 24 to 48 hours, in which it does not change any more where the
        catalog says a day.
    status, source
        On what the curve rests, in the words of the catalog.
    """

    typology: str
    title: str
    is_extraction: bool
    hours: tuple[int, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    after_a_day: Span
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
    """The result of the section: curves of kinds of clients, and what a switched default does."""

    curves: tuple[Curve, ...]
    switches: tuple[Switch, ...]


def compute(inputs: Inputs) -> Adoption:
    """Draw the curves, and weigh the reported move."""
    settings = inputs.settings
    return Adoption(adoption(settings.seed), switches(inputs.model, settings.accused))


def adoption(seed: int) -> tuple[Curve, ...]:
    """Simulate the curves of all typologies that move at all, in the order of the catalog.

    Each typology has a random stream of its own, so a curve does not depend on the others.
    """
    moving = (x for x in typologies() if typologies()[x].defaults["uptake"]["share"])
    return tuple(_curve(x, seed) for x in moving)


def _curve(id_: str, seed: int) -> Curve:
    """Simulate the traffic of 400 groups of 50 accounts after a release.

    Accounts have lognormal volumes. Where the typology states `uptake_concentration`, groups differ
    in the share that moves, by a beta distribution.
    """
    typology = typologies()[id_]
    rng = Streams(seed).rng("compare", "adoption", id_)
    defaults, size = typology.defaults, (_GROUPS, _ACCOUNTS)
    uptake = defaults["uptake"]

    # Which accounts move: those that ask for the alias, and a share of the others.
    takes_latest = rng.random(size) < uptake["latest_share"]
    share = np.full((_GROUPS, 1), uptake["share"])
    if (n := defaults.get("uptake_concentration")) is not None:
        share = rng.beta(share * n, (1 - share) * n)
    volume = np.exp(defaults["account_volume_sigma"] * rng.standard_normal(size))
    rank = rng.random(size)

    # An account moves when the share that has moved, growing evenly, reaches its rank.
    over_us = uptake["over_us"]
    ramp = [min(hour * _HOUR_US / over_us, 1) if over_us else 1.0 for hour in HOURS]
    moved = np.stack([_weighted(takes_latest | (rank < share * part), volume) for part in ramp])

    low, median, high = np.quantile(moved, [0.05, 0.5, 0.95], axis=1).tolist()
    cell = next(x for x in cited("typology", id_) if x.key == "uptake")
    return Curve(
        typology=id_,
        title=typology.title,
        is_extraction=typology.is_extraction,
        hours=HOURS,
        median=tuple(median),
        low=tuple(low),
        high=tuple(high),
        after_a_day=span(moved[HOURS.index(24)]),
        status=cell.status,
        source=cell.source,
    )


def _weighted(moved: NDArray[np.bool_], volume: Floats) -> Floats:
    """Return the share of the traffic of each group that has moved, (groups,).

    Both arrays are (groups, accounts): which accounts have moved, and how much each sends.
    """
    return np.asarray((moved * volume).sum(axis=1) / volume.sum(axis=1))


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
    """Return a row for each kind of client: the share that moved after a day, and its median."""
    columns = (
        text_column("typology", "typology"),
        text_column("title", "kind of client"),
        text_column("kind", ""),
        *span_columns("moved", "moved after a day", "", "share"),
        *(number_column(f"median_{h}h", f"{h} h", "", "share") for h in _PRINTED_HOURS),
        text_column("status", "status"),
        text_column("source", "source"),
    )

    rows = tuple(
        (
            x.typology,
            x.title,
            "extraction" if x.is_extraction else "other",
            *span_cells(x.after_a_day),
            *(x.median[x.hours.index(h)] for h in _PRINTED_HOURS),
            x.status,
            x.source,
        )
        for x in result.curves
    )
    finding, wide = say_pivot(comparison, result), ("moved_p25", "moved_p75")
    return Table("adoption", "pivot", finding, columns, rows, NOTES, wide)


def switches_table(comparison: Comparison, result: Adoption) -> Table:
    """Return the ratio of the reported move by the weight of a switched default."""
    weights = sorted({w for x in result.switches for w in x.ratios})
    columns = (
        text_column("against", f"{comparison.settings.accused} :"),
        *(number_column(f"switch_{w:g}", f"switch {100 * w:g} %", "", "number") for w in weights),
    )
    rows: tuple[Row, ...] = tuple(
        (x.against, *(x.ratios[w] for w in weights)) for x in result.switches
    )
    return Table("default-switch", "pivot", say_switches(comparison, result), columns, rows)


def say_pivot(_: Comparison, result: Adoption) -> str:
    """Say that the curves are priors, and how far those of legitimate clients reach after a day."""
    legitimate = [x.after_a_day for x in result.curves if not x.is_extraction]
    return (
        f"No public data say how fast legitimate clients follow a release: the {len(legitimate)} "
        f"curves of the catalog are priors, with {100 * min(x.p05 for x in legitimate):.0f} to "
        f"{100 * max(x.p95 for x in legitimate):.0f} % moved after a day"
    )


def say_switches(comparison: Comparison, result: Adoption) -> str:
    """Say what the move does to odds, by whether the first other hypothesis switches a default.

    Nothing is said where no hypothesis may switch one.
    """
    if not result.switches:
        return ""
    x = result.switches[0]
    low, high = min(x.ratios), max(x.ratios)
    return (
        f"That nearly half of the traffic moved within a day (A9) multiplies the odds of "
        f"{comparison.lowered_title(comparison.settings.accused)} to "
        f"{comparison.lowered_title(x.against)} by {x.ratios[low]:.2g} if "
        f"the latter never switches a default and by {x.ratios[high]:.2g} if it always does"
    )


SECTION = Section(
    id="pivot",
    question="the move to a new model within a day",
    tables=(adoption_table, switches_table),
    compute=compute,
    findings=(say_switches, say_pivot),
    charts=("sim.reporting.charts.adoption_chart:pivot",),
)
