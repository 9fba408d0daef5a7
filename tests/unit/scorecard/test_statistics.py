"""Statistics of sessions, streams and clients against values that are known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.scorecard.calls import Calls
from sim.scorecard.clients import Clients, client_statistics, clients_of
from sim.scorecard.compared import hours_distance, ks_distance
from sim.scorecard.session_statistics import between_share, item_share, lag1, session_statistics
from sim.scorecard.stream_statistics import (
    atom_share,
    counts_of,
    hurst,
    rate_cv,
    stream_statistics,
    thinned,
    token_statistics,
)


def calls(*sessions: list[tuple[float, int, int, bool]]) -> Calls:
    """Calls of sessions: time, input, output, and whether a user asked."""
    rows = [(k, *row) for k, session in enumerate(sessions) for row in session]
    number, t, sent, got, opens = (np.array(x) for x in zip(*rows, strict=True))
    return Calls.sorted(
        number,
        t.astype(float),
        input_tokens=sent.astype(float),
        output_tokens=got.astype(float),
        opens_turn=opens,
    )


TWO = calls(
    [(5, 100, 10, True), (7, 150, 20, False), (107, 160, 30, True)],
    [(50, 900, 40, True)],
)


def test_sessions_turns_gaps_and_growth() -> None:
    found = session_statistics(TWO)
    expected = {
        "calls_mean": 2,
        "calls_p50": 2,
        "single_share": 0.5,
        "span_p50": 51,
        "gap_p50": 51,
        "gap_reach": (2 + 0.9 * 98) / 51,
        "growth_p50": 30,
        "dropped_share": 0.5,  # 160 is less than 150 and the answer of 20
        "first_input_p50": 500,
        "largest_input_p50": 530,
        "turn_calls_mean": 4 / 3,
        "human_gap_p50": 100,
        "tool_gap_p50": 2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_what_the_calls_do_not_tell_is_not_a_number() -> None:
    alone = Calls.sorted(
        np.array([0, 1]), np.zeros(2), input_tokens=np.ones(2), output_tokens=np.ones(2)
    )
    found = session_statistics(alone)
    unknown = ("gap_p50", "gap_cv", "growth_p50", "turn_calls_p50", "prefix_share", "item_share")
    assert all(np.isnan(found[name]) for name in unknown)


def test_share_between_groups_and_correlation_with_the_call_before() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(400), 20)
    own, noise = rng.standard_normal(400), rng.standard_normal((400, 20))
    values = np.repeat(own, 20) + noise.ravel()
    assert between_share(values, groups) == pytest.approx(0.5, abs=0.05)
    assert between_share(noise.ravel(), groups) < 0.02
    assert lag1(values, groups) == pytest.approx(-1 / 20, abs=0.03)  # centring costs so much

    for k in range(1, 20):
        noise[:, k] = 0.5 * noise[:, k - 1] + np.sqrt(0.75) * noise[:, k]
    values = np.repeat(own, 20) + noise.ravel()
    assert lag1(values, groups) == pytest.approx(0.4, abs=0.06)


def test_items_explain_what_they_explain() -> None:
    rng = np.random.default_rng(2)
    item = np.repeat(np.arange(300), 5)
    steps = np.exp(4 + np.repeat(rng.standard_normal(300), 5) + 0.5 * rng.standard_normal(1_500))
    sizes = np.ceil(steps).astype(int)
    n = int(sizes.sum())
    session = np.repeat(np.arange(1_500), sizes)
    made = Calls.sorted(
        session,
        np.arange(n, dtype=float),
        input_tokens=np.ones(n),
        output_tokens=np.ones(n),
        item=np.repeat(item, sizes),
    )
    assert item_share(made) == pytest.approx(0.8, abs=0.04)


def test_poisson_arrivals_have_no_rate_cv_and_gap_cv_1() -> None:
    rng = np.random.default_rng(3)
    length = 7_200.0
    times = np.sort(rng.random(36_000)) * length
    ones = np.ones(len(times))
    stream = Calls.sorted(
        np.zeros(len(times), int), times, length_s=length, input_tokens=ones, output_tokens=ones
    )
    found = stream_statistics(stream)
    assert found["gap_cv"] == pytest.approx(1, abs=0.02)
    assert found["gap_p50"] == pytest.approx(np.log(2), abs=0.02)
    assert found["rate_cv_1s"] < 0.06
    assert found["hurst"] == pytest.approx(0.5, abs=0.1)
    assert found["empty_minutes"] == 0
    fewer = thinned(stream, 0.25, rng)
    assert len(fewer) == pytest.approx(9_000, rel=0.05)


def test_a_rate_that_moves_is_seen_through_the_noise_of_counts() -> None:
    rng = np.random.default_rng(4)
    rates = 20 * rng.lognormal(-0.125, 0.5, 20_000)
    assert rate_cv(rng.poisson(rates)) == pytest.approx(np.sqrt(np.exp(0.25) - 1), rel=0.05)
    assert hurst(np.repeat(rng.poisson(rates[:40]), 100)) > 0.8


def test_bins_that_are_cut_are_left_out() -> None:
    assert counts_of(np.array([0.0, 9.9, 10, 24]), 25, 10).tolist() == [2, 1]


def test_lengths() -> None:
    sent = np.r_[np.full(60, 7.0), np.arange(100, 140)]
    assert atom_share(sent) == 0.69
    made = Calls.sorted(
        np.zeros(100, int), np.arange(100.0), input_tokens=sent, output_tokens=-sent + 200
    )
    assert token_statistics(made)["rank_correlation"] == pytest.approx(-1)
    assert token_statistics(made)["input_p50"] == 7


def test_clients_in_windows() -> None:
    steady = np.arange(0, 86_400 * 3, 30.0)
    bursts = np.concatenate([t + np.arange(20) * 0.1 for t in np.arange(300, 86_400 * 3, 43_200)])
    client = np.repeat([4, 9], [len(steady), len(bursts)])
    tokens = np.where(client == 4, 100.0, 400.0)
    found = clients_of(client, np.r_[steady, bursts], (tokens, tokens / 2), 86_400 * 3)
    assert found.windows == 432
    assert found.volumes.tolist() == [8_640, 120]
    assert found.requests.max() == 20
    assert found.gap_cv.max() < 0.01
    assert found.tokens.tolist() == [[100, 100, 50, 50], [400, 400, 200, 200]]
    assert len(found.grid) == 1  # the other client fills six windows of 432
    statistics = client_statistics(found)
    assert statistics["idle_share"] == 0
    assert statistics["diurnal_share"] == 0
    assert statistics["day_cv"] == pytest.approx(0)
    assert statistics["top_1_share"] == pytest.approx(8_640 / 8_760)
    assert found.first_windows(36).volumes.tolist() == [720, 20]


def test_hours_of_the_day() -> None:
    def active(hours: range) -> Clients:
        window = np.array([144 * day + 6 * hour for day in range(20) for hour in hours])
        n = len(window)
        ones = np.ones(n)
        return Clients(np.zeros(n, int), window, 10 * ones, ones, 20 * 144, np.ones((1, 4)))

    assert hours_distance(active(range(24)), active(range(24))) == pytest.approx(0, abs=1e-9)
    assert hours_distance(active(range(18)), active(range(6, 24))) == pytest.approx(1 / 3, abs=0.01)


def test_ks_distance() -> None:
    assert ks_distance(np.array([1.0, 2, 3]), np.array([1.0, 2, 3])) == 0
    assert ks_distance(np.array([1.0, 2]), np.array([3.0])) == 1
    assert np.isnan(ks_distance(np.zeros(0), np.ones(2)))
