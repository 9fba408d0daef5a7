"""Columns of the log about the answer: when it began, how it ended, what went wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.columns import Columns
from sim.arrays.types import Array
from sim.output.log_request import EXCHANGE_LOG, seconds
from sim.output.row_tables import RowContext
from sim.population.population import Population
from sim.streams import mixed, uniforms
from sim.tables import arrow
from sim.tables.words import FINISH_REASONS, REFUSAL, REFUSAL_CATEGORIES
from sim.world.attempts import ERROR_TYPES

# What the provider suspects behind refused prompts of some families, and in which share of them;
# priors.
_SUSPECTED = {
    "reasoning": ("reasoning_extraction", 0.5),
    "rubric": ("frontier_llm", 0.25),
    "analyst": ("frontier_llm", 0.25),
}
# The number of the type of error that each HTTP status stands for, -1 for those of no error.
_ERROR_CODE = np.full(600, -1)
_ERROR_CODE[list(ERROR_TYPES)] = np.arange(len(ERROR_TYPES))


@EXCHANGE_LOG.column
def ttft_s(_: RowContext, rows: Columns) -> Any:
    """Return the seconds to the first token, null where there was none."""
    import pyarrow as pa

    return arrow.array(seconds(rows["ttft"]), pa.float32(), rows["ttft"] < 0)


@EXCHANGE_LOG.column
def finish_reason(_: RowContext, rows: Columns) -> Any:
    """Return why answers ended, null where there was no answer."""
    return arrow.words(rows["finish"], FINISH_REASONS, rows["finish"] < 0)


@EXCHANGE_LOG.column
def refusal_category(context: RowContext, rows: Columns) -> Any:
    """Return what the provider suspects of the requests that it refused."""
    categories = suspected_categories(context.population, rows)
    return arrow.words(categories, REFUSAL_CATEGORIES, rows["finish"] != REFUSAL)


def suspected_categories(population: Population, rows: Columns) -> Array:
    """Return the number of the category that the provider suspects of each row, shape (rows,).

    It is the one that was drawn with the row, but for a share of the refused prompts of some
    families of templates. It goes by what is asked, never by who asks: research and grading are
    suspected alike.

    Parameters
    ----------
    population
        Has the templates by family, and the key of the suspicions.
    rows
        Of which `category`, `finish`, `template` and `id` are asked for.

    Returns
    -------
    numpy.ndarray
        Indices into `REFUSAL_CATEGORIES`. Rows without a refusal keep what was drawn, which nobody
        sees.
    """
    category = rows["category"].copy()
    refused = np.flatnonzero(rows["finish"] == REFUSAL)
    template = rows["template"][refused]
    key = population.streams.key("pool", "suspicions")
    chance = uniforms(mixed(key, rows["id"][refused]))

    for family, (suspicion, share) in _SUSPECTED.items():
        numbers = population.universe.templates_of(family)
        is_of_family = (template >= numbers.start) & (template < numbers.stop)
        category[refused[is_of_family & (chance < share)]] = REFUSAL_CATEGORIES.index(suspicion)
    return category


@EXCHANGE_LOG.column
def error_type(_: RowContext, rows: Columns) -> Any:
    """Return the type of error, null where there was none."""
    codes = _ERROR_CODE[rows["status"]]
    return arrow.words(codes, list(ERROR_TYPES.values()), codes < 0)
