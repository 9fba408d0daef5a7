"""Observables of the accounts of runs against slow computations on the plain tables."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.comparison.clusters.from_runs import Cluster, clusters
from sim.comparison.clusters.measures import gini, shared, synchrony
from sim.counting import count_run
from sim.engine.run import run
from sim.errors import InvalidInputError
from tests.support.commands import TINY, sim
from tests.support.damage import put_table
from tests.support.scenarios import (
    DAY_US,
    MONDAY,
    answered,
    coders,
    event,
    lab,
    log_with_truth,
    ordinary,
    pool,
    read,
    scenario,
)

DAYS = 2.3
HOURS = 56  # the last one is not whole
RELEASED = pd.Timestamp(MONDAY) + pd.Timedelta(days=1)
OLD, NEW, LATER = "claude-opus-4", "claude-opus-4.6", "claude-opus-4.1"
ACTORS = ["coders", "lab", "pool"]


def asked(fmt: str = "parquet", **dials: Any) -> Any:
    """Three actors and three releases, the last so late that nothing of it can be seen."""
    releases = (
        event("release", round(0.3 * DAY_US), model=OLD),
        event("release", DAY_US, model=NEW),
        event("release", round(1.5 * DAY_US), model=LATER),
    )
    actors = (coders(25), lab(accounts=3), pool(20, 1_200))
    given = {"days": DAYS, "part_rows": 700, "world": ordinary(*releases), **dials}
    return scenario(*actors, fmt=fmt, **given)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("good") / "run"
    run(asked(), out)
    return out


def rewrite(path: Path, change: Any) -> None:
    """Change each part of the log, as a data frame, in its place."""
    for part in sorted((path / "log/exchanges").glob("*")):
        table = pq.read_table(part, partitioning=None)
        frame = change(table.to_pandas())
        kept = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
        put_table(path, part.relative_to(path).as_posix(), kept)


@pytest.fixture(scope="module")
def mishaps(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run with errors and empty answers written into its log, and without any of the lab."""
    out = Path(shutil.copytree(good, tmp_path_factory.mktemp("mishaps") / "run"))
    owner = read(out, "truth/accounts").set_index("account_id")["actor_id"].astype(str)
    rng = np.random.default_rng(1)

    def spoil(frame: Any) -> Any:
        fate = rng.random(len(frame))
        frame.loc[fate < 0.2, "http_status"] = 529
        frame.loc[(fate > 0.1) & (fate < 0.3), "output_tokens"] = 0
        frame.loc[frame["account_id"].map(owner) == "lab", "http_status"] = 500
        return frame

    rewrite(out, spoil)
    return out


@pytest.fixture(params=["good", "mishaps"])
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "run"))


# --- slow computations --------------------------------------------------------------------------


def slow_gini(counts: Any) -> float | None:
    """The mean difference of all pairs over twice the mean."""
    x = np.asarray(counts, np.float64)
    return float(np.abs(x[:, None] - x).mean() / (2 * x.mean())) if len(x) > 1 else None


def slow_synchrony(log: Any) -> float | None:
    """The mean of the correlation matrix of accounts over hours, off its diagonal."""
    hour = (log["ts_start"] - pd.Timestamp(MONDAY)) // pd.Timedelta(hours=1)
    dense = pd.crosstab(hour, log["account_id"]).reindex(range(HOURS), fill_value=0)
    dense = dense.loc[:, dense.std() > 0]
    matrix = dense.corr().to_numpy()
    above = matrix[np.triu_indices(len(matrix), 1)]
    return float(above.mean()) if len(above) else None


def slow_shared(payment: Any, accounts: set[int]) -> float | None:
    pays: dict[int, set[int]] = {}
    for account, instrument in zip(payment["account_id"], payment["instrument_hash"], strict=True):
        if account in accounts:
            pays.setdefault(account, set()).add(instrument)
    if len(pays) < 2:
        return None
    sharing = {a for a, b in permutations(pays, 2) if pays[a] & pays[b]}
    return len(sharing) / len(pays)


def slow_moved(log: Any) -> float | None:
    age = log["ts_start"] - RELEASED
    then = log[(age >= pd.Timedelta(hours=24)) & (age < pd.Timedelta(hours=48))]
    return float((then["model_served"] == NEW).mean()) if len(then) else None


def slow_repetition(log: Any) -> float | None:
    prompts = log.loc[(log["output_tokens"] > 0) & log["user_initiated"]]
    prompts = prompts["prompt_simhash64"]
    return 1 - prompts.nunique() / len(prompts) if len(prompts) else None


def recount(path: Path, actor: str | None) -> dict[str, Any]:
    """The observables of a run or an actor of it, from whole tables; without counts and names."""
    log = answered(log_with_truth(path))
    if actor is not None:
        log = log[log["actor_id"] == actor]
    turns = ((log["output_tokens"] > 0) & log["user_initiated"]).sum()
    per_account = log.groupby("account_id").size()
    return {
        "accounts": len(per_account),
        "exchanges_per_account": float(per_account.mean()),
        "concentration": slow_gini(per_account),
        "exchanges_per_task": len(log) / turns,
        "item_repetition": slow_repetition(log),
        "moved_24h": slow_moved(log),
        "synchrony": slow_synchrony(log),
        "shared_instruments": slow_shared(
            read(path, "log/account_payment"), set(log["account_id"])
        ),
        "truth": log["typology_id"].astype(str).value_counts(normalize=True).to_dict(),
    }


