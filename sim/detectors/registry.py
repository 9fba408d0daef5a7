"""All baselines by name, from the simplest to the last word."""

from __future__ import annotations

from types import MappingProxyType

from sim.detectors.baseline import Baseline

# A line a module, in the order in which tables show them.
_ALL: tuple[Baseline, ...] = ()
BASELINES = MappingProxyType({baseline.name: baseline for baseline in _ALL})
