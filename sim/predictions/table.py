"""Tables of predictions: read, checked against a split of a pack, and written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sim.arrays.types import Floats, Ints
from sim.packs.pack import Pack

if TYPE_CHECKING:
    import pandas as pd

    PredictionsLike: TypeAlias = str | os.PathLike[str] | pd.DataFrame

COLUMNS = ("entity_id", "score", "at", "cluster", "split")
DEFAULT_SPLIT = "campaign"


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
        A path or URL of Parquet or CSV, `-` for standard input, or a data frame with the columns
        `COLUMNS`, of which `entity_id` and `score` have to be there.
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
    raise NotImplementedError


def write_predictions(frame: Any, place: str | os.PathLike[str], about: Mapping[str, str]) -> None:
    """Write predictions as Parquet, or as CSV where the name ends in `.csv`.

    Parameters
    ----------
    frame
        With the columns `entity_id` and `score`, and others of `COLUMNS`; `at` in UTC.
    place
        Path or URL of the file.
    about
        `detector` and what else is to be known, such as `labels` and `seed`; Parquet alone keeps
        it.
    """
    raise NotImplementedError
