"""How long extraction goes on before it is detected, and how much of it has got away by then."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.detections import Detections, flagged_at, of_accounts, of_campaigns
from sim.scoring.figures import Curve, Figure, Section
from sim.scoring.shares import ratio
from sim.scoring.survival import Course, Waits, course_of

# What is asked of days and of exchanges: the share that is detected within so many.
_WITHIN = {"days": (1, 7), "exchanges": (100, 1_000)}
_MOST_POINTS = 200
_NOTE = (
    "From the first exchange that extracts in the window to the first score at the threshold; 0 if "
    "the score came first. Of what is not flagged all that is known is that it takes longer than "
    "to the close of the window, or of an account to a ban that stands (Kaplan and Meier 1958). "
    "Accounts count by their weight. A campaign is detected with the tenth part of its accounts, "
    "and campaigns count alike. What got away are exchanges that extract, of accounts that are to "
    "be found, complete by the detection of the account."
)
_AT_THE_CLOSE = (
    "The predictions have no column `at`: all scores are known when the window closes, so all "
    "that was sent had got away by then. "
)


def section(answer: Answer) -> tuple[Section, tuple[Curve, ...]]:
    """Return time and exchanges to detection, and what got away, with the curves of the first."""
    at_us = flagged_at(answer)
    accounts = of_accounts(answer, at_us)
    campaigns = of_campaigns(answer, accounts, at_us)
    weight = answer.asked.weight[accounts.place]
    alike = np.ones(len(campaigns.place))
    figures: list[Figure] = []
    curves = []

    for name, title, unit, of, weighs in (
        ("", "accounts", "days", accounts, weight),
        ("", "accounts", "exchanges", accounts, weight),
        ("campaign_", "campaigns", "days", campaigns, alike),
    ):
        length = of.before if unit == "exchanges" else (of.until_us - of.first_us) / DAY_US
        course = _course(answer, of, length.astype(float), weighs)
        found = f"{int(of.found.sum()):,} of {len(of.found):,} {title} detected"
        figures += _figures(course, name, title, unit, found)
        if course is not None:
            curves.append(_curve(course, f"{name}{_CURVES[unit]}", title, unit))

    figures += _got_away(answer, accounts, campaigns)
    note = _NOTE if answer.moments is not None else _AT_THE_CLOSE + _NOTE
    return Section("delay", "Time to detection", tuple(figures), note), tuple(curves)


_CURVES = {"days": "time_to_detection", "exchanges": "exchanges_to_detection"}


def _course(answer: Answer, of: Detections, length: Floats, weight: Floats) -> Course | None:
    """Return the estimate of Kaplan and Meier, None where nothing is waited for."""
    if not len(length):
        return None
    return course_of(Waits(length, of.found, weight, answer.times[:, of.place]))


def _figures(
    course: Course | None, name: str, title: str, unit: str, found: str
) -> Iterator[Figure]:
    """Yield which share is detected within some lengths, and the length for half of them."""
    for length in _WITHIN[unit]:
        words = f"{title} detected within {length:,} {unit if length > 1 else unit[:-1]}"
        which = f"{name}detected_within_{length}_{unit}"
        if course is None:
            yield Figure(which, words, why_not=f"the fold has no {title} to be found")
            continue
        made = course.by(length)
        why_not = "" if made.value is not None else f"none is observed for so many {unit}"
        yield Figure(which, words, **made._asdict(), rests_on=found, why_not=why_not)

    which, words = f"{name}median_{unit}", f"{unit} within which half of the {title} are detected"
    if course is None:
        yield Figure(which, words, why_not=f"the fold has no {title} to be found")
        return
    made = course.median()
    why_not = "" if made.value is not None else "fewer than half are detected"
    yield Figure(which, words, **made._asdict(), rests_on=found, why_not=why_not)


def _curve(course: Course, name: str, title: str, unit: str) -> Curve:
    """Return the share that is detected, by length; of many lengths some."""
    pick = np.unique(np.linspace(0, len(course.at) - 1, _MOST_POINTS).round().astype(int))
    low, high = course.band()
    since = "days since the first exchange that extracts"
    return Curve(
        id=name,
        title=f"{title.capitalize()} detected, by {unit}",
        x_name=since if unit == "days" else "exchanges that extract before detection",
        y_name=f"share of {title} detected",
        x=(0.0, *course.at[pick].tolist()),
        y=(0.0, *course.share[pick].tolist()),
        low=(0.0, *low[pick].tolist()),
        high=(0.0, *high[pick].tolist()),
        step=True,
    )


def _got_away(answer: Answer, accounts: Detections, campaigns: Detections) -> Iterator[Figure]:
    """Yield the share of what extracts that got away: of what was sent, and of what was planned."""
    every = np.ones(len(accounts.place), bool)
    yield _of_sent(answer, accounts, every, "")
    typology = answer.asked.typology[accounts.place].astype(str)
    for kind in sorted(set(typology)):
        yield _of_sent(answer, accounts, typology == kind, str(kind))

    times = answer.times[:, campaigns.place]
    size, words = len(campaigns.place), "share of what a campaign sent that got away, mean"
    why_not = "" if size else "the fold has no campaigns to be found"
    mean = ratio(campaigns.before / campaigns.sent, np.ones(size), times)
    rests_on = f"{size:,} campaigns" if size else ""
    yield Figure("got_away_campaigns", words, **mean._asdict(), rests_on=rests_on, why_not=why_not)

    planned = campaigns.sent * _requested(answer, campaigns.place)
    there = np.isfinite(planned)
    made = ratio(campaigns.before[there], planned[there], times[:, there])
    yield Figure(
        "got_away_planned",
        "share of what campaigns planned that got away",
        **made._asdict(),
        rests_on=f"{round(float(planned[there].sum())):,} exchanges planned" if there.any() else "",
        why_not="" if made.value is not None else "no campaign has a plan and sent some of it",
    )


def _of_sent(answer: Answer, of: Detections, pick: Ints, typology: str) -> Figure:
    """Return the share of what some accounts sent that got away, by weight."""
    place, sent, before = of.place[pick], of.sent[pick], of.before[pick]
    weight = answer.asked.weight[place]
    made = ratio(weight * before, weight * sent, answer.times[:, place])
    return Figure(
        "got_away",
        "share of the extraction that got away",
        **made._asdict(),
        rests_on=f"{int(before.sum()):,} of {int(sent.sum()):,} exchanges" if len(sent) else "",
        why_not="" if len(sent) else "the fold has no accounts to be found",
        of=typology,
    )


def _requested(answer: Answer, place: Ints) -> Floats:
    """Return for campaigns what was requested of each, in parts of what it achieved.

    Both are in the same unit, so that it holds for exchanges that extract too.
    """
    campaigns = answer.asked.campaigns.loc[answer.asked.campaign[place]]
    requested = campaigns["requested_exchanges"].to_numpy(float)
    achieved = campaigns["achieved_exchanges"].to_numpy(float)
    parts: Floats = np.divide(
        requested, achieved, out=np.full(len(requested), np.nan), where=achieved > 0
    )
    return parts
