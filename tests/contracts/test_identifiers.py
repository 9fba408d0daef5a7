"""Identifiers as the libraries read them in which people read a run: every one, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import sim
from sim.tables.schema import TABLES

Frame = Callable[[Path, str], dict[str, list[int]]]
WITH_IDS = {
    stem: [name for name, kind in columns.items() if kind in ("id", "id?")]
    for stem, columns in TABLES.items()
}
WITH_IDS = {stem: names for stem, names in WITH_IDS.items() if names}


@pytest.fixture(scope="module")
def out(tiny_run: Path) -> Path:
    return tiny_run / "out"


def place(out: Path, stem: str) -> str:
    """The file of a table, or the folder of its parts."""
    one = out / f"{stem}.parquet"
    return str(one if one.exists() else out / stem)


def files(out: Path, stem: str) -> list[str]:
    path = Path(place(out, stem))
    return [str(path)] if path.is_file() else sorted(str(part) for part in path.iterdir())


def of_frame(frame: Any, stem: str) -> dict[str, list[int]]:
    """The columns of identifiers of a data frame, none of which became anything else."""
    for name in WITH_IDS[stem]:
        assert str(frame[name].dtype).lower().startswith("int64"), name
    return {name: frame[name].tolist() for name in WITH_IDS[stem]}


def by_open_run(out: Path, stem: str) -> dict[str, list[int]]:
    return of_frame(sim.open_run(out).pandas(stem), stem)


def by_sql(out: Path, stem: str) -> dict[str, list[int]]:
    view = stem.removeprefix("log/").replace("/", "_")
    return of_frame(sim.open_run(out).sql(f"FROM {view}", truth=True).df(), stem)


def by_pandas(out: Path, stem: str) -> dict[str, list[int]]:
    return of_frame(pd.read_parquet(place(out, stem)), stem)


def by_pandas_nullable(out: Path, stem: str) -> dict[str, list[int]]:
    return of_frame(pd.read_parquet(place(out, stem), dtype_backend="numpy_nullable"), stem)


def by_pandas_arrow(out: Path, stem: str) -> dict[str, list[int]]:
    return of_frame(pd.read_parquet(place(out, stem), dtype_backend="pyarrow"), stem)


def by_polars(out: Path, stem: str) -> dict[str, list[int]]:
    frame = pl.read_parquet(files(out, stem))
    assert {frame.schema[name] for name in WITH_IDS[stem]} == {pl.Int64}
    return {name: frame[name].to_list() for name in WITH_IDS[stem]}


def by_duckdb(out: Path, stem: str) -> dict[str, list[int]]:
    names = ", ".join(WITH_IDS[stem])
    found = duckdb.sql(f"SELECT {names} FROM read_parquet({files(out, stem)})")
    assert found is not None
    assert {str(kind) for kind in found.types} == {"BIGINT"}
    return dict(zip(WITH_IDS[stem], map(list, zip(*found.fetchall(), strict=True)), strict=True))


def by_dataset(out: Path, stem: str) -> dict[str, list[int]]:
    table = ds.dataset(files(out, stem)).to_table(columns=WITH_IDS[stem])
    return {name: table.column(name).to_pylist() for name in WITH_IDS[stem]}


def by_hugging_face(out: Path, stem: str) -> dict[str, list[int]]:
    return of_hugging_face(out, stem, None)


def by_hugging_face_numpy(out: Path, stem: str) -> dict[str, list[int]]:
    return of_hugging_face(out, stem, "numpy")


def of_hugging_face(out: Path, stem: str, form: str | None) -> dict[str, list[int]]:
    import datasets

    datasets.disable_progress_bars()
    cache = str(out.parent / "cache")
    found = datasets.Dataset.from_parquet(files(out, stem), cache_dir=cache).with_format(form)
    assert {found.features[name].dtype for name in WITH_IDS[stem]} == {"int64"}
    columns = {name: found[name][:] for name in WITH_IDS[stem]}
    if form:
        assert {column.dtype for column in columns.values()} == {np.dtype(np.int64)}
    return {name: list(map(int, column)) for name, column in columns.items()}


READERS = [
    by_open_run,
    by_sql,
    by_pandas,
    by_pandas_nullable,
    by_pandas_arrow,
    by_polars,
    by_duckdb,
    by_dataset,
    by_hugging_face,
    by_hugging_face_numpy,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_every_reader_keeps_every_identifier(out: Path, reader: Frame) -> None:
    for stem, names in WITH_IDS.items():
        if stem == "log/enforcement_events":
            continue  # nothing happened
        parts = [pq.ParquetFile(path).read(columns=names).to_pydict() for path in files(out, stem)]
        expected = {name: [i for part in parts for i in part[name]] for name in names}
        assert min(map(len, expected.values())) > 0
        assert reader(out, stem) == expected, stem


def test_files_say_nothing_of_unsigned_numbers(out: Path) -> None:
    """Spark, for one, has none: it takes plain 64-bit numbers as BIGINT."""
    for stem in TABLES:
        for path in files(out, stem):
            schema = pq.ParquetFile(path).schema
            columns = [schema.column(number) for number in range(len(schema))]
            for column in columns:
                assert "isSigned=false" not in str(column.logical_type), (stem, column.name)
                if column.name in WITH_IDS.get(stem, ()):
                    assert (column.physical_type, column.max_definition_level) == ("INT64", 0)


def test_addresses_join_to_the_same_links_in_pandas_and_duckdb(out: Path) -> None:
    run = sim.open_run(out)
    log, edges = run.pandas(), run.pandas("log/edges_observed")
    addresses = edges.loc[edges["dst_type"] == "ip", "dst_id"]
    linked = int(log["ip_hash"].isin(addresses).sum())
    hidden = int((log["ip_hash"] == 0).sum())
    merged = log.merge(addresses.drop_duplicates(), left_on="ip_hash", right_on="dst_id")
    joined = f"""
        SELECT count(*) FROM read_parquet({files(out, "log/exchanges")})
        WHERE ip_hash IN (
            SELECT dst_id FROM read_parquet({files(out, "log/edges_observed")})
            WHERE dst_type = 'ip'
        )"""
    assert linked == len(merged) == duckdb.execute(joined).fetchall()[0][0] > 0.3 * len(log)
    assert 0 < hidden < len(log) - linked


def test_what_is_missing_is_0_in_every_column_of_a_hidden_network(out: Path) -> None:
    log = sim.open_run(out).pandas()
    by_cloud = log["platform"] != "first_party"
    assert 0 < by_cloud.sum() < len(log)
    for name in ("ip_hash", "ip24_hash"):
        assert ((log[name] == 0) == by_cloud).all()
    assert (log["asn"].isna() == by_cloud).all()


def test_other_whole_numbers_that_may_be_missing_are_small_enough_for_floats() -> None:
    """Floats, which pandas makes of them, are exact up to 2^53."""
    nullable = {n for columns in TABLES.values() for n, k in columns.items() if k[:3] == "int"}
    nullable &= {n for columns in TABLES.values() for n, k in columns.items() if k[-1] == "?"}
    assert nullable == {"asn", "item"}
