"""Simulator of LLM API traffic: benchmarks, agents and campaigns from one universe of behaviour.

    >>> import sim
    >>> scenario = sim.load_scenario("my.yaml", seed=7)  # doctest: +SKIP

Every name of the front is imported when it is first used, so that `import sim` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.errors import CheckFailedError, InvalidInputError, SimError
    from sim.scenario import Scenario, dump_resolved, json_schema, load_scenario, shipped_scenarios

__version__ = "0.1.0"

_FRONT = {
    "CheckFailedError": "sim.errors",
    "InvalidInputError": "sim.errors",
    "Scenario": "sim.scenario",
    "SimError": "sim.errors",
    "dump_resolved": "sim.scenario",
    "json_schema": "sim.scenario",
    "load_scenario": "sim.scenario",
    "shipped_scenarios": "sim.scenario",
}

__all__ = [
    "CheckFailedError",
    "InvalidInputError",
    "Scenario",
    "SimError",
    "__version__",
    "dump_resolved",
    "json_schema",
    "load_scenario",
    "shipped_scenarios",
]


def __getattr__(name: str) -> Any:
    if name not in _FRONT:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_FRONT[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
