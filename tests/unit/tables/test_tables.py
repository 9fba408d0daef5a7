"""Tables on disk: formats, schemas, what reading refuses, and what verification finds."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.run import run
from sim.engine.verify import damaged_files, differences_of_rerun, other_software
from sim.errors import InvalidInputError
from sim.tables import schema
from sim.tables.exchange_schema import EXCHANGES
from sim.tables.formats import FORMATS, _json_values, as_text, parse_id, text_schema, writing_table
from sim.tables.reading import Run
from sim.tables.schema import arrow_schema
from sim.tables.store import Store
from tests.support.damage import forge, put_bytes, put_table
from tests.support.scenarios import coders, lab, pool, scenario

TABLES = {
    "log/exchanges": schema.EXCHANGES,
    "log/accounts": schema.ACCOUNTS,
    "log/credentials": schema.CREDENTIALS,
    "log/orgs": schema.ORGS,
    "truth/exchanges": schema.TRUTH_EXCHANGES,
    "truth/tasks": schema.TRUTH_TASKS,
    "truth/accounts": schema.TRUTH_ACCOUNTS,
    "truth/campaigns": schema.TRUTH_CAMPAIGNS,
    "truth/actors": schema.TRUTH_ACTORS,
}
PIECES = ("log/exchanges", "truth/exchanges", "truth/tasks")


def small(fmt: str = "parquet", seed: int = 1) -> Any:
    return scenario(
        coders(40, agents={"chat": 0.5, "coding-cli": 0.5}, cloud_share=0.4),
        lab("snitchbench", accounts=5, runs=2),
        pool(6, 300),
        days=0.3,
        fmt=fmt,
        seed=seed,
        part_rows=150,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same scenario in every format, in several parts."""
    made = {fmt: tmp_path_factory.mktemp(fmt) / "run" for fmt in FORMATS}
    for fmt, out in made.items():
        run(small(fmt), out)
    return made


@pytest.fixture
def copy(runs: dict[str, Path], tmp_path: Path) -> Path:
    """A Parquet run to be damaged."""
    return Path(shutil.copytree(runs["parquet"], tmp_path / "run"))


def plain(table: Any) -> Any:
    """The table with words as strings, so that dictionaries do not matter."""
    columns = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


# --- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
@pytest.mark.parametrize("stem", TABLES)
def test_every_format_holds_the_same_values(runs: dict[str, Path], fmt: str, stem: str) -> None:
    expected = Run(runs["parquet"]).table(stem, TABLES[stem])
    found = Run(runs[fmt]).table(stem, TABLES[stem])
    assert found.schema.equals(expected.schema)
    assert expected.num_rows > 0
    for name in expected.column_names:
        assert plain(found).column(name).equals(plain(expected).column(name)), name


@pytest.mark.parametrize("fmt", FORMATS)
def test_big_tables_come_in_parts_and_small_ones_in_one_file(
    runs: dict[str, Path], fmt: str
) -> None:
    paths = [f["path"] for f in Run(runs[fmt]).manifest["files"]]
    for stem in TABLES:
        mine = [p for p in paths if p.startswith(stem)]
        if stem in PIECES:
            assert mine == [f"{stem}/part-{k:05d}.{fmt}" for k in range(len(mine))]
        else:
            assert mine == [f"{stem}.{fmt}"]
    assert sum(p.startswith("log/exchanges/") for p in paths) >= 3


@pytest.mark.parametrize("stem", TABLES)
def test_files_have_the_schema_that_is_declared(runs: dict[str, Path], stem: str) -> None:
    paths = sorted((runs["parquet"] / stem).glob("*")) or [runs["parquet"] / f"{stem}.parquet"]
    for path in paths:
        assert pq.read_schema(path).equals(arrow_schema(TABLES[stem]))


@pytest.mark.parametrize("stem", TABLES)
def test_only_columns_marked_so_hold_nulls(runs: dict[str, Path], stem: str) -> None:
    table = Run(runs["parquet"]).table(stem, TABLES[stem])
    holding = {name for name in table.column_names if table.column(name).null_count}
    assert holding <= {name for name, kind in TABLES[stem].items() if kind.endswith("?")}


