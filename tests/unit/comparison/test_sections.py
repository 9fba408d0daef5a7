"""What sections say of results made by hand, and what they leave out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from sim.catalog import claims
from sim.comparison import SECTIONS, Analysis, findings, tables
from sim.comparison.analysis import NO_INTENT, OWN_CLAIMS, caveats
from sim.comparison.claims.cases import cases
from sim.comparison.claims.intervals import Interval
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.hypotheses.model import Library
from sim.comparison.inference.beliefs import PoolShare, Reach
from sim.comparison.inference.goodness import Goodness
from sim.comparison.inference.mode_draws import WHOLE
from sim.comparison.inference.quantiles import Ranged
from sim.comparison.section import Comparison, Section
from sim.comparison.sections import (
    adoption,
    benchmark_runs,
    calibration,
    design,
    needed,
    odds,
    predictions,
    prior_list,
    priors_needed,
    reported,
    sensitivity,
    statements,
    truth,
)
from sim.comparison.sections.calibration import Bin, Calibration
from sim.comparison.sections.odds import OddsResult
from sim.comparison.sections.priors_needed import PriorsNeeded
from sim.comparison.sections.sensitivity import COUNT, Index, Sensitivity
from sim.comparison.strength import SLIGHT, STRONG
from tests.support.comparison import by_hand, run, settings, weighed
from tests.support.comparison import odds as odds_by_hand


@pytest.fixture
def analysis() -> Analysis:
    return by_hand()


def with_runs() -> Analysis:
    """Runs in place of claims: one of benchmarks, one of extraction, one of two typologies."""
    runs = (
        run("two", "laboratory", {"L04": 1.0}, 40_000),
        run("two", "pool", {"A16": 0.995, "L01": 0.005}, 9_000),
        run("two", "mixed", {"A16": 0.5, "L01": 0.5}, 9_000),
    )
    results = {"odds": OddsResult(tuple(weighed(x.name, 0.5) for x in runs), ())}
    return replace(by_hand(), runs=runs, results=results)


# Records


def test_every_section_is_complete() -> None:
    for id_, section in SECTIONS.items():
        assert section.id == id_
        assert section.tables
        for chart in section.charts:
            module, _, function = chart.partition(":")
            assert callable(getattr(import_module(module), function))


def test_tables_stand_under_their_section(analysis: Analysis) -> None:
    for id_, answer in analysis.answers.items():
        assert {x.section for x in answer.tables} == {id_}
        assert answer.question == SECTIONS[id_].question
    ids = [x.id for x in tables(analysis)]
    assert len(ids) == len(set(ids)) == 23


def test_findings_of_important_sections_come_first(analysis: Analysis) -> None:
    order = sorted(SECTIONS.values(), key=lambda x: -x.importance)
    assert [x.id for x in order[:4]] == ["odds", "priors-needed", "needed", "critique"]
    said = [x for section in order for x in analysis[section.id].findings]
    assert list(findings(analysis)) == said


def test_tables_without_rows_and_empty_findings_are_left_out(analysis: Analysis) -> None:
    table = tables(analysis)[0]
    section = Section[None](
        id="odds",
        question="?",
        tables=(lambda *_: table, lambda *_: replace(table, rows=())),
        compute=lambda inputs: None,
        findings=(lambda *_: "", lambda *_: "a finding"),
    )
    answer = section.answer(analysis, None)
    assert answer.tables == (table,)
    assert answer.findings == ("a finding",)


def test_caveats_know_claims_of_ones_own(analysis: Analysis) -> None:
    analysis = drawn(analysis, 10_000)
    assert caveats(analysis) == (NO_INTENT, reported.ALLEGATIONS)
    mine = analysis.claims[0].model_copy(update={"id": "mine"})
    assert caveats(replace(analysis, claims=(mine,))) == (NO_INTENT, OWN_CLAIMS)
    assert caveats(replace(analysis, claims=(mine, claims()["A4"])))[1] == reported.ALLEGATIONS


def test_few_draws_are_called_rough_last(analysis: Analysis) -> None:
    rough = "1,999 draws: numbers are rough; the default is 10,000."
    assert caveats(drawn(analysis, 1_999))[2:] == (rough,)
    assert caveats(drawn(analysis, 2_000))[2:] == ()


def drawn(analysis: Analysis, draws: int) -> Analysis:
    """Return the analysis as if it had been made with so many draws."""
    return replace(analysis, settings=replace(analysis.settings, draws=draws))


EMPTY: list[tuple[Callable[..., str], Any]] = [
    (statements.say_critique, ()),
    (benchmark_runs.say_models, ()),
    (needed.say_needed, needed.Effort((), ())),
    (needed.say_inferred, needed.Effort((), ())),
    (predictions.say_predictions, ()),
    (odds.say_odds, OddsResult((), ())),
    (odds.say_with_more, OddsResult((), ())),
    (priors_needed.say_prior_odds, PriorsNeeded((), (), ())),
    (priors_needed.say_reach, PriorsNeeded((), (), ())),
    (priors_needed.say_pools, PriorsNeeded((), (), ())),
    (design.say_beside, design.Design((), (), ())),
    (design.say_growing, design.Design((), (), ())),
    (adoption.say_switches, adoption.Adoption((), ())),
    (sensitivity.say_sensitivity, Sensitivity((), ())),
    (sensitivity.say_tornado, Sensitivity((), ())),
    (calibration.say_reliability, Calibration((), ())),
]


@pytest.mark.parametrize(("say", "result"), EMPTY, ids=lambda x: getattr(x, "__name__", ""))
def test_nothing_is_said_of_no_result(
    say: Callable[..., str], result: Any, analysis: Analysis
) -> None:
    assert say(analysis, result) == ""


# Claims, benchmark runs, needed, predictions


def test_claims_are_counted_by_report_and_status(analysis: Analysis) -> None:
    windowed = analysis.claims[0].model_copy(update={"window_days": 17.0})
    assert reported.say_claims(replace(analysis, claims=(windowed,))) == (
        "1 figure of 1 report; 1 with a window of time, none with a definition of an exchange"
    )
    table = SECTIONS["claims"].tables[0](analysis, None)
    first = table.records()[0]
    assert (first["claim"], first["figure"], first["value"]) == (
        "A3",
        "over 150,000 exchanges",
        150_000,
    )
    assert first["date"] == str(claims()["A3"].date)
    assert first["not_said"] == claims()["A3"].not_said


def test_without_its_usual_claim_the_largest_is_looked_at(analysis: Analysis) -> None:
    effort = analysis.results["needed"]
    others = replace(analysis, cases=(analysis.cases[0], analysis.cases[2]))
    said = needed.say_needed(others, effort)
    assert said == (
        "150,000 exchanges (A3, counted as C2) would take about 60 product users (use of a "
        "product), 100 prompts (coordinated extraction) or nothing more of benchmark runs, whose "
        "other work suffices"
    )


def test_predictions_may_have_no_count_in_common(analysis: Analysis) -> None:
    result = analysis.results["predictions"]
    moved = tuple(
        replace(x, count=replace(x.count, p05=x.count.p95))
        for x in result
        if x.convention == "reported"
    )
    said = predictions.say_predictions(analysis, moved)
    assert said.endswith("and no count is within what every one of them predicts (5 to 95 %)")
    assert said.startswith("Each explanation predicts counts over 0.0 to 0.0 powers of ten")


# Odds


def test_odds_leave_out_counts_in_the_tails(analysis: Analysis) -> None:
    first, second, third = odds_by_hand()
    outside = replace(first, outside=("product-use",))
    said = odds.say_odds(analysis, OddsResult((outside, second, third), ()))
    assert said.startswith("Each of the 3 counts alone changes the odds")
    assert said.endswith("(explanations that hardly ever make such a count are left out)")
    accused = replace(first, outside=("extraction",))
    assert odds.say_odds(analysis, OddsResult((accused,), ())) == (
        "No count is one that two explanations make, so none is weighed by itself"
    )


def test_what_the_count_alone_does_is_said_in_classes(analysis: Analysis) -> None:
    odds_of = weighed("A4", 0.0)
    for ratio, said in (
        (
            Ranged(0.0, -0.02, 0.02),
            "less than a factor of 3, either way; under other assumptions by",
        ),
        (
            Ranged(-0.9, -1, 2.9),
            "less than a factor of 10, either way; under other assumptions by less",
        ),
        (Ranged(0.9, 0, 1, error=0.06), "less than a factor of 30, either way"),
        (Ranged(0.9, -3.2, 1), "under other assumptions by more than a factor of 1,000 in places"),
    ):
        step = replace(odds_of.steps[0], ratios={"product-use": ratio})
        result = OddsResult((replace(odds_of, steps=(step,)),), ())
        assert said in odds.say_odds(analysis, result)


def test_groups_are_said_of_claims_and_by_their_call(analysis: Analysis) -> None:
    weighed_odds = tuple(
        replace(x, steps=(*x.steps[:-1], replace(x.steps[-1], groups={"legitimate": ratio})))
        for x, ratio in zip(
            odds_by_hand(),
            (Ranged(0.4, 0, 1), Ranged(1.5, 1, 2, error=0.1), Ranged(0.3, 0, 1)),
            strict=True,
        )
    )
    assert odds.say_groups(analysis, OddsResult(weighed_odds, ())) == (
        "Is it any extraction, or any legitimate use? With every figure that the report gives, and "
        "each as likely before, the odds are too close to call in A3 and G1; strongly for any "
        "extraction in A4"
    )
    given = replace(analysis.settings, prior_odds={"extraction": 2.0})
    said = odds.say_groups(replace(analysis, settings=given), OddsResult(weighed_odds, ()))
    assert "gives, and the prior odds that were given, the odds are too close" in said
    assert odds.say_groups(with_runs(), OddsResult(weighed_odds, ())) == ""
    rows = odds.groups_table(analysis, OddsResult(weighed_odds, ())).records()
    assert [x["call"] for x in rows] == [
        "too close to call",
        "strongly for it",
        "too close to call",
    ]
    assert rows[1]["ratio_error"] == pytest.approx(0.1 * np.log(10))


def test_that_nothing_fits_is_said_by_name(analysis: Analysis) -> None:
    fits, fails = Goodness(0.4, "count", 0.01, 0.5), Goodness(0.0, "accounts", 0.0, 0.005)
    first, second, third = odds_by_hand()
    one = replace(first, goodness={"extraction": fits, "product-use": fails})
    none = replace(second, goodness={"extraction": fails, "product-use": fails})
    said = odds.say_fit(analysis, OddsResult((one, none, third), ()))
    assert said.startswith("None of these explanations fits A4: each makes figures so far out in")
    assert odds.say_fit(analysis, OddsResult((one,), ())).startswith("No figure is out of reach")
    hardly = replace(first, goodness={"extraction": Goodness(0.0, "count", 0.1, 0.5)})
    assert odds.say_fit(analysis, OddsResult((one, hardly), ())) == ""
    assert odds.say_fit(analysis, OddsResult((third,), ())) == ""
    rows = odds.fit_table(analysis, OddsResult((one, none), ())).records()
    assert [x["fits"] for x in rows] == ["yes", "no", "no", "no"]


def test_claims_that_add_up_others_are_not_weighed(analysis: Analysis) -> None:
    summed = replace(analysis.cases[0], sum_of=("A4", "A5"))
    with_sum = replace(analysis, cases=(summed, *analysis.cases[1:]))
    assert [x.id for x in odds.evidence_of(with_sum)] == ["A4", "G1"]
    assert odds.say_sums(with_sum, OddsResult((), ())) == (
        "A3 adds up A4 and A5: arithmetic, not one cluster, so not weighed"
    )
    assert odds.say_sums(replace(with_sum, runs=with_runs().runs), OddsResult((), ())) == ""
    assert odds.say_sums(analysis, OddsResult((), ())) == ""


def test_many_claims_are_not_named_one_by_one(analysis: Analysis) -> None:
    seven = tuple(weighed(f"X{k}", 0.1) for k in range(7))
    six = odds.say_with_more(analysis, OddsResult(seven[:6], ()))
    assert "(X0, X1, X2, X3, X4 and X5)" in six
    assert "(7 of them)" in odds.say_with_more(analysis, OddsResult(seven, ()))


def test_text_has_the_first_and_last_of_many_steps(analysis: Analysis) -> None:
    short = weighed("A4", 0.1)
    names = ("count", "accounts", "concentration", "synchrony")
    steps = tuple(
        replace(short.steps[0], known=names[: k + 1], adds=name != "synchrony")
        for k, name in enumerate(names)
    )
    for n, expected in ((3, ["count", "+ accounts", "+ concentration"]), (4, ["count"])):
        result = OddsResult((replace(short, steps=steps[:n]),), ())
        shown = odds.odds_table(analysis, result).shown
        assert shown is not None
        assert list(dict.fromkeys(row[1] for row in shown)) == expected
    adds = [row[-1] for row in odds.odds_table(analysis, result).rows]
    assert adds[-2:] == ["implied by what is known"] * 2
    assert set(adds[:-2]) == {None}


def test_notes_of_odds_follow_what_is_weighed(analysis: Analysis) -> None:
    windowed = replace(analysis, cases=(replace(analysis.cases[0], window_days=17.0),))
    assert odds.odds_notes(windowed)[0].startswith("A window of time is shown and not used")
    assert odds.odds_notes(analysis)[0].startswith("A ratio multiplies")
    runs = replace(windowed, runs=with_runs().runs)
    assert odds.odds_notes(runs)[0].startswith("A ratio multiplies")
    assert "Runs are weighed whole: nobody had to find and publish them." in odds.odds_notes(runs)


def test_probabilities_are_shown_with_the_prior_odds(analysis: Analysis) -> None:
    posterior = {"extraction": Ranged(0.6, 0.5, 0.7), "product-use": Ranged(0.4, 0.3, 0.5)}
    result = OddsResult((replace(weighed("A4", 0.1), posterior=posterior),), ())
    given = replace(analysis, settings=settings(prior_odds={"extraction": 3.0}))
    rows = odds.posterior_table(given, result).records()
    assert [(x["explanation"], x["prior"], x["posterior"]) for x in rows] == [
        ("extraction", 3.0, 0.6),
        ("product-use", 1.0, 0.4),
    ]
    assert odds.posterior_table(analysis, OddsResult(odds_by_hand(), ())).rows == ()


def test_a_volume_that_is_decisive_is_named(analysis: Analysis) -> None:
    reach = (
        Reach("A3", "product-use", 10.0, 1.0, None, None),
        Reach("A4", "benchmarking", 2_000.0, 1.0, None, None),
        Reach("G1", "benchmarking", 9.9, 1.0, None, None),
    )
    start = "Even with the most favourable typical volume of coordinated extraction, the count"
    for these, against in (
        (reach, "against every other explanation"),
        (reach[1:], "only against benchmark runs"),
        (reach[2:], "against no other explanation"),
    ):
        said = priors_needed.say_reach(analysis, PriorsNeeded((), these, ()))
        assert said == f"{start} alone reaches 10 to 1 {against}"


def test_pools_that_never_decide_are_counted(analysis: Analysis) -> None:
    pools = tuple(
        PoolShare("A4", "benchmarking", {0.1: 2.0}, decisive)
        for decisive in ((0.0, 1.0), None, None)
    )
    assert priors_needed.say_pools(analysis, PriorsNeeded((), (), pools)) == (
        "How likely the accounts of another explanation are pooled never decides whether the "
        "figures make 10 to 1"
    )
    decided = replace(pools[0], decisive=(0.2, 1.0), against="product-use", case="A3")
    mixed = (decided, replace(decided, case="A4", against="benchmarking"))
    assert priors_needed.say_pools(analysis, PriorsNeeded((), (), mixed)) == (
        "Whether A4 reaches 10 to 1 against benchmark runs rests on how much of such work you "
        "think goes through pooled accounts: the odds are about 3 : 1 if hardly any does, and "
        "about 3 : 1 if nearly all does"
    )
    sure = replace(mixed[1], ratios={0.1: 450.0, 0.9: 0.002})
    said = priors_needed.say_pools(analysis, PriorsNeeded((), (), (sure,)))
    assert said.endswith("are over 100 : 1 if hardly any does, and over 1 : 100 if nearly all does")
    alike = (replace(decided, against="benchmarking"), decided)
    assert "Whether A3 reaches 10 to 1 against use of a product" in priors_needed.say_pools(
        analysis, PriorsNeeded((), (), alike)
    )


def test_much_that_is_known_is_counted_not_listed(analysis: Analysis) -> None:
    short = weighed("A4", 0.1)
    for n, words in ((3, "count + accounts + concentration"), (4, "4 observables")):
        known = ("count", "accounts", "concentration", "synchrony")[:n]
        long = replace(short, steps=(replace(short.steps[0], known=known),))
        table = priors_needed.prior_odds_table(analysis, PriorsNeeded((long,), (), ()))
        assert table.rows[0][1] == words


# Runs


def test_runs_stand_in_tables_before_everything() -> None:
    of_runs = [x.id for x in tables(with_runs())]
    assert of_runs[:3] == ["runs", "truth", "run-counts"]
    alone = replace(with_runs(), results={})
    assert [x.id for x in tables(alone)] == ["runs", "run-counts"]
    weighed_for_priors = PriorsNeeded(with_runs().results["odds"].odds, (), ())
    priors_alone = replace(with_runs(), results={"priors-needed": weighed_for_priors})
    assert [x.id for x in tables(priors_alone)][:3] == ["runs", "truth", "run-counts"]


def test_runs_are_shown_with_their_observables_and_truth() -> None:
    runs, _, counts = tables(with_runs())[:3]
    assert runs.finding == "3 clusters of simulated runs, weighed in place of claims"
    assert runs.records()[1] == {
        "run": "two:pool",
        "scale": 1.0,
        "accounts": 20,
        "exchanges_per_account": 450.0,
        "concentration": 0.5,
        "exchanges_per_task": 7.5,
        "item_repetition": 0.25,
        "moved_24h": None,
        "synchrony": 0.1,
        "shared_instruments": 0.0,
        "truth": "A16 99.5 %, L01 0.5 %",
    }
    forms = {c.key: c.form for c in runs.columns}
    assert (forms["synchrony"], forms["accounts"]) == ("share", "number")
    assert counts.finding.endswith("by a factor of 6 to 6")
    first = counts.records()[1]
    assert (first["convention"], first["count"]) == ("C2", 40_000)
    assert first["of_A3"] == pytest.approx(40 / 150)


def test_the_likeliest_hypothesis_of_a_run_is_held_against_the_true_one() -> None:
    analysis = with_runs()
    (table,) = (x for x in tables(analysis) if x.id == "truth")
    laboratory, pool = table.records()
    assert (laboratory["true"], laboratory["likeliest"]) == ("benchmarking", "extraction")
    assert (pool["true"], pool["likeliest"]) == ("extraction", "extraction")
    chances = truth.probabilities(analysis.results["odds"].odds[0])
    assert sum(chances.values()) == pytest.approx(1)
    assert chances["extraction"] / chances["benchmarking"] == pytest.approx(10**1.1)
    assert laboratory["probability"] == chances["benchmarking"]
    assert laboratory["its"] == chances["extraction"]
    assert (laboratory["call"], pool["call"]) == ("clear", "clear")
    assert table.finding == (
        "At equal odds the true explanation is surely ten times likelier than any other for 1 of 2 "
        "clusters whose truth an explanation describes, and another one ten times likelier than it "
        "for 1; of 1 that are coordinated extraction for 1 and for 0; two:laboratory is taken for "
        "it wrongly, ten to one"
    )


def test_explanations_that_cannot_be_told_apart_are_a_tie() -> None:
    last = weighed("a", 0.0, more=False).steps[0]

    def favourites(margin: float = SLIGHT, **ratios: Ranged) -> tuple[str, ...]:
        step = replace(last, ratios={k.replace("_", "-"): x for k, x in ratios.items()})
        return truth.favourites(replace(weighed("a", 0.0), steps=(step,)), margin)

    assert favourites(product_use=Ranged(0.6, 0, 1)) == ("extraction",)
    assert favourites(product_use=Ranged(0.4, 0, 1)) == ("product-use", "extraction")
    assert favourites(product_use=Ranged(0.6, 0, 1, error=0.1)) == ("product-use", "extraction")
    assert favourites(product_use=Ranged(-2, -3, 0)) == ("product-use",)
    assert favourites(STRONG, product_use=Ranged(0.9, 0, 1)) == ("product-use", "extraction")
    assert favourites(STRONG, product_use=Ranged(1.1, 0, 1)) == ("extraction",)


def test_what_no_hypothesis_describes_is_not_counted_as_right_or_wrong() -> None:
    strange = run("one", "strange", {"L08": 1.0}, 100)
    unknown = run("one", "unknown", {}, 100)
    analysis = replace(
        with_runs(),
        runs=(strange, unknown),
        results={"odds": OddsResult((weighed("a", 0.5), weighed("b", 0.5)), ())},
    )
    (table,) = (x for x in tables(analysis) if x.id == "truth")
    assert [(x["true"], x["probability"]) for x in table.records()] == [("no explanation", None)]
    assert table.finding == ""


def test_a_run_is_evidence_of_no_width() -> None:
    evidence = odds.evidence_of_run(with_runs().runs[0])
    assert evidence.conventions == (WHOLE,)
    assert evidence.limits["count"] == Interval(40_000.0, 40_000.0)
    assert evidence.limits["synchrony"] == Interval(0.1, 0.1)
    assert "moved_24h" not in evidence.limits
    assert [x.id for x in odds.evidence_of(with_runs())] == [
        "two:laboratory",
        "two:pool",
        "two:mixed",
    ]
    assert [x.id for x in odds.evidence_of(by_hand())] == ["A3", "A4", "G1"]


# Design, sensitivity, calibration, priors


def test_confusion_says_what_the_truth_gets(analysis: Analysis) -> None:
    assert design.say_confusions(analysis, analysis.results["design"]) == (
        "Mean probability that the true explanation of 3 gets: 40 % with count, 50 % with count + "
        "accounts, 80 % with all (knowing nothing: 33.3 %)"
    )


def test_sensitivity_names_the_strongest_where_conventions_do_not_matter(
    analysis: Analysis,
) -> None:
    indices = (
        Index("extraction", COUNT, "a", 0, 0, 0.3, 0),
        Index("extraction", COUNT, "b", 0, 0, 0.4, 0),
    )
    said = sensitivity.say_sensitivity(analysis, Sensitivity(indices, ()))
    assert said == "The count depends most on b"
    of_one = (replace(indices[0], parameter="convention"),)
    assert "up to about three tenths of" in sensitivity.say_sensitivity(
        analysis, Sensitivity(of_one, ())
    )


def test_weak_indices_are_not_in_the_table(analysis: Analysis) -> None:
    indices = tuple(
        Index("extraction", COUNT, name, 0, 0, total, 0)
        for name, total in (("a", 0.019), ("b", 0.02), ("c", 0.5))
    )
    table = sensitivity.sobol_table(analysis, Sensitivity(indices, ()))
    assert [row[2] for row in table.rows] == ["c", "b"]


def test_reliability_weighs_bins_of_enough_cases(analysis: Analysis) -> None:
    first = analysis.results["calibration"].reliabilities[0]
    bins = (Bin(0.1, 0.2, 100), Bin(0.5, 0.9, 300), Bin(0.9, 0.0, 99))
    result = Calibration((replace(first, bins=bins),), ())
    assert calibration.say_reliability(analysis, result) == (
        "Probabilities are off by 32.5 points on average and by 40 at most, in bins of at least "
        "100 cases"
    )


def test_every_input_is_listed_with_status_and_source(analysis: Analysis) -> None:
    table = SECTIONS["priors"].tables[0](analysis, None)
    rows = {row["dial"]: row for row in table.records()}
    assert rows["convention"]["of"] == "all"
    assert rows["extraction.prompts"]["prior"] == "lognormal, median 150,000, sigma 2"
    assert rows["extraction.prompts"]["of"] == "extraction"
    assert rows["single"]["prior"] == "tools in 0 % of tasks"
    assert rows["coding-agent"]["prior"].endswith("max 3,200 tool steps")
    assert rows["swe-bench-full.items"]["prior"] == "2294"
    assert rows["mmlu-pro.calls_per_item"]["prior"] == "1"
    assert {x["kind"] for x in rows.values()} == {"prior", "calls of a task", "benchmark"}
    assert not any(name.startswith("relay") for name in rows)
    assert prior_list.source_words("an invoice") == "an invoice"
    total = len(table.rows)
    assert table.finding.startswith(f"Of {total} inputs ")


def test_the_move_is_weighed_with_and_without_a_default_that_switches(analysis: Analysis) -> None:
    result = analysis.results["pivot"]
    assert adoption.say_switches(analysis, result) == (
        "That nearly half of the traffic moved within a day, as is reported of MiniMax, turns even "
        "odds of coordinated extraction against use of a product into 6 : 1 if the latter never "
        "switches a default, and into 1 : 2 if it always does"
    )
    assert adoption.say_pivot(analysis, result) == (
        "No public data say how fast traffic follows a release; by assumption a new model has "
        "about 5 to 15 % (way by-hand), 20 to 55 % (way default-switch) of it after a day"
    )


def test_no_shipped_prior_uses_a_claim_that_it_weighs() -> None:
    """Nor any claim of the catalog: `all` are weighed."""
    every = compared_claims(load_library())
    rows = SECTIONS["priors"].tables[0](every, None).records()
    assert not [row["dial"] for row in rows if row["uses_claim"]]
    assert prior_list.say_priors(every, None).endswith("none is taken from a claim that it weighs")


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("anthropic-feb-2026", "A4, A6"),
        ("Anthropic Feb 2026", "A4, A6"),
        ("A6", "A6"),
        ("anthropic-sep-2026", None),
        ("design-prior", None),
    ],
)
def test_a_prior_from_the_report_that_it_weighs_is_flagged(source: str, used: str | None) -> None:
    change = f"pool.accounts={{lognormal: {{median: 300, sigma: 1}}, source: {source}}}"
    library = load_library(None, [change])
    compared = compared_claims(library, "A4")
    rows = {row["dial"]: row for row in SECTIONS["priors"].tables[0](compared, None).records()}
    assert rows["pool.accounts"]["uses_claim"] == used
    said = prior_list.say_priors(compared, None)
    twice = "and these are taken from a claim that they weigh: pool.accounts"
    assert said.endswith(twice) == (used is not None)


def test_what_plays_no_part_in_the_odds_is_listed_with_the_reason() -> None:
    compared = compared_claims(load_library(), "A3", "A5")
    why = {x.id: reason for x, reason in reported.not_weighed(compared)}
    no_such = "no explanation gives such a figure"
    assert why == {
        "A7": "no count goes with it",
        "A8": no_such,
        "A10": no_such,
        "A11": no_such,
        "A12": "words, no figure: weighed only if named, as 10 to 100 %",
        "A13": "words, no figure: weighed only if named, as 25 to 100 %",
    }
    assert reported.say_not_weighed(compared, None) == (
        "The odds rest on count and share that moved to a new model within a day, as far as a "
        "report gives them; 6 further claims of these reports are not weighed"
    )


def test_all_of_a_report_may_be_weighed_and_then_nothing_is_said() -> None:
    compared = compared_claims(load_library(), "G1")
    assert reported.not_weighed(compared) == []
    assert reported.say_not_weighed(compared, None) == ""
    assert reported.not_weighed(replace(compared, runs=with_runs().runs)) == []


def compared_claims(library: Library, *ids: str) -> Comparison:
    """A comparison of cases, all of them unless some are named."""
    found = tuple(x for x in cases(claims()).values() if not ids or x.id in ids)
    every = tuple(dict.fromkeys(claim for x in found for claim in x.claims.values()))
    return Comparison(settings(), library, every, found, ())


def test_the_worst_confusion_stands_off_the_diagonal(analysis: Analysis) -> None:
    rows = design.confusion_table(analysis, analysis.results["design"]).rows
    assert len(rows) == 9
    assert rows[0][:2] == ("count", "benchmarking")
    assert np.allclose([float(x or 0) for x in rows[0][2:]], [0.4, 0.3, 0.3])
