"""Quantiles, shares of accounts and local hours against the plainest way to have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InvalidInputError
from sim.summaries.concentration import gini, lorenz
from sim.summaries.local_time import local_hours, zone_named
from sim.summaries.quantiles import quantiles_of, spread_of
from sim.summaries.run_figures import Distribution

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MANY = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


def distribution(values: list[int]) -> Distribution:
    different, frequencies = np.unique(np.array(values, np.int64), return_counts=True)
    return Distribution(different, frequencies)


@given(MANY, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_quantiles_are_those_of_numpy(values: list[int], shares: list[float]) -> None:
    found = quantiles_of(distribution(values), shares)
    assert found == pytest.approx(np.quantile(values, shares))
    assert spread_of(distribution(values)).mean == pytest.approx(np.mean(values))


@given(MANY)
def test_shares_rise_from_nothing_to_all_and_never_above_the_diagonal(values: list[int]) -> None:
    curve = lorenz(distribution(values))
    assert (curve[0], curve[-1]) == (0, 1)
    assert (np.diff(curve) >= -1e-12).all()
    assert (curve <= np.linspace(0, 1, 101) + 1e-12).all()
    assert -1e-12 <= gini(distribution(values)) < 1


def test_one_account_that_holds_all_makes_a_gini_near_one() -> None:
    assert gini(distribution([0] * 99 + [5])) == pytest.approx(0.99)
    assert gini(distribution([7] * 9)) == pytest.approx(0)


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Paris"])
def test_local_hours_are_those_of_the_clock_on_the_wall(name: str) -> None:
    """Every 25 minutes over both changes of the clock in 2026."""
    zone = zone_named(name)
    for begin in (datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
        moments = [begin + timedelta(minutes=25 * k) for k in range(1_400)]
        us = np.array([(m - EPOCH) // timedelta(microseconds=1) for m in moments])
        on_the_wall = [m.astimezone(zone).replace(tzinfo=UTC) for m in moments]
        assert local_hours(us, zone).tolist() == [
            (m - EPOCH) // timedelta(hours=1) for m in on_the_wall
        ]


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "/etc/passwd", "../UTC", "Europe", "\x1b[31m"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        zone_named(name)
    assert ": there is no such zone; give UTC or a name of the IANA database such as " in str(
        caught.value
    )
    assert "\x1b" not in str(caught.value)


def test_an_empty_name_of_a_zone_is_seen() -> None:
    with pytest.raises(InvalidInputError, match=r"^timezone '': there is no such zone"):
        zone_named("")


def test_a_zone_that_is_nearly_one_is_told_which() -> None:
    with pytest.raises(InvalidInputError) as caught:
        zone_named("Europe/Pari")
    assert str(caught.value).startswith(
        "timezone Europe/Pari: there is no such zone; give UTC or a name of the IANA database such "
        "as Europe/Paris, "
    )