def test_nullable_columns_hold_nulls_and_values(runs: dict[str, Path]) -> None:
    found = Run(runs["parquet"])
    for stem, name in [
        ("log/exchanges", "temperature"),
        ("truth/tasks", "item"),
    ]:
        column = found.table(stem, TABLES[stem]).column(name)
        assert 0 < column.null_count < len(column), name


@pytest.mark.parametrize("stem", schema.TABLES)
def test_a_missing_identifier_is_0_and_no_other_is(runs: dict[str, Path], stem: str) -> None:
    """In the file as any reader sees it; all identifiers are positive and never null."""
    columns = schema.TABLES[stem]
    paths = sorted((runs["parquet"] / stem).glob("*")) or [runs["parquet"] / f"{stem}.parquet"]
    table = pa.concat_tables([pq.read_table(path, partitioning=None) for path in paths])
    for name in [name for name, kind in columns.items() if kind in ("id", "id?")]:
        assert table.schema.field(name).type == pa.int64(), name
        assert not table.schema.field(name).nullable, name
        ids = table.column(name).to_numpy()
        assert (ids >= 0).all(), name
        assert (ids > 0).all() == (columns[name] == "id"), name


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_a_missing_identifier_is_an_empty_cell_or_null(runs: dict[str, Path], fmt: str) -> None:
    expected = Run(runs["parquet"]).table("log/exchanges", EXCHANGES).column("conversation_id")
    texts: list[str] = []
    for path in sorted((runs[fmt] / "log/exchanges").glob("*")):
        if fmt == "csv":
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            texts += frame["conversation_id"].tolist()
        else:
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            texts += [
                "" if row["conversation_id"] is None else row["conversation_id"] for row in rows
            ]
    assert texts == [f"conv_{value:016x}" if value else "" for value in expected.to_pylist()]
    assert 0 < texts.count("") < len(texts)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("conversation_id", "conv_xyz", "'conv_xyz' is no identifier"),
        ("conversation_id", "conv_f123456789abcdef", "'conv_f123456789abcdef' is no identifier"),
        ("account_id", "", "account_id is missing in 1 row"),
    ],
)
def test_text_that_is_no_identifier_is_named(
    runs: dict[str, Path], tmp_path: Path, name: str, text: str, said: str
) -> None:
    copy = Path(shutil.copytree(runs["csv"], tmp_path / "run"))
    path = "log/exchanges/part-00000.csv"
    lines = [line.split(",") for line in (copy / path).read_text().splitlines()]
    lines[1][list(EXCHANGES).index(name)] = text
    put_bytes(copy, path, ("\n".join(",".join(line) for line in lines) + "\n").encode())
    with pytest.raises(InvalidInputError, match=rf"part-00000\.csv: cannot be read: .*{said}"):
        Run(copy).table("log/exchanges", EXCHANGES)


@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_single_precision_is_written_with_the_fewest_digits(tmp_path: Path, fmt: str) -> None:
    """Each text reads back to the same number, and is what a person would have written."""
    said = {"csv": "0.3 1e-7 16777216 123456.79 ", "jsonl": "0.3 1e-07 16777216.0 123456.79 null"}
    types = pa.schema([("cost_usd", pa.float32())])
    values = np.array([0.3, 1e-7, 16_777_216, 123_456.79], np.float32)
    with writing_table(Store.of(tmp_path), "table", types, fmt) as file:
        file.append(pa.table([pa.array([*values, None], pa.float32())], schema=types))
    rows = (tmp_path / "table").read_text().splitlines()[fmt == "csv" :]
    texts = [re.sub(r'\{"cost_usd":(.*)\}', r"\1", row) for row in rows]
    assert texts == said[fmt].split(" ")
    assert (np.array(texts[:4], np.float32) == values).all()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_single_survives_as_json(value: float) -> None:
    [text] = _json_values(pa.chunked_array([pa.array([value], pa.float32())]))
    assert text == json.dumps(json.loads(text))
    assert np.float32(text) == np.float32(value)


