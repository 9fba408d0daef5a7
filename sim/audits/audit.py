"""Make the tests on the tables of a run or a pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.audits.context import AuditTest, Context
from sim.audits.registry import tests_of
from sim.audits.report import Audit, Finding, not_checked
from sim.catalog.audits import DIFFICULTIES
from sim.errors import InvalidInputError
from sim.tables.database import RunTables

if TYPE_CHECKING:
    from sim.scenario.resolved import Scenario


def audit(
    tables: RunTables,
    *,
    difficulty: str = "hard",
    scenario: Scenario | None = None,
    simulate: bool = False,
    seed: int = 0,
    only: Iterable[str] = (),
    what: str = "",
    observe: Callable[[str], None] | None = None,
) -> Audit:
    """Ask whether anything but behaviour tells the label.

    Parameters
    ----------
    tables
        Of a run or a pack. With a leak planted in it, to see that it is found.
    difficulty
        `easy`, `medium` or `hard`: whose limits hold.
    scenario
        The scenario behind a run. T8 and T11 simulate it once more, cut small.
    simulate
        Whether they may; else they are not checked.
    seed
        Of samples, permutations and folds.
    only
        Ids of tests, such as `T3`; all if left out.
    what
        How the run or pack is called in the report.
    observe
        Is told which test comes next.

    Raises
    ------
    InvalidInputError
        There is no such difficulty or test, or the tables are not those of a log.
    """
    if difficulty not in DIFFICULTIES:
        raise InvalidInputError(
            f"difficulty: should be one of {', '.join(DIFFICULTIES)}, found {difficulty!r}"
        )
    lost = [s for s in ("log/exchanges", "log/accounts") if s not in tables.schemas]
    if lost:
        raise InvalidInputError(f"{what or 'tables'}: no {' and no '.join(lost)}")

    context = Context(
        tables, difficulty=difficulty, scenario=scenario, simulates=simulate, seed=seed
    )
    findings: list[Finding] = []
    for test in tests_of(tuple(only)):
        if observe is not None:
            observe(f"{test.id}: {test.title}")
        findings += findings_of(test, context)
    return Audit(what, difficulty, tuple(findings))


def findings_of(test: AuditTest, context: Context) -> list[Finding]:
    """Make one test: its findings, or why it was not made."""
    lacks = [reason for need in test.needs if (reason := context.lacks(need))]
    if lacks:
        found = [not_checked(test.title, "; ".join(lacks))]
    elif not context.exchanges:
        found = [not_checked(test.title, "the log is empty")]
    else:
        found = list(test.check(context)) or [not_checked(test.title, "nothing to ask about")]
    return [replace(finding, test=test.id) for finding in found]
