"""Checksums over values: what makes no difference, and what does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.engine.executors import InProcess, Workers
from sim.packs import checksums
from sim.packs.build import resume
from sim.packs.checksums import CHECKSUMS, batch_sum, checksum, file_sum, table_values, verdict
from sim.packs.manifest import read_manifest, records_of
from sim.packs.recipe import Recipe
from sim.tables.store import Store
from tests.support.packs import manifest_of
from tools import pack_checksums

TABLE = pa.table(
    {
        "id": pa.array([4, 5, 2**62, 0], pa.int64()),
        "word": pa.array(["a", "b", None, "a"]).dictionary_encode(),
        "share": pa.array([0.25, float("nan"), None, 0.0], pa.float64()),
        "flag": pa.array([True, None, False, True]),
        "at": pa.array([1, 2, None, 3], pa.timestamp("us", tz="UTC")),
        "vector": pa.array(
            [np.array([1, 2], np.float16), None, np.array([0, 1], np.float16)] * 1
            + [np.array([2, 1], np.float16)],
            pa.list_(pa.float16(), 2),
        ),
    }
)
SUM = batch_sum(TABLE)


def replaced(name: str, values: Any) -> pa.Table:
    return TABLE.set_column(TABLE.column_names.index(name), name, values)


@pytest.mark.parametrize(
    "alike",
    [
        TABLE.take([3, 1, 0, 2]),
        TABLE.select(TABLE.column_names[::-1]),
        pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1, 0), TABLE.slice(1)]),
        replaced("word", TABLE.column("word").cast(pa.string())),
        replaced("word", pa.array(["b", "x", "a"]).dictionary_encode().take([2, 0, None, 2])),
        replaced("share", pa.array([0.25, -float("nan"), None, -0.0])),
        replaced("share", TABLE.column("share").cast(pa.float32())),
        replaced("id", TABLE.column("id").cast(pa.int64())),
        replaced("at", TABLE.column("at").cast(pa.timestamp("ns", tz="UTC"))),
    ],
    ids=["rows", "columns", "pieces", "text", "dictionary", "nan", "single", "same", "unit"],
)
def test_what_makes_no_difference(alike: pa.Table) -> None:
    assert batch_sum(alike) == SUM


@pytest.mark.parametrize(
    "other",
    [
        TABLE.slice(1),
        pa.concat_tables([TABLE, TABLE]),
        TABLE.rename_columns(["ident", *TABLE.column_names[1:]]),
        TABLE.drop_columns(["flag"]),
        replaced("id", pa.array([5, 4, 2**62, 0])),
        replaced("word", pa.array(["a", "b", "", "a"])),
        replaced("share", pa.array([0.25, None, None, 0.0])),
        replaced("share", pa.array([0.25, float("nan"), 0.0, 0.0])),
        replaced("share", pa.array([0.25000000000000006, float("nan"), None, 0.0])),
        replaced("flag", pa.array([True, False, False, True])),
        replaced("at", pa.array([1, 2, 0, 3], pa.timestamp("us", tz="UTC"))),
        replaced("vector", TABLE.column("vector").take([0, 1, 3, 2])),
        replaced("vector", TABLE.column("vector").take([0, 0, 2, 3])),
    ],
    ids=lambda table: "",
)
def test_what_makes_a_difference(other: pa.Table) -> None:
    total = checksum(batch_sum(other) % 2**128, other.num_rows)
    assert total != checksum(SUM % 2**128, TABLE.num_rows)


def test_swapped_values_of_two_rows_make_a_difference() -> None:
    """Each column holds the same values, but no row does."""
    a, b = pa.table({"x": [1, 2], "y": [3, 4]}), pa.table({"x": [1, 2], "y": [4, 3]})
    assert batch_sum(a) != batch_sum(b)


def test_an_empty_table_has_a_checksum_too() -> None:
    assert batch_sum(TABLE.slice(0, 0)) == 0
    assert checksum(0, 0) != checksum(0, 1)


@pytest.mark.parametrize("options", [{"compression": "none"}, {"row_group_size": 3}])
def test_files_make_no_difference(tiny_pack: Path, tmp_path: Path, options: Any) -> None:
    path = "log/exchanges/part-00001.parquet"
    table = pq.read_table(tiny_pack / path)
    (tmp_path / path).parent.mkdir(parents=True)
    pq.write_table(table, tmp_path / path, use_dictionary=False, **options)
    assert file_sum(str(tmp_path), path) == file_sum(str(tiny_pack), path)


def test_the_manifest_has_the_checksums_of_all_tables(tiny_pack: Path) -> None:
    manifest = read_manifest(Store.of(tiny_pack))
    files = records_of(manifest)
    found = table_values(str(tiny_pack), files, Workers(InProcess(), 1))
    assert found == manifest["values"]
    assert found.keys() == manifest["rows"].keys()


def test_the_verdict_says_which_tables_differ(
    recipe: Recipe, tiny_pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = manifest_of(tiny_pack)["values"]
    assert verdict(recipe, values) is None
    known = {"tiny-pack": {"version": "v0", "values": values}}
    monkeypatch.setattr(checksums, "shipped_values", lambda: known)
    assert verdict(recipe, values) is None  # a recipe of one's own
    monkeypatch.setattr(checksums, "ships", lambda _: True)
    assert verdict(recipe, values) == "values as in v0"
    other = {**values, "splits": "0" * 32}
    assert verdict(recipe, other) == (
        "values differ from v0 in splits: other versions of sim, Python, NumPy, pandas, pyarrow or "
        "DuckDB may be why"
    )


def test_the_tool_writes_values_that_ship(
    recipe: Recipe,
    tiny_pack: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, words = tmp_path / CHECKSUMS, ["--from", str(tiny_pack)]
    with pytest.raises(SystemExit):
        pack_checksums.main(words, path)
    assert "tiny-pack is no recipe that ships" in capsys.readouterr().err
    ships = {"tiny-pack": tmp_path / "tiny-pack.yaml"}
    for module in ("tools.pack_checksums", "sim.packs.checksums", "sim.packs.load_recipe"):
        monkeypatch.setattr(f"{module}.shipped_recipes", lambda: ships)
    for module in ("tools.pack_checksums", "sim.packs.load_recipe"):
        monkeypatch.setattr(f"{module}.load_recipe", lambda _: recipe)

    pack_checksums.main(words, path)
    assert capsys.readouterr().out == f"tiny-pack: {len(manifest_of(tiny_pack)['rows'])} tables\n"
    assert checksums.shipped_values() == {
        "tiny-pack": {"version": "v0", "values": manifest_of(tiny_pack)["values"]}
    }
    assert resume(tiny_pack).values == "values as in v0"
