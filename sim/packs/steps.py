"""What is made of a merged log, step by step: labels, targets, splits, features, audits, cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sim.features.make import feature_tables
from sim.features.targets import target_tables
from sim.features.weights import sample_weights
from sim.features.windows import Window, windows_of
from sim.labelling.process import observed_labels
from sim.labelling.propensity import label_propensity
from sim.packs.recipe import Recipe
from sim.splits.make import make_splits
from sim.splits.times import split_times
from sim.tables.database import RunTables

LABELS = "labels_observed/labels"


class Made(NamedTuple):
    """What a step made.

    Attributes
    ----------
    tables
        Names of tables and their rows: a `pyarrow.Table`, or a `RecordBatchReader` whose rows are
        taken before the next table is asked for.
    facts
        What later steps, the cards and the manifest need to know; values for JSON.
    """

    tables: Iterable[tuple[str, Any]]
    facts: Mapping[str, Any]


class Step(NamedTuple):
    """A step: its name, the tables that it makes, its share of the work, and what makes them.

    `make` takes the recipe, the tables that are there, and the facts of earlier steps by name.
    """

    name: str
    stems: tuple[str, ...]
    share: float
    make: Callable[[Recipe, RunTables, Mapping[str, Any]], Made]


def _labels(recipe: Recipe, tables: RunTables, _: Mapping[str, Any]) -> Made:
    """Make the labels that a provider would have."""
    return Made([(LABELS, observed_labels(tables, recipe.labels, recipe.seed))], {})


def _propensity(recipe: Recipe, tables: RunTables, _: Mapping[str, Any]) -> Made:
    """Make the propensity of each account to be labelled."""
    table = label_propensity(tables, recipe.labels, recipe.seed)
    return Made([("truth/label_propensity", table)], {})


def _targets(recipe: Recipe, tables: RunTables, _: Mapping[str, Any]) -> Made:
    """Make the targets of all windows; the windows are facts."""
    times = split_times(tables, recipe.splits, _observed(tables))
    gap_us = 0
    if times.cut_off_us is not None and times.train_at_us is not None:
        gap_us = times.train_at_us - times.cut_off_us
    windows = windows_of(
        recipe.opens_us,
        recipe.closes_us,
        cut_off_us=times.cut_off_us,
        gap_us=gap_us,
        release_us=times.regime_us,
    )
    table = target_tables(tables, windows, recipe.least_share)
    return Made([("truth/targets", table)], {"windows": [list(window) for window in windows]})


def _weights(recipe: Recipe, tables: RunTables, _: Mapping[str, Any]) -> Made:
    """Make the weights for a population."""
    table = sample_weights(tables, recipe.prevalence, recipe.population)
    return Made([("truth/sample_weights", table)], {})


def _splits(recipe: Recipe, tables: RunTables, _: Mapping[str, Any]) -> Made:
    """Make the splits and their keys; how many each scheme has are facts."""
    splits = make_splits(tables, recipe.splits, _observed(tables), recipe.seed)
    made = [
        ("splits", splits.table),
        ("truth/split_keys", splits.keys),
        ("truth/split_cuts", splits.cuts),
    ]
    return Made(made, splits.counts)


def _features(recipe: Recipe, tables: RunTables, facts: Mapping[str, Any]) -> Made:
    """Make the tables of features, for the windows of the targets."""
    windows = [Window(*each) for each in facts["targets"]["windows"]]
    return Made(feature_tables(tables, recipe.features, windows), {})


def _observed(tables: RunTables) -> Any:
    """Return the labels that were observed, as a data frame."""
    return tables.rows("SELECT * FROM labels_observed_labels ORDER BY created_at, label_id")


STEPS = (
    Step("labels", (LABELS,), 0.04, _labels),
    Step("propensity", ("truth/label_propensity",), 0.08, _propensity),
    Step("targets", ("truth/targets",), 0.02, _targets),
    Step("weights", ("truth/sample_weights",), 0.01, _weights),
    Step("splits", ("splits", "truth/split_keys", "truth/split_cuts"), 0.03, _splits),
    Step(
        "features",
        ("features/accounts", "features/account_days", "features/windows"),
        0.12,
        _features,
    ),
)


def rows_of(table: Any) -> Iterator[Any]:
    """Yield a table as tables of some rows each, be it one table or a reader of batches."""
    import pyarrow as pa

    if isinstance(table, pa.Table):
        yield table
        return
    for batch in table:
        yield pa.Table.from_batches([batch])
