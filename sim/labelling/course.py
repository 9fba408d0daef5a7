"""One course of events: which labels are given, night after night."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

import numpy as np

from sim.arrays.time import DAY_US, FOREVER_US, HOUR_US
from sim.arrays.types import Bools, Floats, Ints
from sim.distributions import Distribution
from sim.labelling.dials import LabelDials
from sim.labelling.lines import (
    is_quiet,
    over_a_line,
    score_alone,
    score_by_labels,
    tells_something,
)
from sim.labelling.reports import reports
from sim.labelling.rows import Row
from sim.labelling.seen import Night, Seen
from sim.streams import MISSING, Streams, mixed, uniforms
from sim.tables.label_schema import BENIGN, EXTRACTION

# A label that is not there.
NO_ROW = -1
# Labels that would come later are never known.
LAST_DAYS = 180


@dataclass(frozen=True)
class Evidence:
    """What a night shows, whatever labels there are; arrays of shape (accounts,).

    `extracts`: whether an account extracts as far as a person could tell by then.
    """

    night: Night
    over: Bools
    quiet: Bools
    score: Floats
    telling: dict[str, Bools]
    extracts: Bools


def evidence_of(night: Night, dials: LabelDials) -> Evidence:
    """Return what a night shows to rules and reviewers."""
    return Evidence(
        night,
        over_a_line(night, dials.rule),
        is_quiet(night, dials.missed),
        score_alone(night, dials.review),
        tells_something(night, dials.review),
        (night.extracting > 0)
        & (night.extracting >= dials.review.least_share * np.maximum(night.total, 1)),
    )


class Course:
    """Labels of accounts but for disputes, as they come.

    What is drawn of an account or a campaign belongs to it. Arrays have the shape (accounts,).

    Attributes
    ----------
    rows
        The labels, in order of time.
    ends
        Of each label the row that it supersedes, or `NO_ROW`.
    labelled
        Which accounts are called `extraction`, by the label that stands.
    taken_up
        Which accounts a reviewer has taken up.
    """

    def __init__(self, seen: Seen, dials: LabelDials, streams: Streams) -> None:
        self._accounts, self._dials, self._streams = seen.accounts, dials, streams
        self._campaign_of = seen.campaign_of
        self._last_us = seen.closes_us + LAST_DAYS * DAY_US
        self._drawn: dict[str, Floats] = {}
        self.rows: list[Row] = []
        self.ends: list[int] = []
        self._coming: list[Row] = []
        self._reports = deque(reports(seen, dials.report, streams))

        size = len(seen.accounts)
        self.labelled, self.taken_up, self._settled, self._ruled, self._appealed = np.zeros(
            (5, size), np.bool_
        )
        self._standing = np.full(size, NO_ROW, np.int64)
        # what was known the night before
        self._quiet, self._extracts = np.zeros((2, size), np.bool_)
        self._is_missed = self._chances("missed") < dials.missed.share
        self._glance = self._chances("glance")
        self._turn = self._chances("turn")
        self._room = np.zeros(2)

    def _chances(self, purpose: str) -> Floats:
        """Return a number in (0, 1) for each account, drawn once."""
        if purpose not in self._drawn:
            numbers = mixed(self._streams.key("labels", purpose), self._accounts.account_id)
            self._drawn[purpose] = uniforms(numbers) + 2.0**-54
        return self._drawn[purpose]

    def night(self, evidence: Evidence) -> None:
        """Have rules and reviewers look at what a day has shown."""
        self._hear_until(evidence.night.end_us)
        self._quiet, self._extracts = evidence.quiet, evidence.extracts
        unseen = self._quiet & self._is_missed
        self._apply_rules(evidence, unseen)
        self._take_up(evidence, unseen)

    def end(self) -> None:
        """Have all come that is still to come."""
        self._hear_until(self._last_us)

    # What comes

    def _hear_until(self, us: int) -> None:
        """Have reports and labels come that are due, up to a time."""
        while self._reports and self._reports[0].created_us <= us:
            report = self._reports.popleft()
            if report.is_made(self._quiet, self._dials):
                self._expect(report.rows(self._accounts))
        while self._coming and self._coming[0].created_us <= us:
            self._give(heapq.heappop(self._coming))

    def _expect(self, rows: list[Row]) -> None:
        for row in rows:
            heapq.heappush(self._coming, row)

    def _give(self, row: Row) -> None:
        """Give an account a label, which ends the one that stood.

        An appeal needs one to end; a rule has nothing to say where there is one by then.
        """
        account = row.account
        if row.channel == "appeal" and not self.labelled[account]:
            return
        if row.channel == "rule" and self._standing[account] != NO_ROW:
            return
        self.ends.append(int(self._standing[account]))
        self._standing[account] = len(self.rows)
        self.rows.append(row)

        self.labelled[account] = row.label == EXTRACTION
        self._settled[account] = row.channel != "rule"
        if row.label == EXTRACTION and not self._appealed[account]:
            self._appealed[account] = True
            self._appeal(row)

    def _appeal(self, row: Row) -> None:
        """Have the owner of an account say that it is harmless, which is believed or not."""
        dials, account = self._dials.appeal, row.account
        guilty = self._extracts[account] or self._campaign_of[account] != MISSING
        share = dials.wrongly_reversed_share if guilty else dials.reversed_share
        if self._chances("appeal")[account] < share:
            at_us = row.created_us + self._delay_us(
                dials.after_days, DAY_US, "appeal after", account
            )
            self._expect([Row(at_us, account, "appeal", BENIGN, row.valid_from_us)])

    def _delay_us(self, delay: Distribution, unit_us: int, purpose: str, account: int) -> int:
        """Return a delay of an account, at least a microsecond."""
        drawn = delay.quantile(float(self._chances(purpose)[account])) * unit_us
        return max(round(min(drawn, FOREVER_US / 2)), 1)

    # Who looks

    def _apply_rules(self, evidence: Evidence, unseen: Bools) -> None:
        """Have accounts labelled that crossed a line for the first time and have no label yet."""
        dials = self._dials.rule
        alert = evidence.over & ~self._ruled & ~unseen & (self._standing == NO_ROW)
        self._ruled |= alert
        hit = alert & (
            self._glance < np.where(evidence.extracts, dials.sensitivity, dials.false_share)
        )
        end_us = evidence.night.end_us
        for account in np.flatnonzero(hit).tolist():
            at_us = end_us + self._delay_us(dials.delay_h, HOUR_US, "rule after", account)
            self._expect([Row(at_us, account, "rule", EXTRACTION, end_us - DAY_US)])

    def _take_up(self, evidence: Evidence, unseen: Bools) -> None:
        """Have reviewers take up accounts: those of the highest scores, and some at random."""
        night, dials = evidence.night, self._dials.review
        capacity = dials.per_day_per_1000 * night.known.sum() / 1000
        self._room = self._room % 1 + capacity * np.array(
            [1 - dials.random_share, dials.random_share]
        )
        by_score, at_random = self._room.astype(np.int64).tolist()
        waiting = night.with_prompts() & ~self.taken_up & ~self._settled & ~unseen
        if not by_score + at_random or not waiting.any():
            return

        score = evidence.score + score_by_labels(night, self.labelled, evidence.telling, dials)
        first = _highest(np.flatnonzero(waiting), score, self._turn, by_score)
        waiting[first] = False
        others = _highest(np.flatnonzero(waiting), -self._turn, self._turn, at_random)
        for account in [*first.tolist(), *others.tolist()]:
            self._review(account, evidence)

    def _review(self, account: int, evidence: Evidence) -> None:
        """Have a reviewer say, some weeks later, what an account was for when it was taken up."""
        dials = self._dials.review
        self.taken_up[account] = True
        guilty = dials.sensitivity if evidence.extracts[account] else dials.false_share
        label = EXTRACTION if self._chances("verdict")[account] < guilty else BENIGN
        wait_us = self._delay_us(dials.verdict_days, DAY_US, "verdict after", account)
        since_us = int(self._accounts.first_us[account])
        self._expect([Row(evidence.night.end_us + wait_us, account, "review", label, since_us)])


def _highest(rows: Ints, score: Floats, turn: Floats, number: int) -> Ints:
    """Return the rows of the highest scores, equal ones in order of `turn`."""
    if number < len(rows):
        least = -np.partition(-score[rows], number)[number]
        rows = rows[score[rows] >= least]
    return rows[np.lexsort((turn[rows], -score[rows]))[:number]]


def courses(seen: Seen, dials: LabelDials, draws: list[Streams]) -> list[Course]:
    """Return a finished course of events for each set of random streams."""
    found = [Course(seen, dials, streams) for streams in draws]
    for night in seen.nights(dials.review.goes_on_days):
        evidence = evidence_of(night, dials)
        for course in found:
            course.night(evidence)
    for course in found:
        course.end()
    return found
