"""The scenario format: strict YAML, human form, resolved form."""

from sim.scenario.dump import dump_resolved
from sim.scenario.load import load_scenario, shipped_scenarios
from sim.scenario.resolved import Actor, Clock, Rhythm, Scenario, Tables, Turns
from sim.scenario.schema import json_schema

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
