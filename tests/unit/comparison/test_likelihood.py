"""Likelihoods from draws: against densities that are known, and against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.inference.even_points import lattice
from sim.comparison.inference.evidence_model import capped, log_densities
from sim.comparison.inference.likelihood import (
    Fit,
    Sample,
    fit,
    without_implied,
)
from sim.comparison.inference.marginals import RESOLUTION, marginal, scaled

N = 20_000
WIDE = 12.0  # decades in which one draw more may lie anywhere


def counts(rng: np.random.Generator, n: int = N) -> dict[str, np.ndarray]:
    """Counts and accounts, log10 bivariate normal with correlation .6."""
    covariance = [[0.25, 0.6 * 0.5 * 0.8], [0.6 * 0.5 * 0.8, 0.64]]
    x = rng.multivariate_normal([6, 3], covariance, n)
    return {"count": 10 ** x[:, 0], "accounts": 10 ** x[:, 1]}


def fitted(values: dict[str, np.ndarray]) -> Fit:
    n = len(next(iter(values.values())))
    return of_one(values, np.zeros(n, np.int64), np.ones(n, np.bool_))


def of_one(values: dict[str, np.ndarray], kind: np.ndarray, use: np.ndarray) -> Fit:
    return fit([Sample(1.0, values, kind, use)], int(use.sum()) or len(use))


@pytest.fixture(scope="module")
def normal() -> tuple[dict[str, np.ndarray], Fit]:
    values = counts(np.random.default_rng(1))
    return values, fitted(values)


def test_a_marginal_is_a_density() -> None:
    rng = np.random.default_rng(2)
    x = marginal(rng.standard_normal(N), 0.01)
    assert np.trapezoid(x.density) * x.step == pytest.approx(1)
    assert x.share_below(x.quantile(np.array([0.1, 0.9]))) == pytest.approx([0.1, 0.9], abs=1e-3)
    assert np.interp(0, x.low + x.step * np.arange(len(x.below)), x.below) == pytest.approx(
        0.5, abs=0.01
    )
    at = np.linspace(-2.5, 2.5, 11)
    assert np.exp(x.log_density(at)) == pytest.approx(stats.norm.pdf(at), rel=0.12, abs=0.004)
    assert x.scores(at) == pytest.approx(at, abs=0.08)


def test_no_kernel_is_narrower_than_the_resolution() -> None:
    x = marginal(np.full(1_000, 3.0), 0.05)
    at = np.array([2.9, 3.0, 3.1])
    assert np.exp(x.log_density(at)) == pytest.approx(stats.norm.pdf(at, 3, 0.05), rel=0.03)


def test_the_copula_gives_the_joint_density(normal: tuple[dict[str, np.ndarray], Fit]) -> None:
    _, made = normal
    exact = stats.multivariate_normal([6, 3], [[0.25, 0.24], [0.24, 0.64]])
    at = np.array([[6.0, 3.0], [6.5, 4.0], [5.5, 2.0], [6.5, 2.4], [5.6, 3.6]])
    points = {"count": at[:, 0], "accounts": at[:, 1]}
    assert np.exp(made.log_density(points)) == pytest.approx(exact.pdf(at), rel=0.12)
    alone = np.exp(made.log_density({"accounts": at[:, 1]}))
    assert alone == pytest.approx(stats.norm.pdf(at[:, 1], 3, 0.8), rel=0.08)


@pytest.mark.parametrize(
    "limits",
    [
        {"count": Interval(1e6, 3e6)},
        {"count": Interval(1e6, float("inf"))},
        {"count": Interval(5e5, 2e6), "accounts": Interval(200, 1_000)},
    ],
)
def test_a_likelihood_is_the_share_of_draws_inside(
    limits: dict[str, Interval], normal: tuple[dict[str, np.ndarray], Fit]
) -> None:
    values, made = normal
    inside = np.all([(values[k] >= x.low) & (values[k] < x.high) for k, x in limits.items()], 0)
    share = inside.mean()
    error = 4 * np.sqrt(share * (1 - share) / N)
    assert np.exp(made.log_likelihood(limits)) == pytest.approx(share, abs=error + 0.04 * share)


def test_a_likelihood_without_limits_is_one(normal: tuple[dict[str, np.ndarray], Fit]) -> None:
    assert normal[1].log_likelihood({}) == 0


def test_classes_add_up_by_their_weights() -> None:
    rng = np.random.default_rng(3)
    kind = (rng.random(N) < 0.25).astype(np.int64)
    count = 10 ** np.where(kind, rng.normal(7, 0.2, N), rng.normal(5, 0.2, N))
    made = of_one({"count": count}, kind, np.ones(N, np.bool_))
    assert [x.weight for x in made.classes] == pytest.approx([0.75, 0.25], abs=0.01)
    density = np.exp(made.log_density({"count": np.array([5.0, 7.0])}))
    assert density[0] / density[1] == pytest.approx(3, rel=0.1)


def test_what_a_class_does_not_define_it_did_not_produce() -> None:
    rng = np.random.default_rng(4)
    kind = np.repeat([0, 1], N // 2)
    values = {
        "count": 10 ** rng.normal(6, 0.5, N),
        "concentration": np.where(kind == 1, np.nan, rng.beta(4, 4, N)),
    }
    made = of_one(values, kind, np.ones(N, np.bool_))
    point = {"count": np.array([6.0])}
    both = {**point, "concentration": scaled("concentration", np.array([0.5]))}
    whole, half = np.exp(made.log_density(point)), np.exp(made.log_density(both))
    alone = of_one(
        {k: v[kind == 0] for k, v in values.items()}, kind[kind == 0], np.ones(N // 2, np.bool_)
    )
    assert half == pytest.approx(0.5 * np.exp(alone.log_density(both)), rel=0.01)
    assert whole == pytest.approx(stats.norm.pdf(0, 0, 0.5), rel=0.05)


def test_draws_that_are_not_used_do_not_count() -> None:
    rng = np.random.default_rng(5)
    count = 10 ** np.concatenate([rng.normal(6, 0.3, N), rng.normal(2, 0.3, N)])
    use = np.repeat([True, False], N)
    made = of_one({"count": count}, np.zeros(2 * N, np.int64), use)
    assert made.draws == N
    assert np.exp(made.log_density({"count": np.array([2.0])})) == pytest.approx(1 / WIDE / (N + 1))


def test_so_many_draws_exclude_nothing_by_more() -> None:
    made = fitted({"count": 10 ** np.random.default_rng(6).normal(6, 0.1, 1_000)})
    far = made.log_density({"count": np.array([1.0])})
    assert np.exp(far) == pytest.approx(1 / (1_001 * WIDE))
    assert capped(np.array([-9.0, 1.0, 9.0]), 1_000) == pytest.approx([-3, 1, 3])


def test_where_no_draw_is_used_the_likelihood_is_that_of_none_in_so_many() -> None:
    made = of_one({"count": np.ones(500)}, np.zeros(500, np.int64), np.zeros(500, np.bool_))
    assert made.classes == ()
    assert np.exp(made.log_density({"count": np.array([6.0])})) == pytest.approx(1 / (501 * WIDE))


def test_small_classes_are_left_out_unless_there_are_no_others() -> None:
    rng = np.random.default_rng(7)
    kind = np.repeat([0, 1], [1_000, 5])
    values = {"count": 10 ** rng.normal(6, 0.3, 1_005)}
    assert [x.latent_class for x in of_one(values, kind, np.ones(1_005, np.bool_)).classes] == [0]
    assert [x.latent_class for x in of_one(values, kind, kind == 1).classes] == [1]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_lattice_fills_the_cube_evenly(dimensions: int) -> None:
    points = lattice(dimensions)
    assert points.shape == (256, dimensions)
    for x in points.T:
        assert np.histogram(x, 4, (0, 1))[0] == pytest.approx(np.full(4, 64), abs=8)


def test_an_exact_figure_has_the_width_of_its_resolution(
    normal: tuple[dict[str, np.ndarray], Fit],
) -> None:
    exact = normal[1].log_likelihood({"count": Interval(1e6, 1e6)})
    density = normal[1].log_density({"count": np.array([6.0])})[0]
    assert exact == pytest.approx(density + np.log(RESOLUTION["count"]), abs=0.01)


@pytest.mark.parametrize(
    "limits",
    [
        {"count": Interval(2e11, 4e11)},
        {"count": Interval(2e11, float("inf"))},
        {"count": Interval(2e11, float("inf")), "accounts": Interval(10, 10_000)},
    ],
)
def test_counts_of_any_size(limits: dict[str, Interval]) -> None:
    rng = np.random.default_rng(9)
    values = {"count": 10 ** rng.normal(11.5, 0.1, N), "accounts": 10 ** rng.normal(2.5, 0.1, N)}
    inside = np.all([(values[k] >= x.low) & (values[k] < x.high) for k, x in limits.items()], 0)
    assert np.exp(fitted(values).log_likelihood(limits)) == pytest.approx(inside.mean(), abs=0.02)


def test_a_narrow_density_in_wide_limits_is_not_missed() -> None:
    values = {"count": np.full(1_000, 1e6), "accounts": np.full(1_000, 500.0)}
    limits = {"count": Interval(5e4, float("inf")), "accounts": Interval(100, float("inf"))}
    assert np.exp(fitted(values).log_likelihood(limits)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("share", [(0.0, 0.05), (0.05, 0.5), (0.5, 0.95), (0.95, 1.0)])
def test_shares_in_two_heaps_and_at_the_ends(share: tuple[float, float]) -> None:
    """Half near 0, a third near 1, the rest between: the mass of each part is that of the draws."""
    rng = np.random.default_rng(10)
    parts = [rng.beta(0.5, 30, N // 2), rng.beta(60, 0.6, N // 3), rng.beta(5, 5, N // 6)]
    values = {"moved_24h": np.concatenate(parts)}
    limits = {"moved_24h": Interval(share[0], share[1])}
    x = values["moved_24h"]
    true = ((x >= share[0]) & (x < share[1])).mean()
    found = np.exp(fitted(values).log_likelihood(limits))
    assert found == pytest.approx(true, rel=0.15, abs=0.02)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_nothing_leaks_past_the_ends_of_a_share(end: float) -> None:
    """Most of the draws lie at an end, where half of every kernel would be beyond it."""
    values = {"moved_24h": np.repeat([end, 0.5], [1_200, 800])}
    limits = {"moved_24h": Interval(0.0, 0.02) if end == 0 else Interval(0.98, 1.0)}
    assert np.exp(fitted(values).log_likelihood(limits)) == pytest.approx(0.6, abs=0.01)


def test_parts_of_a_prior_weigh_as_the_prior_says() -> None:
    """A part of one in a hundred has as many draws as the other, and weighs a hundredth."""
    rng = np.random.default_rng(11)
    ones = np.ones(2_000, np.bool_)
    samples = [
        Sample(weight, {"count": 10 ** rng.normal(at, 0.2, 2_000)}, np.full(2_000, kind), ones)
        for weight, at, kind in ((0.99, 5, 0), (0.01, 7, 2))
    ]
    made = fit(samples, 4_000)
    assert [x.weight for x in made.classes] == pytest.approx([0.99, 0.01])
    assert np.exp(made.log_likelihood({"count": Interval(1e6, 1e8)})) == pytest.approx(
        0.01, rel=0.1
    )


def test_scales() -> None:
    assert scaled("count", np.array([1e6, 0.0])) == pytest.approx([6, -3])
    assert scaled("concentration", np.array([-0.1, 0, 1, 1.1])) == pytest.approx(
        [0, 0, np.pi / 2, np.pi / 2]
    )
    assert set(RESOLUTION) == set(OBSERVABLES)


def test_what_is_undefined_excludes_the_classes_that_define_it() -> None:
    rng = np.random.default_rng(8)
    values = counts(rng)
    made = fitted(values)
    some = {k: v[:4].copy() for k, v in values.items()}
    some["accounts"][1::2] = np.nan
    logs = log_densities([made], some, [("count", "accounts")])[0][:, 0]
    alone = log_densities([made], some, [("count",)])[0][:, 0]
    impossible = made.log_density({"count": scaled("count", some["count"])}, ["accounts"])
    assert logs[1::2] == pytest.approx(impossible[1::2]), "its one class defines accounts"
    assert (logs[1::2] < alone[1::2]).all()
    assert (logs[::2] != alone[::2]).all()


def test_exchanges_per_account_follow_from_count_and_accounts() -> None:
    assert without_implied(["count", "accounts", "exchanges_per_account"]) == ("count", "accounts")
    assert without_implied(["count", "exchanges_per_account"]) == ("count", "exchanges_per_account")
