"""How Parquet files are laid out: the encoding of each column, and groups of rows."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.tables import formats, integrity
from sim.tables.exchange_schema import EXCHANGES
from sim.tables.formats import writing_table
from sim.tables.hashing_file import HashingFile
from sim.tables.schema import PROMPT_VECTOR
from sim.tables.store import Store

ROWS = 1_000
NAMES = (
    "exchange_id",
    "ts_start",
    "ts_end",
    "input_tokens_total",
    "output_tokens",
    "org_id",
    "ttft_s",
)
WORDS = ("finish_reason", "platform")


def table() -> pa.Table:
    """A column of every encoding, and words."""
    rng = np.random.default_rng(5)
    at = np.sort(rng.integers(0, 10**12, ROWS))
    columns: dict[str, Any] = {
        "exchange_id": pa.array(rng.integers(1 << 62, (1 << 63) - 1, ROWS), pa.int64()),
        "ts_start": pa.array(at, pa.timestamp("us", "UTC")),
        "ts_end": pa.array(at + rng.integers(0, 10**8, ROWS), pa.timestamp("us", "UTC")),
        "input_tokens_total": pa.array(rng.integers(0, 2**31, ROWS), pa.int32()),
        "output_tokens": pa.array([None, *rng.integers(0, 9_000, ROWS - 1)], pa.int32()),
        "org_id": pa.array(rng.integers(1, 9, ROWS), pa.int64()),
        "ttft_s": pa.array([None, *rng.random(ROWS - 1)], pa.float32()),
    }
    for name in WORDS:
        words = pa.array([(None, "a", "b")[k] for k in rng.integers(0, 3, ROWS)], pa.string())
        columns[name] = words.dictionary_encode()
    return pa.table(columns)


def write(place: Path, name: str, *parts: pa.Table) -> Path:
    with writing_table(Store.of(place), name, parts[0].schema, "parquet") as file:
        for part in parts:
            file.append(part)
    return place / name


def test_columns_are_encoded_as_their_record_says(tmp_path: Path) -> None:
    said = {"delta": "DELTA_BINARY_PACKED", "split": "BYTE_STREAM_SPLIT"}
    group = pq.ParquetFile(write(tmp_path, "t.parquet", table())).metadata.row_group(0)
    kinds = set()
    for number in range(group.num_columns):
        column = group.column(number)
        kind = EXCHANGES.column(column.path_in_schema).encoding
        kinds.add(kind)
        assert ("RLE_DICTIONARY" in column.encodings) == (kind == "dictionary")
        for name, encoding in said.items():
            assert (encoding in column.encodings) == (kind == name)
    assert kinds == {"dictionary", "plain", "delta", "split"}


def test_columns_are_compressed_as_their_record_says(tmp_path: Path) -> None:
    codecs = {"zstd": "ZSTD", "lz4": "LZ4", "none": "UNCOMPRESSED"}
    vectors = pa.FixedSizeListArray.from_arrays(np.zeros(2 * 32, np.float16), 32)
    with_vectors = table().slice(0, 2).append_column(PROMPT_VECTOR.name, vectors)
    group = pq.ParquetFile(write(tmp_path, "t.parquet", with_vectors)).metadata.row_group(0)
    found = {}
    for number in range(group.num_columns):
        name = group.column(number).path_in_schema.partition(".")[0]
        found[name] = group.column(number).compression
    records = [column for column in (*EXCHANGES.columns, PROMPT_VECTOR) if column.name in found]
    assert found == {column.name: codecs[column.compression] for column in records}
    assert set(found.values()) == set(codecs.values())


def test_a_file_is_written_in_few_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow writes every page by itself, which would be slow through Python."""
    pieces = []
    write_piece = HashingFile.write

    def counted(file: HashingFile, data: Any) -> int:
        pieces.append(len(data))
        return write_piece(file, data)

    monkeypatch.setattr(HashingFile, "write", counted)
    path = write(tmp_path, "t.parquet", table())
    assert len(pieces) == 2  # all rows, and the footer
    assert sum(pieces) == path.stat().st_size


def test_every_reader_sees_the_same_values(tmp_path: Path) -> None:
    written, path = table(), write(tmp_path, "t.parquet", table())
    plain = pa.schema(
        [(f.name, pa.string() if f.name in WORDS else f.type) for f in written.schema]
    )
    assert pq.read_table(path).cast(plain) == written.cast(plain)
    assert (
        pd.read_parquet(path)["output_tokens"].sum() == written["output_tokens"].to_pandas().sum()
    )
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        read = database.sql(f"SELECT * FROM '{path}'").df()
    for name in (*NAMES, *WORDS):
        expected = written[name].cast(plain.field(name).type).to_pandas()
        assert read[name].isna().tolist() == expected.isna().tolist()
        assert (read[name].dropna() == expected.dropna()).all(), name


@pytest.mark.parametrize("cuts", [(), (1, 2), (300,), (256, 512, 768), (0, 999)])
def test_groups_and_bytes_do_not_depend_on_how_tables_cut_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: tuple[int, ...]
) -> None:
    monkeypatch.setattr(formats, "GROUP_ROWS", 256)
    whole = write(tmp_path, "whole.parquet", table())
    edges = [0, *cuts, ROWS]
    parts = [table().slice(a, b - a) for a, b in pairwise(edges)]
    cut = write(tmp_path, "cut.parquet", *parts)
    metadata = pq.ParquetFile(cut).metadata
    rows = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    assert rows == [256, 256, 256, 232]
    assert cut.read_bytes() == whole.read_bytes()


def test_the_footer_that_is_hashed_is_the_footer_that_readers_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that is too large to be hashed at each reading."""
    monkeypatch.setattr(formats, "GROUP_ROWS", 300)
    monkeypatch.setattr(integrity, "SMALL_BYTES", 0)
    with writing_table(Store.of(tmp_path), "t.parquet", table().schema, "parquet") as file:
        file.append(table())
    with (tmp_path / "t.parquet").open("rb") as written:
        assert integrity.seen_damage(written, file.record) is None
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    data[-20] ^= 1
    assert integrity.seen_damage(io.BytesIO(data), file.record) == integrity.OTHER_BYTES


def test_a_table_without_rows_is_a_file_without_groups(tmp_path: Path) -> None:
    path = write(tmp_path, "empty.parquet", table().slice(0, 0))
    assert pq.ParquetFile(path).metadata.num_row_groups == 0
    assert pq.read_table(path).num_rows == 0
