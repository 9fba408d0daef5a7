"""How long extraction goes on before it is detected, and how much of it has got away by then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.detections import Detections, flagged_at, of_accounts, of_campaigns
from sim.scoring.figures import Curve, Figure, Section
from sim.scoring.shares import Measured, draws_of, figure, ratio
from sim.scoring.survival import Course, Waits, course_of

# What is asked of days and of exchanges: the share that is detected within so many.
_WITHIN = {"days": (1, 7), "exchanges": (100, 1_000)}
_MOST_POINTS = 200
_NOTE = (
    "From the first exchange that extracts in the window to the first score at the threshold; 0 if "
    "the score came first. An account that is not flagged was observed to the close of the window, "
    "or to a ban that stands: it would take longer than that (Kaplan and Meier 1958). So the share "
    "at the longest wait is not that of all, and differs between days and exchanges. Accounts "
    "count by their weight. A campaign is detected with the tenth part of its accounts, and "
    "campaigns count alike. What got away are exchanges that extract, of positives, complete by "
    "the detection of the account; it is above 1 of what was planned where campaigns sent more "
    "than they planned."
)
_NO_MOMENTS = "the predictions have no column `at`"
_ALL_GOT_AWAY = "no interval: without `at` all of it got away, whoever is drawn"
_AT_THE_CLOSE = (
    "The predictions have no column `at`: all scores are known when the window closes, so all "
    "that was sent had got away by then. "
)


class Question(NamedTuple):
    """A question: within how many days, or exchanges, accounts or campaigns are detected."""

    who: str
    unit: str
    of: Detections
    length: Floats
    weight: Floats

    @property
    def prefix(self) -> str:
        """What the identifiers of its figures begin with."""
        return "campaign_" if self.who == "campaigns" else ""


def section(answer: Answer) -> tuple[Section, tuple[Curve, ...]]:
    """Return time and exchanges to detection, and what got away, with the curves of the first."""
    at_us = flagged_at(answer)
    accounts = of_accounts(answer, at_us)
    campaigns = of_campaigns(answer, accounts, at_us)
    weight = answer.asked.weight[accounts.place]
    alike = np.ones(len(campaigns.place))
    why_not = "the fold has none" if answer.moments is not None else _NO_MOMENTS
    figures: list[Figure] = []
    curves = []

    for question in (
        Question("accounts", "days", accounts, accounts.days, weight),
        Question("accounts", "exchanges", accounts, accounts.before.astype(float), weight),
        Question("campaigns", "days", campaigns, campaigns.days, alike),
    ):
        course = _course(answer, question) if answer.moments is not None else None
        figures += _figures(question, course, why_not)
        curves += [] if course is None else [_curve(question, course)]

    figures += _got_away(answer, accounts, campaigns)
    note = _NOTE if answer.moments is not None else _AT_THE_CLOSE + _NOTE
    return Section("delay", "Time to detection", tuple(figures), note), tuple(curves)


def _course(answer: Answer, asked: Question) -> Course | None:
    """Return the estimate of Kaplan and Meier, None where nobody is waited for."""
    if not len(asked.length):
        return None
    draws = draws_of(answer).pick(asked.of.place)
    return course_of(Waits(asked.length, asked.of.found, asked.weight, draws))


def _figures(asked: Question, course: Course | None, nobody: str) -> Iterator[Figure]:
    """Yield which share is detected within some lengths, and the length for half of them.

    `nobody` says why there is no course, where there is none.
    """
    who, unit, found = asked.who, asked.unit, asked.of.found
    rests_on = f"{int(found.sum()):,} of {len(found):,} {who} detected by the close"

    for length in _WITHIN[unit]:
        yield figure(
            f"{asked.prefix}detected_within_{length}_{unit}",
            f"{who} detected within {length:,} {unit if length > 1 else unit[:-1]}",
            course.by(length) if course else Measured(None),
            rests_on=rests_on,
            why_not=f"fewer than a fifth are observed for so many {unit}" if course else nobody,
        )
    yield figure(
        f"{asked.prefix}median_{unit}",
        f"{unit} within which half of the {who} are detected",
        course.median() if course else Measured(None),
        rests_on=rests_on,
        why_not="fewer than half are detected" if course else nobody,
    )


def _curve(asked: Question, course: Course) -> Curve:
    """Return the share that is detected, by length; of many lengths some."""
    pick = np.unique(np.linspace(0, len(course.at) - 1, _MOST_POINTS).round().astype(int))
    band = course.band()
    which = {"days": "time_to_detection", "exchanges": "exchanges_to_detection"}
    axes = {
        "days": "days since the first exchange that extracts",
        "exchanges": "exchanges that extract before detection",
    }

    return Curve(
        id=asked.prefix + which[asked.unit],
        title=f"{asked.who.capitalize()} detected, by {asked.unit}",
        x_name=axes[asked.unit],
        y_name=f"share of {asked.who} detected",
        x=(0.0, *course.at[pick].tolist()),
        y=(0.0, *course.share[pick].tolist()),
        low=None if band is None else (0.0, *band[0][pick].tolist()),
        high=None if band is None else (0.0, *band[1][pick].tolist()),
        step=True,
    )


def _got_away(answer: Answer, accounts: Detections, campaigns: Detections) -> Iterator[Figure]:
    """Yield the share of what extracts that got away: of what was sent, and of what was planned."""
    place, draws = accounts.place, draws_of(answer)
    typology, weight = answer.asked.typology[place].astype(str), answer.asked.weight[place]
    kinds = sorted(set(typology)) if answer.moments is not None else []  # else all of each
    for kind in ("", *kinds):
        mine = weight * (typology == kind) if kind else weight
        sent, before = (part[mine > 0].sum() for part in (accounts.sent, accounts.before))
        yield figure(
            "got_away",
            "share of the extraction that got away",
            _known(answer, ratio(mine * accounts.before, mine * accounts.sent, draws.pick(place))),
            rests_on=f"{before:,} of {sent:,} exchanges",
            why_not="the fold has no positives that extract in the window",
            of=str(kind),
        )

    draws, size = draws.pick(campaigns.place), len(campaigns.place)
    yield figure(
        "got_away_campaigns",
        "share of what a campaign sent that got away, mean",
        _known(answer, ratio(campaigns.before / campaigns.sent, np.ones(size), draws)),
        rests_on=f"{size:,} campaigns",
        why_not="the fold has no campaigns with positives",
    )
    planned = campaigns.sent * _requested(answer, campaigns.place)
    yield figure(
        "got_away_planned",
        "what got away, as a multiple of what campaigns planned",
        ratio(campaigns.before, planned, draws),
        rests_on=f"{round(float(planned.sum())):,} exchanges planned by {size:,} campaigns",
        why_not="the fold has no campaigns with positives and a plan",
    )


def _known(answer: Answer, made: Measured) -> Measured:
    """Return a share that got away without its interval where it is all, whoever is drawn."""
    return made if answer.moments is not None else Measured(made.value, why=_ALL_GOT_AWAY)


def _requested(answer: Answer, place: Ints) -> Floats:
    """Return for campaigns what was requested of each, in parts of what it achieved.

    Both are in the same unit, so that it holds for exchanges that extract too. 0 where nothing was
    achieved, so that such a campaign does not count.
    """
    campaigns = answer.asked.campaigns.loc[answer.asked.campaign[place]]
    requested = campaigns["requested_exchanges"].to_numpy(float)
    achieved = campaigns["achieved_exchanges"].to_numpy(float)
    parts: Floats = np.divide(requested, achieved, out=np.zeros(len(place)), where=achieved > 0)
    return parts
