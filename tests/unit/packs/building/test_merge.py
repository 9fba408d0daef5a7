"""Members become one log, as one provider would have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.engine.executors import InProcess, Workers
from sim.engine.run import run
from sim.errors import InvalidInputError
from sim.packs.build_log import LogBuilder, _member
from sim.packs.manifest import read_manifest, records_of
from sim.packs.member_rows import MemberRows
from sim.packs.merge_entities import merged_tables
from sim.packs.pack_files import MEMBERS
from sim.packs.recipe import Recipe
from sim.tables.reading import Run
from sim.tables.schema import EXCHANGES, IN_PARTS, LABELS, TABLES, arrow_schema
from sim.tables.store import Store
from tests.support.packs import tiny_recipe


@pytest.fixture(scope="module")
def members(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The simulations of the recipe as runs of their own."""
    folder = tmp_path_factory.mktemp("members")
    return [
        Run(run(scenario, folder / str(number)).out)
        for number, scenario in enumerate(recipe.scenarios, 1)
    ]


def frame(pack: Path, stem: str) -> pd.DataFrame:
    place = pack / stem
    files = sorted(place.glob("*.parquet")) if place.is_dir() else [pack / f"{stem}.parquet"]
    return pa.concat_tables([pq.read_table(file) for file in files]).to_pandas()


def numbered(table: pd.DataFrame, member: int) -> pd.DataFrame:
    """The rows of a member as the pack has them."""
    if "actor_id" in table:
        table = table.assign(actor_id=[f"{member}.{name}" for name in table["actor_id"]])
    return table.astype({name: object for name in table if table[name].dtype.name == "category"})


@pytest.mark.parametrize("stem", sorted(set(TABLES) - {"log/model_catalog"}))
def test_every_table_holds_the_rows_of_all_members(
    tiny_pack: Path, members: list[Run], stem: str
) -> None:
    found = numbered(frame(tiny_pack, stem), 0).drop(columns="actor_id", errors="ignore")
    wanted = pd.concat([numbered(member.pandas(stem), k) for k, member in enumerate(members, 1)])
    if "actor_id" in wanted:
        actors = frame(tiny_pack, stem)["actor_id"].astype(object)
        assert sorted(actors) == sorted(wanted.pop("actor_id"))
    keys = [name for name in wanted if name != "prompt_emb" and wanted[name].dtype != object]
    found, wanted = (x[keys].sort_values(keys, ignore_index=True) for x in (found, wanted))
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)


def test_exchanges_are_in_order_of_time_and_their_truth_beside_them(tiny_pack: Path) -> None:
    log = frame(tiny_pack, IN_PARTS[0])
    order = np.lexsort((log["exchange_id"], log["ts_start"]))
    assert (order == np.arange(len(log))).all()
    for stem, labels in LABELS.items():
        key = next(iter(TABLES[stem]))
        assert (frame(tiny_pack, stem)[key] == frame(tiny_pack, labels)[key]).all()


def test_both_members_are_in_every_part(tiny_pack: Path) -> None:
    parts = sorted((tiny_pack / "truth/exchanges").glob("*.parquet"))
    assert len(parts) > 3
    for part in parts:
        actors = pq.read_table(part, columns=["actor_id"]).column(0).to_pylist()
        assert {name.partition(".")[0] for name in actors} == {"1", "2"}


def test_tasks_are_in_order_and_in_the_part_in_which_they_begin(tiny_pack: Path) -> None:
    tasks = frame(tiny_pack, "truth/tasks")
    assert (np.lexsort((tasks["task_uid"], tasks["started_at"])) == np.arange(len(tasks))).all()
    second = sorted((tiny_pack / "truth/tasks").glob("*.parquet"))[1]
    begun = pq.read_table(second).column("started_at").to_pandas().min()
    first = pq.read_table(tiny_pack / "log/exchanges/part-00000.parquet").column("ts_start")
    assert begun >= first.to_pandas().max()


def test_entities_are_in_an_order_that_tells_nothing(tiny_pack: Path) -> None:
    for stem in ("log/accounts", "log/orgs", "log/edges_observed", "log/payment_events"):
        first = frame(tiny_pack, stem).iloc[:, 0]
        assert first.is_monotonic_increasing, stem


