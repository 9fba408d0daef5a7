"""Arrow columns and tables from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.arrays.types import Array
from sim.tables.schema import arrow_schema


def words(codes: Array, of: Sequence[str]) -> Any:
    """A dictionary column; words that occur twice are entered once, or Parquet's bytes vary."""
    import pyarrow as pa

    distinct = list(dict.fromkeys(of))
    number = np.array([distinct.index(word) for word in of], np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(number[codes.astype(np.int64)]), pa.array(distinct, pa.string())
    )


def table(columns: dict[str, str], values: Sequence[Any]) -> Any:
    """A table sorted by its first column, the identifier, so that order tells nothing."""
    import pyarrow as pa

    schema = arrow_schema(columns)
    arrays = [
        pa.array(v).cast(f.type) if isinstance(v, np.ndarray) else v
        for v, f in zip(values, schema, strict=True)
    ]
    made = pa.table(arrays, schema=schema)
    keys = [name for name in schema.names if not pa.types.is_dictionary(schema.field(name).type)]
    return made.sort_by([(name, "ascending") for name in keys])


def times(opening_us: int, relative_us: Array, missing: Array | None = None) -> Any:
    """Moments, given in microseconds of the log."""
    import pyarrow as pa

    stamps = (
        np.where(missing, 0, relative_us) if missing is not None else relative_us
    ) + opening_us
    return pa.array(stamps.view("datetime64[us]"), pa.timestamp("us", tz="UTC"), mask=missing)
