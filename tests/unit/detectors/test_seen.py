"""What a detector can reach: the log as known in a window, and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from sim.detectors.seen import Seen, log_of_window
from sim.features.as_of import KNOWN, recomputed
from sim.features.windows import Window
from sim.packs.pack import Pack
from sim.tables.database import RunTables, name_of, quoted
from sim.tables.store import Store

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def pack(labelled: Path) -> Pack:
    return Pack(Store.of(labelled))


@pytest.fixture(scope="module")
def window(pack: Pack) -> Window:
    """The second and the third day of five."""
    opens = pack.recipe.opens_us
    return Window(opens + DAY_US, opens + 3 * DAY_US)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "log").rglob("*.parquet"))


@pytest.fixture(scope="module")
def log(labelled: Path, window: Window) -> RunTables:
    return log_of_window(labelled, files(labelled), window)


def test_it_has_the_tables_of_the_log_alone(log: RunTables) -> None:
    assert set(log.schemas) == set(KNOWN)
    assert set(log.rows("SHOW TABLES")["name"]) == {name_of(stem) for stem in KNOWN}


def test_exchanges_are_those_complete_in_the_window(log: RunTables, window: Window) -> None:
    found = log.rows("SELECT min(epoch_us(ts_end)) a, max(epoch_us(ts_end)) b FROM log_exchanges")
    assert window.from_us <= found["a"][0] < found["b"][0] < window.to_us
    assert (log.opens_us, log.closes_us) == window


def test_columns_that_are_set_later_are_not_there(log: RunTables) -> None:
    for stem, known in KNOWN.items():
        assert not set(known.absent) & set(log.schemas[stem])


def test_what_comes_after_the_window_does_not_matter(
    log: RunTables, labelled: Path, window: Window, tmp_path: Path
) -> None:
    """Against another cut of the log, in which late columns hold nonsense."""
    pack = Pack(Store.of(labelled)).recipe
    whole = RunTables.over(labelled, pack.opens_us, pack.closes_us, files(labelled))
    cut = recomputed(whole, window.to_us)
    for stem in cut.schemas:
        (tmp_path / stem).parent.mkdir(exist_ok=True)
        place = quoted(tmp_path / f"{stem}.parquet")
        cut.connection.execute(f"COPY (FROM {name_of(stem)}) TO {place} (FORMAT parquet)")

    other = log_of_window(tmp_path, files(tmp_path), window)
    for stem in KNOWN:
        both = [tables.rows(f"FROM {name_of(stem)} ORDER BY ALL") for tables in (log, other)]
        assert both[0].astype(str).equals(both[1].astype(str)), stem


@pytest.mark.parametrize(
    "query",
    [
        "FROM truth_targets",
        "FROM labels_observed_labels",
        "FROM splits",
        "FROM features_accounts",
        "FROM '{pack}/truth/targets.parquet'",
        "FROM read_parquet('{pack}/truth/*.parquet')",
        "FROM read_parquet('{pack}/log/../truth/targets.parquet')",
        "FROM read_blob('{pack}/truth/targets.parquet')",
        "FROM glob('{pack}/truth/*')",
        "FROM '{pack}/labels_observed/labels.parquet'",
        "ATTACH '{pack}/truth.db'",
        "COPY log_orgs TO '{pack}/truth/x.parquet'",
        "INSTALL sqlite",
        "SET enable_external_access = true",
        "SET allowed_directories = ['{pack}']",
    ],
)
def test_it_reaches_no_other_file(query: str, log: RunTables, labelled: Path) -> None:
    with pytest.raises(duckdb.Error):
        log.connection.execute(query.format(pack=labelled)).fetchall()


def test_a_second_connection_is_no_way_out(log: RunTables, labelled: Path) -> None:
    with pytest.raises(duckdb.PermissionException):
        log.connection.cursor().execute(f"FROM '{labelled}/truth/targets.parquet'")


def test_what_is_made_once_is_the_same_for_all_picks(log: RunTables, window: Window) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=pd.Index([7, 8, 9]))
    seen = Seen(log, frame, np.array([1, 1, 2]), *window)
    some = seen.pick(np.array([True, False, True]))
    assert (some.accounts.tolist(), some.group.tolist(), len(some)) == ([7, 9], [1, 2], 2)
    made = [each.once("a list", list) for each in (seen, some, some.pick(np.array([True, False])))]
    assert made[0] is made[1] is made[2]
