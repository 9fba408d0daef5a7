"""Sessions in spells and bursts: moments against their formulas, and what stands together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.clusters import Clustering, clustered
from tests.support.scenarios import DAY_US, HOUR_US, constant, lognormal

SECOND_US = 1_000_000
DAYS = 40


def drawn(
    accounts: int,
    per_day: float,
    spells: float,
    burst: float,
    hours: Any = None,
    seed: int = 3,
    pause: Any = None,
) -> tuple[Any, Any, Any]:
    """Sessions of accounts alike within `DAYS` days."""
    n = accounts
    clustering = Clustering(
        np.full(n, spells), np.full(n, burst), hours or constant(1), pause or constant(2)
    )
    length = np.full(n, float(DAYS * DAY_US))
    rng = np.random.default_rng(seed)
    return clustered(np.full(n, per_day * DAYS), length, clustering, rng)


@pytest.mark.parametrize("spells", [0.0, 0.2, 5.0])
@pytest.mark.parametrize("burst", [0.3, 1.0, 3.0])
def test_the_mean_is_what_was_asked_whatever_the_clusters(spells: float, burst: float) -> None:
    """Within four standard errors of the counts themselves."""
    n = 2_000
    at, account, _ = drawn(n, 4.0, spells, burst)
    counts = np.bincount(account, minlength=n)
    assert abs(counts.mean() - 4 * DAYS) < 4 * counts.std() / np.sqrt(n)
    assert (at >= 0).all()
    assert (at < DAYS * DAY_US).all()


@pytest.mark.parametrize("spells", [0.0, 0.5, 2.0, 50.0])
def test_spells_multiply_the_variance_by_one_and_twice_the_sessions_of_a_spell(
    spells: float,
) -> None:
    n, per_day = 6_000, 4.0
    _, account, _ = drawn(n, per_day, spells, 1.0)
    counts = np.bincount(account, minlength=n)
    expected = 1 + (2 * per_day / spells if spells else 0)
    assert counts.var() / counts.mean() == pytest.approx(expected, rel=0.12)


def test_bursts_multiply_the_variance_by_the_mean_square_of_their_size_over_the_mean() -> None:
    """A geometric number around an exponential mean: E S^2 = 1 + 3 (b - 1) + 4 (b - 1)^2."""
    n, b = 6_000, 3.0
    _, account, burst = drawn(n, 4.0, 0.0, b)
    size = np.bincount(burst)
    assert size.mean() == pytest.approx(b, rel=0.02)
    counts = np.bincount(account, minlength=n)
    expected = (1 + 3 * (b - 1) + 4 * (b - 1) ** 2) / b
    assert counts.var() / counts.mean() == pytest.approx(expected, rel=0.12)


def test_without_spells_and_bursts_gaps_are_exponential() -> None:
    from scipy.stats import kstest

    at, _, burst = drawn(1, 100.0, 0.0, 1.0)
    assert burst.tolist() == list(range(len(at)))
    assert kstest(np.diff(np.sort(at)), "expon", args=(0, DAY_US / 100)).pvalue > 1e-3


def test_sessions_of_a_spell_lie_within_its_hours() -> None:
    """Of one account with a spell in twenty days, two hours each."""
    at, _, _ = drawn(1, 20.0, 0.05, 1.0, hours=constant(2), seed=8)
    at = np.sort(at)
    spell = np.cumsum(np.diff(at, prepend=at[0]) > DAY_US // 4)
    assert 1 <= spell[-1] <= 6
    for number in np.unique(spell):
        inside = at[spell == number]
        assert inside[-1] - inside[0] <= 2 * HOUR_US


def test_sessions_of_a_burst_follow_one_another() -> None:
    at, account, burst = drawn(50, 6.0, 0.0, 4.0)
    same = np.diff(burst) == 0
    assert same.mean() > 0.6
    assert (np.diff(account)[same] == 0).all()
    gap_s = np.diff(at)[same] % (DAYS * DAY_US) / SECOND_US
    assert gap_s.mean() == pytest.approx(2, rel=0.06)
    assert gap_s.std() == pytest.approx(2, rel=0.1)


def test_bursts_of_a_spell_have_one_pace() -> None:
    """Exponential around a mean of the spell: the logarithms of these means spread as asked."""
    at, _, burst = drawn(400, 6.0, 0.0, 40.0, pause=lognormal(1, 2.0))
    same = np.diff(burst) == 0
    gap_s = (np.diff(at) % (DAYS * DAY_US) / SECOND_US)[same]
    count = np.bincount(burst[1:][same])
    mean_s = np.bincount(burst[1:][same], gap_s)[count > 50] / count[count > 50]
    assert len(mean_s) > 300
    assert np.log(mean_s).std() == pytest.approx(2, rel=0.12)


@pytest.mark.parametrize("variation", [0.0, 0.2, 0.6, 1.0])
def test_spells_of_a_paced_account_have_gaps_of_that_variation(variation: float) -> None:
    """One spell in the whole time, of a week and some thousand sessions."""
    at, account, _ = drawn(40, 100.0, 0.02, variation, hours=constant(24 * 7))
    found = []
    for number in np.unique(account):
        gap = np.diff(np.sort(at[account == number]))
        # without the one between two spells
        gap = gap[gap < DAY_US / 4]
        if len(gap) > 1000 and (account == number).sum() < len(gap) + 2:
            found.append(gap.std() / gap.mean())
    assert len(found) > 3
    assert np.median(found) == pytest.approx(variation, rel=0.1, abs=0.02)


def test_what_reaches_beyond_the_end_stands_at_the_begin() -> None:
    """So no hour has fewer sessions than others."""
    from scipy.stats import chisquare

    at, _, burst = drawn(3_000, 2.0, 1.0, 1.0, hours=lognormal(30, 0.5))
    edges = np.bincount((at // (DAYS * DAY_US // 8)).astype(int), minlength=8)
    # spells of two bursts on average, of which most lie in one eighth: counts vary five-fold
    assert chisquare(edges / 5).pvalue > 1e-3
    assert len(np.unique(burst)) == len(at)


def test_nobody_and_nothing_expected_give_no_sessions() -> None:
    one = constant(1)
    nobody = Clustering(np.zeros(0), np.ones(0), one, one)
    empty = np.zeros(0)
    assert not len(clustered(empty, empty, nobody, np.random.default_rng(1))[0])
    idle = Clustering(np.full(2, 3.0), np.full(2, 2.0), one, one)
    at, _, _ = clustered(np.zeros(2), np.array([0.0, 9.0]), idle, np.random.default_rng(1))
    assert not len(at)
