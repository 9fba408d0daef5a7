"""A report for every check, and their table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.verification.report import FOLDER, Report, Result, write_table

RESULTS = pytest.StashKey[list[Result]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """A report named after the test, whose results join the table whatever becomes of it."""
    made = Report(request.node.name.removeprefix("test_").replace("_", " "))
    yield made
    request.config.stash.setdefault(RESULTS, []).extend(made.results)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    results = config.stash.get(RESULTS, [])
    if not results:
        return
    terminalreporter.section("verification")
    terminalreporter.write_line(write_table(results))
    failed = sum(not result.passed for result in results)
    terminalreporter.write_line(f"\n{len(results)} quantities, {failed} outside their tolerance")
    terminalreporter.write_line(f"plots and this table: {FOLDER}")
