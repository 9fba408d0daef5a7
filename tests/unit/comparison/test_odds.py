"""Odds, what would have to be believed, and what it would take: against counting and algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.catalog import claims, steps_for
from sim.comparison import load_library
from sim.comparison.claims.cases import cases
from sim.comparison.claims.intervals import Interval
from sim.comparison.hypotheses.load_hypotheses import chosen
from sim.comparison.hypotheses.model import AS_STATED, Library, PriorSet
from sim.comparison.inference import beliefs
from sim.comparison.inference import odds as weigh
from sim.comparison.inference.evidence_model import EvidenceModel
from sim.comparison.inference.mode_draws import WHOLE
from sim.comparison.sections.needed import needed
from sim.comparison.sections.predictions import predicted
from sim.tables.conventions import CONVENTIONS
from tests.support.hypotheses import with_constants

CASES = cases(claims())
DRAWS = 4_000


@pytest.fixture(scope="module")
def instrument() -> EvidenceModel:
    library = chosen(load_library(), ["benchmarking", "product-use", "extraction"], None)
    return EvidenceModel(library, DRAWS, seed=3)


def of_case(instrument: EvidenceModel, id_: str) -> weigh.Odds:
    evidence = weigh.evidence_of(CASES[id_], "rounded")
    return weigh.odds(instrument, evidence, "extraction", None)


def test_the_ratio_of_a_count_is_that_of_the_shares_of_draws(instrument: EvidenceModel) -> None:
    """A wide interval, so that plain counting has a small error."""
    limits = {"count": Interval(1e6, 4e6)}
    evidence = weigh.Evidence("x", limits, tuple(CONVENTIONS))
    found = weigh.odds(instrument, evidence, "extraction", None).steps[0].ratios["benchmarking"]
    shares = []
    for id_ in ("extraction", "benchmarking"):
        draws = instrument.base(id_)
        count = draws.reported["count"][draws.published]
        shares.append(((count >= 1e6) & (count < 4e6)).mean())
    assert 10**found.stated == pytest.approx(shares[0] / shares[1], rel=0.12)


def test_only_the_conventions_that_may_be_meant_count(instrument: EvidenceModel) -> None:
    limits = {"count": Interval(1e5, 1e6)}
    turns = weigh.Evidence("x", limits, ("C5", "C6"))
    likelihood = instrument.fits("benchmarking", turns.conventions)[0].log_likelihood(limits)
    draws = instrument.base("benchmarking")
    use = draws.published & (draws.convention >= 4)
    count = draws.reported["count"][use]
    assert np.exp(likelihood) == pytest.approx(((count >= 1e5) & (count < 1e6)).mean(), rel=0.15)


def test_a_range_covers_the_stated_ratio_and_is_of_all_pairs_of_sets(
    instrument: EvidenceModel,
) -> None:
    for id_ in ("A3", "A4", "A5"):
        for step in of_case(instrument, id_).steps:
            for x in step.ratios.values():
                assert x.low <= x.stated <= x.high
    evidence = weigh.evidence_of(CASES["A4"], "rounded")
    logs = weigh.log_likelihoods(instrument, evidence, ("count",))
    pairs = [
        (a - b) / np.log(10)
        for a in logs["extraction"].of_sets
        for b in logs["benchmarking"].of_sets
    ]
    found = of_case(instrument, "A4").steps[0].ratios["benchmarking"]
    assert (found.low, found.high) == pytest.approx((min(pairs), max(pairs)))
    assert len(pairs) == 17**2


def test_prior_sets_begin_as_stated_and_hold_every_pair() -> None:
    library = load_library()
    sets = EvidenceModel(library, 200, 0).sets
    assert sets[0] == AS_STATED == PriorSet(1, 1)
    assert len(sets) == len(set(sets)) == 17


def test_a_centre_moves_the_lever_and_a_width_every_spread() -> None:
    stated = load_library().hypotheses["benchmarking"]
    moved = stated.with_prior(3, 0.5)
    before, after = (x.work["evaluations"].tasks["runs"].lognormal for x in (stated, moved))
    assert before is not None
    assert after is not None
    assert after.median == pytest.approx(3 * before.median)
    assert after.sigma == pytest.approx(0.5 * before.sigma)
    share = moved.common["found_share"].beta
    assert share is not None
    assert share.n == pytest.approx(4 * 8)


def test_exchanges_per_account_add_nothing_to_count_and_accounts(instrument: EvidenceModel) -> None:
    count, accounts = Interval(1e6, 2e6), Interval(100, 200)
    limits = {"count": count, "accounts": accounts, "exchanges_per_account": Interval(5e3, 2e4)}
    evidence = weigh.Evidence("x", limits, tuple(CONVENTIONS))
    steps = weigh.odds(instrument, evidence, "extraction", None).steps
    assert [x.adds for x in steps] == [True, True, False]
    assert steps[1].ratios == steps[2].ratios


def test_prior_odds_needed_and_ratio_make_ten_to_one(instrument: EvidenceModel) -> None:
    found = of_case(instrument, "A4")
    for other, x in found.prior_needed.items():
        ratio = found.steps[-1].ratios[other]
        assert x.stated + ratio.stated == pytest.approx(1)
        assert (x.low + ratio.high, x.high + ratio.low) == pytest.approx((1, 1))


def test_probabilities_follow_from_prior_odds_alone(instrument: EvidenceModel) -> None:
    evidence = weigh.evidence_of(CASES["A4"], "rounded")
    prior = {"extraction": 4.0, "benchmarking": 2.0}
    found = weigh.odds(instrument, evidence, "extraction", prior).posterior
    assert found is not None
    assert sum(x.stated for x in found.values()) == pytest.approx(1)
    logs = weigh.log_likelihoods(instrument, evidence, ("count", "accounts"))
    weight = {k: prior.get(k, 1) * np.exp(x.stated) for k, x in logs.items()}
    for k, x in found.items():
        assert x.low <= x.stated <= x.high
        assert x.stated == pytest.approx(weight[k] / sum(weight.values()))
    assert of_case(instrument, "A4").posterior is None


def test_the_share_of_pools_is_as_if_the_weight_had_been_set(instrument: EvidenceModel) -> None:
    """The mixture by algebra against an explanation whose weight was changed, drawn anew."""
    evidence = weigh.evidence_of(CASES["A4"], "rounded")
    found = next(
        x
        for x in beliefs.pool_shares(instrument, evidence, "extraction")
        if x.against == "benchmarking"
    )
    assert found.decisive is not None
    assert found.decisive[0] == 0
    ratios = [found.ratios[w] for w in sorted(found.ratios)]
    assert ratios == sorted(ratios, reverse=True)
    changes = ["benchmarking.access.choice.pool=1", "benchmarking.access.choice.own-keys=1"]
    library = chosen(load_library(None, changes), ["benchmarking", "extraction"], None)
    other = EvidenceModel(as_stated_alone(library), 20_000, seed=3)
    again = weigh.odds(other, evidence, "extraction", None).steps[-1].ratios["benchmarking"]
    assert found.ratios[0.5] == pytest.approx(10**again.stated, rel=0.2)


def as_stated_alone(library: Library) -> Library:
    """One prior set alone: less to draw."""
    return replace(library, prior_sets=(AS_STATED,))


@pytest.mark.parametrize(
    ("inside", "outside", "decisive"),
    [
        (0.2, 0.05, (0.0, 1 / 3)),
        (0.05, 0.2, (2 / 3, 1.0)),
        (0.05, 0.02, (0.0, 1.0)),
        (0.02, 0.02, (0.0, 1.0)),
        (0.2, 0.3, None),
        (0.1, 0.1, (0.0, 1.0)),
    ],
)
def test_the_shares_that_make_ten_to_one(
    inside: float, outside: float, decisive: tuple[float, float] | None
) -> None:
    """`inside`, `outside`: likelihoods relative to the accused explanation."""
    assert beliefs._decisive(inside, outside) == (decisive and pytest.approx(decisive))


def test_a_share_is_decisive_where_the_ratio_is(instrument: EvidenceModel) -> None:
    for id_ in ("A1", "A3", "A4"):
        evidence = weigh.evidence_of(CASES[id_], "rounded")
        for x in beliefs.pool_shares(instrument, evidence, "extraction"):
            low, high = x.decisive or (2.0, -1.0)
            for share, ratio in x.ratios.items():
                assert (low <= share <= high) == (ratio >= 10), (id_, x)


def test_nothing_is_beyond_what_the_draws_can_tell() -> None:
    """A count that one of two explanations cannot have made: every answer ends at the draws."""
    library = chosen(
        load_library(None, ["evaluations.runs=1", "extraction.prompts=1e8"]),
        ["benchmarking", "extraction"],
        None,
    )
    other = EvidenceModel(as_stated_alone(library), 300, seed=1)
    limits = {"count": Interval(2e8, 3e8)}
    evidence = weigh.Evidence("x", limits, tuple(CONVENTIONS))
    found = weigh.odds(other, evidence, "extraction", {"extraction": 1.0})
    assert found.posterior is not None
    assert found.steps[0].ratios["benchmarking"].stated == pytest.approx(np.log10(300))
    assert found.posterior["extraction"].stated == pytest.approx(300 / 301)
    for x in beliefs.reach(other, evidence, "extraction"):
        assert x.best <= 300 * (1 + 1e-9)
    for y in beliefs.pool_shares(other, evidence, "extraction"):
        assert max(y.ratios.values()) <= 300 * (1 + 1e-9)


def test_no_volume_of_the_accused_beats_its_best(instrument: EvidenceModel) -> None:
    evidence = weigh.evidence_of(CASES["A4"], "rounded")
    stated = of_case(instrument, "A4").steps[0].ratios
    for x in beliefs.reach(instrument, evidence, "extraction"):
        assert x.best >= 10 ** stated[x.against].stated * 0.95
        assert x.other_below is None or x.other_below < 1
        assert x.other_above is None or x.other_above > 1


def test_the_reading_at_least_is_wider() -> None:
    rounded = weigh.evidence_of(CASES["A4"], "rounded")
    least = weigh.evidence_of(CASES["A4"], "at-least")
    assert rounded.limits["count"] == Interval(3.4e6, 3.5e6)
    assert least.limits["count"] == Interval(3.4e6, float("inf"))
    assert rounded.limits["accounts"] == least.limits["accounts"] == Interval(200, 1_000)


def test_a_cluster_seen_whole_is_weighed_without_an_accuser(instrument: EvidenceModel) -> None:
    draws = instrument.base("benchmarking")
    share = ((draws.counts[1] >= 1e6) & (draws.counts[1] < 4e6)).mean()
    fitted = instrument.fits("benchmarking", (WHOLE,))[0]
    likelihood = fitted.log_likelihood({"count": Interval(1e6, 4e6)})
    assert np.exp(likelihood) == pytest.approx(share, rel=0.08)


# What it would take


def test_runs_needed_are_the_claim_over_the_size_of_a_run() -> None:
    """One model, one suite, one repeat: the need is target / (items * mean steps)."""
    library = load_library(
        None,
        [
            "evaluations.suites={choice: {full-swe-bench: 1}}",
            "evaluations.repeats=1",
            "evaluations.models=1",
            "evaluations.runs={lognormal: {median: 30, sigma: 0.2}}",
        ],
    )
    instrument = EvidenceModel(chosen(library, ["benchmarking"], "extraction"), 2_000, 1)
    found = next(
        x
        for x in needed(instrument, [CASES["A4"]])
        if x.hypothesis == "benchmarking" and x.convention == "C2"
    )
    served = ["claude-3.7-sonnet", "claude-opus-4", "claude-sonnet-4", "claude-opus-4.5"]
    means = [steps_for("mini-swe-agent", x).steps.mean() for x in (*served, "claude-sonnet-4.5")]
    runs = sorted(3.4e6 / 2294 / np.array(means))
    assert found.needed.p05 == pytest.approx(runs[0], rel=0.03)
    assert found.needed.median == pytest.approx(runs[2], rel=0.03)
    assert found.needed.p95 == pytest.approx(runs[-1], rel=0.03)


def test_fewer_turns_than_requests_need_more_runs(instrument: EvidenceModel) -> None:
    found = {
        x.convention: x.needed.median
        for x in needed(instrument, [CASES["A4"]])
        if x.hypothesis == "benchmarking"
    }
    assert found["C1"] < found["C2"] < found["C3"] < found["C6"]
    assert list(found) == list(CONVENTIONS)


def test_prompts_are_counted_as_turns_or_tasks(instrument: EvidenceModel) -> None:
    assert {x.convention for x in needed(instrument, [CASES["G1"]])} == {"C5", "C6"}


def test_what_is_reached_without_the_lever_needs_none_of_it() -> None:
    library = load_library()
    h = with_constants(library.hypotheses["evaluation-and-product"], users=10.0)
    work = {
        **h.work,
        "evaluations": load_library(None, ["evaluations.runs=5000"])
        .hypotheses["benchmarking"]
        .work["evaluations"],
    }
    only = Library(
        {"a": replace(h, id="a", work=work), "b": replace(h, id="b")}, library.prior_sets
    )
    found = next(
        x for x in needed(EvidenceModel(only, 300, 1), [CASES["A3"]]) if x.hypothesis == "a"
    )
    assert found.needed.p95 == 0
    assert found.reached == 1


def test_predictions_say_how_many_draws_a_claim_lies_among(instrument: EvidenceModel) -> None:
    found = {(x.hypothesis, x.convention): x for x in predicted(instrument, [CASES["A4"]])}
    draws = instrument.base("extraction")
    x = found["extraction", "C2"]
    assert x.above["A4"] == pytest.approx((draws.counts[1] >= 3.4e6).mean())
    assert x.inside["A4"] <= x.above["A4"]
    assert found["extraction", "reported"].count.median == pytest.approx(
        np.median(draws.reported["count"][draws.published])
    )
    for x in found.values():
        assert x.count.p05 <= x.count.p25 <= x.count.median <= x.count.p75 <= x.count.p95
