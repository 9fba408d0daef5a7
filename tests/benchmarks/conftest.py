"""What all speed ratios share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.records import record


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Any:
    """Print a table, and keep it for the documentation."""

    def printed(title: str, text: str) -> None:
        with capsys.disabled():
            print(f"\n{title}\n\n{text}")  # noqa: T201 - what the benchmark is for
        record("performance", {title: text})

    return printed


@pytest.fixture
def reached(capsys: pytest.CaptureFixture[str]) -> Any:
    """Print what was measured beside its goal, and keep it for the table of goals.

    The goals are of November 2026, and so is what was measured before them, on another machine of
    the same kind.
    """

    def printed(what: str, before: str, goal: str, measured: str, *, met: bool) -> None:
        row = [what, before, goal, measured, "met" if met else "missed"]
        with capsys.disabled():
            print(f"\n{' | '.join(row)}")  # noqa: T201 - what the benchmark is for
        record("goals", {what: row})

    return printed
