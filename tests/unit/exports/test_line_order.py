"""Lines by their times, whatever the order in which they are made."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator

import pytest

from sim.errors import SimError
from sim.exports.format import Encoded
from sim.exports.line_order import by_time


def pieces(lines: list[tuple[int, bytes]], at_once: int) -> Iterator[Encoded]:
    """Lines with times, so many at once."""
    for start in range(0, len(lines), at_once):
        some = lines[start : start + at_once]
        yield Encoded(lines=[line for _, line in some], times_us=[time for time, _ in some])
        yield Encoded()


@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_lines_stand_by_time_and_within_one_as_they_came(at_once: int) -> None:
    rng = random.Random(5)
    lines = [(rng.randrange(30), b"%d\n" % number * rng.randint(1, 5)) for number in range(300)]
    expected = b"".join(line for _, line in sorted(lines, key=lambda one: one[0]))
    assert b"".join(by_time(pieces(lines, at_once), "lines")) == expected


def test_they_come_in_pieces_of_a_bounded_size() -> None:
    lines = [(-number, b"x" * 1_000_000) for number in range(9)]
    sizes = [len(piece) for piece in by_time(pieces(lines, 2), "lines")]
    assert sizes == [4_000_000, 4_000_000, 1_000_000]


def test_of_nothing_there_is_nothing() -> None:
    assert b"".join(by_time(iter([Encoded()]), "lines")) == b""


def test_without_room_for_them_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, hard))
    try:
        with pytest.raises(SimError) as refused:
            list(by_time(pieces([(0, b"x" * 4_000_000)], 1), "out: its lines"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(refused.value) == (
        "out: its lines have no room in /tmp: File too large; free some space there, or set "
        "TMPDIR to another folder"
    )
