"""Moments, quantiles and validation of the distributions, against samples and identities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.distributions import Distribution, Lognormal

MIXTURE: dict[str, Any] = {
    "mixture": [
        {"weight": 0.72, "lognormal": {"median": 561, "sigma": 0.75}},
        {"weight": 0.28, "lognormal": {"median": 2780, "sigma": 1.4, "max": 25_000}},
    ]
}
QUANTILES: dict[str, Any] = {"quantiles": [[0, 5], [0.1, 16], [0.45, 16], [0.9, 400], [1, 9_000]]}
CASES: list[Any] = [
    3,
    {"constant": 0},
    {"lognormal": {"median": 6.89, "sigma": 1.22}},
    {"lognormal": {"median": 0.42, "sigma": 2.08, "max": 60}},
    {"lognormal": {"median": 5, "sigma": 0}},
    {"lognormal": {"median": 5, "sigma": 0, "max": 4}},
    MIXTURE,
    QUANTILES,
]
lognormals = st.builds(
    lambda median, sigma, cap: {"lognormal": {"median": median, "sigma": sigma, "max": cap}},
    st.floats(0.01, 1e5),
    st.floats(0.05, 3),
    st.none() | st.floats(0.01, 1e6),
)


def make(value: Any) -> Distribution:
    return Distribution.model_validate(value)


def sample(value: Any, size: int = 200_000) -> Any:
    return make(value).sample(np.random.default_rng(11), size)


@pytest.mark.parametrize("value", CASES)
def test_the_mean_is_that_of_a_sample(value: Any) -> None:
    x = sample(value)
    error = 5 * x.std() / math.sqrt(len(x))
    assert make(value).mean() == pytest.approx(x.mean(), abs=error + 1e-9)


@pytest.mark.parametrize("value", CASES)
@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.9, 0.99])
def test_quantiles_split_a_sample(value: Any, p: float) -> None:
    x, q = sample(value), make(value).quantile(p)
    error = 5 * math.sqrt(p * (1 - p) / len(x))
    assert np.mean(x < q * (1 - 1e-9)) <= p + error
    assert np.mean(x <= q * (1 + 1e-9)) >= p - error


@pytest.mark.parametrize("value", CASES)
def test_the_rounded_mean_is_that_of_a_rounded_sample(value: Any) -> None:
    x = np.maximum(np.rint(sample(value, 500_000)), 1)
    error = 5 * x.std() / math.sqrt(len(x)) + 1e-3
    assert make(value).rounded_mean(1) == pytest.approx(x.mean(), abs=error)


@settings(max_examples=80, deadline=None)
@given(lognormals, st.floats(0.01, 0.99))
def test_quantile_inverts_cdf(value: Any, p: float) -> None:
    d = make(value)
    q = d.quantile(p)
    assert d.cdf(q * (1 + 1e-9)) >= p - 1e-9
    assert d.cdf(q * (1 - 1e-9)) <= p + 1e-9


@settings(max_examples=80, deadline=None)
@given(lognormals)
def test_no_sample_passes_the_maximum_and_a_cut_lowers_the_mean(value: Any) -> None:
    d, whole = make(value), make({"lognormal": {**value["lognormal"], "max": None}})
    cap = value["lognormal"]["max"]
    assert d.mean() <= whole.mean() * (1 + 1e-9)
    if cap is not None:
        assert d.sample(np.random.default_rng(0), 100).max() <= cap
        assert d.cdf(cap) == 1


@settings(max_examples=50, deadline=None)
@given(lognormals, st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_cdf_never_falls(value: Any, x: float, y: float) -> None:
    d = make(value)
    assert d.cdf(min(x, y)) <= d.cdf(max(x, y))


def test_a_mixture_has_the_mean_of_its_parts() -> None:
    parts = [(p["weight"], make({"lognormal": p["lognormal"]})) for p in MIXTURE["mixture"]]
    assert make(MIXTURE).mean() == pytest.approx(sum(w * d.mean() for w, d in parts))
    assert make(MIXTURE).cdf(900) == pytest.approx(sum(w * d.cdf(900) for w, d in parts))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "give exactly one of constant, lognormal, loguniform, mixture, quantiles"),
        (
            {"constant": 1, **MIXTURE},
            "give exactly one of constant, lognormal, loguniform, mixture, quantiles",
        ),
        ({"mixture": MIXTURE["mixture"][:1]}, "the weights of a mixture must add up to 1"),
        ({"quantiles": [[0, 5]]}, "the probabilities of quantiles should go from 0 to 1"),
        ({"quantiles": [[0, 5], [0.9, 6]]}, "the probabilities of quantiles should go from 0 to 1"),
        (
            {"quantiles": [[0, 5], [0.5, 6], [0.5, 7], [1, 8]]},
            "the probabilities of quantiles should rise, found 0.5 after 0.5",
        ),
        (
            {"quantiles": [[0, 5], [0.5, 4], [1, 8]]},
            "quantiles should not fall, found 4 after 5",
        ),
        ({"quantiles": [[0, 0], [1, 8]]}, "greater than 0"),
        ({"constant": -1}, "greater than or equal to 0"),
        ({"constant": math.inf}, "finite number"),
        ({"lognormal": {"median": 0, "sigma": 1}}, "greater than 0"),
        ({"lognormal": {"median": 1, "sigma": 1, "mean": 2}}, "Extra inputs are not permitted"),
        (True, "valid dictionary"),
    ],
)
def test_what_is_no_distribution_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make(value)


def test_all_of_a_lognormal_lies_at_or_below_its_largest_value() -> None:
    """The rest of the tail is put on `max` itself: the distribution jumps to 1 there."""
    capped = Lognormal(median=1.0, sigma=1.0, max=2.0)
    assert capped.cdf(2.0) == 1.0
    assert capped.cdf(1.999) < 0.8


def test_quantiles_give_back_the_values_that_they_are_read_from() -> None:
    d = make(QUANTILES)
    for share, value in QUANTILES["quantiles"][1:-1]:
        assert d.quantile(share) == pytest.approx(value)
    assert np.isclose(sample(QUANTILES), 16).mean() == pytest.approx(0.35, abs=0.01)
    assert d.cdf(80) == pytest.approx(0.45 + 0.45 / 2)
    assert (d.cdf(4.99), d.cdf(15.99), d.cdf(16), d.cdf(9_000)) == pytest.approx(
        (0, 0.1, 0.45, 1), abs=1e-3
    )


def test_equal_quantiles_are_equal_after_use() -> None:
    first, second = Distribution.model_validate(QUANTILES), Distribution.model_validate(QUANTILES)
    assert first.quantile(0.5) == second.quantile(0.5)
    assert first == second
    assert hash(first) == hash(second)