def expect(found: Cluster, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        near = value if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)
        assert getattr(found, name) == near, name


# --- runs ---------------------------------------------------------------------------------------


def test_the_observables_of_a_run_are_those_of_a_recount(path: Path) -> None:
    (found,) = clusters(path)
    expect(found, recount(path, None))
    assert (found.name, found.run, found.actor, found.scale) == (str(path), str(path), None, 1.0)
    assert found.counts == count_run(path).total
    assert sorted(found.truth) == list(found.truth)


def test_the_observables_of_actors_are_those_of_a_recount(path: Path) -> None:
    by_actor = count_run(path).by_actor
    found = clusters(path, by_actor=True)
    for cluster in found:
        assert cluster.actor is not None
        expect(cluster, recount(path, cluster.actor))
        assert cluster.name == f"{path}:{cluster.actor}"
        assert cluster.counts == by_actor[cluster.actor]
        assert len(cluster.truth) == 1


def test_the_run_puts_every_observable_to_the_test(good: Path) -> None:
    """No recount above compares nothing with nothing, and the actors differ."""
    whole, everyone = asdict(clusters(good)[0]), clusters(good, by_actor=True)
    assert [name for name, value in whole.items() if value is None] == ["actor"]
    for name in ("concentration", "item_repetition", "synchrony"):
        assert len({getattr(c, name) for c in everyone} - {None}) == 3, name
    for name in ("moved_24h", "shared_instruments"):
        assert {getattr(c, name) for c in everyone} - {None, 0.0, 1.0}, name
    assert None in {c.moved_24h for c in everyone}


def test_actors_come_in_their_order_and_add_up(good: Path) -> None:
    (whole,), parts = clusters(good), clusters(good, by_actor=True)
    assert [c.actor for c in parts] == ACTORS
    sums = {name: sum(c.counts[name] for c in parts) for name in whole.counts}
    assert sums == whole.counts
    assert sum(c.accounts for c in parts) == whole.accounts
    for cluster in parts:
        (typology,) = cluster.truth
        share = cluster.counts["C2"] / whole.counts["C2"]
        assert whole.truth[typology] == pytest.approx(share)


def test_actors_without_an_answer_are_left_out(mishaps: Path) -> None:
    assert [c.actor for c in clusters(mishaps, by_actor=True)] == ["coders", "pool"]


@pytest.mark.parametrize("fmt", [pytest.param("csv", marks=pytest.mark.verify), "jsonl"])
def test_observables_do_not_depend_on_the_format(good: Path, tmp_path: Path, fmt: str) -> None:
    text = tmp_path / "run"
    run(asked(fmt), text)
    for by_actor in (False, True):
        found = clusters(text, by_actor=by_actor)
        for one, other in zip(found, clusters(good, by_actor=by_actor), strict=True):
            ours, theirs = asdict(one), asdict(other)
            for name in ("name", "run"):
                assert ours.pop(name) == theirs.pop(name).replace(str(good), str(text))
            assert ours == theirs


def test_observables_do_not_depend_on_the_parts(good: Path, tmp_path: Path) -> None:
    run(asked(part_rows=1_000_000), tmp_path / "run")
    ours, theirs = (asdict(clusters(p)[0]) for p in (tmp_path / "run", good))
    near = {n: pytest.approx(v) for n, v in theirs.items() if isinstance(v, float)}
    assert ours == theirs | near | {"name": ours["name"], "run": ours["run"]}


