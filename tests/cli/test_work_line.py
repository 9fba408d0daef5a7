"""What `sim compare` says on stderr while it computes, and what it prints before it is done."""

from __future__ import annotations

import io
import re
import time

import pytest

from sim.cli import progress
from sim.cli.progress import WorkLine, work_line
from tests.support.commands import sim

QUICK = ("A4", "--hypothesis", "resale", "--only", "needed", "--draws", "200")


class Terminal(io.StringIO):
    """A stderr that calls itself a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def wait_for(text: str, stream: io.StringIO) -> None:
    until = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < until, stream.getvalue()
        time.sleep(0.005)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "ELSEWHERE_S", 0.001)
    monkeypatch.setattr(progress, "ON_TERMINAL_S", 0.001)


@pytest.mark.usefixtures("quickly")
def test_off_a_terminal_lines_say_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    with work_line(quiet=False) as line:
        line.doing = "computing odds, 1 of 3 sections done"
        wait_for("computing odds, 1 of 3 sections done, 0 s\n", said)
    length = len(said.getvalue())
    time.sleep(0.02)
    assert len(said.getvalue()) == length, "nothing is said after the end"


@pytest.mark.usefixtures("quickly")
def test_on_a_terminal_one_line_is_drawn_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Terminal()
    monkeypatch.setattr("sys.stderr", said)
    with work_line(quiet=False) as line:
        wait_for("\rbeginning, 0 s\x1b[K\r", said)
        with line.paused():
            assert said.getvalue().endswith("\r\x1b[K")
            length = len(said.getvalue())
            time.sleep(0.02)
            assert len(said.getvalue()) == length
    assert said.getvalue().endswith("\r\x1b[K")
    assert "\n" not in said.getvalue()


@pytest.mark.usefixtures("quickly")
def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Terminal()
    monkeypatch.setattr("sys.stderr", said)
    with work_line(quiet=True) as line, line.paused():
        time.sleep(0.01)
    assert said.getvalue() == ""


@pytest.mark.usefixtures("quickly")
def test_a_comparison_says_how_far_it_is() -> None:
    said = sim("compare", *QUICK).stderr
    assert re.search(r"^computing needed, 0 of 1 sections done, \d+ s$", said, re.MULTILINE)
    assert sim("compare", *QUICK, "-q").stderr == ""


def test_little_work_says_nothing() -> None:
    assert sim("compare", *QUICK).stderr == ""


def test_text_is_printed_before_all_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr("click.echo", lambda text, **_: printed.append(text))
    words = ("A4", "--hypothesis", "resale", "--only", "claims", "--only", "needed")
    sim("compare", *words, "--draws", "200")
    first, second, third = printed
    assert first.startswith("Before you read on")
    assert second.startswith("claims: ")
    assert third.startswith("needed: ")


def test_nobody_to_read_it_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Closed())
    monkeypatch.setattr(progress, "ELSEWHERE_S", 0.001)
    line = WorkLine(quiet=False)
    time.sleep(0.01)
    line.stop()
