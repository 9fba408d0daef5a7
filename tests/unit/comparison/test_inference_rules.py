"""Small rules of inference on numbers that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.comparison.claims.intervals import Interval
from sim.comparison.hypotheses.model import AS_STATED, PriorSet
from sim.comparison.hypotheses.parameters import (
    ACCESS_PARAMETERS,
    COMMON_PARAMETERS,
    PARAMETERS,
    parameter_of_factor,
)
from sim.comparison.hypotheses.priors import Prior
from sim.comparison.inference import beliefs
from sim.comparison.inference import odds as weigh
from sim.comparison.inference.evidence_model import EvidenceModel, capped, in_order
from sim.comparison.inference.likelihood import Fit
from sim.comparison.inference.mode_draws import WHOLE, ModeDraws
from sim.comparison.inference.odds import LogLikelihood
from sim.comparison.inference.posterior import TRUE_COUNT, inferred, quantity_of
from sim.comparison.inference.prior_predictive import (
    Draws,
    _as_accused,
    _concentration,
    _counts_by_convention,
    _in_common,
    _item_repetition,
    access_mode_of,
    latent_classes,
)
from sim.comparison.inference.quantiles import span
from sim.comparison.inference.tasks import ParameterDraws
from sim.errors import InvalidInputError
from tests.support.hypotheses import shipped

N = 40_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def shares(**values: float) -> dict[str, np.ndarray]:
    return {name: np.full(N, value) for name, value in values.items()}


# Parameters


def test_every_parameter_has_one_section() -> None:
    sections = [*COMMON_PARAMETERS, *ACCESS_PARAMETERS, "moved", "hours", "mixed"]
    assert sorted(sections) == sorted(PARAMETERS)


def test_only_the_models_of_suites_begin_at_1() -> None:
    models = parameter_of_factor("models", of_suite=True)
    assert (models.least, models.most) == (1, 100)
    for factor, of_suite in (("models", False), ("runs", True)):
        assert parameter_of_factor(factor, of_suite).least == 0


def test_prior_sets_have_names_of_their_own() -> None:
    words = [each.words() for each in shipped().prior_sets]
    assert words[0] == AS_STATED.words() == "centre x 1, width x 1"
    assert len(set(words)) == len(words)
    assert PriorSet(0.25, 2.0).words() == "centre x 0.25, width x 2"


def test_values_of_parameters_are_kept_by_column() -> None:
    u = np.array([[0.1, 0.6, 0.1], [0.9, 0.2, 0.9]])
    drawn = ParameterDraws(("a", "b", "c"), u)
    choice = drawn.pick("a", Prior(choice={"x": 1.0, "y": 3.0}))
    assert choice.tolist() == [0, 1]
    assert drawn.uniform("c").tolist() == [0.1, 0.9]
    by_choice = drawn.by_choice("b", choice, (Prior(constant=5), Prior(constant=7)))
    assert by_choice.tolist() == drawn.values["b"].tolist() == [5, 7]
    assert set(drawn.values) == {"a", "b", "c"}


# The chain from work to a report


def test_conventions_count_what_they_say(rng: np.random.Generator) -> None:
    calls, tasks = np.full(N, 1_000), np.full(N, 100)
    values = shares(retries_per_answer=0.3, empty_share=0.2, refusal_share=0.25, more_choices=0.5)
    means = _counts_by_convention(calls, tasks, values, rng).mean(axis=1)
    expected = [1_300, 1_000, 800, 800 * 0.75 + 800 * 0.5, 80, 100]
    assert means == pytest.approx(expected, rel=0.005)


def test_classes_are_of_a_mode_and_of_one_account_or_several() -> None:
    classes = latent_classes(np.array([0, 0, 1, 3]), np.array([1, 2, 1, 50]))
    assert classes.tolist() == [1, 0, 3, 6]
    assert access_mode_of(classes).tolist() == [0, 0, 1, 3]


def test_prompts_repeat_within_the_work_and_for_no_reason() -> None:
    distinct, tasks = np.array([50.0, 50, 200, 0]), np.array([100, 100, 100, 0])
    repeated = np.array([0, 0.2, 0, 0])
    assert _item_repetition(distinct, tasks, repeated) == pytest.approx([0.5, 0.6, 0, 1])


def test_the_accuser_finds_some_accounts_and_adds_others(rng: np.random.Generator) -> None:
    counted, accounts = np.full(N, 90_000), np.full(N, 100)
    reported = _as_accused(counted, accounts, shares(found_share=0.5, foreign_share=0.2), rng)
    assert reported["accounts"].mean() == pytest.approx(100 * 0.5 / 0.8, rel=0.01)
    assert reported["count"].mean() == pytest.approx(90_000 * 0.5 / 0.8, rel=0.01)
    assert reported["exchanges_per_account"] == pytest.approx(
        reported["count"] / reported["accounts"]
    )


def test_one_account_is_found_and_stays_alone(rng: np.random.Generator) -> None:
    counted, accounts = np.full(N, 90_000), np.ones(N, np.int64)
    values = shares(found_share=0.1, foreign_share=0.9)
    reported = _as_accused(counted, accounts, values, rng)
    assert set(reported["accounts"]) == {1}
    assert set(reported["count"]) == {90_000}
    common = shares(**{"access.shared_instruments": 0.5, "access.synchrony": 0.5})
    assert all(np.isnan(x).all() for x in _in_common(accounts, common, rng).values())


def test_of_found_accounts_at_least_one_and_at_most_999_foreign_for_one(
    rng: np.random.Generator,
) -> None:
    counted, accounts = np.full(N, 10), np.full(N, 2)
    values = shares(found_share=0.0, foreign_share=1.0)
    assert set(_as_accused(counted, accounts, values, rng)["accounts"]) == {1_000}


def test_one_of_two_accounts_shares_with_nobody(rng: np.random.Generator) -> None:
    values = shares(**{"access.shared_instruments": 0.5, "access.synchrony": 0.3})
    common = _in_common(np.full(N, 2), values, rng)
    assert set(common["shared_instruments"]) == {0, 1}
    assert set(common["synchrony"]) == {0.3}
    three = _in_common(np.full(N, 3), values, rng)["shared_instruments"]
    assert sorted(set(three)) == pytest.approx([0, 2 / 3, 1])


def test_concentration_is_drawn_for_few_and_that_of_the_distribution_for_many(
    rng: np.random.Generator,
) -> None:
    accounts = np.repeat([1, 2, 128, 129], N // 40)
    gini = _concentration(accounts, np.ones(len(accounts)), rng).reshape(4, -1)
    assert np.isnan(gini[0]).all()
    two = np.exp(rng.standard_normal((N, 2)))
    assert gini[1].mean() == pytest.approx(
        (np.abs(np.diff(two)).ravel() / two.sum(axis=1) / 2).mean(), rel=0.05
    )
    assert gini[2].mean() == pytest.approx(0.5205, rel=0.02)
    assert np.ptp(gini[2]) > 0
    assert gini[3] == pytest.approx(0.5205, abs=1e-4)


# Likelihoods and odds


def mode_draws(count: np.ndarray, over: float = 0.0) -> ModeDraws:
    n = len(count)
    return ModeDraws(
        weight=0.5,
        reported={"count": count, "moved_24h": np.full(n, 0.5)},
        observed={"count": 2 * count, "moved_24h": np.full(n, 0.5)},
        published=count > over,
        published_over=np.full(n, over),
        convention=np.arange(n) % 6,
        latent_class=np.zeros(n, np.int64),
        evened=np.arange(1.0, n + 1),
        mode="pool",
        sequence=np.arange(n) % 2,
    )


def test_counts_are_published_again_when_they_are_multiplied() -> None:
    draws = mode_draws(np.array([1.0, 10, 100, 1_000]), over=50)
    larger = draws.with_counts_times(10)
    assert larger.reported["count"].tolist() == [10, 100, 1_000, 10_000]
    assert larger.observed["count"].tolist() == [20, 200, 2_000, 20_000]
    assert larger.published.tolist() == [False, True, True, True]
    assert larger.reported["moved_24h"].tolist() == [0.5] * 4


def test_a_sample_is_of_what_was_published_under_a_convention_or_of_all() -> None:
    draws = mode_draws(np.array([0.0, 10, 100, 1_000]), over=50)
    sample = draws.sample(("C3", "C2"))
    assert sample.values is draws.reported
    assert sample.use.tolist() == [False, False, True, False]
    whole = draws.sample((WHOLE,))
    assert whole.values is draws.observed
    assert whole.use.tolist() == [False, True, True, True]
    assert sample.weight == whole.weight == 0.5


def test_ratios_are_no_larger_than_the_draws_can_tell() -> None:
    assert capped(np.array([-5.0, 0.5, 5.0]), 100).tolist() == [-2, 0.5, 2]


def test_observables_are_added_in_their_order() -> None:
    assert in_order(["synchrony", "accounts", "count"]) == ("count", "accounts", "synchrony")


def log_of(*likelihoods: float, error: float = 0.0) -> LogLikelihood:
    return LogLikelihood(np.log(likelihoods), error)


def test_probabilities_go_by_bayes_rule_over_every_pair_of_prior_sets() -> None:
    logs = {"a": log_of(0.2, 0.1), "b": log_of(0.1, 0.4)}
    found = weigh._posterior(logs, {"a": 3.0}, draws=10_000)
    assert found["a"].stated == pytest.approx(0.6 / 0.7)
    assert found["a"].low == pytest.approx(0.3 / 0.7)
    assert found["a"].high == pytest.approx(0.6 / 0.7)
    assert found["b"].low == pytest.approx(0.1 / 0.7)
    assert found["b"].high == pytest.approx(0.4 / 0.7)


def test_a_posterior_is_no_surer_than_the_draws_allow() -> None:
    logs = {"a": LogLikelihood(np.array([0.0]), 0), "b": LogLikelihood(np.array([-1_000.0]), 0)}
    assert weigh._posterior(logs, {}, draws=99)["a"].stated == pytest.approx(0.99)


def test_a_ratio_ranges_over_every_pair() -> None:
    ratio = weigh._ratio(log_of(10, 1), log_of(1, 100), draws=10**6)
    assert (ratio.stated, ratio.low, ratio.high) == pytest.approx((1, -2, 1))


def test_modes_are_apart_in_a_fit() -> None:
    model = EvidenceModel(replace(shipped(), prior_sets=(AS_STATED,)), 300, 2)
    fitted = model.stated_fit("benchmarking")
    limits = {"count": Interval(1e5, 1e6)}
    one, others = beliefs._by_mode(fitted, 0, limits)
    weight = sum(x.weight for x in fitted.classes if x.latent_class in (0, 1))
    together = weight * np.exp(one) + (1 - weight) * np.exp(others)
    assert together == pytest.approx(np.exp(fitted.log_likelihood(limits)))
    assert isinstance(fitted, Fit)


def test_too_few_published_counts_are_an_error() -> None:
    library = replace(shipped(), prior_sets=(AS_STATED,))
    x = library.hypotheses["extraction"]
    common = {**x.common, "published_over": Prior(constant=1e14)}
    alone = replace(library, hypotheses={"a": replace(x, common=common), "b": x})
    model = EvidenceModel(alone, 200, 1)
    with pytest.raises(InvalidInputError, match="a: hardly any of its counts would be published,"):
        model.published("a")
    with pytest.raises(InvalidInputError, match="published and counted as C1 or C2, so that"):
        model.stated_fit("a", ("C1", "C2"))
    assert len(model.published("b")["count"]) > 100


def test_every_set_of_draws_is_told_once() -> None:
    library = replace(shipped(), prior_sets=(AS_STATED, PriorSet(2.0, 1.0)))
    told: list[tuple[int, int]] = []
    model = EvidenceModel(library, 200, 1, lambda *numbers: told.append(numbers))
    of_all = 2 * len(model.ids)
    model.stated_fit(model.ids[0])
    model.fits(model.ids[0])
    model.fits(model.ids[0], ("C2",))
    assert told == [(1, of_all), (2, of_all)]


# What a count leaves


def test_a_count_leaves_what_goes_with_it(rng: np.random.Generator) -> None:
    driver = 10 ** rng.normal(3, 1, N)
    noise = 10 ** rng.normal(0, 0.1, N)
    counts = np.zeros((6, N), np.int64)
    counts[1] = (1_000 * driver).astype(np.int64)
    draws = Draws(
        parameters={"work.runs": driver},
        counts=counts,
        by_work={},
        accounts=np.ones(N, np.int64),
        convention=np.zeros(N, np.int64),
        reported={"count": driver * noise * 100},
        published=np.ones(N, np.bool_),
        latent_class=np.zeros(N, np.int64),
    )
    low, high = inferred(draws, "work.runs", 1e5, draws.published)
    spread = 10 ** (1.645 * 0.1)
    assert low == pytest.approx(1_000 / spread, rel=0.05)
    assert high == pytest.approx(1_000 * spread, rel=0.05)
    low_true, high_true = inferred(draws, TRUE_COUNT, 1e5, draws.published)
    assert (low_true, high_true) == pytest.approx((1_000 * low, 1_000 * high), rel=0.01)
    assert quantity_of(draws, TRUE_COUNT).tolist() == counts[1].tolist()


def test_quantiles_by_name() -> None:
    found = span(np.arange(101))
    assert (found.p05, found.p25, found.median, found.p75, found.p95) == (5, 25, 50, 75, 95)
