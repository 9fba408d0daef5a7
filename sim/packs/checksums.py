"""Checksums over the values of tables, whatever files these lie in.

The checksum of a table is the sum of a hash of each row: the order of rows, the size of parts and
groups, compression and dictionaries do not matter, and parts can be summed apart. It tells whether
two tables hold the same values; against someone who makes values up it proves nothing, for that
there are the hashes of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.arrays.types import Array
from sim.documents.files import read_file
from sim.engine.executors import Workers, map_unordered
from sim.packs.load_recipe import shipped_recipes, ships
from sim.packs.manifest import stem_of
from sim.packs.recipe import Recipe
from sim.streams import U64, mixed
from sim.tables.formats import FileRecord
from sim.tables.store import Store

# Lies beside the recipes that ship.
CHECKSUMS = "checksums.yaml"
_BATCH_ROWS = 65_536
_MISSING, _NAN = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03)
_MASK = 2**128 - 1


def file_sum(place: str, path: str) -> tuple[str, int]:
    """Return a file's table, and the sum of the hashes of its rows.

    Parameters
    ----------
    place, path
        The pack, and a file of Parquet in it.

    Returns
    -------
    tuple of str and int
        The table, and a number below 2^128.
    """
    import pyarrow.parquet as pq

    total = 0
    with Store(place).reading(path) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        for batch in parquet.iter_batches(_BATCH_ROWS, use_threads=False):
            total += batch_sum(batch)
    return stem_of(path), total & _MASK


def batch_sum(batch: Any) -> int:
    """Return the sum of the hashes of the rows of an Arrow batch or table, below 2^128.

    A row's hash depends on the name and the value of each of its columns, not on their order or on
    how wide a number or a dictionary is.
    """
    if not batch.num_rows:
        return 0
    rows = np.zeros(batch.num_rows, np.uint64)
    for name in batch.schema.names:
        key = _hash_of_text(name)
        column = batch.column(name)
        rows += mixed(key, _hashes(column))

    # two sums of 64 bits: one would meet another by chance too soon
    low, high = (int(mixed(seed, rows).sum(dtype=np.uint64)) for seed in (1, 2))
    return low + (high << 64)


def _hashes(column: Any) -> U64:
    """Return a number for each value of a column, the same for equal values."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = np.array([_hash_of_text(w) for w in column.dictionary.to_pylist()], np.uint64)
        codes = column.indices.fill_null(len(words)).to_numpy()
        return np.asarray(np.append(words, _MISSING)[codes], np.uint64)
    if pa.types.is_fixed_size_list(kind):
        return _hashes_of_lists(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _hashes(column.dictionary_encode())

    missing = column.is_null().to_numpy(zero_copy_only=False)
    hashes = _bits(column, kind)
    hashes[missing] = _MISSING
    return hashes


def _bits(column: Any, kind: Any) -> U64:
    """Return the bits of numbers, times and truth values; a missing one has any."""
    import pyarrow as pa

    if pa.types.is_floating(kind):
        values = column.cast(pa.float64()).fill_null(0.0).to_numpy().astype(np.float64)
        values = values + 0.0  # of the two zeros one
        return np.asarray(np.where(np.isnan(values), _NAN, values.view(np.uint64)), np.uint64)
    if pa.types.is_boolean(kind):
        values = column.fill_null(False).to_numpy(zero_copy_only=False)
        return np.asarray(values, np.uint64)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    return np.array(column.fill_null(0).to_numpy(), np.int64).view(np.uint64)


def _hashes_of_lists(column: Any) -> U64:
    """Return a number for each list of equally many numbers."""
    width = column.type.list_size
    inner = _hashes(column.flatten()).reshape(-1, width) if len(column) else np.zeros((0, width))
    places: Array = np.arange(1, width + 1)
    hashes = np.zeros(len(column), np.uint64)
    present = ~column.is_null().to_numpy(zero_copy_only=False)
    for place in places.tolist():
        hashes[present] += mixed(place, inner[:, place - 1])
    hashes[~present] = _MISSING
    return hashes


def _hash_of_text(text: str | None) -> int:
    if text is None:
        return int(_MISSING)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


# --- of a pack


def table_values(place: str, files: Sequence[FileRecord], workers: Workers) -> dict[str, str]:
    """Return the checksum of the values of each table of a pack, 32 hexadecimal digits each.

    Parameters
    ----------
    place
        Path or URL of the pack.
    files
        Its files; those that are not Parquet are passed over.
    workers
        Who reads them.
    """
    tables = [file for file in files if file.path.endswith(".parquet")]
    rows: dict[str, int] = {}
    for file in tables:
        rows[stem_of(file.path)] = rows.get(stem_of(file.path), 0) + file.rows

    sums = dict.fromkeys(rows, 0)
    calls = [(place, file.path) for file in sorted(tables, key=lambda file: -file.bytes)]
    for stem, number in map_unordered(workers, file_sum, calls):
        sums[stem] = (sums[stem] + number) & _MASK
    return {stem: checksum(sums[stem], rows[stem]) for stem in sorted(sums)}


def checksum(total: int, rows: int) -> str:
    """Return the checksum of a table: of the sum over its rows and their number."""
    text = f"{total:032x} {rows}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


# --- those of the repository


def shipped_values() -> dict[str, dict[str, Any]]:
    """Return what the repository says of each recipe: a version, and the values of each table."""
    found: dict[str, dict[str, Any]] = {}
    for folder in sorted({path.parent for path in shipped_recipes().values()}):
        path = folder / CHECKSUMS
        if path.is_file():
            found |= read_file(path).data["packs"]
    return found


def verdict(recipe: Recipe, values: Mapping[str, str]) -> str | None:
    """Say whether a pack has the values of the repository; None where that says nothing of it.

    Parameters
    ----------
    recipe
        What the pack was made of. The repository speaks of recipes as they ship, changed in
        nothing.
    values
        The checksum of each table of the pack.

    Returns
    -------
    str or None
        Such as `values as in v1-draft`.
    """
    known = shipped_values().get(recipe.name)
    if known is None or not ships(recipe):
        return None
    differing = [
        s for s in sorted({*values, *known["values"]}) if values.get(s) != known["values"].get(s)
    ]
    if not differing:
        return f"values as in {known['version']}"
    return (
        f"values differ from {known['version']} in {', '.join(differing)}: other versions of "
        "sim, Python, NumPy, pandas, pyarrow or DuckDB may be why"
    )
