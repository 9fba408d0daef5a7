"""Monte-Carlo errors, fit and groups: against cases whose exact answer is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from sim.comparison.claims.intervals import Interval
from sim.comparison.hypotheses.load_hypotheses import chosen, load_library
from sim.comparison.hypotheses.model import AS_STATED, EVEN, Library, PriorSet
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference import odds as weigh
from sim.comparison.inference.even_points import SEQUENCES, even_points, sequence_of
from sim.comparison.inference.evidence_model import EvidenceModel, error_of
from sim.comparison.inference.goodness import goodness
from sim.comparison.inference.likelihood import Sample, fit
from sim.comparison.inference.mode_draws import WHOLE
from sim.comparison.inference.odds import Evidence, LogLikelihood, group_ratios
from sim.comparison.inference.quantiles import Ranged
from sim.comparison.strength import about, call, factor_words, one_digit

EXACT = ("convention={choice: {C2: 1}}", "product.days=1", "product.turns_per_user_day=1")


# Two explanations whose Bayes factor has a closed form


@cache
def two_lognormals() -> Library:
    """Products of one-call tasks: the count is that of the users, lognormal, of two medians."""
    one_call = ["product.calls={choice: {single: 1}}", "product-use.access={choice: {own-keys: 1}}"]
    libraries = [
        load_library(None, [*EXACT, *one_call, f"product.users={{lognormal: {shape}}}"])
        for shape in ("{median: 1e5, sigma: 1}", "{median: 4e5, sigma: 0.6}")
    ]
    pair = [x.hypotheses["product-use"] for x in libraries]
    return Library({"a": replace(pair[0], id="a"), "b": replace(pair[1], id="b")}, (AS_STATED,))


def exact_ratio(low: float, high: float) -> float:
    shares = [
        float(np.diff(stats.norm.cdf(np.log([low, high]), np.log(median), sigma))[0])
        for median, sigma in ((1e5, 1.0), (4e5, 0.6))
    ]
    return float(np.log10(shares[0] / shares[1]))


def test_error_bars_cover_the_exact_bayes_factor() -> None:
    """95 % intervals of 40 ratios, two at each of 20 seeds, should miss two."""
    limits = [(1.5e5, 2.5e5), (4e5, 8e5)]
    missed, deviations = 0, []
    for seed in range(20):
        model = EvidenceModel(two_lognormals(), 1_000, seed)
        for low, high in limits:
            evidence = Evidence("x", {"count": Interval(low, high)}, (WHOLE,))
            found = weigh.odds(model, evidence, "a", None).steps[0].ratios["b"]
            assert 0.002 < found.error < 0.1
            # the width of kernels blurs a ratio by some percent whatever the draws
            off = max(abs(found.stated - exact_ratio(low, high)) - 0.02, 0)
            missed += off > 2.26 * found.error
            deviations.append(found.stated)
    assert missed <= 6
    assert np.std(deviations[::2]) > 0.002, "other seeds are other draws"


def test_the_error_is_how_much_seeds_differ() -> None:
    stated, errors = [], []
    for seed in range(30):
        model = EvidenceModel(two_lognormals(), 500, seed)
        evidence = Evidence("x", {"count": Interval(2e5, 3e5)}, (WHOLE,))
        x = weigh.log_likelihoods(model, evidence, ("count",))["b"]
        stated.append(x.stated)
        errors.append(x.error)
    rms = float(np.sqrt(np.mean(np.square(errors))))
    assert rms == pytest.approx(float(np.std(stated, ddof=1)), rel=0.45)


def test_the_jackknife_gives_the_error_of_a_mean() -> None:
    x = np.random.default_rng(1).normal(size=1_000)
    parts = [np.delete(x, np.s_[k::10]).mean() for k in range(10)]
    assert error_of(parts) == pytest.approx(1 / np.sqrt(1_000), rel=0.5)
    assert error_of([2.0] * 10) == 0


def test_points_are_even_and_sequences_independent() -> None:
    u = even_points(1_000, 3, 5, SEQUENCES)
    assert u.shape == (1_000, 3)
    assert u.min() >= 0
    assert u.max() < 1
    assert np.abs(u.mean(axis=0) - 0.5).max() < 0.004, "chance would give 0.009"
    assert np.bincount(sequence_of(1_000)).tolist() == [100] * 10
    assert not np.array_equal(u[:100], u[100:200])
    assert np.array_equal(u, even_points(1_000, 3, 5, SEQUENCES))
    assert even_points(7, 2, 1, SEQUENCES).shape == (7, 2)
    assert [len(np.flatnonzero(sequence_of(7) == k)) for k in range(10)].count(1) == 7


# Weights of choices


@pytest.mark.parametrize("weights", [EVEN, "pool", "customers"])
def test_other_weights_are_as_if_they_had_been_stated(weights: str) -> None:
    """The same draws with other weights, against draws of an explanation that says so."""
    stated = load_library().hypotheses["product-use"]
    library = Library({"product-use": stated, "b": replace(stated, id="b")}, (AS_STATED,))
    library = replace(library, prior_sets=(AS_STATED, PriorSet(1.0, 1.0, weights)))
    moved = replace(stated, access=_choice(stated.access_weights(weights)))
    calls = stated.work["product"].calls
    assert calls is not None
    if weights == EVEN:
        moved = replace(
            moved,
            common={**moved.common, "convention": _evened(moved.common["convention"])},
            uptake=_evened(moved.uptake),
            work={"product": stated.work["product"].model_copy(update={"calls": _evened(calls)})},
        )
    again = Library({"product-use": moved, "b": replace(moved, id="b")}, (AS_STATED,))

    limits = {"count": Interval(1e6, 4e6), "accounts": Interval(200.0, 1_000.0)}
    names = tuple(limits)
    by_weight = EvidenceModel(library, 8_000, 1).fits("product-use", names=names)[1]
    drawn = EvidenceModel(again, 8_000, 2).stated_fit("product-use", names=names)
    found = by_weight.log_likelihood(limits) - drawn.log_likelihood(limits)
    assert found == pytest.approx(0, abs=0.25)
    unmoved = EvidenceModel(library, 8_000, 1).stated_fit("product-use", names=names)
    if weights == "pool":
        assert abs(unmoved.log_likelihood(limits) - by_weight.log_likelihood(limits)) > 0.2


def _choice(weights: dict[str, float]) -> Prior:
    stated = load_library().hypotheses["product-use"].access
    return stated.model_copy(update={"choice": weights})


def _evened(prior: Prior) -> Prior:
    even = (prior.weights + 1 / len(prior.weights)) / 2
    choice = dict(zip(prior.names, even.tolist(), strict=True))
    return prior.model_copy(update={"choice": choice})


def test_an_access_mode_is_raised_to_half_where_it_can_be() -> None:
    x = load_library().hypotheses["benchmarking"]
    assert x.access_weights("pool") == {"own-keys": 0.5, "pool": 0.5}
    assert x.access_weights("customers") == x.access_weights("stated")
    assert x.access_weights("own-keys") == pytest.approx({"own-keys": 0.9, "pool": 0.1})
    assert x.access_weights(EVEN) == pytest.approx({"own-keys": 0.7, "pool": 0.3})


def test_the_range_holds_what_half_of_the_laboratories_behind_pools_would_give() -> None:
    library = chosen(load_library(), ["benchmarking"], None)
    library = replace(library, prior_sets=(AS_STATED, PriorSet(1.0, 1.0, "pool")))
    limits = {"count": Interval(3.4e6, 3.5e6), "accounts": Interval(200.0, 1_000.0)}
    evidence = Evidence("A4", limits, ("C1", "C2", "C3", "C4", "C5", "C6"))
    model = EvidenceModel(library, 2_000, 3)
    found = weigh.odds(model, evidence, "extraction", None).steps[-1].ratios["benchmarking"]
    assert 10**found.low < 3 < 10**found.stated


# Fit


def sample(count: np.ndarray, weight: float = 1.0) -> Sample:
    n = len(count)
    return Sample(weight, {"count": count}, np.zeros(n, np.int64), np.ones(n, np.bool_))


def test_a_tail_is_twice_the_smaller_side() -> None:
    draws = sample(np.arange(1.0, 1_001))
    assert goodness([draws], {"count": Interval(990.0, 995.0)}).tail == pytest.approx(0.022)
    assert goodness([draws], {"count": Interval(1.0, 10.0)}).tail == pytest.approx(0.02)
    assert goodness([draws], {"count": Interval(400.0, 600.0)}).tail == 1
    mixed = [sample(np.arange(1.0, 101), 0.75), sample(np.full(50, 1e4), 0.25)]
    assert goodness(mixed, {"count": Interval(200.0, 300.0)}).tail == pytest.approx(0.5)


def test_many_observables_are_no_reason_to_fail() -> None:
    n = 1_000
    values = {"count": np.arange(1.0, n + 1), "accounts": np.arange(1.0, n + 1)}
    both = Sample(1.0, values, np.zeros(n, np.int64), np.ones(n, np.bool_))
    limits = {"count": Interval(500.0, 501.0), "accounts": Interval(990.0, 995.0)}
    found = goodness([both], limits)
    assert found.observable == "accounts"
    assert found.tail == pytest.approx(2 * 0.022)


def test_what_few_draws_reach_is_not_held_against_an_explanation() -> None:
    few, many = (sample(np.arange(1.0, n + 1)) for n in (500, 20_000))
    beyond = {"count": Interval(1e6, 2e6)}
    assert goodness([few], beyond).verdict == "not clear"
    assert goodness([many], beyond).verdict == "no"
    assert goodness([few], {"count": Interval(50.0, 60.0)}).verdict == "yes"
    just_out, far_out = Interval(2.1e4, 2.2e4), Interval(5e4, 5.1e4)
    assert goodness([many], {"count": just_out}).verdict == "not clear"
    assert goodness([many], {"count": far_out}).fails


def test_what_no_draw_defines_does_not_fit() -> None:
    values = {"concentration": np.full(5_000, np.nan)}
    one = Sample(1.0, values, np.zeros(5_000, np.int64), np.ones(5_000, np.bool_))
    assert goodness([one], {"concentration": Interval(0.4, 0.6)}).fails


# Groups


def test_a_group_is_the_mean_of_its_members() -> None:
    logs = {
        key: LogLikelihood(np.log([x, x / 2, x * 4]), 0.1)
        for key, x in (("a", 0.4), ("b", 0.2), ("c", 0.1))
    }
    groups = {"a": "extraction", "b": "legitimate", "c": "legitimate"}
    found = group_ratios(logs, groups, "extraction", {}, 10**6)["legitimate"]
    assert 10**found.stated == pytest.approx(0.4 / 0.15)
    assert 10**found.low == pytest.approx(0.2 / 0.6)
    assert 10**found.high == pytest.approx(1.6 / 0.075)
    shares = np.array([2 / 3, 1 / 3])
    exact = 0.1 * np.sqrt(1 + (shares**2).sum()) / np.log(10)
    assert found.error == pytest.approx(exact)
    weighed = group_ratios(logs, groups, "extraction", {"b": 3.0}, 10**6)["legitimate"]
    assert 10**weighed.stated == pytest.approx(0.4 / 0.175)


def test_two_labels_for_the_same_work_are_one_vote() -> None:
    one = LogLikelihood(np.log([0.3]), 0.0)
    accused = LogLikelihood(np.log([0.3]), 0.0)
    twice = group_ratios(
        {"a": accused, "b": one, "c": one},
        {"a": "extraction", "b": "legitimate", "c": "legitimate"},
        "extraction",
        {},
        1_000,
    )
    assert twice["legitimate"].stated == pytest.approx(0)


# Words


@pytest.mark.parametrize(
    ("log10", "error", "said"),
    [
        (0.0, 0.0, "too close to call"),
        (0.47, 0.0, "too close to call"),
        (0.6, 0.1, "too close to call"),
        (0.6, 0.05, "for it"),
        (-0.6, 0.05, "against it"),
        (1.1, 0.1, "for it"),
        (1.3, 0.1, "strongly for it"),
        (2.5, 0.12, "rests on few draws"),
        (-1.3, 0.1, "strongly against it"),
    ],
)
def test_a_call_is_sure_by_two_errors(log10: float, error: float, said: str) -> None:
    assert call(Ranged(log10, log10, log10, error)) == said


def test_figures_of_findings_are_coarse() -> None:
    assert [about(x) for x in (0.1, 0.4, -0.6, 1.04, -1.6)] == [
        "about even",
        "about 3 : 1",
        "about 1 : 3",
        "about 10 : 1",
        "about 1 : 30",
    ]
    assert [factor_words(x) for x in (0.0, 0.5, 2.9, 3.1)] == [
        "less than a factor of 3",
        "less than a factor of 10",
        "less than a factor of 1,000",
        "more than a factor of 1,000 in places",
    ]
    assert [one_digit(x) for x in (0, 0.031, 21.4, 6_500, 98_000)] == [
        "0",
        "0.03",
        "20",
        "6,000",
        "100,000",
    ]


def test_a_fit_without_a_sequence_is_one_of_the_others() -> None:
    values = {"count": 10 ** np.random.default_rng(1).normal(6, 0.3, 2_000)}
    zeros, ones = np.zeros(2_000, np.int64), np.ones(2_000, np.bool_)
    whole = Sample(1.0, values, zeros, ones, sequence=sequence_of(2_000))
    left = whole.without(3)
    assert len(left.use) == 1_800
    assert not np.isin(values["count"][600:800], left.values["count"]).any()
    assert fit([left], 2_000).classes[0].weight == 1
    with pytest.raises(ValueError, match="are not told apart"):
        replace(whole, sequence=None).without(0)
