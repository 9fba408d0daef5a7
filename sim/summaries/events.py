"""What happened on the time line: releases, incidents, bans and replacements."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import HOUR_US
from sim.arrays.types import Ints
from sim.summaries.run_figures import Events
from sim.summaries.sums import RunSums
from sim.tables.schema import ACCOUNTS, ENFORCEMENT_EVENTS, TRUTH_LINKS


def events(sums: RunSums) -> Events:
    """Return what happened within the log of a run that was read.

    Releases, bans and accounts are those of its tables; incidents those of its scenario.
    """
    return Events(
        releases={
            release.model: (release.at_us - sums.opened_us) / HOUR_US for release in sums.releases
        },
        incidents=_incidents(sums),
        bans=_by_hour(sums, _ban_times(sums)),
        replacements=_by_hour(sums, _replacement_times(sums)),
    )


def _incidents(sums: RunSums) -> tuple[tuple[float, float], ...]:
    """Return beginning and end of the incidents in hours, as far as they lie within the log."""
    scenario = sums.run.scenario
    spans = [
        (event.at_us, scenario.clock.duration_us if event.until_us is None else event.until_us)
        for event in scenario.world.events
        if event.kind == "incident"
    ]
    return tuple(
        (max(begin, 0) / HOUR_US, min(end, scenario.clock.duration_us) / HOUR_US)
        for begin, end in sorted(spans)
        if begin < scenario.clock.duration_us and end > 0
    )


def _ban_times(sums: RunSums) -> Ints:
    """Return when accounts were banned, in microseconds since 1970."""
    table = sums.run.table("log/enforcement_events", ENFORCEMENT_EVENTS)
    banned = np.array([action == "ban" for action in table.column("action").to_pylist()], np.bool_)
    times: Ints = table.column("at").to_numpy().astype("i8")[banned]
    return times


def _replacement_times(sums: RunSums) -> Ints:
    """Return when accounts signed up that took the place of others; none without truth."""
    if not sums.has_truth:
        return np.zeros(0, np.int64)
    links = sums.run.table("truth/links", TRUTH_LINKS)
    replaces = np.array([link == "replaces" for link in links.column("link").to_pylist()], np.bool_)
    new = links.column("account_id").to_numpy()[replaces]
    accounts = sums.run.table("log/accounts", ACCOUNTS)
    is_new = np.isin(accounts.column("account_id").to_numpy(), new)
    times: Ints = accounts.column("created_at").to_numpy().astype("i8")[is_new]
    return times


def _by_hour(sums: RunSums, moments_us: Ints) -> Ints:
    """Return how many moments lie in each hour of the log, (hours,); those outside are left out."""
    hours = (moments_us - sums.opened_us) // HOUR_US
    inside = hours[(hours >= 0) & (hours < sums.hours)]
    return np.bincount(inside, minlength=sums.hours).astype(np.int64)
