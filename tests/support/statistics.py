"""Numbers found in what was generated, next to those expected and their standard errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sim.actors.context import ActorContext
from sim.distributions import Distribution
from sim.documents.strict_yaml import parse_yaml
from sim.population.population import build_population
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario

ERRORS = 5
ACCOUNTS = 3_000


class Measure(NamedTuple):
    name: str
    found: float
    expected: float
    error: float

    @property
    def is_off(self) -> bool:
        return not abs(self.found - self.expected) <= ERRORS * self.error + 1e-9


def share(name: str, chosen: Any, expected: float, of: Any = None) -> Measure:
    """A share of accounts; those with one value of `of`, such as a /24, share their fate."""
    n = len(chosen)
    if of is not None:
        n = n**2 / (np.unique(of, return_counts=True)[1] ** 2).sum()
    found, least = float(np.mean(chosen)), 0.5 / n
    p = min(max(expected, least), 1 - least) if 0 < expected < 1 else expected
    return Measure(name, found, expected, math.sqrt(p * (1 - p) / n))


def below(name: str, values: Any, law: Distribution, of: Any = None) -> Iterator[Measure]:
    """Shares below quantiles of a distribution; above 1 it may be rounded."""
    for p in (0.2, 0.5, 0.8):
        x = law.quantile(p)
        yield share(f"{name} below {x:.3g}", values <= x, law.cdf(x), of)


def loaded(typology: str, days: float = 1.0, **dials: Any) -> Scenario:
    given = "".join(f", {key}: {value}" for key, value in dials.items())
    text = (
        "version: 1\nname: one\nseed: 11\nclock: {start: 2026-01-05, duration: "
        f"{round(24 * days)} h}}\nactors:\n  - {{id: one, typology: {typology}{given}}}\n"
    )
    return scenario_of(parse_yaml(text, "one.yaml"))


@lru_cache(maxsize=2)
def stage_of(typology: str, **dials: float) -> ActorContext:
    """Many accounts of a typology, each of an organisation of its own."""
    made = loaded(typology, accounts=ACCOUNTS, organisations=ACCOUNTS, **dials)
    return build_population(made).contexts[0]


def off(measures: Iterable[Measure]) -> list[Measure]:
    return [measure for measure in measures if measure.is_off]
