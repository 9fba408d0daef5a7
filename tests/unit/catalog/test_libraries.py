"""The libraries that ship, and files that hold one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from sim.catalog import Library, libraries
from sim.catalog.libraries import library as library_of
from sim.catalog.libraries import write_library
from sim.errors import InvalidInputError
from sim.traces import read_trace, session_clusters, split_trace
from tests.support.paths import ROOT

SHIPPED = ROOT / "sim" / "catalog" / "data" / "libraries"


@pytest.fixture(scope="module")
def library() -> Library:
    return libraries()["claude-code"]


def test_it_holds_sessions_of_the_part_of_the_trace_to_fit_on(library: Library) -> None:
    """What is left serves to test on."""
    fit, test = split_trace(read_trace("claude_code"))
    call = ["input_tokens", "output_tokens"]
    first = library.first
    begins = set(zip(library.begin_tokens[first], library.output_tokens[first], strict=True))
    assert begins <= set(fit.rows[call].itertuples(index=False, name=None))
    assert not begins & set(test.rows[call].itertuples(index=False, name=None))
    assert library.sources == len(np.unique(session_clusters(fit)))


def test_it_is_small() -> None:
    assert (SHIPPED / "claude-code.parquet").stat().st_size < 500_000


def test_neighbours_are_of_other_sources_and_go_on_alike(library: Library) -> None:
    near = library.neighbours
    row, place = np.nonzero(near >= 0)
    other = near[row, place]
    assert (library.source[other] != library.source[row]).all()
    assert not np.isin(other, library.last).any()
    assert (library.opens_turn[other + 1] == library.opens_turn[row + 1]).all()


def test_every_call_that_goes_on_has_neighbours(library: Library) -> None:
    goes_on = ~np.isin(np.arange(len(library.source)), library.last)
    assert (library.neighbours[goes_on] >= 0).all()
    assert (library.neighbours[~goes_on] == -1).all()


def test_columns_of_first_calls(library: Library) -> None:
    first = library.first
    assert library.opens_turn[first].all()
    assert (library.begin_tokens[first] > 0).all()
    assert np.count_nonzero(library.begin_tokens) == len(first) == library.sources
    for column in (library.wait_s, library.growth, library.before_tokens):
        assert not column[first].any()


def test_a_library_is_not_to_be_changed(library: Library) -> None:
    with pytest.raises(ValueError, match="read-only"):
        library.wait_s[0] = 1


# --- files


def test_a_file_gives_the_library_back_and_the_same_bytes(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    write_library(library, path)
    assert path.read_bytes() == (SHIPPED / "claude-code.parquet").read_bytes()

    again = library_of(str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    assert again.facts == library.facts
    assert np.array_equal(again.neighbours, library.neighbours)
    assert np.array_equal(again.wait_s, library.wait_s)


def test_a_changed_file_is_refused(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    write_library(library, path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(InvalidInputError) as error:
        library_of(str(path), "0" * 64)
    assert str(error.value) == (
        f"{path}: has changed since it was written (SHA-256 {found[:12]}..., expected "
        "000000000000...); write it anew with sim calibrate"
    )


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.parquet"
    with pytest.raises(InvalidInputError) as error:
        library_of(str(path))
    assert str(error.value) == f"{path}: cannot be read: No such file or directory"

    trace = ROOT / "sim" / "catalog" / "data" / "traces" / "claude_code.parquet"
    for content in (b"PAR1 and no more", trace.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(InvalidInputError) as error:
            library_of(str(path))
        assert str(error.value) == (
            f"{path}: no library of calls of version 1; sim calibrate writes one"
        )


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidInputError) as error:
        library_of("claude-cod")
    assert str(error.value) == "unknown library 'claude-cod': did you mean claude-code?"