def test_text_renders_identifiers_and_times(runs: dict[str, Path]) -> None:
    lines = (runs["csv"] / "log/exchanges/part-00000.csv").read_text().splitlines()
    names, row = (re.sub('"', "", line).split(",") for line in lines[:2])
    assert names == list(EXCHANGES)
    record = dict(zip(names, row, strict=True))
    assert re.fullmatch(r"req_[0-9a-f]{16}", record["exchange_id"])
    assert re.fullmatch(r"acc_[0-9a-f]{16}", record["account_id"])
    assert re.fullmatch(r"2026-01-05T\d\d:\d\d:\d\d\.\d{6}Z", record["ts_start"])


def test_every_line_of_jsonl_has_every_column(runs: dict[str, Path]) -> None:
    for path in (runs["jsonl"] / "log/exchanges").glob("*"):
        for line in path.read_text().splitlines():
            assert list(json.loads(line)) == list(EXCHANGES)


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1))
def test_identifiers_survive_as_text(ids: list[int]) -> None:
    types = pa.schema([("account_id", pa.int64()), ("prompt_simhash64", pa.int64())])
    text = as_text(pa.table([pa.array(ids, pa.int64())] * 2, schema=types))
    assert text.schema == text_schema(types)
    for name in types.names:
        words = text.column(name).to_pylist()
        assert [parse_id(word) for word in words] == ids
        assert len({len(word) for word in words}) == 1


@given(st.lists(st.integers(0, 4 * 10**15), min_size=1))
def test_times_survive_as_text_to_the_microsecond(stamps: list[int]) -> None:
    types = pa.schema([("ts_start", pa.timestamp("us", tz="UTC"))])
    text = as_text(pa.table([pa.array(stamps, types.field(0).type)], schema=types))
    found = [np.datetime64(t.rstrip("Z"), "us").astype(int) for t in text.column(0).to_pylist()]
    assert found == stamps


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_log_can_be_read_in_every_format(tmp_path: Path, fmt: str) -> None:
    late = pool(2, 10, starts_us=3_600_000_000, workers=1)
    run(scenario(late, days=1 / 24 + 1e-6, fmt=fmt), tmp_path / "run")
    for stem in PIECES:
        table = Run(tmp_path / "run").table(stem, TABLES[stem])
        assert table.num_rows == 0
        assert table.schema.equals(arrow_schema(TABLES[stem]))


# --- reading ------------------------------------------------------------------------------------


def test_a_missing_part_is_named(copy: Path) -> None:
    (copy / "log/exchanges/part-00001.parquet").unlink()
    with pytest.raises(InvalidInputError, match=r"part-00001\.parquet: is missing"):
        Run(copy).table("log/exchanges", EXCHANGES)


def test_a_damaged_part_is_named(copy: Path) -> None:
    (copy / "log/exchanges/part-00001.parquet").write_bytes(b"PAR1 nothing of the kind PAR1")
    with pytest.raises(InvalidInputError, match=r"part-00001\.parquet: has 29 bytes, the manifest"):
        Run(copy).table("log/exchanges", EXCHANGES)
    with pytest.raises(InvalidInputError, match=r"part-00001\.parquet: cannot be read"):
        Run(copy, as_written=False).table("log/exchanges", EXCHANGES)


def test_a_part_of_an_earlier_version_is_named(copy: Path) -> None:
    path = copy / "log/exchanges/part-00000.parquet"
    table = pq.read_table(path, partitioning=None)
    ids = pa.array(table.column("account_id").to_numpy().astype(np.uint64))
    index = table.column_names.index("account_id")
    pq.write_table(table.set_column(index, "account_id", ids), path)
    said = r"part-00000\.parquet: cannot be read: its identifiers are those of an earlier version"
    with pytest.raises(InvalidInputError, match=said):
        Run(copy, as_written=False).table("log/exchanges", EXCHANGES)


def test_a_part_without_a_column_is_named(copy: Path) -> None:
    path = copy / "log/exchanges/part-00000.parquet"
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns("account_id"), path)
    with pytest.raises(InvalidInputError, match=r"part-00000\.parquet.*account_id"):
        Run(copy, as_written=False).table("log/exchanges", EXCHANGES)


