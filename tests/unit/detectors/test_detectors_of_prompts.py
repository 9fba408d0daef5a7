"""Detectors that look at prompts, on prompts that are made up."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import kstest

from sim.arrays.types import Ints
from sim.detectors import mmd, prada
from sim.detectors.baseline import Baseline
from sim.detectors.benign import halves, standardised
from sim.detectors.prompt_vectors import MOST, Prompts, prompts_of, squared_distances, vectors_of
from sim.detectors.quality import quality
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from sim.tables.database import RunTables

BOTH = (mmd.BASELINE, prada.BASELINE)


def seen_of(sent: list[Ints]) -> Seen:
    """Accounts 10, 11, ... that sent these prompts, one a second, each of an own organisation."""
    accounts = 10 + np.arange(len(sent))
    account_id = np.repeat(accounts, [len(each) for each in sent])
    at_us = np.concatenate([np.arange(len(each)) for each in sent]) * 1_000_000
    frame = pd.DataFrame(index=pd.Index(accounts, name="account_id"))
    prompts = Prompts(account_id, at_us.astype(np.int64), np.concatenate(sent).astype(np.int64))
    kept = {f"prompts {MOST}": prompts}
    return Seen(None, frame, accounts, 0, 10**9, kept)  # type: ignore[arg-type]


def mixed(size: int, rng: np.random.Generator) -> Ints:
    """Prompts that have nothing to do with each other."""
    return rng.integers(0, 2**63 - 1, size)


def repeated(size: int, rng: np.random.Generator) -> Ints:
    """Prompts of one template: each has two bits of its own."""
    return (
        int(mixed(1, rng)[0]) ^ (1 << rng.integers(0, 62, size)) ^ (1 << rng.integers(0, 62, size))
    )


def planted(seed: int, size: int = 80) -> tuple[Seen, Any]:
    """60 accounts, of which every third repeats a template and the others mix."""
    rng, sought = np.random.default_rng(seed), np.arange(60) % 3 == 0
    return seen_of([(repeated if one else mixed)(size, rng) for one in sought]), sought


@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_one_repeated_template_is_found_among_mixed_prompts(baseline: Baseline) -> None:
    (learned, sought), (asked, truth) = planted(1), planted(2)
    found = baseline.find(learned, sought, asked, 0)
    assert quality(found.score, truth).auc == 1.0
    assert np.array_equal(found.score, baseline.find(learned, sought, asked, 0).score)


@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_scores_are_known_when_windows_end(baseline: Baseline) -> None:
    (learned, sought), (asked, _) = planted(1), planted(2)
    found = baseline.find(learned, sought, asked, 0)
    ends = {"mmd": [49, 79], "prada": [24, 49]}[baseline.name]
    assert sorted(found.moments["at_us"].unique()) == [end * 1_000_000 for end in ends]
    highest = found.moments.groupby("account_id")["score"].max()
    assert found.score.tolist() == highest.loc[asked.accounts].tolist()


@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_what_comes_later_does_not_change_what_was_known(baseline: Baseline) -> None:
    (learned, sought), (asked, _) = planted(1), planted(2)
    prompts = asked.kept[f"prompts {MOST}"]
    early = prompts.at_us < 50_000_000
    cut = replace(asked, kept={f"prompts {MOST}": Prompts(*(each[early] for each in prompts))})
    whole, first = (baseline.find(learned, sought, seen, 0).moments for seen in (asked, cut))
    known = whole[whole["at_us"] < 50_000_000].reset_index(drop=True)
    pd.testing.assert_frame_equal(first.reset_index(drop=True), known)


@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_windows_like_benign_ones_have_ordinary_scores(baseline: Baseline) -> None:
    rng = np.random.default_rng(5)
    learned, asked = (seen_of([mixed(50, rng) for _ in range(400)]) for _ in range(2))
    last = baseline.find(learned, np.zeros(400, bool), asked, 0).moments.groupby("account_id")
    score = last["score"].last().to_numpy()
    assert abs(score.mean()) < 0.25
    assert 0.8 < score.std() < 1.25


def test_windows_of_one_distribution_have_uniform_p_values() -> None:
    """Ranks among benign windows are p-values; 300 of each, so that they are off by at most 0.1."""
    rng = np.random.default_rng(7)
    reference = mmd.reference_of(vectors_of(mixed(300, rng)))
    first, second = (
        np.array([mmd.mmd2(vectors_of(mixed(30, rng)), reference) for _ in range(300)])
        for _ in range(2)
    )
    share = (first[:, None] >= second).mean(axis=1)
    assert kstest(share, "uniform").pvalue > 0.01
    assert abs(first.mean()) < 4 * first.std() / np.sqrt(300)  # unbiased


@pytest.mark.parametrize("sent", [[], [0], [0, 1]], ids=["none", "one", "two"])
@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_who_sent_too_little_is_as_suspect_as_benign_accounts_are(
    baseline: Baseline, sent: list[int]
) -> None:
    learned, sought = planted(1)
    asked = seen_of([np.array(sent, np.int64), mixed(80, np.random.default_rng(3))])
    found = baseline.find(learned, sought, asked, 0)
    assert found.score[0] == 0.0
    assert np.isfinite(found.score).all()
    assert set(found.moments["account_id"]) == {11}


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("baseline", BOTH, ids=lambda each: each.name)
def test_without_benign_prompts_all_have_one_score(baseline: Baseline, everybody: bool) -> None:
    few = seen_of([np.zeros(size, np.int64) for size in (0, 1, 2, 2)])
    asked, _ = planted(2)
    learned = asked if everybody else few
    found = baseline.find(learned, np.full(len(learned), everybody), asked, 0)
    assert found.score.tolist() == [0.0] * len(asked)


def test_equal_prompts_alone_are_no_error() -> None:
    """All distances are 0, which no test of normality takes."""
    alike = seen_of([np.full(100, 5)] * 40)
    for baseline in BOTH:
        assert baseline.find(alike, np.zeros(40, bool), alike, 0).score.tolist() == [0.0] * 40


def test_the_discrepancy_of_four_points_is_that_of_the_formula() -> None:
    """Two points a side, at angles of 0, 90, 180 and 270 degrees; squared distances are 2 or 4."""
    points = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
    reference = mmd.Reference(points[2:], 1.0, np.exp(-1.0))
    across = (np.exp(-2) + np.exp(-1) + np.exp(-1) + np.exp(-2)) / 4
    expected = np.exp(-1) + np.exp(-1) - 2 * across
    assert mmd.mmd2(points[:2], reference) == pytest.approx(expected, rel=1e-6)


def test_the_discrepancy_is_that_of_the_plain_double_loop() -> None:
    rng = np.random.default_rng(2)
    window, benign = (vectors_of(mixed(size, rng)).astype(float) for size in (12, 30))
    reference = mmd.reference_of(benign.astype(np.float32))

    def kernel(left: Any, right: Any) -> float:
        return float(np.exp(-np.square(left - right).sum() / (2 * reference.width**2)))

    def within(points: Any) -> float:
        pairs = [(a, b) for a in range(len(points)) for b in range(len(points)) if a != b]
        return float(np.mean([kernel(points[a], points[b]) for a, b in pairs]))

    across = np.mean([kernel(a, b) for a in window for b in benign])
    expected = within(window) + within(benign) - 2 * across
    assert mmd.mmd2(window.astype(np.float32), reference) == pytest.approx(expected, abs=1e-6)


def test_the_width_is_the_median_distance_of_those_that_differ() -> None:
    points = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], np.float32)
    assert mmd.reference_of(points).width == pytest.approx(np.sqrt(2))
    assert mmd.reference_of(points[:2]).width == 1.0


def test_each_prompt_is_compared_with_those_before_it() -> None:
    points = np.array([[1, 0], [-1, 0], [0, 1], [1, 0]], np.float32)
    expected = [2, np.sqrt(2), 0]
    assert prada.nearest_earlier(points) == pytest.approx(expected)


def test_normal_distances_depart_less_than_those_of_two_kinds() -> None:
    rng = np.random.default_rng(1)
    normal, two = rng.normal(1, 0.1, 100), rng.normal(1, 0.1, 100) + np.arange(100) % 2
    assert prada.departure(normal) < 0.03 < 0.1 < prada.departure(two)
    assert prada.departure(np.append(normal, 99.0)) < 0.03  # beyond three standard deviations
    assert prada.departure(np.ones(50)) == 1.0


def test_hashes_are_signs_and_vectors_have_length_one() -> None:
    rng = np.random.default_rng(0)
    hashes = mixed(5, rng)
    vectors = vectors_of(hashes)
    apart = np.array([[int(a ^ b).bit_count() for b in hashes] for a in hashes])
    assert vectors @ vectors.T == pytest.approx(1 - 2 * apart / 63, abs=1e-6)
    assert squared_distances(vectors, vectors) == pytest.approx(4 * apart / 63, abs=1e-5)
    given = vectors_of(rng.normal(size=(4, 32)).astype(np.float16))
    assert np.square(given).sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert not vectors_of(np.zeros((1, 32), np.float16)).any()


def test_halves_are_of_whole_organisations() -> None:
    frame = pd.DataFrame(index=pd.Index(np.arange(40)))
    seen = Seen(None, frame, np.arange(40) // 4, 0, 1)  # type: ignore[arg-type]
    first, second = halves(seen, 0)
    assert sorted([*first, *second]) == list(range(40))
    assert len(first) == 20
    assert not set(first // 4) & set(second // 4)


def test_rare_kinds_are_compared_with_all() -> None:
    benign = np.append(np.tile([0.0, 2.0], 15), [10.0])
    kinds = np.append(np.zeros(30, np.int64), [1])
    score = standardised(np.array([3.0, 3.0]), np.array([0, 1]), benign, kinds)
    assert score == pytest.approx([2.0, (3 - benign.mean()) / benign.std()])


def log_of(folder: Path, **columns: Any) -> Seen:
    """A log with exchanges of account 1, 1,000 of them, and two of account 2, latest first."""
    rows = {"exchange_id": np.arange(1002)[::-1], "account_id": np.repeat([1, 2], [1000, 2])}
    ends = pa.array(np.append(np.arange(1000)[::-1], [7, 3]), pa.timestamp("us", "UTC"))
    table = pa.table({**rows, "ts_end": ends, **columns})
    (folder / "log").mkdir()
    pq.write_table(table, folder / "log/exchanges.parquet")
    return Seen(RunTables.over(folder, 0, 10**6), None, np.zeros(0, np.int64), 0, 10**6)


def test_each_kth_prompt_of_an_account_is_read_in_order(tmp_path: Path) -> None:
    seen = log_of(tmp_path, prompt_simhash64=np.arange(1002))
    prompts = prompts_of(seen)
    assert prompts.account_id.tolist() == [1] * 334 + [2] * 2
    assert prompts.at_us.tolist() == [*range(0, 1000, 3), 3, 7]
    assert prompts.kept.tolist() == [*range(999, -1, -3), 1001, 1000]
    assert prompts_of(seen) is prompts


def test_vectors_are_read_where_the_log_has_them(tmp_path: Path) -> None:
    given = np.random.default_rng(0).normal(size=(1002, 32)).astype(np.float16)
    column = pa.FixedSizeListArray.from_arrays(pa.array(given.ravel()), 32)
    seen = log_of(tmp_path, prompt_emb=column, prompt_simhash64=np.arange(1002))
    assert np.array_equal(prompts_of(seen).kept, given[[*range(999, -1, -3), 1001, 1000]])


def test_a_log_without_prompts_is_refused(tmp_path: Path) -> None:
    expected = (
        "detectors of prompts need prompt_simhash64 or prompt_emb, and log/exchanges has neither;"
        " make the log with all columns (tables: {columns: full})"
    )
    with pytest.raises(InvalidInputError, match=f"^{re.escape(expected)}$"):
        prompts_of(log_of(tmp_path))