def test_the_scale_of_a_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    out = str(tmp_path / "run")
    done = sim("run", str(tmp_path / "tiny.yaml"), "--scale", "0.5", "-q", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert {c.scale for c in clusters(out, by_actor=True)} == {0.5}


def test_without_a_release_nobody_moved(tmp_path: Path) -> None:
    run(scenario(coders(5)), tmp_path / "run")
    assert clusters(tmp_path / "run")[0].moved_24h is None


def test_a_release_whose_second_day_is_not_in_the_log_moves_nobody(tmp_path: Path) -> None:
    world = ordinary(event("release", DAY_US // 4, model=NEW))
    run(scenario(coders(5), world=world), tmp_path / "run")
    assert clusters(tmp_path / "run")[0].moved_24h is None


# --- what may be missing ------------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["core", "lean"])
def test_fewer_columns_do_not_tell_prompts_apart(good: Path, tmp_path: Path, columns: str) -> None:
    run(asked(columns=columns), tmp_path / "run")
    (whole,), (core,) = clusters(good), clusters(tmp_path / "run")
    changed = {"name": core.name, "run": core.run, "item_repetition": None}
    assert asdict(core) == asdict(whole) | changed


def test_without_truth_the_whole_is_the_same(copy: Path) -> None:
    (whole,) = clusters(copy)
    shutil.rmtree(copy / "truth")
    counts = {name: count for name, count in whole.counts.items() if name not in ("C5", "C6")}
    found = asdict(clusters(copy)[0])
    # turns are estimated, and so is what prompts are
    assert found["exchanges_per_task"] == counts["C2"] / counts["C5 (log)"]
    estimated = {name: found[name] for name in ("exchanges_per_task", "item_repetition")}
    assert found == asdict(whole) | {"counts": counts, "truth": {}} | estimated


def test_without_truth_there_are_no_actors(copy: Path) -> None:
    shutil.rmtree(copy / "truth")
    with pytest.raises(InvalidInputError) as raised:
        clusters(copy, by_actor=True)
    assert str(raised.value) == (
        f"{copy}: has no truth, so its actors cannot be told apart; "
        "leave out --by-actor or run it again"
    )


def test_truth_that_names_a_strange_actor_is_refused(copy: Path) -> None:
    part = "truth/exchanges/part-00001.parquet"
    table = pq.read_table(copy / part, partitioning=None)
    frame = table.to_pandas()
    frame["actor_id"] = "nobody"
    strange = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
    put_table(copy, part, strange)
    with pytest.raises(InvalidInputError) as raised:
        clusters(copy, by_actor=True)
    assert str(raised.value) == f"{copy}: its truth names actor nobody, its scenario does not"


@pytest.mark.parametrize("by_actor", [False, True])
def test_a_run_without_an_answer_is_refused(copy: Path, by_actor: bool) -> None:
    rewrite(copy, lambda frame: frame.assign(http_status=np.int16(529)))
    with pytest.raises(InvalidInputError) as raised:
        clusters(copy, by_actor=by_actor)
    assert str(raised.value) == (
        f"{copy}: no answered exchange in the log; there is nothing to compare"
    )


@pytest.mark.parametrize("by_actor", [False, True])
def test_a_log_without_rows_is_refused(tmp_path: Path, by_actor: bool) -> None:
    late = pool(2, 10, starts_us=3_600_000_000, workers=1)
    run(scenario(late, days=1 / 24 + 1e-6), tmp_path / "run")
    with pytest.raises(InvalidInputError, match="no answered exchange in the log"):
        clusters(tmp_path / "run", by_actor=by_actor)


def test_answers_to_tools_alone_make_no_task(copy: Path) -> None:
    rewrite(copy, lambda frame: frame.assign(last_role_in="tool"))
    shutil.rmtree(copy / "truth")
    (found,) = clusters(copy)
    assert found.counts["C5 (log)"] == 0
    assert "C5" not in found.counts
    assert (found.exchanges_per_task, found.item_repetition) == (None, None)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no run"):
        clusters(tmp_path)


# --- formulas -----------------------------------------------------------------------------------


def uint(*values: int) -> Any:
    return np.array(values, np.uint64)


def test_gini_by_hand() -> None:
    assert gini(np.array([5])) is None
    assert gini(np.array([3, 3, 3])) == pytest.approx(0, abs=1e-15)
    assert gini(np.array([3, 1])) == pytest.approx(0.25)
    many = np.random.default_rng(2).integers(1, 1_000, 200)
    assert gini(many) == pytest.approx(slow_gini(many))


def sparse(dense: Any) -> float | None:
    """Synchrony of a matrix of counts, a row for each account."""
    account, hour = np.nonzero(dense)
    return synchrony(account.astype(np.uint64), hour, dense[account, hour], dense.shape[1])


def test_synchrony_by_hand() -> None:
    assert sparse(np.array([[1, 0, 4], [2, 0, 8]])) == pytest.approx(1)
    assert sparse(np.array([[1, 0], [0, 7]])) == pytest.approx(-1)
    assert sparse(np.array([[1, 0]])) is None
    assert sparse(np.array([[5], [7]])) is None


def test_accounts_that_never_vary_have_no_part_in_synchrony() -> None:
    rows = np.array([[1, 0, 4, 2], [0, 3, 1, 0], [7, 7, 7, 7]])
    assert sparse(rows) == pytest.approx(np.corrcoef(rows[0], rows[1])[0, 1])
    assert sparse(rows[1:]) is None


def test_synchrony_is_the_mean_over_pairs() -> None:
    dense = np.random.default_rng(3).poisson(0.4, (12, 50))
    pairs = [np.corrcoef(a, b)[0, 1] for a, b in combinations(dense, 2)]
    assert sparse(dense) == pytest.approx(np.mean(pairs))


def test_shared_instruments_by_hand() -> None:
    assert shared(uint(), uint()) is None
    assert shared(uint(1, 1), uint(5, 6)) is None
    assert shared(uint(1, 1, 2), uint(5, 5, 6)) == 0
    assert shared(uint(1, 2, 3), uint(5, 5, 6)) == pytest.approx(2 / 3)
    assert shared(uint(1, 1, 2, 3), uint(5, 6, 6, 7)) == pytest.approx(2 / 3)
