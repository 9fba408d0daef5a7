"""Sessions of joined blocks: what may follow what, how much of a source comes back, what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.arrays.ragged import starts_of
from sim.arrays.types import Floats, Ints
from sim.catalog import Library, libraries
from sim.scaffold.library_sessions import LibrarySessions, draw_library_sessions, stretched

SESSIONS = 4_000


@pytest.fixture(scope="module")
def library() -> Library:
    return libraries()["claude-code"]


@pytest.fixture(scope="module")
def drawn(library: Library) -> LibrarySessions:
    return draw_library_sessions(library, SESSIONS, np.random.default_rng(1))


def rows_of_sessions(drawn: LibrarySessions) -> list[Ints]:
    return np.split(drawn.rows, np.cumsum(drawn.per_session)[:-1])


def wholly_replayed(library: Library, drawn: LibrarySessions) -> int:
    """Return how many sessions have more of a source than `longest_run` calls."""
    session = np.repeat(np.arange(len(drawn.per_session)), drawn.per_session)
    pairs, calls = np.unique(
        np.column_stack([session, library.source[drawn.rows]]), axis=0, return_counts=True
    )
    return int((calls > library.longest_run[pairs[:, 1]]).sum())


def test_a_session_begins_where_a_source_does(library: Library, drawn: LibrarySessions) -> None:
    assert len(drawn.per_session) == SESSIONS
    assert drawn.per_session.min() >= 1
    assert np.isin(drawn.rows[starts_of(drawn.per_session)], library.first).all()


def test_a_call_follows_in_its_source_or_where_a_neighbour_goes_on(
    library: Library, drawn: LibrarySessions
) -> None:
    for rows in rows_of_sessions(drawn)[:500]:
        is_join = np.diff(rows) != 1
        before, after = rows[:-1][is_join], rows[1:][is_join]
        assert (library.neighbours[before] == after[:, None] - 1).any(axis=1).all()
        # after a last call there is always a join
        assert not np.isin(rows[:-1][~is_join], library.last).any()


def test_no_more_of_a_source_comes_back_than_its_longest_run(
    library: Library, drawn: LibrarySessions
) -> None:
    calls = library.last - library.first + 1
    assert (library.longest_run <= np.maximum(calls * library.most_share, 1)).all()
    assert (library.longest_run <= library.most_calls).all()
    assert wholly_replayed(library, drawn) == 0


def test_without_the_bound_sources_come_back_whole(library: Library) -> None:
    """The test above can fail: it finds sessions of a library that knows no bound."""
    unbounded = replace(library, most_share=1.0, most_calls=10**6, block_calls=1e9)
    drawn = draw_library_sessions(unbounded, 50, np.random.default_rng(1))
    assert wholly_replayed(library, drawn) > 40


def test_no_session_comes_back_to_a_source(library: Library, drawn: LibrarySessions) -> None:
    for rows in rows_of_sessions(drawn)[:500]:
        source = library.source[rows]
        assert (np.diff(source) != 0).sum() + 1 == len(np.unique(source))


def test_the_same_generator_draws_the_same_sessions(library: Library) -> None:
    one, two = (draw_library_sessions(library, 50, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.rows, two.rows)
    assert np.array_equal(one.per_session, two.per_session)


def test_weights_decide_where_sessions_begin(library: Library) -> None:
    weights = np.zeros(library.sources)
    weights[[2, 5]] = 1.0, 3.0
    drawn = draw_library_sessions(library, 400, np.random.default_rng(4), weights)
    begins = library.source[drawn.rows[starts_of(drawn.per_session)]]
    assert set(begins.tolist()) == {2, 5}
    assert np.mean(begins == 5) == pytest.approx(0.75, abs=0.07)


def test_no_sessions_have_no_rows(library: Library) -> None:
    drawn = draw_library_sessions(library, 0, np.random.default_rng(5))
    assert drawn.rows.shape == drawn.per_session.shape == (0,)


# --- what stays of the sources


def test_sessions_are_as_long_as_sources(library: Library, drawn: LibrarySessions) -> None:
    calls = library.last - library.first + 1
    for share in (0.25, 0.5, 0.75, 0.9):
        ratio = np.quantile(drawn.per_session, share) / np.quantile(calls, share)
        assert 0.65 < ratio < 1.5
    assert drawn.per_session.mean() == pytest.approx(calls.mean(), rel=0.2)


def memory(values: Floats, per_session: Ints) -> tuple[float, float]:
    """Return the share of variance between sessions, and the correlation of calls in a row."""
    session = np.repeat(np.arange(len(per_session)), per_session)
    mean = np.bincount(session, values) / per_session
    within = ((values - mean[session]) ** 2).sum() / (len(values) - len(per_session))
    is_same = np.diff(session) == 0
    lag = np.corrcoef(values[:-1][is_same], values[1:][is_same])[0, 1]
    return 1 - within / values.var(), float(lag)


@pytest.mark.parametrize("column", ["output_tokens", "wait_s"])
def test_people_and_tasks_stay_different_over_joins(
    library: Library, drawn: LibrarySessions, column: str
) -> None:
    """Of independent calls both numbers would be 0."""
    values = np.log1p(getattr(library, column))
    between, lag = memory(values, library.last - library.first + 1)
    found_between, found_lag = memory(values[drawn.rows], drawn.per_session)
    assert between > 0.06
    assert lag > 0.12
    assert 0.6 < found_between / between < 1.3
    assert 0.75 < found_lag / lag < 1.25


def test_no_call_comes_back_exactly_and_none_far_off(
    library: Library, drawn: LibrarySessions
) -> None:
    wait_s, net_tokens, output = stretched(library, drawn.rows, np.random.default_rng(6))
    recorded = library.wait_s[drawn.rows]
    waits = recorded > 0
    assert (wait_s[waits] != recorded[waits]).all()
    ratio = np.log(wait_s[waits] / recorded[waits])
    assert ratio.mean() == pytest.approx(0, abs=0.01)
    assert ratio.std() < 0.2

    net = library.growth - library.before_tokens
    assert (np.sign(net_tokens) == np.sign(net[drawn.rows]))[np.abs(net[drawn.rows]) > 1].all()
    assert np.array_equal(output, np.rint(output))
    assert output.sum() == pytest.approx(library.output_tokens[drawn.rows].sum(), rel=0.02)
