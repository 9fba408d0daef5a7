"""A report for every check, and their table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from itertools import groupby
from typing import Any

import pytest

from tests.support.records import record
from tests.verification.report import FOLDER, Report, Result, write_table

RESULTS = pytest.StashKey[list[Result]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """A report named after the test, whose results join the table whatever becomes of it."""
    made = Report(request.node.name.removeprefix("test_").replace("_", " "))
    yield made
    request.config.stash.setdefault(RESULTS, []).extend(made.results)


def by_check(results: list[Result]) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield (check, its quantities as rows of a table), in the order of the checks."""
    for check, group in groupby(results, key=lambda result: result.check):
        yield check, [list(astuple(result)[1:]) for result in group]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    results = config.stash.get(RESULTS, [])
    if not results:
        return
    terminalreporter.section("verification")
    terminalreporter.write_line(write_table(results))
    record("verification", dict(by_check(results)))
    failed = sum(not result.passed for result in results)
    terminalreporter.write_line(f"\n{len(results)} quantities, {failed} outside their tolerance")
    terminalreporter.write_line(f"plots and this table: {FOLDER}")
