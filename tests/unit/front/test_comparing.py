"""Many seeds, and what counts can tell, from Python."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import sim
from sim.comparison.analysis import FEBRUARY
from sim.replicates import differences, estimates, seed_of

QUICK: dict[str, Any] = {"hypotheses": ["benchmarking"], "draws": 200}
CLAIMS = """\
version: 1
claims:
  own-claim: {report: a report, date: 2026-03-01, actor: someone, metric: exchanges, value: 3M,
        unit: exchanges, source: me}
"""


def compared(*sources: Any, **options: Any) -> sim.Analysis:
    return sim.compare(*sources, sections=["claims"], **QUICK, **options)


def cases(*sources: Any, **options: Any) -> list[str]:
    return [case.id for case in compared(*sources, **options).cases]


# replicates


def test_replicates_are_counted_from_the_seed_that_is_given(here: Path) -> None:
    counted = sim.replicate(here / "tiny.yaml", 2, seed=5)
    assert [one.seed for one in counted.counted] == [seed_of(5, 0), seed_of(5, 1)]
    again = sim.replicate("tiny.yaml", [1], seed=5)
    assert (again.counted[0].totals == counted.counted[1].totals).all()
    assert repr(counted) == "<Replicates of tiny: 2 replicates of coders, laboratory, pool>"
    assert repr(again) == "<Replicates of tiny: 1 replicate of coders, laboratory, pool>"


def test_replicates_take_a_scale_overrides_and_an_observer(here: Path) -> None:
    told: list[tuple[int, int]] = []
    options: dict[str, Any] = {"scale": 0.1, "overrides": {"name": "few"}}
    few = sim.replicate(
        here / "tiny.yaml", 2, **options, observe=lambda done, total: told.append((done, total))
    )
    assert (few.name, told) == ("few", [(1, 2), (2, 2)])
    assert few.totals()["count"].sum() < sim.replicate("tiny.yaml", 2).totals()["count"].sum()


def test_replicates_have_estimates_and_differences_as_frames(here: Path) -> None:
    few = sim.replicate(here / "tiny.yaml", 3)
    more = sim.replicate("tiny.yaml", 3, overrides={"actors.pool.target_exchanges": 600})
    expected = pd.DataFrame([asdict(x) for x in estimates(few, 0.5)])
    assert_frame_equal(few.estimates(0.5), expected)
    assert_frame_equal(few.estimates(), pd.DataFrame([asdict(x) for x in estimates(few, 0.95)]))
    pairs = few.differences(more, 0.5)
    assert_frame_equal(pairs, pd.DataFrame([asdict(x) for x in differences(few, more, 0.5)]))
    assert not few.differences(more).equals(pairs)


def test_hundred_replicates_if_nobody_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("sim.replicates.replicate", lambda _, number, **__: asked.append(number))
    sim.replicate(here / "tiny.yaml")
    assert asked == [100]


# comparing


def test_a_claim_is_named_by_its_id() -> None:
    assert cases("A4") == ["A4"]
    assert cases("A4", "A5") == ["A4", "A5"]
    assert cases() == list(FEBRUARY)
    assert len(cases("all")) > len(FEBRUARY)


def test_a_section_is_a_frame_and_everything_a_page(tmp_path: Path) -> None:
    answer = sim.compare("A4", sections=["needed"], **QUICK)
    frame = answer["needed"].to_frame()
    assert set(frame["explanation"]) == {"benchmarking", "extraction"}
    answer.to_html(tmp_path / "a4.html")
    assert "</html>" in (tmp_path / "a4.html").read_text(encoding="utf-8")


def test_runs_are_weighed_in_place_of_claims(here: Path) -> None:
    run = sim.open_run("out")
    for source in ("out", here / "out", run, "./out"):
        (cluster,) = compared(source).runs
        assert cluster.counts["C1"] == len(run.exchanges())
    assert len(compared("out", by_actor=True).runs) == 3


def test_a_name_or_a_number_is_compared() -> None:
    assert cases("Moonshot") == ["A4", "S5"]
    assert cases("3.4M") == ["3.4M"]
    answer = compared(3.4e6, accounts=(200, 1000), days=60)
    (case,) = answer.cases
    assert (case.id, case.window_days, list(case.claims)) == (
        "3,400,000",
        60,
        ["count", "accounts"],
    )


def test_a_path_is_a_run_and_a_text_may_be_two_things(here: Path) -> None:
    (here / "out").rename(here / "A4")
    with pytest.raises(sim.InvalidInputError, match=r"the folder A4 \(./A4\) or the claim A4"):
        compared("A4")
    assert compared("claim:A4").runs == ()
    assert len(compared("./A4").runs) == len(compared(Path("A4")).runs) == 1
    (here / "A4").rename(here / "A44")
    assert len(compared("A44").runs) == 1


def test_what_names_nothing_is_refused() -> None:
    with pytest.raises(sim.InvalidInputError, match=r"'A44': no run, claim .* did you mean A4"):
        compared("A44")
    with pytest.raises(sim.InvalidInputError, match="runs/nothing: no such folder"):
        compared("runs/nothing")
    for number in (10**400, 0, 2.5):
        with pytest.raises(sim.InvalidInputError, match="number"):
            compared(number)
    for number, shown in ((-3, "-3"), (float("nan"), "nan"), (float("inf"), "inf")):
        with pytest.raises(sim.InvalidInputError) as refused:
            compared(number)
        assert str(refused.value) == f"exchanges: should be a finite number above 0, found {shown}"
    with pytest.raises(TypeError, match=r"or a run: a folder, .*; found list"):
        compared([4])


def test_claims_of_a_file_take_the_place_of_february(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(CLAIMS, encoding="utf-8")
    assert cases(claims_file=file) == cases(claims_file=str(file)) == ["own-claim"]
    assert cases("A4", claims_file=file) == ["A4", "own-claim"]
    assert cases("own-claim", claims_file=file) == ["own-claim"]


def test_claims_that_give_no_count_are_not_enough(tmp_path: Path) -> None:
    file = tmp_path / "claims.yaml"
    text = CLAIMS.replace("metric: exchanges", "metric: accounts")
    file.write_text(text.replace("unit: exchanges", "unit: accounts"), encoding="utf-8")
    with pytest.raises(sim.InvalidInputError, match="none of these claims gives a count"):
        compared(claims_file=file)
    assert cases("A4", claims_file=file) == ["A4"]


def test_a_text_is_one_section_or_one_explanation() -> None:
    answer = sim.compare("A4", sections="needed", hypotheses="benchmarking", draws=200)
    assert list(answer.results) == ["needed"]
    assert set(answer.settings.hypotheses) == {"benchmarking", "extraction"}
    with pytest.raises(sim.InvalidInputError, match="unknown section 'nothing'"):
        sim.compare("A4", sections="nothing")


def test_every_option_reaches_the_comparison(tmp_path: Path) -> None:
    file = tmp_path / "hypotheses.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    told: list[tuple[int, int]] = []
    answer = sim.compare(
        "A4",
        hypotheses=["benchmarking", "resale"],
        hypotheses_file=file,
        overrides={"evaluations.runs": 30},
        accused="extraction",
        against="resale",
        reading="at-least",
        prior_odds={"extraction": 2},
        sections=["odds"],
        draws=250,
        seed=3,
        observe=lambda done, total: told.append((done, total)),
    )
    settings = answer.settings
    assert set(settings.hypotheses) == {"benchmarking", "resale", "extraction"}
    assert (settings.accused, settings.against, settings.reading) == (
        "extraction",
        "resale",
        "at-least",
    )
    assert (settings.prior_odds, settings.sections) == ({"extraction": 2}, ("odds",))
    assert (settings.draws, settings.seed) == (250, 3)
    assert told[-1][0] == told[-1][1]
    prior = answer.library.hypotheses["benchmarking"].priors["evaluations.runs"]
    assert "30" in prior.words()


def test_all_sections_are_answered_if_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr("sim.comparison.analyse", lambda *_, **options: asked.update(options))
    sim.compare()
    assert asked["sections"] is None
    assert (asked["draws"], asked["seed"], asked["reading"]) == (10_000, 0, "rounded")
    assert (asked["by_actor"], asked["hypotheses"], asked["claim_ids"]) == (False, (), FEBRUARY)