def test_a_table_that_the_run_does_not_have_is_named(copy: Path) -> None:
    with pytest.raises(InvalidInputError, match="log/refunds"):
        Run(copy).table("log/refunds", schema.ORGS)


def test_a_folder_without_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no run"):
        Run(tmp_path)


def test_an_unfinished_run_says_what_to_do(copy: Path) -> None:
    (copy / ".unfinished").mkdir()
    (copy / "manifest.json").rename(copy / ".unfinished/run.json")
    with pytest.raises(InvalidInputError, match=r"not finished; `sim run --resume .*` completes"):
        Run(copy)


@pytest.mark.parametrize("text", ["{", "[]", "{}", "7"])
def test_a_damaged_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(InvalidInputError, match="manifest"):
        Run(copy)


# --- verification -------------------------------------------------------------------------------


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_a_good_run_has_no_damage(runs: dict[str, Path]) -> None:
    assert [damaged_files(path) for path in runs.values()] == [[], [], []]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip_a_byte, "has the right size but other bytes"),
        (truncate, r"has [\d,]+ bytes, the manifest says [\d,]+"),
        (Path.unlink, "is missing"),
    ],
)
@pytest.mark.parametrize("path", ["log/exchanges/part-00001.parquet", "truth/actors.parquet"])
def test_damage_is_found_and_named(
    copy: Path, damage: Callable[[Path], None], said: str, path: str
) -> None:
    damage(copy / path)
    [line] = damaged_files(copy)
    assert line.startswith(f"{copy / path}: ")
    assert re.search(said, line)


@pytest.mark.parametrize("path", ["log/notes.txt", "log/exchanges/.part-00009.parquet.tmp"])
def test_a_file_too_many_is_found(copy: Path, path: str) -> None:
    (copy / path).write_text("x")
    assert damaged_files(copy) == [f"{copy / path}: is not in the manifest"]


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A run in the parts of every day, as a rerun makes them."""
    run(small(), tmp_path / "run")
    return tmp_path / "run"


def test_a_rerun_of_a_good_run_differs_in_nothing(one: Path) -> None:
    assert differences_of_rerun(one) == []
    assert [p.name for p in one.parent.iterdir()] == ["run"]


def test_a_rerun_finds_a_file_of_another_run(one: Path, tmp_path: Path) -> None:
    """The manifest was made to fit, so that only a rerun can tell."""
    run(small(seed=2), tmp_path / "other")
    path = "log/credentials.parquet"
    put_table(one, path, Run(tmp_path / "other").table("log/credentials", schema.CREDENTIALS))
    assert damaged_files(one) == []
    assert differences_of_rerun(one) == [f"{one / path}: a rerun gives other bytes"]


def test_a_rerun_finds_files_too_many_and_too_few(one: Path) -> None:
    parts = [f for f in Run(one).manifest["files"] if "/part-00000." in f["path"]]
    number = f"{len(Run(one).files('log/exchanges')):05d}"
    more = [f | {"path": f["path"].replace("00000", number)} for f in parts]
    forge(one, lambda content: content["files"].extend(more))
    assert differences_of_rerun(one) == [
        f"{one / file['path']}: a rerun does not make it" for file in more
    ]

    last = f"part-{int(number) - 1:05d}."
    lost = [f for f in Run(one).manifest["files"] if last in f["path"]]
    kept = [f for f in Run(one).manifest["files"] if f not in lost + more]
    forge(one, lambda content: content.update(files=kept))
    assert differences_of_rerun(one) == [
        f"{one / file['path']}: only a rerun makes it" for file in lost
    ]


def test_other_versions_of_the_software_are_named(copy: Path) -> None:
    assert other_software(copy) == []
    manifest = json.loads((copy / "manifest.json").read_text())
    here = manifest["software"]["numpy"]
    manifest["software"]["numpy"] = "1.0"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert other_software(copy) == [f"numpy 1.0 made the run, this is {here}"]
