"""All numbers of a run that its report shows, from one reading of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.catalog import typologies
from sim.errors import InvalidInputError
from sim.summaries.concentration import gini, lorenz
from sim.summaries.context import context_by_step, task_grid
from sim.summaries.events import events
from sim.summaries.exchange_counts import distributions, group_units, left_out
from sim.summaries.local_time import zone_named
from sim.summaries.over_time import adoptions, by_hour, by_hour_of_week, hours_of_week
from sim.summaries.run_figures import RunFigures
from sim.summaries.sums import ALL, COLUMN_OF, RunSums, sums_of
from sim.summaries.tokens import cost_usd, tokens
from sim.tables.conventions import FROM_LOG, OF_ROWS
from sim.tables.reading import Run

GROUPINGS = ("actor", "typology")


def summarise(run: Run, by: str = "actor", timezone: str = "UTC") -> RunFigures:
    """Sum a finished run up, in memory that does not grow with its log.

    Parameters
    ----------
    run
        The run, with or without truth.
    by
        What groups are: `actor` or `typology`. Without truth there is one group, `all`.
    timezone
        Name of the time zone of days and of hours of the week, such as `Europe/Paris`.

    Returns
    -------
    RunFigures
        Its numbers.

    Raises
    ------
    InvalidInputError
        If there is no such grouping or time zone, or if a file of the run is missing or damaged.
    SimError
        If the sums do not fit in the folder for temporary files.
    """
    with sums_of(run, zone_named(timezone)) as sums:
        return summary_of(sums, by)


def summary_of(
    sums: RunSums, by: str, counts: Mapping[str, Mapping[str, int]] | None = None
) -> RunFigures:
    """Return the numbers of a run whose sums were taken; see `summarise`.

    `counts` are those of `counts_by` for `by`, if they were counted before.
    """
    if by not in GROUPINGS:
        raise InvalidInputError(f"groups by {by!r}: give one of {', '.join(GROUPINGS)}")
    group_units(sums, by)
    scenario = sums.run.scenario

    counts = counts_by(sums, by) if counts is None else counts
    groups = tuple(sorted(counts, key=lambda group: (-counts[group]["C2"], group)))
    of_units = distributions(sums)
    of_accounts = of_units.get("account", {})
    return RunFigures(
        name=scenario.name,
        seed=scenario.seed,
        by=by if sums.has_truth else ALL,
        groups=groups,
        titles=_titles(sums, by),
        opened=scenario.clock.start.isoformat(),
        hours=sums.hours,
        timezone=sums.zone.key,
        counts={group: counts[group] for group in groups},
        distributions=of_units,
        tokens=tokens(sums),
        cost_usd=cost_usd(sums),
        left_out=left_out(sums, of_units),
        by_hour=by_hour(sums, groups),
        by_hour_of_week=by_hour_of_week(sums, groups),
        hours_of_week=hours_of_week(sums),
        lorenz={group: lorenz(of_accounts[group]) for group in groups if group in of_accounts},
        gini={group: gini(of_accounts[group]) for group in groups if group in of_accounts},
        task_grid=task_grid(sums, groups),
        context_by_step=context_by_step(sums, groups),
        events=events(sums),
        adoptions=adoptions(sums, groups),
    )


def counts_by(sums: RunSums, key: str) -> dict[Any, dict[str, int]]:
    """Return counts under each convention, C5 and C6 with truth only.

    Parameters
    ----------
    sums
        Of a run that was read.
    key
        What is counted by: `actor`, `typology`, or `hour`, the local hour since 1970 with the
        seconds by which its clock is ahead of UTC.

    Returns
    -------
    dict
        By the value of `key`, in its order. A value with exchanges and no task has a C6 of 0.
    """
    table = "local_hours" if key == "hour" else "accounts"
    key = "(hour, ahead)" if key == "hour" else key
    names = OF_ROWS if sums.has_truth else FROM_LOG
    columns = ", ".join(f"sum({COLUMN_OF[name]})" for name in names)
    of_rows = sums.rows(
        f"SELECT {key} AS key, {columns} FROM {table} JOIN pairs USING (pair) GROUP BY key"
    )
    counts = {
        value: dict(zip(names, map(int, sums_of_value), strict=True))
        for value, *sums_of_value in of_rows
    }

    if sums.has_truth:
        tasks = dict(
            sums.rows(
                f"SELECT {key} AS key, count(*) FROM tasks JOIN pairs USING (pair) GROUP BY key"
            )
        )
        nothing = dict.fromkeys(names, 0)
        counts = {
            value: {**counts.get(value, nothing), "C6": tasks.get(value, 0)}
            for value in counts.keys() | tasks.keys()
        }
    return {value: counts[value] for value in sorted(counts)}


def _titles(sums: RunSums, by: str) -> dict[str, str]:
    """Return the title of the typology of each group; of one that no catalog has its id."""
    titles = {id_: typology.title for id_, typology in typologies().items()}
    pairs = sums.rows(f"SELECT {by}, typology FROM pairs ORDER BY typology")
    return {
        group: titles.get(typology, "All exchanges" if typology == ALL else typology)
        for group, typology in pairs
    }
