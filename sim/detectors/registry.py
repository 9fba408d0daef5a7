"""All baselines by name, from the simplest to the last word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sim.detectors import (
    daily,
    ensemble,
    logistic,
    marginals,
    mmd,
    one_rule,
    prada,
    relations,
    shared_instruments,
    synchrony,
    volume,
)
from sim.detectors.baseline import Baseline

# A line a module, in the order in which tables show them.
_ALL = (
    volume.BASELINE,
    one_rule.BASELINE,
    logistic.BASELINE,
    marginals.BASELINE,
    daily.BASELINE,
    shared_instruments.BASELINE,
    relations.BASELINE,
    synchrony.BASELINE,
    mmd.BASELINE,
    prada.BASELINE,
    ensemble.BASELINE,
)
BASELINES: Mapping[str, Baseline] = MappingProxyType({each.name: each for each in _ALL})
