"""Exchanges by hour of the log and of the week, and who moves to a released model when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.time import HOUR_US
from sim.arrays.types import Floats, Ints
from sim.summaries.local_time import QUARTER_US, local_hours
from sim.summaries.run_figures import Adoption
from sim.summaries.sums import RunSums

_WEEK = 7 * 24
# 1970-01-01 was a Thursday: so many hours after the beginning of a Monday.
_THURSDAY = 3 * 24


def by_hour(sums: RunSums, groups: Sequence[str]) -> dict[str, Ints]:
    """Return answered exchanges by group and hour of the log, (hours,) each."""
    return _filled(sums, groups, "SELECT label, hour, sum(n) AS n FROM hours", sums.hours)


def by_hour_of_week(sums: RunSums, groups: Sequence[str]) -> dict[str, Ints]:
    """Return answered exchanges by group, local weekday from Monday and hour, (7, 24) each."""
    query = f"SELECT label, (hour + {_THURSDAY}) % {_WEEK} AS hour, sum(c2) AS n FROM local_hours"
    flat = _filled(sums, groups, query, _WEEK)
    return {group: hours.reshape(7, 24) for group, hours in flat.items()}


def hours_of_week(sums: RunSums) -> Floats:
    """Return how many hours of the log lie in each local weekday and hour, (7, 24)."""
    end_us = sums.opened_us + sums.run.scenario.clock.duration_us
    first = (sums.opened_us // QUARTER_US + 1) * QUARTER_US
    edges = np.concatenate(([sums.opened_us], np.arange(first, end_us, QUARTER_US), [end_us]))

    hours = (local_hours(edges[:-1], sums.zone) + _THURSDAY) % _WEEK
    flat: Floats = np.bincount(hours, np.diff(edges) / HOUR_US, _WEEK).astype(np.float64)
    return flat.reshape(7, 24)


def adoptions(sums: RunSums, groups: Sequence[str]) -> tuple[Adoption, ...]:
    """Return how groups move to each model that was released within the log.

    The first day is that after the release, or what the log holds of it. A share is NaN where the
    group has no answered exchange.

    Parameters
    ----------
    sums
        Of the run.
    groups
        Labels of the groups.
    """
    everything = by_hour(sums, groups)
    found = []
    for number, release in enumerate(sums.releases):
        code = sums.models.index(release.model)
        query = f"SELECT label, hour, sum(n) FILTER (model = {code}) AS n FROM hours"
        moved = _filled(sums, groups, query, sums.hours)

        first_day = "SELECT label, sum(moved), sum(n) FROM first_days JOIN labels USING (pair) "
        during, at_end = (
            {label: int(m) / int(n) for label, m, n in sums.rows(first_day + where, number)}
            for where in (
                "WHERE release = $1 GROUP BY label",
                "WHERE release = $1 AND in_last_hour GROUP BY label",
            )
        )

        found.append(
            Adoption(
                model=release.model,
                hour=(release.at_us - sums.opened_us) / HOUR_US,
                share={group: _shares(moved[group], everything[group]) for group in groups},
                during_first_day={group: during.get(group, np.nan) for group in groups},
                at_end_of_first_day={group: at_end.get(group, np.nan) for group in groups},
            )
        )
    return tuple(found)


def _filled(sums: RunSums, groups: Sequence[str], query: str, hours: int) -> dict[str, Ints]:
    """Return counts by group and hour, 0 where there are none, (hours,) each.

    Parameters
    ----------
    sums
        Of the run.
    groups
        Labels of the groups.
    query
        Gives `label`, `hour` and a count `n`; its table has the column `pair`.
    hours
        How many hours there are.
    """
    filled = {group: np.zeros(hours, np.int64) for group in groups}
    for label, hour, n in sums.rows(f"{query} JOIN labels USING (pair) GROUP BY ALL"):
        filled[label][hour] = n or 0
    return filled


def _shares(part: Ints, whole: Ints) -> Floats:
    """Return part / whole, NaN where the whole is 0."""
    shares: Floats = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=shares, where=whole > 0)
