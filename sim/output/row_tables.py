"""Tables that are made of rows, window by window: each column by a small function of its own.

A `RowTable` holds the makers of one table. A maker bears the name of its column and is registered
by `@TABLE.column`; it takes what all windows share and the rows of a window, and returns an array
of shape (rows,). A column whose record names its source needs none.

Most columns of an exchange are the same for all exchanges of a task: they belong to the account,
the session or the prompt. Their makers are registered by `@TABLE.column_of_task`. They are made
once for each task of the window, and then taken by its exchanges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Array, Ints
from sim.population.population import Population
from sim.streams import U64
from sim.tables import arrow
from sim.tables.column import Column, TableSchema

T = TypeVar("T")

# What makers of columns that differ between the exchanges of a task ask of the task.
ASKED_OF_TASK = ("account", "session", "template", "model", "batch", "actor")


def opening_us(population: Population) -> int:
    """Return the opening of the log, in microseconds since 1970."""
    return population.scenario.clock.opening_us


class RowContext:
    """What the makers of columns share over all windows of a run.

    Attributes
    ----------
    population
        Accounts, actors, clients and models of the scenario.
    opening_us
        The opening of the log, in microseconds since 1970; times of rows count from there.
    """

    def __init__(self, population: Population) -> None:
        self.population = population
        self.opening_us = opening_us(population)
        self._computed: dict[Any, Any] = {}

    def once(self, compute: Callable[[Population], T]) -> T:
        """Return `compute(population)`, which is computed for the first window alone.

        Parameters
        ----------
        compute
            A function of a module: what it returned is found again by the function itself.
        """
        value: T = self._kept(compute, lambda: compute(self.population))
        return value

    def actor_key(self, purpose: str) -> U64:
        """Return the key of each actor's identifiers for one purpose, shape (actors,)."""
        keys: U64 = self._kept(purpose, lambda: self.population.actor_key(purpose))
        return keys

    def _kept(self, name: Any, make: Callable[[], Any]) -> Any:
        """Return what `make` returned the first time."""
        if name not in self._computed:
            self._computed[name] = make()
        return self._computed[name]

    def times(self, relative_us: Ints) -> Any:
        """Return times of rows as an Arrow array."""
        return arrow.times(self.opening_us, relative_us)

    def of_account(self, name: str, rows: Columns) -> Array:
        """Return a field of the accounts that sent the rows, shape (rows,)."""
        values: Array = getattr(self.population.accounts, name)[rows["account"]]
        return values

    def of_client(self, name: str, rows: Columns) -> Any:
        """Return a word about the client software of the accounts that sent the rows."""
        key = f"client.{name}"
        if key not in self._computed:
            words = getattr(self.population.clients, name)
            distinct = sorted(set(words))
            codes = np.array([distinct.index(word) for word in words], np.int32)
            self._computed[key] = codes[self.population.accounts.client], distinct
        codes, distinct = self._computed[key]
        return arrow.words(codes[rows["account"]], distinct)


Maker = Callable[[RowContext, Columns], Any]


class RowTable:
    """The columns of a table of rows, and the functions that make them.

    Attributes
    ----------
    schema
        The records of its columns.
    makers
        The functions by the name of the column that they make.
    """

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self.makers: dict[str, Maker] = {}
        self._of_task: set[str] = set()

    def column(self, make: Maker) -> Maker:
        """Register a function as the maker of the column that bears its name."""
        self.makers[make.__name__] = make
        return make

    def column_of_task(self, make: Maker) -> Maker:
        """Register a maker of values that are the same for all exchanges of a task.

        It takes exchanges, or tasks with those fields that their exchanges share.
        """
        self._of_task.add(make.__name__)
        return self.column(make)

    def render(
        self,
        context: RowContext,
        rows: Columns,
        schema: TableSchema | None = None,
        origins: Columns | None = None,
    ) -> Any:
        """Return an Arrow table of the rows of a window, with all columns or those of `schema`.

        Parameters
        ----------
        context
            What all windows of the run share.
        rows
            The rows as columns of shape (rows,), in the order in which they are shown.
        schema
            Some of the columns of the table; only these are made. All if None.
        origins
            The tasks of the rows, of which `origin` of a row is an index, shape (tasks,) a column.
            Then rows have `ASKED_OF_TASK` of their task. If None, they have all of it themselves.
        """
        schema = self.schema if schema is None else schema
        own = [c for c in schema.columns if origins is None or not self.is_of_task(c)]
        values = {c.name: self._values(c, context, rows) for c in own}
        shared = [c for c in schema.columns if c.name not in values]
        if origins is None or not shared:
            return arrow.table(schema, values)

        once = {c.name: self._values(c, context, origins) for c in shared}
        taken = arrow.taken(arrow.table(TableSchema(shared), once), rows["origin"])
        return arrow.table(schema, values | taken)

    def is_of_task(self, column: Column) -> bool:
        """Whether all exchanges of a task have the same value in a column."""
        owner = column.source.partition(".")[0]
        return owner in ("task", "account", "client") or column.name in self._of_task

    def _values(self, column: Column, context: RowContext, rows: Columns) -> Any:
        """Return the values of a column: a field as it is, or what its maker returns."""
        owner, _, field = column.source.partition(".")
        if owner in ("row", "task"):
            return rows[field]
        if owner == "account":
            return context.of_account(field, rows)
        if owner == "client":
            return context.of_client(field, rows)
        return self.makers[column.name](context, rows)
