"""Simulator of LLM API traffic: benchmarks, agents and campaigns from one universe of behaviour.

    >>> import sim
    >>> run = sim.run("worked_example", "runs/example")  # doctest: +SKIP
    >>> sim.counts(run).total["C1"]  # doctest: +SKIP
    12
    >>> run.sql("SELECT count(*) FROM exchanges")  # doctest: +SKIP

Each verb of the command line is a function of the same name; docs/reference/python.md describes
them. Classes are imported when they are first used, so that `import sim` stays light.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim._results import Verdicts, Verification
    from sim._run import Run
    from sim.audits import Audit
    from sim.calibration.form import Calibration
    from sim.comparison import Analysis
    from sim.counting import Counts
    from sim.exports.write import Export
    from sim.packs.pack import Pack
    from sim.packs.recipe import Recipe
    from sim.replicates import Replicates
    from sim.reporting.run_report import Report
    from sim.scenario import Scenario
    from sim.scorecard import Scorecard
    from sim.scoring.leaderboard import Leaderboard
    from sim.scoring.score import Score

from sim._front.claims_and_traces import calibrate, compare, realism
from sim._front.detection import detect
from sim._front.exports import export
from sim._front.packs import audit, dataset, load_recipe, open_pack
from sim._front.replays import stream
from sim._front.runs import (
    check_run,
    counts,
    open_run,
    plan,
    replicate,
    report,
    resume,
    run,
    verify,
)
from sim._front.scenarios import check, list_, schema, show
from sim._front.scenarios import check as load_scenario
from sim._front.scores import leaderboard, score
from sim._version import __version__
from sim.errors import CheckFailedError, InvalidInputError, SimError

# who wants to read what work begins and ends sets logging up
logging.getLogger("sim").addHandler(logging.NullHandler())

list = list_  # noqa: A001  the name of the verb

_CLASSES = {
    "Analysis": "sim.comparison",
    "Audit": "sim.audits",
    "Calibration": "sim.calibration.form",
    "Counts": "sim.counting",
    "Export": "sim.exports.write",
    "Leaderboard": "sim.scoring.leaderboard",
    "Pack": "sim.packs.pack",
    "Recipe": "sim.packs.recipe",
    "Replicates": "sim.replicates",
    "Report": "sim.reporting.run_report",
    "Run": "sim._run",
    "Scenario": "sim.scenario",
    "Score": "sim.scoring.score",
    "Scorecard": "sim.scorecard",
    "Verdicts": "sim._results",
    "Verification": "sim._results",
}

# `list` is left out: `from sim import *` would take away the list of Python.
__all__ = [
    "Analysis",
    "Audit",
    "Calibration",
    "CheckFailedError",
    "Counts",
    "Export",
    "InvalidInputError",
    "Leaderboard",
    "Pack",
    "Recipe",
    "Replicates",
    "Report",
    "Run",
    "Scenario",
    "Score",
    "Scorecard",
    "SimError",
    "Verdicts",
    "Verification",
    "__version__",
    "audit",
    "calibrate",
    "check",
    "check_run",
    "compare",
    "counts",
    "dataset",
    "detect",
    "export",
    "leaderboard",
    "load_recipe",
    "load_scenario",
    "open_pack",
    "open_run",
    "plan",
    "realism",
    "replicate",
    "report",
    "resume",
    "run",
    "schema",
    "score",
    "show",
    "stream",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _CLASSES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_CLASSES[name]), name)


def __dir__() -> Iterable[str]:
    return sorted([*__all__, "list"])