def test_members_are_named_in_the_truth_alone(tiny_pack: Path, recipe: Recipe) -> None:
    members = frame(tiny_pack, "truth/members")
    assert members["member"].tolist() == [1, 2]
    assert members["world_seed"].tolist() == ["5", "6"]
    assert members["seed"].tolist() == [str(s.seed) for s in recipe.scenarios]
    assert members["exchanges"].sum() == len(frame(tiny_pack, IN_PARTS[0]))


def test_rows_do_not_depend_on_the_size_of_parts(tiny_pack: Path, tmp_path: Path) -> None:
    other = tiny_recipe(tmp_path, "part_rows=2_500")
    out = Store.of(tmp_path / "log")
    LogBuilder(other, out, Workers(InProcess(), 1), lambda *_: None).build()
    for stem in ("log/exchanges", "truth/exchanges", "truth/tasks"):
        found, wanted = (frame(p, stem).astype(str) for p in (tmp_path / "log", tiny_pack))
        pd.testing.assert_frame_equal(found, wanted)
    assert not (tmp_path / "log" / MEMBERS).exists()


# --- what members share


def test_members_with_accounts_in_common_are_refused(members: list[Run]) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        list(merged_tables([members[0], members[1], members[0]]))
    assert str(refusal.value) == (
        "members 1 and 3 of the pack have rows of log/accounts in common; give them unlike seeds"
    )


class Changed:
    """A run of which one table is another."""

    def __init__(self, run: Run, stem: str, table: Any) -> None:
        self.run, self.stem, self._table = run, stem, table

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run, name)

    def table(self, stem: str, columns: Any) -> Any:
        return self._table if stem == self.stem else self.run.table(stem, columns)


def test_a_card_that_two_members_have_is_one_row_since_it_was_seen_first(
    members: list[Run],
) -> None:
    stem = "log/payment_instruments"
    first, second = (member.table(stem, TABLES[stem]) for member in members)
    place = first.column_names.index("instrument_hash")
    shared = second.set_column(place, first.schema[place], first.column(place)[: len(second)])
    assert len(shared) <= len(first)

    tables = dict(merged_tables([members[0], Changed(members[1], stem, shared)]))  # type: ignore[list-item]
    merged = tables[stem].to_pandas().set_index("instrument_hash")
    assert merged.index.is_unique
    both = pd.concat([first.to_pandas(), shared.to_pandas()])
    seen = both.groupby("instrument_hash")["first_seen"].min()
    assert (merged["first_seen"] == seen.loc[merged.index]).all()


def test_unlike_catalogs_are_refused(members: list[Run]) -> None:
    stem = "log/model_catalog"
    table = members[1].table(stem, TABLES[stem])
    place = table.column_names.index("context_window_tokens")
    field = table.schema[place]
    other = table.set_column(place, field, pa.array([9] * len(table), field.type))
    said = (
        r"^members of the pack say unlike things of the model .*: its context_window_tokens is .* "
        r"and 9; one log has one catalog, so give them the same releases$"
    )
    with pytest.raises(InvalidInputError, match=said):
        list(merged_tables([members[0], Changed(members[1], stem, other)]))  # type: ignore[list-item]


# --- reading from any row on


@pytest.mark.parametrize("first", [0, 1, 999, 1_000, 2_345])
def test_rows_are_read_from_any_row_on(
    tiny_pack: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr("sim.packs.member_rows._BATCH_ROWS", 70)
    store = Store.of(tiny_pack)
    files = [f for f in records_of(read_manifest(store)) if f.path.startswith(IN_PARTS[0])]
    schema = arrow_schema({"exchange_id": EXCHANGES["exchange_id"]})
    reader = MemberRows(store, files, schema, first)
    ids = [x for rows in (0, 5, 700) for x in reader.take(rows).column(0).to_pylist()]
    wanted = frame(tiny_pack, IN_PARTS[0])["exchange_id"].tolist()[first : first + 705]
    assert ids == wanted
    with pytest.raises(ValueError, match="rows are missing at the end of a table"):
        reader.take(10**6)


def test_parts_of_members_are_no_more_than_merging_needs(recipe: Recipe) -> None:
    """Members are written in small parts, whatever their scenarios say."""
    scenario = _member(recipe, recipe.scenarios[0])
    assert scenario.tables.part_rows == 20_000
    assert scenario.seed == recipe.scenarios[0].seed
