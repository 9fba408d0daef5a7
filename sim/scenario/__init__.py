"""The scenario format: strict YAML, human form, resolved form.

`load` goes the whole way: `parse` checks a document by the human form (`scenario_form`,
`actor_forms`, `actor_parts`, `world_forms`), `checks` looks at what must hold between keys,
`resolve` fills in defaults and scales, and `resolved` is all that the engine reads. Names are
imported when they are first used: workers of a run read no file, and start without the human form.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario.dump import dump_resolved
    from sim.scenario.load import load_scenario, shipped_scenarios
    from sim.scenario.resolved import Actor, Clock, Rhythm, Scenario, Tables, Turns
    from sim.scenario.scenario_schema import json_schema

__all__ = [
    "Actor",
    "Clock",
    "Rhythm",
    "Scenario",
    "Tables",
    "Turns",
    "dump_resolved",
    "json_schema",
    "load_scenario",
    "shipped_scenarios",
]

_ELSEWHERE = {
    "dump_resolved": "dump",
    "json_schema": "scenario_schema",
    "load_scenario": "load",
    "shipped_scenarios": "load",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'sim.scenario' has no attribute '{name}'")
    return getattr(import_module(f"sim.scenario.{_ELSEWHERE.get(name, 'resolved')}"), name)
