"""What reviewers find who look at a few accounts a day, the highest scores first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.asked import scaled
from sim.scoring.figures import Figure, Section
from sim.scoring.intervals import ends, of_share

# Reviews a day for this many accounts of the population.
ACCOUNTS = 10_000
REVIEWS = (1, 3, 10)


class Known(NamedTuple):
    """Whose score is known at the end of a day, the highest first.

    Attributes
    ----------
    order
        Places of the entities, shape (known,).
    first
        Where in `order` each score begins, shape (scores,).
    days
        For how many days the reviewers go by it.
    """

    order: Ints
    first: Ints
    days: int


def known_by_day(answer: Answer) -> Iterator[Known]:
    """Return what reviewers know at the end of each day of the window.

    Without moments all scores are known at the close alone; then the reviews of all days are made.
    """
    asked, moments = answer.asked, answer.moments
    days = -(-(asked.to_us - asked.from_us) // DAY_US)
    if moments is None:
        yield _ranked(answer.score, days)
        return

    day = (moments.at_us - asked.from_us) // DAY_US
    day = np.minimum(day, days - 1)  # what is known at the close is reviewed on the last day
    known = np.full(len(asked), -np.inf)
    for number in range(days):
        mine = day == number
        np.maximum.at(known, moments.place[mine], moments.score[mine])
        yield _ranked(known, 1)


def reviewed(days: list[Known], weight: Floats, share: float) -> Floats:
    """Return which part of each entity is reviewed, shape (draws, entities).

    Each day the highest known scores are reviewed that were not before. Of equal scores, of which
    only some can be, each is reviewed in part: what is expected if they are taken at random.

    Parameters
    ----------
    days
        From `known_by_day`.
    weight
        What each entity stands for, shape (draws, entities); each draw adds up to 1.
    share
        Part of the population that is reviewed each day.
    """
    left = np.ones_like(weight)
    for known in days:
        order, first = known.order, known.first
        if not len(order):
            continue
        waiting = np.add.reduceat((weight * left)[:, order], first, axis=1)
        before = np.cumsum(waiting, axis=1) - waiting
        room = np.clip(share * known.days - before, 0, waiting)
        taken = np.divide(room, waiting, out=np.zeros_like(room), where=waiting > 0)
        sizes = np.diff(np.append(first, len(order)))
        left[:, order] *= 1 - np.repeat(taken, sizes, axis=1)
    parts: Floats = 1 - left
    return parts


def section(answer: Answer) -> Section:
    """Return precision and recall of reviews at a few a day."""
    asked = answer.asked
    days = list(known_by_day(answer))
    count = sum(known.days for known in days)
    drawn = [scaled(asked.weight * times, asked.target, asked.prevalence) for times in answer.times]
    weights = np.stack([asked.weight, *drawn])

    figures = []
    for reviews in REVIEWS:
        parts = reviewed(days, weights, reviews / ACCOUNTS) * weights
        found, every = parts[:, asked.target].sum(axis=1), parts.sum(axis=1)
        precision = np.divide(found, every, out=np.full_like(found, np.nan), where=every > 0)
        made, positives = reviews * count, asked.prevalence * ACCOUNTS
        rests_on = f"{counted(made, 'review')} of {ACCOUNTS:,} accounts, {positives:g} positives"
        for identifier, words, values, best in (
            ("precision", "precision", precision, min(1.0, positives / made)),
            ("recall", "share found", found / asked.prevalence, min(1.0, made / positives)),
        ):
            figures.append(
                _figure(
                    answer,
                    Figure(
                        f"{identifier}_at_{reviews}_a_day",
                        f"{words}, {counted(reviews, 'review')} a day",
                        rests_on=f"{rests_on}; at best {best:.3g}",
                    ),
                    values,
                )
            )
    note = (
        f"Reviews a day in a population of {ACCOUNTS:,} accounts, for which those of the fold "
        f"stand by their weight, over {counted(count, 'day')}, each account "
        "once, the highest score known by the end of the day first."
    )
    if answer.moments is None:
        note += " All scores are known at the close alone: the reviews of all days are made then."
    return Section("alarms_a_day", "What a few reviews a day find", tuple(figures), note)


def _figure(answer: Answer, empty: Figure, values: Floats) -> Figure:
    """Return a figure with its value, the first, and its interval, from the draws behind it."""
    value = float(values[0])
    if np.isnan(value):
        why = "no score is known, so nothing is reviewed"
        return Figure(empty.id, empty.words, rests_on=empty.rests_on, why_not=why)
    bounds = ends(values[1:])
    low, high = of_share(bounds, round(value, 12), answer.owners_of_positives)
    why = answer.why_no_interval
    return Figure(empty.id, empty.words, value, low, high, empty.rests_on, why)


def counted(number: int, what: str) -> str:
    """Return `1 day`, `2 days`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _ranked(score: Floats, days: int) -> Known:
    """Return the entities that have a score, by falling score."""
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > -np.inf]
    steps = np.diff(score[order], prepend=np.inf) != 0
    return Known(order, np.flatnonzero(steps), days)
