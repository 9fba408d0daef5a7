"""Columns of `truth/tasks`: the tasks with an exchange in the log."""

from __future__ import annotations

from typing import Any

from sim.arrays.columns import Columns
from sim.arrays.types import Ints
from sim.output.exchange_truth import actor_words, typology_words
from sim.output.row_tables import RowContext, RowTable
from sim.streams import Ids, opaque_ids
from sim.tables import arrow
from sim.tables.schema import TRUTH_TASKS
from sim.tables.words import PROMPT_KINDS, TASK_STATES

TASK_TRUTH = RowTable(TRUTH_TASKS)


@TASK_TRUTH.column
def task_uid(context: RowContext, tasks: Columns) -> Ids:
    """Return the identifier of tasks."""
    return opaque_ids(context.actor_key("task")[_actor(context, tasks)], tasks["serial"])


@TASK_TRUTH.column
def actor_id(context: RowContext, tasks: Columns) -> Any:
    """Return the actor whose account worked on tasks."""
    return actor_words(context, _actor(context, tasks))


@TASK_TRUTH.column
def typology_id(context: RowContext, tasks: Columns) -> Any:
    """Return the typology of that actor."""
    return typology_words(context, _actor(context, tasks))


@TASK_TRUTH.column
def started_at(context: RowContext, tasks: Columns) -> Any:
    """Return when the first request was sent."""
    return context.times(tasks["start"])


@TASK_TRUTH.column
def ended_at(context: RowContext, tasks: Columns) -> Any:
    """Return when the last attempt ended."""
    return context.times(tasks["end"])


@TASK_TRUTH.column
def work(_: RowContext, tasks: Columns) -> Any:
    """Return what tasks work on."""
    return arrow.words(tasks["kind"], PROMPT_KINDS)


@TASK_TRUTH.column
def item(_: RowContext, tasks: Columns) -> Any:
    """Return the number of the prompt on its list or of the benchmark item, if there is one."""
    import pyarrow as pa

    return arrow.array(tasks["item"], pa.int64(), tasks["item"] < 0)


@TASK_TRUTH.column
def state(_: RowContext, tasks: Columns) -> Any:
    """Return how tasks ended."""
    return arrow.words(tasks["state"], TASK_STATES)


def _actor(context: RowContext, tasks: Columns) -> Ints:
    """Return the number of the actor whose account worked on each task, shape (tasks,)."""
    return context.population.actor_of_account[tasks["account"]]
