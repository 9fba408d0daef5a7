"""How accounts behave, and whom they share with: as their own actor says, or as all classes do.

`separability` is the share of organisations that follow the dials of their own typology. The others
each follow a mode, drawn with the weights of the typology. So what an account does alone tells less
of its class the smaller it is; what accounts of one operator have in common stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import sim.catalog as catalog
from sim.arrays.types import Bools, Floats, Ints
from sim.distributions import Distribution
from sim.scenario.resolved import Actor
from sim.streams import Streams

OWN = 0


def behaviours_of(actor: Actor, separability: float) -> tuple[Actor, ...]:
    """The actor as it behaves in each of its modes; the first is its own way."""
    if separability == 1:
        return (actor,)
    return (actor, *(_in_mode(actor, mode) for mode in actor.modes))


def _in_mode(actor: Actor, mode: str) -> Actor:
    dials = dict(catalog.modes()[mode].parameters)
    # one of several templates that an operator hands out stays one of those
    dials["output_tokens"] = None
    return Actor.model_validate({**actor.model_dump(), **dials})


def modes_of(actor: Actor, organisations: int, separability: float, streams: Streams) -> Ints:
    """The behaviour of each organisation, ascending: organisations have no order of their own."""
    if separability == 1:
        return np.zeros(organisations, np.int64)
    rng = streams.rng(actor.id, "modes")
    weights = np.array(list(actor.modes.values()))
    mode = 1 + rng.choice(len(weights), organisations, p=weights / weights.sum())
    return np.sort(np.where(rng.random(organisations) < separability, OWN, mode))


class Circles:
    """Cohorts of accounts, each of which signs up and shares as a circle does, or as its actor.

    `cohort` numbers that of each account, ascending; organisations are not divided.
    """

    def __init__(
        self, rng: np.random.Generator, actor: Actor, separability: float, organisation: Ints
    ) -> None:
        names = list(actor.circles) if separability < 1 else []
        dials = [catalog.sharing_groups()[name].parameters for name in names]
        self._ways = (actor, *(actor.model_copy(update=_parsed(d)) for d in dials))
        first = np.flatnonzero(np.diff(organisation, prepend=-1))
        groups = len(first)
        way = self._drawn(rng, actor, names, groups, separability)
        size = np.array([w.cohort_size for w in self._ways])[way]
        size = np.maximum(size * groups / max(len(organisation), 1), 1.0)
        ends = np.cumsum(rng.geometric(1 / size))
        of_group = np.searchsorted(ends, np.arange(groups), side="right")
        self.cohort: Ints = of_group[np.cumsum(np.diff(organisation, prepend=-1) != 0) - 1]
        self._way = way[self.cohort]

    @staticmethod
    def _drawn(
        rng: np.random.Generator, actor: Actor, names: list[str], groups: int, separability: float
    ) -> Ints:
        """The way of every cohort that there can be; 0 is that of the actor."""
        if not names:
            return np.zeros(groups, np.int64)
        # as a share of accounts, not of cohorts: large cohorts are drawn the less often
        sizes = np.array(
            [catalog.sharing_groups()[name].parameters["cohort_size"] for name in names]
        )
        weights = np.array([actor.circles[name] for name in names]) * (1 - separability) / sizes
        chance = np.concatenate([[separability / actor.cohort_size], weights])
        drawn: Ints = rng.choice(len(chance), groups, p=chance / chance.sum())
        return drawn

    def dial(self, name: str) -> Floats:
        """A dial of each account."""
        values: Floats = np.array([float(getattr(way, name)) for way in self._ways])
        return np.asarray(values[self._way])

    @property
    def in_a_group(self) -> Bools:
        """Accounts whose cohort shares a /24."""
        return self.dial("cohort_size") > 1

    def ages_days(self, rng: np.random.Generator) -> Floats:
        """Age of each cohort, by account."""
        cohorts = int(self.cohort[-1]) + 1 if len(self.cohort) else 0
        drawn = np.stack([way.account_age_days.sample(rng, cohorts) for way in self._ways])
        return np.asarray(drawn[self._way, self.cohort])


def _parsed(dials: Mapping[str, Any]) -> dict[str, Any]:
    age = Distribution.model_validate(dials["account_age_days"])
    return {**dials, "account_age_days": age}
