"""Tables of predictions: read, checked against a split of a pack, and written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from sim.arrays.types import Array, Floats, Ints
from sim.documents.printable import printable
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.packs.pack import Pack
from sim.predictions.cells import (
    STDIN,
    CellError,
    cells_of,
    name_of,
    numbers,
    texts,
    times_us,
    whole_numbers,
)
from sim.predictions.checks import Rows, faults_of, kept
from sim.predictions.fold import Fold, check_splits, fold_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    PredictionsLike: TypeAlias = str | os.PathLike[str] | pd.DataFrame | pa.Table

NEEDED = ("entity_id", "score")
COLUMNS = (*NEEDED, "at", "cluster", "split")
DEFAULT_SPLIT = "campaign"
# Stands for a time that is missing: the score is known when the window closes.
_AT_CLOSE = np.iinfo(np.int64).max
_ABOUT = b"sim.predictions."


class Moments(NamedTuple):
    """When scores were known, in order of place and time; those of an entity only rise.

    Attributes
    ----------
    place
        Which of the entities, from 0, shape (moments,).
    at_us
        When, in microseconds of Unix time.
    score
        The highest score of the entity so far.
    """

    place: Ints
    at_us: Ints
    score: Floats


@dataclass(frozen=True)
class Predictions:
    """What a detector answers to one split, for all entities of its fold `test` in their order.

    Attributes
    ----------
    detector
        Its name.
    split
        The scheme.
    ids
        Entities in order of their identifier, shape (entities,): accounts, or examples.
    score
        The highest score of each, shape (entities,).
    cluster
        Which of them the detector puts together, shape (entities,): 0 for those that are alone;
        None if it does not say.
    moments
        When scores were known; None if all are known when the window closes.
    about
        What the file says of itself: `labels`, `seed` ...
    notes
        What has to be said of the reading, such as how many rows were left out.
    """

    detector: str
    split: str
    ids: Ints
    score: Floats
    cluster: Ints | None = None
    moments: Moments | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_predictions(
    place: PredictionsLike, pack: Pack, split: str | None = None, detector: str | None = None
) -> dict[str, Predictions]:
    """Return the predictions of a file by split, checked against a pack.

    Parameters
    ----------
    place
        A path or URL of Parquet or CSV, `-` for standard input, or a data frame. Of the columns
        `COLUMNS` those of `NEEDED` have to be there; docs/guides/scoring.md says what they hold.
    pack
        The pack whose entities are scored.
    split
        The one split that is wanted. Default: all that the column `split` names, or `campaign`
        where there is no such column.
    detector
        Its name; by default what the file says, or the name of the file.

    Raises
    ------
    InvalidInputError
        With all that is wrong, a line each.
    """
    name = printable(name_of(place))
    table = cells_of(place)
    columns, faults = _columns(table, name)
    scheme = columns.pop("split", None)
    if "entity_id" not in columns or (scheme is None and "split" in table.column_names):
        _raise(faults)  # without these nothing can be held against the pack

    about = _about(table)
    detector = printable(detector or about.get("detector") or _stem(place))
    wanted, unknown = _wanted(scheme, split, pack, name)
    faults += unknown
    every = Rows(**{"score": np.full(table.num_rows, np.nan), **columns})  # else it is a fault
    made = {}
    for each in wanted:
        rows = every if scheme is None else every.pick(scheme == each)
        fold = fold_of(pack, each)
        where = f"{name}: " if scheme is None else f"{name}: split {each}: "
        faults += [where + fault for fault in faults_of(rows, fold, pack)]
        if not faults:
            made[each] = _answered(rows, fold, detector, about)
    _raise(faults)
    return made


def write_predictions(frame: Any, place: str | os.PathLike[str], about: Mapping[str, str]) -> None:
    """Write predictions as Parquet, or as CSV where the name ends in `.csv`.

    Parameters
    ----------
    frame
        With the columns `entity_id` and `score`, and others of `COLUMNS`; `at` in UTC.
    place
        Path or URL of the file. It is there when it is whole.
    about
        `detector` and what else is to be known, such as `labels` and `seed`; Parquet alone keeps
        it.
    """
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    from sim.tables.store import Store

    table = pa.Table.from_pandas(frame, preserve_index=False)
    kept = {_ABOUT + key.encode(): str(value).encode() for key, value in about.items()}
    path = PurePosixPath(os.fspath(place))
    folder, _, file = os.fspath(place).rpartition("/")
    folder = folder or ("/" if path.is_absolute() else ".")
    with Store.of(folder).writing(file) as out:
        if path.suffix == ".csv":
            pc.write_csv(_with_zones(table), out)
        else:
            pq.write_table(table.replace_schema_metadata(kept), out, compression="zstd")


def _with_zones(table: Any) -> Any:
    """Return a table whose times are texts with a Z, as Arrow writes none into CSV by itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for number, name in enumerate(table.column_names):
        column = table[name]
        if pa.types.is_timestamp(column.type):
            moments = column.cast(pa.timestamp("us", "UTC"), safe=False)
            told = pc.strftime(moments, format="%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(number, name, told)
    return table


def _columns(table: Any, name: str) -> tuple[dict[str, Array], list[str]]:
    """Return the columns that can be read, as arrays by name, and what is wrong with the others."""
    faults = []
    for column in dict.fromkeys(table.column_names):
        if column not in COLUMNS:
            faults.append(f"column {column}: is unknown{suggest(column, COLUMNS)}")
        elif table.column_names.count(column) > 1:
            faults.append(f"column {column}: is there more than once")
    faults += [f"column {each}: is missing" for each in NEEDED if each not in table.column_names]
    if not table.num_rows:
        faults.append("there are no rows; every entity of the fold test needs one")
    faults = [f"{name}: {printable(fault)}" for fault in faults]
    if not table.num_rows:
        _raise(faults)

    read: dict[str, Callable[[Any], Array]] = {
        "entity_id": lambda c: whole_numbers(c, missing=None, what="identifiers"),
        "score": numbers,
        "at": lambda c: times_us(c, _AT_CLOSE),
        "cluster": lambda c: whole_numbers(c, missing=0, what="whole numbers"),
        "split": texts,
    }
    columns = {}
    for column in table.column_names:
        if column not in COLUMNS or table.column_names.count(column) > 1:
            continue
        try:
            columns[column] = read[column](table[column].combine_chunks())
        except CellError as error:
            faults += [f"{name}: {column}: {fault}" for fault in error.args]
    return columns, faults


def _wanted(
    scheme: Array | None, split: str | None, pack: Pack, name: str
) -> tuple[list[str], list[str]]:
    """Return the splits that are read, and what is wrong with others that the file names.

    Raise InvalidInputError where it does not name the one that is asked for.
    """
    if scheme is None:
        return [split or DEFAULT_SPLIT], []
    there = sorted(set(scheme))
    if split is not None and split not in there:
        check_splits(pack, [split])
        raise InvalidInputError(f"{name}: has no rows of the split {split}{suggest(split, there)}")
    wanted, faults = [], []
    for each in there if split is None else [split]:
        try:
            check_splits(pack, [each])
            wanted.append(each)
        except InvalidInputError as error:
            faults.append(f"{name}: split: {error}")
    return wanted, faults


def _answered(rows: Rows, fold: Fold, detector: str, about: Mapping[str, str]) -> Predictions:
    """Return checked rows as one answer an entity."""
    rows, left_out = kept(rows, fold)
    place = np.searchsorted(fold.ids, rows.entity_id)
    score = np.full(len(fold), -np.inf)
    np.maximum.at(score, place, rows.score)

    cluster = None
    if rows.cluster is not None:
        cluster = np.zeros(len(fold), np.int64)
        cluster[place] = rows.cluster
    moments = None
    if rows.at is not None:
        moments = rising(place, np.minimum(rows.at, fold.to_us), rows.score)
    notes: tuple[str, ...] = ()
    if left_out:
        notes = (
            f"{left_out:,} rows were left out: the pack has these {fold.entity_type}s, and the "
            f"split {fold.split} does not ask for them",
        )
    return Predictions(detector, fold.split, fold.ids, score, cluster, moments, about, notes)


def rising(place: Ints, at_us: Ints, score: Floats) -> Moments:
    """Return the moments in which the score of an entity is higher than ever before, in order.

    Parameters
    ----------
    place, at_us, score
        As those of `Moments`, in any order; of several of an entity at one time the highest counts.
    """
    import pandas as pd

    frame = pd.DataFrame({"place": place, "at_us": at_us, "score": score})
    frame = frame.sort_values(list(Moments._fields))
    frame = frame.drop_duplicates(["place", "at_us"], keep="last")
    highest = frame.groupby("place")["score"].cummax()
    rises = frame["score"] > highest.groupby(frame["place"]).shift(fill_value=-np.inf)
    return Moments(*(frame.loc[rises, name].to_numpy() for name in Moments._fields))


def _about(table: Any) -> dict[str, str]:
    """Return what the file says of itself."""
    kept = table.schema.metadata or {}
    return {
        key.removeprefix(_ABOUT).decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in kept.items()
        if key.startswith(_ABOUT)
    }


def _stem(place: Any) -> str:
    """Return the name of a detector that nobody named."""
    if not isinstance(place, str | os.PathLike) or os.fspath(place) == STDIN:
        return "unnamed"
    return PurePosixPath(os.fspath(place)).stem


def _raise(faults: Sequence[str]) -> None:
    if faults:
        raise InvalidInputError("\n".join(faults))
