"""Contexts of single actors, and generators that return chosen numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.actors.context import ActorContext
from sim.population.population import build_population
from sim.scenario.resolved import Actor
from tests.support.scenarios import scenario


def context_of(actor: Actor, **options: Any) -> ActorContext:
    """Return the context of an actor that is alone in a scenario with these options."""
    [context] = build_population(scenario(actor, **options)).contexts
    return context


class ChosenNumbers:
    """Stands for a generator: every method returns the next of the chosen arrays."""

    def __init__(self, *values: Sequence[float]) -> None:
        self._values = list(values)
        self.arguments: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def draw(*arguments: Any) -> Any:
            self.arguments.append((name, *arguments))
            return np.array(self._values.pop(0))

        return draw


def chosen(*values: Sequence[float]) -> Any:
    """Return a generator whose draws are these, in their order."""
    return ChosenNumbers(*values)
