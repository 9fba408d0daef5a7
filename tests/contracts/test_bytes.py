"""Same scenario and seed, same bytes; actors do not touch each other; order of time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine.exchange_order import in_order
from sim.engine.run import run
from sim.scaffold.exchange_records import EXCHANGE_RECORD, ORIGIN_RECORD, Exchanges
from sim.scenario.resolved import Scenario
from sim.streams import Streams
from sim.tables import schema
from sim.tables.reading import Run
from tests.support.scenarios import (
    HOUR_US,
    auc,
    coders,
    digests,
    event,
    lab,
    log_with_truth,
    micros,
    ordinary,
    pool,
    read,
    scenario,
)

Names = pytest.FixtureRequest


TABLES = {
    "exchanges": schema.EXCHANGES,
    "accounts": schema.ACCOUNTS,
    "credentials": schema.CREDENTIALS,
    "orgs": schema.ORGS,
}


# === 1. same scenario and seed, same bytes ======================================================

# two actors of one typology, and two typologies that share a purpose, as scenarios have them
ASKED = scenario(
    coders(20), coders(10, "others"), lab(runs=1), pool(15, 800), pool(9, 500, "second"), days=0.5
)

IN_ANOTHER_PROCESS = """
import json, sys
from pathlib import Path
from sim.engine.run import run
from sim.scenario.resolved import Scenario
run(Scenario.from_dict(json.loads(sys.stdin.read())), Path(sys.argv[1]))
"""


def run_elsewhere(asked: Scenario, out: Path, surroundings: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, str(out)],
        input=json.dumps(asked.to_dict()),
        text=True,
        check=True,
        env={**os.environ, **surroundings},
    )


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("once") / "run"
    run(ASKED, out)
    return out


@pytest.mark.parametrize(
    "again", [0, *(pytest.param(again, marks=pytest.mark.verify) for again in range(1, 8))]
)
def test_the_same_scenario_gives_the_same_bytes(once: Path, tmp_path: Path, again: int) -> None:
    """Repeated, because bytes that depend on memory or threads differ only now and then."""
    run(ASKED, tmp_path / f"run {again}")
    assert digests(tmp_path / f"run {again}") == digests(once)


@pytest.mark.parametrize(
    "surroundings",
    [
        pytest.param({"PYTHONHASHSEED": "0", "TZ": "Asia/Tokyo"}, marks=pytest.mark.verify),
        {"PYTHONHASHSEED": "1234", "OMP_NUM_THREADS": "1", "TZ": "Asia/Kolkata"},
    ],
)
def test_another_process_gives_the_same_bytes(
    once: Path, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    run_elsewhere(ASKED, tmp_path / "run", surroundings)
    assert digests(tmp_path / "run") == digests(once)


# people and workers who are refused, retry, and are answered late
STRAINED = scenario(
    coders(8, organisations=3, tier="tier-1"),
    lab(items=8, runs=2, workers=3, starts_us=0),
    pool(6, 400, tier="tier-1", starts_us=0),
    days=0.1,
    world=ordinary(
        event("limits", 0, factor=0.02), event("incident", HOUR_US, overload=0.3, slowdown=2.0)
    ),
)


@pytest.fixture(scope="module")
def strained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("strained") / "run"
    run(STRAINED, out)
    return out


def dispatched_features() -> str:
    """The features of this processor for which NumPy has code of its own."""
    core = np._core._multiarray_umath  # type: ignore[attr-defined]
    return " ".join(name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name))


@pytest.mark.parametrize(
    "surroundings",
    [
        {"NUMBA_DISABLE_JIT": "1"},
        pytest.param({"NUMBA_CPU_NAME": "generic"}, marks=pytest.mark.verify),
        {"NPY_DISABLE_CPU_FEATURES": dispatched_features()},
    ],
    ids=["as written", "another processor", "no vectors of NumPy"],
)
def test_bytes_do_not_depend_on_the_compiler(
    strained: Path, tmp_path: Path, surroundings: dict[str, str]
) -> None:
    """Loops as Python carries them out, and as they are compiled for any other processor."""
    status = read(strained, "log/exchanges")["http_status"].value_counts()
    assert min(status[200], status[429], status[529]) > 20
    own_cache = {"NUMBA_CACHE_DIR": str(tmp_path / "machine code")}
    anew = own_cache if "NUMBA_CPU_NAME" in surroundings else {}
    run_elsewhere(STRAINED, tmp_path / "run", surroundings | anew)
    assert digests(tmp_path / "run") == digests(strained)


@pytest.mark.parametrize("fmt", ["csv", pytest.param("jsonl", marks=pytest.mark.verify)])
def test_text_formats_give_the_same_bytes(tmp_path: Path, fmt: str) -> None:
    asked = ASKED.model_copy(update={"tables": scenario(fmt=fmt).tables})
    run(asked, tmp_path / "one")
    run(asked, tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_another_log(once: Path, tmp_path: Path) -> None:
    run(ASKED.model_copy(update={"seed": 2}), tmp_path / "run")
    mine, theirs = read(once, "log/exchanges"), read(tmp_path / "run", "log/exchanges")
    for name in ("exchange_id", "account_id", "org_id", "api_key_id", "ts_start"):
        assert not set(mine[name]) & set(theirs[name]), name


# === 2. removing an actor leaves every other row as it was ======================================


def without(asked: Scenario, *actors: str) -> Scenario:
    left = tuple(a for a in asked.actors if a.id not in actors)
    return asked.model_copy(update={"actors": left})


def sorted_strings(frame: Any, key: str) -> Any:
    """Rows in order of `key`, words as strings, so that only the values count."""
    words = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(words, "str")).sort_values(key).reset_index(drop=True)


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("everyone") / "run"
    run(MIXED, out)
    return out


# limits that some meet, and weather that everyone meets
MIXED = scenario(
    coders(40, tier="tier-1"),
    coders(15, "chatters", agents={"chat": 1.0}, models={"claude-haiku-4.5": 1.0}),
    lab(models={"claude-opus-4.1": 1.0}, tier="tier-2"),
    pool(30, 3_000),
    days=0.7,
    world=ordinary(event("incident", 3 * HOUR_US, 4 * HOUR_US, overload=0.5)),
)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make the run without an actor, once."""

    @cache
    def of(gone: str) -> Path:
        out = tmp_path_factory.mktemp("left") / "run"
        run(without(MIXED, gone), out)
        return out

    return of


