"""Exchanges against tokens of tasks, and how the context grows along a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.arrays.types import Floats, Ints
from sim.summaries.sums import RunSums

# Bins of log2: 2**0 to 2**12 exchanges, 2**6 to 2**30 tokens.
_EXCHANGES, _FIRST, _TOKENS = 12, 6, 24
_STEPS = 100
_ENOUGH = 20


def task_grid(sums: RunSums, groups: Sequence[str]) -> dict[str, Ints]:
    """Return how many tasks have so many answered exchanges and tokens, (12, 24) by group.

    Bins are those of `RunFigures.task_grid`. Tasks beyond an edge are in the bin at the edge;
    tasks without an answered exchange are left out.

    Parameters
    ----------
    sums
        Of the run.
    groups
        Labels of the groups.

    Returns
    -------
    dict
        Empty without truth.
    """
    if not sums.has_truth:
        return {}
    grids = {group: np.zeros((_EXCHANGES, _TOKENS), np.int64) for group in groups}
    rows = sums.rows(
        f"SELECT label, least(floor(log2(n)), {_EXCHANGES - 1})::INT AS row, "
        f"greatest(least(floor(log2(greatest(tokens, 1))) - {_FIRST}, {_TOKENS - 1}), 0)::INT "
        "AS place, count(*) FROM units_task WHERE n > 0 GROUP BY ALL"
    )
    for label, row, place, tasks in rows:
        grids[label][row, place] = tasks
    return grids


def context_by_step(sums: RunSums, groups: Sequence[str]) -> dict[str, Floats]:
    """Return the median of input tokens at the k-th answered exchange of a task, (100,) by group.

    NaN where fewer than 20 of the tasks looked at have a k-th. These are all tasks, but of a log of
    a million attempts or more a sample, every second, third ... by identifier, which has nothing
    to do with what they are. Tasks that had begun before the log opened are left out.

    Parameters
    ----------
    sums
        Of the run.
    groups
        Labels of the groups.

    Returns
    -------
    dict
        Empty without truth.
    """
    if not sums.has_truth:
        return {}
    medians = {group: np.full(_STEPS, np.nan) for group in groups}
    rows = sums.rows(
        "SELECT label, step, median(input) FROM ("
        "SELECT pair, input, row_number() OVER (PARTITION BY id ORDER BY moment, input) AS step "
        "FROM contexts WHERE id NOT IN (SELECT id FROM tasks WHERE begun_before)"
        f") JOIN labels USING (pair) WHERE step <= {_STEPS} GROUP BY label, step "
        f"HAVING count(*) >= {_ENOUGH}"
    )
    for label, step, median in rows:
        medians[label][step - 1] = median
    return medians
