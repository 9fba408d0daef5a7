"""`analyse`: what is asked for, what is refused, and how an analysis shows itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim.comparison import Analysis, analyse
from sim.comparison.analysis import FEBRUARY
from sim.comparison.section import Inputs
from sim.errors import InvalidInputError
from tests.support.comparison import by_hand, run, settings

QUICK: Mapping[str, Any] = {"draws": 200, "sections": ["claims"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"draws": 199}, "at least 200 draws are needed, found 199"),
        ({"sections": ["claim"]}, "unknown section 'claim': did you mean claims"),
        ({"claim_ids": ["A33"]}, "unknown claim 'A33': did you mean"),
        ({"claim_ids": ["A6"]}, "claim 'A6' gives accounts, not a count; counts: A1, A3, A4"),
        ({"against": "extraction"}, "nothing to hold against 'extraction'"),
        ({"prior_odds": {"extration": 1}}, "unknown explanation 'extration': did you mean extra"),
        ({"prior_odds": {"extraction": 0}}, "a finite number above 0, found extraction=0"),
        ({"prior_odds": {"extraction": float("inf")}}, "above 0, found extraction=inf"),
        ({"prior_odds": {"extraction": 1.1e9}}, "from 1e-09 to 1e+09, found extraction=1.1e+09"),
        ({"prior_odds": {"extraction": 0.9e-9}}, "from 1e-09 to 1e+09, found extraction=9e-10"),
    ],
)
def test_what_cannot_be_answered_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        analyse(**{**QUICK, **changes})


def test_sections_come_in_their_order_and_once() -> None:
    analysis = analyse(draws=200, sections=["priors", "claims", "priors"])
    assert analysis.settings.sections == ("claims", "priors")
    assert list(analysis.results) == ["claims", "priors"]
    assert list(analysis.answers) == ["claims", "priors"]
    assert tuple(x.id for x in analysis.cases) == FEBRUARY
    assert analysis.settings.against == "benchmarking"
    others = tuple(x for x in analysis.settings.hypotheses if x != "extraction")
    assert analysis.settings.others == others


def test_settings_follow_what_is_asked() -> None:
    limits = {"extraction": 1e9, "benchmarking": 1e-9}
    analysis = analyse(
        **QUICK,
        claim_ids=["A4", "A3", "A4"],
        hypotheses=["resale", "benchmarking"],
        against="resale",
        reading="at-least",
        prior_odds=limits,
        seed=3,
    )
    assert [x.id for x in analysis.cases] == ["A4", "A3"]
    assert [x.id for x in analysis.claims] == ["A4", "A6", "A3"]
    assert set(analysis.settings.hypotheses) == {"benchmarking", "resale", "extraction"}
    assert analysis.settings.accused == "extraction"
    assert analysis.settings.against == "resale"
    assert analysis.settings.reading == "at-least"
    assert analysis.settings.prior_odds == limits
    assert (analysis.settings.draws, analysis.settings.seed) == (200, 3)


def test_all_claims_are_those_whose_figure_is_not_derived() -> None:
    analysis = analyse(**QUICK, claim_ids=["all"])
    assert "A1" in {x.id for x in analysis.cases}
    assert all(x.claims["count"].figure != "derived" for x in analysis.cases)


def test_a_claim_in_words_is_weighed_beside_the_count_of_its_actor() -> None:
    plain = analyse(**QUICK, claim_ids=["A3"])
    assert set(plain.cases[0].claims) == {"count"}
    named = analyse(**QUICK, claim_ids=["A12", "A4", "A3", "A13"])
    assert [x.id for x in named.cases] == ["A3", "A4"]
    assert set(named.cases[0].claims) == {"count", "synchrony", "shared_instruments"}
    assert [x.id for x in named.claims] == ["A3", "A12", "A13", "A4", "A6"]


def test_an_answer_is_found_by_its_section() -> None:
    analysis = by_hand()
    assert analysis["needed"].section == "needed"
    assert analysis["needed"] is analysis.answers["needed"]
    part = replace(analysis, results={"needed": analysis.results["needed"]})
    with pytest.raises(KeyError, match="no section 'odds'; there are needed"):
        part["odds"]


def test_an_analysis_shows_itself_in_a_line() -> None:
    part = replace(by_hand(), results={"needed": by_hand().results["needed"]})
    assert repr(part) == (
        "Analysis(claims=['A3', 'A4', 'G1'], hypotheses=['benchmarking', 'product-use', "
        "'extraction'], draws=1000, sections=['needed'])"
    )
    of_runs = replace(part, runs=(run("two", "pool", {}, 10),))
    assert repr(of_runs).startswith("Analysis(runs=['two:pool'], hypotheses=")
    assert part._repr_html_() == part["needed"]._repr_html_()
    assert len(repr(by_hand())) < 400


def test_the_page_of_an_analysis_is_written_where_it_is_told(tmp_path: Path) -> None:
    part = replace(
        by_hand(),
        results={"needed": by_hand().results["needed"]},
        settings=settings(sections=("needed",)),
    )
    part.to_html(tmp_path / "new" / "page.html")
    text = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert 'id="chart-needed-' in text
    assert '<table id="table-needed">' in text


def test_shared_results_are_computed_once() -> None:
    calls = []

    def compute(inputs: Inputs) -> int:
        calls.append(inputs)
        return 7

    comparison: Any = by_hand()
    inputs = Inputs(comparison, None)  # type: ignore[arg-type]
    assert (inputs.shared(compute), inputs.shared(compute)) == (7, 7)
    assert calls == [inputs]
    assert inputs.settings is comparison.settings


def test_sections_share_what_they_compute() -> None:
    analysis: Analysis = analyse(
        claim_ids=["A4"],
        hypotheses=["resale"],
        draws=200,
        sections=["odds", "priors-needed", "design", "critique", "benchmark-runs"],
    )
    results = analysis.results
    assert results["priors-needed"].odds is results["odds"].odds
    assert results["design"].growing is results["odds"].growing
    assert len(results["critique"]) > 5
