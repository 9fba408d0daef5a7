"""Turn the rows of a window into the tables of the log and of the truth."""

from __future__ import annotations

from typing import Any

from sim.arrays.columns import Columns

# each of these registers the columns that it makes
from sim.output import log_answer, log_content, log_network  # noqa: F401
from sim.output.exchange_truth import EXCHANGE_TRUTH
from sim.output.log_request import EXCHANGE_LOG
from sim.output.row_tables import RowContext
from sim.output.task_truth import TASK_TRUTH
from sim.population.population import Population
from sim.tables.schema import exchange_columns, truth_columns


class Renderer:
    """Renders the windows of one population as Arrow tables.

    Rows come as the columns of `sim.scaffold.rows`, those of exchanges with their `actor` and `id`.
    Where tasks come beside them, with all that their exchanges share, `origin` of an exchange is an
    index of its task; else each exchange has these fields itself.
    """

    def __init__(self, population: Population) -> None:
        tables = population.scenario.tables
        self._context = RowContext(population)
        self._columns = exchange_columns(tables.columns, vectors=tables.vectors)
        self._labels = truth_columns(tables.columns)

    def log(self, rows: Columns, origins: Columns | None = None) -> Any:
        """Return the exchange log, one row per HTTP attempt."""
        return EXCHANGE_LOG.render(self._context, rows, self._columns, origins)

    def truth(self, rows: Columns, origins: Columns | None = None) -> Any:
        """Return the truth of the same exchanges, in the same order."""
        return EXCHANGE_TRUTH.render(self._context, rows, self._labels, origins)

    def tasks(self, tasks: Columns) -> Any:
        """Return the truth of the tasks that have an exchange in the log."""
        return TASK_TRUTH.render(self._context, tasks)
