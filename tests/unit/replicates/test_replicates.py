"""Counts under many seeds: equal to those of runs, one by one, and in pairs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from sim.counting import count_run
from sim.engine.executors import workers
from sim.engine.run import run
from sim.errors import InvalidInputError
from sim.replicates import differences, estimates, replicate, seed_of
from sim.tables.conventions import CONVENTIONS
from tests.support.commands import TINY, sim
from tests.support.scenarios import coders, lab, pool, scenario

# batches, refusals and limits, so that the conventions differ and work is done event by event
ASKED = scenario(
    coders(12, refusal_share=0.1, several_choices_share=0.2, prewarm_share=0.1),
    lab(runs=1, items=40),
    pool(10, 1_500, organisations=3, tier="tier-1"),
    days=0.4,
    seed=5,
)


@pytest.fixture(scope="module")
def three() -> Any:
    return replicate(ASKED, 3)


def without_estimate(counted: dict[str, int]) -> dict[str, int]:
    """Replicates have no log, so that they need not guess at user turns."""
    return {name: count for name, count in counted.items() if name in CONVENTIONS}


def test_the_counts_of_a_replicate_are_those_of_a_run_with_its_seed(
    three: Any, tmp_path: Path
) -> None:
    for one in three.counted:
        assert one.seed == seed_of(5, one.number)
        run(ASKED.model_copy(update={"seed": one.seed}), tmp_path / str(one.number))
        counted = count_run(tmp_path / str(one.number))
        made = three.totals()
        mine = made[made["replicate"] == one.number]
        for actor, by_convention in counted.by_actor.items():
            of_actor = mine[mine["actor"] == actor]
            assert dict(zip(of_actor["convention"], of_actor["count"], strict=True)) == (
                without_estimate(by_convention)
            )
        total = mine[mine["actor"] == "total"]
        totals = dict(zip(total["convention"], total["count"], strict=True))
        assert totals == without_estimate(counted.total)
        accounts = sum(spreads[0].accounts for spreads in one.spreads)
        assert accounts == counted.by_account["C1"].accounts


def test_the_spread_over_accounts_is_that_of_a_run(tmp_path: Path) -> None:
    alone = scenario(coders(12), days=0.4, seed=5)
    made = replicate(alone, [2])
    run(alone.model_copy(update={"seed": seed_of(5, 2)}), tmp_path / "run")
    of_run = count_run(tmp_path / "run").by_account
    for spread, convention in zip(made.counted[0].spreads[0], CONVENTIONS, strict=True):
        if convention not in of_run:  # tasks have no rows
            continue
        found = of_run[convention]
        assert (spread.accounts, spread.max) == (found.accounts, found.max)
        assert spread.mean == pytest.approx(found.mean)
        assert (spread.p50, spread.p90, spread.p99) == tuple(
            found.quantiles[q] for q in ("p50", "p90", "p99")
        )


def test_a_replicate_is_the_same_alone(three: Any) -> None:
    (alone,) = replicate(ASKED, [1]).counted
    assert (alone.totals == three.counted[1].totals).all()
    assert alone.spreads == three.counted[1].spreads


@pytest.mark.verify
def test_a_pool_of_processes_gives_the_same_numbers(three: Any) -> None:
    with workers(2) as who:
        assert replicate(ASKED, 3, workers=who).totals().equals(three.totals())


def test_replicates_differ() -> None:
    totals = replicate(ASKED, 4).totals()
    c1 = totals[(totals["actor"] == "total") & (totals["convention"] == "C1")]
    assert c1["seed"].is_unique
    assert c1["count"].nunique() > 1


def test_the_interval_of_a_mean_is_student_s(three: Any) -> None:
    totals = three.totals()
    mine = totals[(totals["actor"] == "coders") & (totals["convention"] == "C2")]["count"]
    (found,) = [
        e
        for e in estimates(three, 0.9)
        if (e.actor, e.convention, e.what) == ("coders", "C2", "exchanges")
    ]
    error = mine.std(ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(mine.mean())
    assert found.low == pytest.approx(max(0.0, mine.mean() - student.ppf(0.95, 2) * error))
    assert found.high == pytest.approx(mine.mean() + student.ppf(0.95, 2) * error)


@pytest.mark.verify
def test_intervals_of_means_cover_what_they_say() -> None:
    """A population of single exchanges: its mean number is known."""
    from sim.actors.arrivals.rates import expected_exchanges
    from sim.population.population import build_population
    from tests.support.scenarios import calm, simple

    asked = scenario(coders(20, **simple(20.0)), days=0.5, world=calm())
    expected = expected_exchanges(build_population(asked).contexts[0], range(20))
    covered = 0
    for block in range(30):
        made = replicate(asked, range(6 * block, 6 * block + 6))
        (found,) = [
            e
            for e in estimates(made, 0.8)
            if (e.actor, e.convention, e.what) == ("total", "C1", "exchanges")
        ]
        covered += found.low <= expected <= found.high
    # binomial(30, 0.8): outside 17 to 29 once in 200
    assert 17 <= covered <= 29


def test_common_random_numbers_make_the_difference_sharper() -> None:
    dearer = ASKED.model_copy(
        update={
            "actors": (
                ASKED.actors[0],
                ASKED.actors[1],
                pool(10, 1_800, organisations=3, tier="none"),
            )
        }
    )
    this, other = replicate(ASKED, 4), replicate(dearer, 4, seed=5)
    found = {(d.actor, d.convention): d for d in differences(this, other)}
    untouched = found["coders", "C1"]
    assert (untouched.difference, untouched.sd) == (0.0, 0.0)
    assert untouched.unpaired_sd > 0
    assert found["pool", "C2"].low <= found["pool", "C2"].difference <= found["pool", "C2"].high
    assert 200 < found["pool", "C2"].difference < 560


def test_only_replicates_of_the_same_seeds_make_pairs(three: Any) -> None:
    with pytest.raises(InvalidInputError, match="different seeds"):
        differences(three, replicate(ASKED, 3, seed=6))
    with pytest.raises(InvalidInputError, match=r"no actor in common with test \(coders, lab"):
        differences(three, replicate(scenario(coders(3, "others"), days=0.1), 3, seed=5))


@pytest.mark.parametrize("wanted", [0, [], [-1, 2]])
def test_impossible_replicates_are_refused(wanted: Any) -> None:
    with pytest.raises(InvalidInputError, match="give 1 to 1,000,000, or numbers from 0 on"):
        replicate(ASKED, wanted)


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def totals_of(text: str, number: int) -> dict[tuple[str, str], int]:
    return {
        (row["actor"], row["convention"]): int(row["value"])
        for row in csv.DictReader(io.StringIO(text))
        if int(row["replicate"]) == number and row["what"] == "exchanges"
    }


@pytest.mark.usefixtures("tiny")
def test_a_replicate_can_be_run_in_full() -> None:
    made = sim("replicate", "tiny.yaml", "-r", "3", "-j", "1", "--json")
    record = json.loads(made.stdout)
    seed = record["replicates"][2]["seed"]
    alone = sim("replicate", "tiny.yaml", "--only", "2", "-j", "1", "--csv")
    totals = totals_of(alone.stdout, 2)
    assert totals == totals_of(sim("replicate", "tiny.yaml", "-r", "3", "--csv").stdout, 2)
    assert sim("run", "tiny.yaml", "--seed", str(seed), "-o", "out").exit_code == 0
    counts = json.loads(sim("counts", "out", "--json").stdout)
    for convention, count in without_estimate(counts["total"]).items():
        assert totals["total", convention] == count


@pytest.mark.usefixtures("tiny")
def test_the_table_names_seed_interval_and_conventions() -> None:
    result = sim("replicate", "tiny.yaml", "-r", "4", "-j", "1", "--confidence", "0.9")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0].startswith("tiny: 4 replicates from seed ")
    assert "mean with its 90% interval" in result.stdout
    assert all(f"C{k}" in result.stdout for k in range(1, 7))


@pytest.mark.usefixtures("tiny")
def test_a_change_of_one_key_is_compared_in_pairs() -> None:
    change = "actors.pool.target_exchanges=90"
    result = sim("replicate", "tiny.yaml", "-r", "2", "-j", "1", "--vs-set", change)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"tiny {change} - tiny: 2 replicates, the same random numbers")
    other = Path("tiny.yaml").read_text(encoding="utf-8").replace("name: tiny", "name: other")
    Path("other.yaml").write_text(other, encoding="utf-8")
    record = json.loads(
        sim("replicate", "tiny.yaml", "-r", "2", "--vs", "other.yaml", "--json").stdout
    )
    assert {d["difference"] for d in record["differences"]} == {0.0}


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-r", "0"], "Invalid value for '-r' / '--replicates'"),
        (["--only", "-1"], "Invalid value for '--only'"),
        (["--confidence", "1"], "Invalid value for '--confidence'"),
        (["--json", "--csv"], "--json and --csv exclude each other; give one of them"),
        (["--vs", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_use_is_refused(arguments: list[str], said: str) -> None:
    result = sim("replicate", "tiny.yaml", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
