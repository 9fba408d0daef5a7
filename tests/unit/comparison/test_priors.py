"""Priors of dials: every shape against scipy, what changes them, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from sim.comparison.hypotheses.priors import SHAPES, Prior

U = np.array([0.0, 1e-6, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-6])
INSIDE = U[1:]


def prior(**shape: Any) -> Prior:
    return Prior.model_validate(shape)


def median(x: Prior) -> float:
    return float(x.quantile(np.array([0.5]))[0])


# Quantiles


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"lognormal": {"median": 8, "sigma": 1.3}}, stats.lognorm(1.3, scale=8)),
        ({"loguniform": {"low": 2, "high": 500}}, stats.loguniform(2, 500)),
        ({"uniform": {"low": -1, "high": 3}}, stats.uniform(-1, 4)),
        ({"normal": {"mean": 3, "sd": 2}}, stats.norm(3, 2)),
        ({"normal": {"mean": 3, "sd": 2, "min": 0}}, stats.truncnorm(-1.5, np.inf, 3, 2)),
        ({"normal": {"mean": 3, "sd": 2, "max": 4}}, stats.truncnorm(-np.inf, 0.5, 3, 2)),
        ({"normal": {"mean": 3, "sd": 2, "min": 8, "max": 11}}, stats.truncnorm(2.5, 4, 3, 2)),
        ({"beta": {"mean": 0.2, "n": 10}}, stats.beta(2, 8)),
        ({"beta": {"mean": 0.25, "n": 2}}, stats.beta(0.5, 1.5)),
    ],
)
def test_quantiles_are_those_of_scipy(shape: Any, expected: Any) -> None:
    assert prior(**shape).quantile(INSIDE) == pytest.approx(
        expected.ppf(INSIDE), rel=1e-6, abs=1e-6
    )


def test_a_truncated_lognormal_is_a_truncated_normal_of_logarithms() -> None:
    x = prior(lognormal={"median": 5, "sigma": 0.8, "min": 2, "max": 9})
    low, high = (math.log(end / 5) / 0.8 for end in (2, 9))
    expected = np.exp(stats.truncnorm(low, high, math.log(5), 0.8).ppf(INSIDE))
    assert x.quantile(INSIDE) == pytest.approx(expected, rel=1e-6)
    assert 2 <= x.quantile(U).min() < x.quantile(U).max() <= 9


def test_a_constant_and_a_lognormal_without_spread_have_one_value() -> None:
    assert prior(constant=3).quantile(U).tolist() == [3] * len(U)
    same = prior(lognormal={"median": 5, "sigma": 0, "max": 5}).quantile(U)
    assert same == pytest.approx(5, rel=1e-12)


def test_weights_of_a_choice_are_relative() -> None:
    x = prior(choice={"1": 2, "4": 0, "10": 6})
    assert x.weights.tolist() == [0.25, 0, 0.75]
    u = np.array([0.0, 0.2499, 0.25, 0.9999])
    assert x.pick(u).tolist() == [0, 0, 2, 2]
    assert x.quantile(u).tolist() == [1, 1, 10, 10]
    assert list(x.support) == [1, 10]
    assert prior(choice={"1": 1, "4": 0, "10": 3}).weights.tolist() == x.weights.tolist()


def test_a_choice_of_names_has_no_numbers() -> None:
    x = prior(choice={"single": 1, "chat": 1})
    assert x.names == ("single", "chat")
    assert x.pick(np.array([0.4, 0.6])).tolist() == [0, 1]
    with pytest.raises(ValueError, match="could not convert"):
        _ = x.numbers
    with pytest.raises(ValueError, match="should be finite"):
        prior(choice={"inf": 1}).quantile(U)


@pytest.mark.parametrize(
    ("shape", "ends"),
    [
        ({"constant": 3}, (3, 3)),
        ({"lognormal": {"median": 8, "sigma": 1}}, (0, math.inf)),
        ({"lognormal": {"median": 8, "sigma": 1, "min": -4, "max": 90}}, (0, 90)),
        ({"lognormal": {"median": 8, "sigma": 1, "min": 4}}, (4, math.inf)),
        ({"loguniform": {"low": 1, "high": 2}}, (1, 2)),
        ({"uniform": {"low": -1, "high": 2}}, (-1, 2)),
        ({"normal": {"mean": 0, "sd": 1}}, (-math.inf, math.inf)),
        ({"normal": {"mean": 0, "sd": 1, "min": -2, "max": 1}}, (-2, 1)),
        ({"beta": {"mean": 0.5, "n": 2}}, (0, 1)),
        ({"choice": {"7": 1, "3": 1, "900": 0}}, (3, 7)),
    ],
)
def test_support(shape: Any, ends: tuple[float, float]) -> None:
    x = prior(**shape)
    assert x.support == ends
    assert ends[0] <= x.quantile(U).min() <= x.quantile(U).max() <= ends[1]


# Wider and larger

WIDTH = st.floats(0.1, 3)
SCALE = st.floats(0.01, 1e6)
SPREAD = st.floats(0.01, 3)


@given(WIDTH, SCALE, SPREAD)
def test_widening_keeps_the_median(width: float, middle: float, spread: float) -> None:
    for shape in (
        {"lognormal": {"median": middle, "sigma": spread}},
        {"normal": {"mean": middle, "sd": spread}},
        {"loguniform": {"low": middle, "high": middle * (1 + spread)}},
    ):
        x = prior(**shape)
        assert median(x.widened(width)) == pytest.approx(median(x), rel=1e-6)


@given(WIDTH, st.floats(-100, 100), SPREAD)
def test_widening_a_uniform_keeps_the_median_where_nothing_is_cut(
    width: float, low: float, spread: float
) -> None:
    x = prior(uniform={"low": low, "high": low + spread})
    wider = x.widened(width, least=-math.inf)
    assert median(wider) == pytest.approx(median(x), abs=1e-6)
    assert wider.support[1] - wider.support[0] == pytest.approx(spread * width, abs=1e-6)


@given(WIDTH, st.floats(0, 1), st.floats(0, 1))
def test_a_share_stays_a_share(width: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    shapes = [prior(uniform={"low": low, "high": high})]
    if low > 0:
        shapes.append(prior(loguniform={"low": low, "high": high}))
    for x in shapes:
        wider = x.widened(width, 0, 1)
        assert wider.support[0] >= 0
        assert wider.support[1] <= 1 or wider.support[1] == pytest.approx(1)


def test_widening_by_shape() -> None:
    assert prior(lognormal={"median": 8, "sigma": 8}).widened(2) == prior(
        lognormal={"median": 8, "sigma": 10}
    )
    assert prior(normal={"mean": 1, "sd": 2, "min": 0}).widened(0.5) == prior(
        normal={"mean": 1, "sd": 1, "min": 0}
    )
    assert prior(beta={"mean": 0.2, "n": 9}).widened(1.5) == prior(beta={"mean": 0.2, "n": 4})
    assert prior(uniform={"low": 1, "high": 3}).widened(3) == prior(uniform={"low": 0, "high": 5})
    below = prior(uniform={"low": -1, "high": 3}).widened(2)
    assert below == prior(uniform={"low": -3, "high": 5})
    for same in (prior(choice={"1": 1, "2": 3}), prior(constant=4)):
        assert same.widened(2) == same
    known = prior(constant=4, status="measured", source="tracelab", note="a note")
    assert known.widened(2) == known


@given(st.floats(0.1, 10), SCALE)
def test_times_multiplies_every_quantile(factor: float, middle: float) -> None:
    for shape in (
        {"constant": middle},
        {"lognormal": {"median": middle, "sigma": 0.7, "min": middle / 3, "max": middle * 4}},
        {"normal": {"mean": middle, "sd": middle / 2, "min": 0, "max": middle * 2}},
        {"loguniform": {"low": middle, "high": middle * 5}},
        {"uniform": {"low": middle / 2, "high": middle * 2}},
    ):
        x = prior(**shape)
        assert x.times(factor).quantile(INSIDE) == pytest.approx(factor * x.quantile(INSIDE))


@pytest.mark.parametrize("shape", [{"beta": {"mean": 0.2, "n": 9}}, {"choice": {"1": 1}}])
def test_shares_and_choices_are_not_multiplied(shape: Any) -> None:
    with pytest.raises(ValueError, match="only a number without an upper end of its own"):
        prior(**shape).times(2)


# Words


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"constant": 13_000}, "13,000"),
        ({"lognormal": {"median": 8, "sigma": 1.3}}, "lognormal, median 8, sigma 1.3"),
        (
            {"lognormal": {"max": 9_000, "sigma": 1, "min": 2, "median": 1_200}},
            "lognormal, median 1,200, sigma 1, min 2, max 9,000",
        ),
        ({"loguniform": {"low": 1, "high": 3}}, "loguniform, low 1, high 3"),
        ({"uniform": {"low": 0.2, "high": 2}}, "uniform, low 0.2, high 2"),
        ({"normal": {"mean": 3, "sd": 2, "min": 0}}, "normal, mean 3, sd 2, min 0"),
        ({"beta": {"mean": 0.02, "n": 60}}, "beta, mean 0.02, n 60"),
        ({"choice": {"single": 1, "chat": 3}}, "single 0.25, chat 0.75"),
    ],
)
def test_words(shape: Any, words: str) -> None:
    assert prior(**shape).words() == words


@pytest.mark.parametrize(
    ("plain", "words"),
    [(3, "3"), ("3.4 M", "3,400,000"), ("5k", "5,000"), ("own-keys", "own-keys 1")],
)
def test_plain_values_are_the_users(plain: Any, words: str) -> None:
    x = Prior.model_validate(plain)
    assert (x.words(), x.status, x.source) == (words, "prior", "user")


# What is refused


def fault(shape: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Prior.model_validate(shape)
    return str(caught.value.errors()[0]["msg"]).removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ({}, f"give exactly one of {', '.join(SHAPES)}"),
        (
            {"constant": 1, "beta": {"mean": 0.5, "n": 2}},
            f"give exactly one of {', '.join(SHAPES)}",
        ),
        ({"choice": {}}, "the weights of a choice should not all be 0"),
        ({"choice": {"a": 0, "b": 0}}, "the weights of a choice should not all be 0"),
        ({"choice": {"a": -1}}, "Input should be greater than or equal to 0"),
        ({"choice": {"a": math.inf}}, "Input should be a finite number"),
        ({"constant": math.nan}, "Input should be a finite number"),
        ({"uniform": {"low": 3, "high": 1}}, "high should be at least low, found 1 and 3"),
        ({"loguniform": {"low": 0, "high": 1}}, "low should be greater than 0, found 0"),
        ({"lognormal": {"median": 0, "sigma": 1}}, "Input should be greater than 0"),
        ({"lognormal": {"median": 1, "sigma": -1}}, "Input should be greater than or equal to 0"),
        (
            {"lognormal": {"median": 5, "sigma": 1, "min": 4, "max": 4}},
            "max should be above min, found 4 and 4",
        ),
        (
            {"lognormal": {"median": 5, "sigma": 0, "max": 3}},
            "almost nothing lies within min and max: median 5, sigma 0, max 3",
        ),
        (
            {"lognormal": {"median": 5, "sigma": 0, "min": 6}},
            "almost nothing lies within min and max: median 5, sigma 0, min 6",
        ),
        (
            {"lognormal": {"median": 5, "sigma": 1, "max": 0}},
            "almost nothing lies within min and max: median 5, sigma 1, max 0",
        ),
        (
            {"normal": {"mean": 0, "sd": 1, "min": 50}},
            "almost nothing lies within min and max: mean 0, sd 1, min 50",
        ),
        (
            {"normal": {"mean": 9_000, "sd": 1, "max": 50}},
            "almost nothing lies within min and max: mean 9,000, sd 1, max 50",
        ),
        ({"normal": {"mean": 0, "sd": 0}}, "Input should be greater than 0"),
        ({"beta": {"mean": 1, "n": 2}}, "Input should be less than 1"),
        ({"beta": {"mean": 0.5, "n": 0}}, "Input should be greater than 0"),
        ({"gamma": {"mean": 0.5}}, "Extra inputs are not permitted"),
        (
            "3 of them",
            "should be a number, such as 0.5, 13_000_000 or '3.4 M'; found text '3 of them'",
        ),
        (True, "Input should be a valid dictionary or instance of Prior"),
    ],
)
def test_what_is_no_prior_is_refused(shape: Any, text: str) -> None:
    assert fault(shape) == text
