"""A finished pack: its tables, its labels as of a moment, and examples of a split."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.arrays.types import Array
from sim.errors import InvalidInputError
from sim.packs.examples import Examples, Part, examples_of
from sim.packs.manifest import read_manifest, records_of, stem_of
from sim.packs.recipe import Recipe
from sim.tables.formats import FileRecord
from sim.tables.integrity import seen_damage
from sim.tables.query import relation
from sim.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd

AUDIT = "audit.json"
# The years 1 to 9999, in microseconds of Unix time.
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


class Pack:
    """A finished pack: labelled data of one provider, made from a recipe.

    Tables are named as their files are, such as `log/exchanges`, `features/accounts` and
    `truth/targets`; `names` lists them. Truth comes only when it is asked for, by name or with
    `truth=True`, by `targets` and by `weights`.

    Attributes
    ----------
    store
        Where it lies.
    manifest
        The values of its manifest.
    """

    def __init__(self, place: Store | Path | str) -> None:
        """Open a pack; raise InvalidInputError unless a finished one is at the path or URL."""
        self.store = Store.of(place)
        self.manifest: Mapping[str, Any] = read_manifest(self.store)
        self._files: dict[str, list[FileRecord]] = {}
        for record in records_of(dict(self.manifest)):
            if record.path.endswith(".parquet"):
                self._files.setdefault(stem_of(record.path), []).append(record)

    def __repr__(self) -> str:
        rows = sum(record.rows for record in self._files.get("log/exchanges", ()))
        return f"<Pack {self.store}: {self.manifest['name']}, {rows:,} exchanges>"

    @property
    def names(self) -> tuple[str, ...]:
        """The tables that are there, but for truth that was taken away."""
        there = set(self.store.files("truth"))
        return tuple(
            name
            for name, records in self._files.items()
            if not name.startswith("truth/") or all(record.path in there for record in records)
        )

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that it was made from, with the scenarios of its simulations."""
        return Recipe.from_dict(self.manifest["recipe"])

    @cached_property
    def audit(self) -> dict[str, Any] | None:
        """The figures of `audit.json`; None if the pack was made without an audit."""
        if not self.store.is_file(AUDIT):
            return None
        audit: dict[str, Any] = self.store.read_json(AUDIT)
        return audit if audit.get("audited", True) else None

    # Tables

    def dataset(self, table: str) -> Any:
        """Return a table as `pyarrow.dataset.Dataset`; a scan reads the columns that it needs.

        Parameters
        ----------
        table
            Its name, such as `features/accounts`.

        Raises
        ------
        InvalidInputError
            If the table is not there, or if a file of it is missing or damaged.
        """
        import pyarrow.dataset as ds

        for record in self._records(table):
            self._expect_whole(record)
        checking = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
        return ds.dataset(
            [self.store.full(record.path) for record in self._records(table)],
            format=ds.ParquetFileFormat(default_fragment_scan_options=checking),
            filesystem=None if self.store.is_local else self.store.filesystem,
        )

    def pandas(self, table: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or some columns of it, as data frame.

        Parameters
        ----------
        table
            Its name, such as `features/accounts`.
        columns
            Columns in the order wanted; all if left out.

        Returns
        -------
        pandas.DataFrame
            Rows in the order of the files. Words are categories, times are in UTC.

        Raises
        ------
        InvalidInputError
            If the table or a column is not there, or if a file of it is missing or damaged.
        """
        dataset = self.dataset(table)
        for name in columns or ():
            if name not in dataset.schema.names:
                near = difflib.get_close_matches(name, dataset.schema.names, 3)
                has = ", ".join(near or dataset.schema.names)
                raise InvalidInputError(f"{self.store}: {table} has no column {name}; it has {has}")
        frame: pd.DataFrame = dataset.to_table(
            None if columns is None else list(columns)
        ).to_pandas()
        return frame

    def sql(self, query: str, truth: bool = False) -> Any:
        """Return what a query gives, as `duckdb.DuckDBPyRelation`: `.df()`, `.pl()`, `.fetchall()`.

        Parameters
        ----------
        query
            SQL over the tables by their names: `exchanges` and `accounts` of the log,
            `features_accounts`, `labels_observed_labels`, `splits`.
        truth
            Whether it may ask for tables of the truth: `truth_targets`, `truth_accounts` ...

        Raises
        ------
        InvalidInputError
            If DuckDB refuses the query or is not installed, or if a table is not there.
        """
        return relation(str(self.store), self.names, self.dataset, query, truth)

    # Labels and splits

    def labels_as_of(self, moment: datetime | str | int) -> pd.DataFrame:
        """Return what a provider knows at a moment: the latest label of each entity.

        Parameters
        ----------
        moment
            Text such as `2026-02-20T12:00`, in UTC unless it names an offset; a datetime with a
            time zone; or microseconds of Unix time.

        Returns
        -------
        pandas.DataFrame
            One row an entity: entity_type, entity_id, label, confidence, channel, created_at.
            Labels that another one supersedes by then are not there.
        """
        from sim.labelling.as_of import labels_as_of

        return labels_as_of(self.pandas("labels_observed/labels"), moment_us(moment))

    @property
    def splits(self) -> pd.DataFrame:
        """The folds: entity_type, entity_id, split_scheme, fold."""
        return self.pandas("splits")

    def examples(
        self,
        scheme: str = "time",
        *,
        labels: Literal["observed", "truth"] = "observed",
        as_of: datetime | str | int | None = None,
    ) -> Examples:
        """Return the examples of a split, ready for a detector: features, labels and ids by fold.

        Parameters
        ----------
        scheme
            Of the splits: time, campaign, regime, world-held-out ...
        labels
            What a detector learns from: what a provider knows when it trains, where accounts
            without a label count as negative; or the truth.
        as_of
            When it trains. By default when the examples to be judged begin, for `time` and
            `regime`; else when the log closes.

        Raises
        ------
        InvalidInputError
            If there is no such scheme, or if it has nothing to learn from or to judge.
        """
        if labels not in ("observed", "truth"):
            raise InvalidInputError(f"labels: found {labels!r}; allowed: observed, truth")
        trained_us = None if as_of is None else moment_us(as_of)
        return examples_of(self, scheme, labels=labels, trained_us=trained_us)

    def targets(self, part: Part, target: str = "target") -> Array:
        """Return the truth about the examples of a part, for scoring.

        Parameters
        ----------
        part
            Of a split: `pack.examples("time").test`.
        target
            A column of truth/targets: `target`, the recommended one, or an alternative such as
            `any_extraction`; `extraction_share` for the share itself.

        Returns
        -------
        numpy.ndarray
            One value an example, in their order.

        Raises
        ------
        InvalidInputError
            If truth was taken away, or has no such column.
        """
        return self._aligned("truth/targets", part.example_ids, target, {"entity_type": "example"})

    def weights(self, part: Part, prevalence: float) -> Array:
        """Return weights that give the examples of a part the shares of a population.

        Parameters
        ----------
        part
            Of a split: `pack.examples("time").test`.
        prevalence
            Share of accounts of the population whose `target` is true; one that the recipe names.
            All accounts of the pack have it in the whole log. A part is near it; in the shorter
            windows of `time` and `regime` the share is often lower.

        Returns
        -------
        numpy.ndarray
            One weight an example, in their order; its account's. They tell the truth, because
            abusive accounts weigh less: for scoring, not for training.

        Raises
        ------
        InvalidInputError
            If truth was taken away, or if there are no weights for this prevalence.
        """
        named = self.recipe.prevalence
        if prevalence not in named:
            raise InvalidInputError(
                f"{self.store}: no weights for a prevalence of {prevalence:g}; there are for "
                f"{', '.join(format(each, 'g') for each in named)}"
            )
        where = {"entity_type": "account", "prevalence": prevalence}
        return self._aligned("truth/sample_weights", part.account_ids, "weight", where)

    def owners(self, part: Part) -> Array:
        """Return who stands behind each example of a part: draw these for intervals, not accounts.

        Parameters
        ----------
        part
            Of a split: `pack.examples("time").test`.

        Returns
        -------
        numpy.ndarray
            The operator of each example's account, in their order. It is truth.

        Raises
        ------
        InvalidInputError
            If truth was taken away.
        """
        accounts = self.pandas("truth/accounts", ["account_id", "operator_uid"])
        of_account = accounts.set_index("account_id")["operator_uid"]
        owners: Array = of_account.loc[part.account_ids].to_numpy()
        return owners

    def _aligned(self, table: str, ids: Array, column: str, where: dict[str, Any]) -> Array:
        """Return the values of a column of the truth for some entities, in their order."""
        frame = self.pandas(table, ["entity_id", *where, column])
        for name, value in where.items():
            frame = frame[frame[name] == value]
        values = frame.set_index("entity_id")[column].reindex(ids)
        if values.isna().any():
            lost = int(values.isna().sum())
            raise InvalidInputError(f"{self.store}: {table} lacks {lost:,} of the examples")
        aligned: Array = values.to_numpy(dtype=frame[column].dtype)
        return aligned

    # Files

    def _records(self, table: str) -> list[FileRecord]:
        """Return the files of a table, or raise InvalidInputError that says what there is."""
        if table in self._files:
            return self._files[table]
        near = difflib.get_close_matches(table, self._files, 3) or list(self._files)
        raise InvalidInputError(
            f"{self.store}: there is no table {table}; there are {', '.join(near)}"
        )

    def _expect_whole(self, record: FileRecord) -> None:
        """Raise InvalidInputError unless a file is there, and is what the manifest says."""
        name = self.store.name(record.path)
        if wrong := self.store.wrong_with(record.path):
            raise InvalidInputError(f"{name}: {wrong}")
        if not self.store.is_file(record.path):
            if record.path.startswith("truth/") and not self.store.files("truth"):
                raise InvalidInputError(f"{self.store}: its truth was taken away")
            raise InvalidInputError(f"{name}: is missing; `sim verify` lists what is damaged")
        with self.store.reading(record.path) as file:
            damage = seen_damage(file, record)
        if damage:
            raise InvalidInputError(f"{name}: {damage}; `sim verify` lists what is damaged")


def moment_us(moment: datetime | str | int) -> int:
    """Return a moment in microseconds of Unix time.

    Raises
    ------
    InvalidInputError
        If it is text that is no date or time, or beyond the years 1 to 9999.
    TypeError
        If it is of another type, or a datetime without time zone.
    """
    from sim.documents.quantities import parse_instant

    if isinstance(moment, int | np.integer) and not isinstance(moment, bool):
        if not FIRST_US <= moment <= LAST_US:
            raise InvalidInputError(
                f"moment: should be microseconds of Unix time within the years 1 to 9999; found "
                f"{moment}"
            )
        return int(moment)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise TypeError("a moment needs a time zone: datetime(2026, 2, 20, tzinfo=UTC)")
    if not isinstance(moment, datetime | str):
        raise TypeError(
            f"a moment is a datetime, text or microseconds; found {type(moment).__name__}"
        )
    try:
        return round(parse_instant(moment).timestamp() * 1e6)
    except ValueError as error:
        raise InvalidInputError(f"moment: {error}") from None
