"""The scenario format: strict YAML, human form, resolved form.

`load` goes the whole way: `parse` checks a document by the human form (`scenario_form`,
`actor_forms`, `actor_parts`, `world_forms`), `checks` looks at what must hold between keys,
`resolve` fills in defaults and scales, and `resolved` is all that the engine reads.
"""

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