@pytest.mark.parametrize(
    "gone",
    ["pool", "coders", *(pytest.param(x, marks=pytest.mark.verify) for x in ("chatters", "lab"))],
)
def test_removing_an_actor_leaves_every_other_row_as_it_was(
    everyone: Path, left: Callable[[str], Path], gone: str
) -> None:
    before, after = log_with_truth(everyone), log_with_truth(left(gone))
    before = before[before["actor_id"] != gone]
    assert 1_000 < len(after) < len(log_with_truth(everyone))
    assert {200, 429, 529, 500} <= set(log_with_truth(everyone)["http_status"])
    # not sorted: the order of the other rows must not change either
    words = before.select_dtypes("category").columns
    kept, same = (f.astype(dict.fromkeys(words, "str")) for f in (before, after))
    assert kept.reset_index(drop=True).equals(same.reset_index(drop=True))


@pytest.mark.parametrize("gone", ["pool", "coders"])
@pytest.mark.parametrize(
    ("stem", "key"), [("truth/tasks", "task_uid"), ("truth/accounts", "account_id")]
)
def test_removing_an_actor_leaves_other_tasks_and_accounts_as_they_were(
    everyone: Path, left: Callable[[str], Path], gone: str, stem: str, key: str
) -> None:
    before, after = read(everyone, stem), read(left(gone), stem)
    before = before[before["actor_id"] != gone]
    assert sorted_strings(before, key).equals(sorted_strings(after, key))


@pytest.mark.parametrize(("name", "owner"), [("accounts", 0), ("credentials", 1), ("orgs", 0)])
def test_removing_an_actor_only_takes_its_own_entities_away(
    everyone: Path, left: Callable[[str], Path], name: str, owner: int
) -> None:
    """Column `owner` has the account or the organisation: the pool has 30 of each."""
    before, after = (
        {tuple(row.values()) for row in Run(path).table(f"log/{name}", TABLES[name]).to_pylist()}
        for path in (everyone, left("pool"))
    )
    assert after < before
    assert len({row[owner] for row in before - after}) == 30


def test_the_order_of_the_actors_does_not_matter(everyone: Path, tmp_path: Path) -> None:
    run(MIXED.model_copy(update={"actors": MIXED.actors[::-1]}), tmp_path / "run")
    before, after = log_with_truth(everyone), log_with_truth(tmp_path / "run")
    assert sorted_strings(before, "exchange_id").equals(sorted_strings(after, "exchange_id"))


# === 7. time order ==============================================================================


@pytest.mark.parametrize("name", ["everyone", "once"])
def test_rows_are_in_order_of_time_and_of_random_identifier(request: Names, name: str) -> None:
    log = read(request.getfixturevalue(name), "log/exchanges")
    order = np.lexsort((log["exchange_id"], micros(log["ts_start"])))
    assert (order == np.arange(len(log))).all()


def test_rows_of_one_moment_are_in_order_of_identifier_not_of_actor() -> None:
    n, streams = 20_000, Streams(1)
    actor_of_account = np.repeat([0, 1, 2], 10)
    rows, tasks = np.zeros(n, EXCHANGE_RECORD), np.zeros(n, ORIGIN_RECORD)
    tasks["account"] = np.sort(np.random.default_rng(0).integers(0, 30, n))
    tasks["task"] = rows["origin"] = np.arange(n)
    rows["number"] = np.arange(n) % 2
    keys = np.array([streams.key(actor, "exchange") for actor in "abc"], np.uint64)
    ordered, _ = in_order(Exchanges(rows, tasks), keys, actor_of_account)
    assert (np.diff(ordered["id"].astype(object)) > 0).all()
    for actor in range(3):
        places = np.flatnonzero(ordered["actor"] == actor)
        assert 0.48 < auc(places, np.setdiff1d(np.arange(n), places)) < 0.52
