"""All baselines by name, from the simplest to the last word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sim.detectors import daily, ensemble, logistic, marginals, one_rule, volume
from sim.detectors.baseline import Baseline

# A line a module, in the order in which tables show them.
_ALL = (
    volume.BASELINE,
    one_rule.BASELINE,
    logistic.BASELINE,
    marginals.BASELINE,
    daily.BASELINE,
    ensemble.BASELINE,
)
BASELINES: Mapping[str, Baseline] = MappingProxyType({each.name: each for each in _ALL})
