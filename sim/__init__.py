"""Simulator of LLM API traffic: benchmarks, agents and campaigns from one universe of behaviour.

    >>> import sim
    >>> scenario = sim.load_scenario("worked_example")
    >>> summary = sim.run(scenario, Path("runs/example"))  # doctest: +SKIP
    >>> sim.count_run(summary.path).total["C1"]  # doctest: +SKIP
    8
    >>> sim.open_run(summary.path).sql("SELECT count(*) FROM exchanges")  # doctest: +SKIP

Every name of the front is imported when it is first used, so that `import sim` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.comparison import Analysis, analyse
    from sim.counting import Counts, count_run
    from sim.engine.run import RunSummary, resume, run
    from sim.errors import CheckFailedError, InvalidInputError, SimError
    from sim.replicates import replicate
    from sim.scenario import Scenario, dump_resolved, json_schema, load_scenario, shipped_scenarios
    from sim.tables.reading import Run, open_run

from sim._version import __version__

_FRONT = {
    "Analysis": "sim.comparison",
    "CheckFailedError": "sim.errors",
    "Counts": "sim.counting",
    "InvalidInputError": "sim.errors",
    "Run": "sim.tables.reading",
    "RunSummary": "sim.engine.run",
    "Scenario": "sim.scenario",
    "SimError": "sim.errors",
    "analyse": "sim.comparison",
    "count_run": "sim.counting",
    "dump_resolved": "sim.scenario",
    "json_schema": "sim.scenario",
    "load_scenario": "sim.scenario",
    "open_run": "sim.tables.reading",
    "replicate": "sim.replicates",
    "resume": "sim.engine.run",
    "run": "sim.engine.run",
    "shipped_scenarios": "sim.scenario",
}

__all__ = [
    "Analysis",
    "CheckFailedError",
    "Counts",
    "InvalidInputError",
    "Run",
    "RunSummary",
    "Scenario",
    "SimError",
    "__version__",
    "analyse",
    "count_run",
    "dump_resolved",
    "json_schema",
    "load_scenario",
    "open_run",
    "replicate",
    "resume",
    "run",
    "shipped_scenarios",
]


def __getattr__(name: str) -> Any:
    if name not in _FRONT:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_FRONT[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
