"""How accounts behave: as their own actor says, or in a mode that all classes share.

`separability` of an actor is the share of its organisations that follow the parameters of their
own typology. The others each follow a mode, drawn with the weights of the typology. So what an
account does alone tells less of its class the smaller it is; what accounts of one operator have in
common stays.
"""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Ints
from sim.catalog import modes
from sim.scenario.resolved import Actor
from sim.streams import Streams

OWN_MODE = 0
"""The mode of those who behave as their typology says."""


def behaviours_of(actor: Actor) -> tuple[Actor, ...]:
    """Return the actor as it behaves in each of its modes, `OWN_MODE` first."""
    if actor.separability == 1:
        return (actor,)
    return (actor, *(_in_mode(actor, mode) for mode in actor.modes))


def _in_mode(actor: Actor, mode: str) -> Actor:
    parameters = dict(modes()[mode].parameters)
    # the length of answers is that of the scaffold of the mode
    parameters["output_tokens"] = None
    return Actor.model_validate({**actor.model_dump(), **parameters})


def modes_of(actor: Actor, organisations: int, streams: Streams) -> Ints:
    """Draw the mode of each organisation, ascending: organisations have no order of their own.

    Returns
    -------
    Ints
        Shape (organisations,), indices into `behaviours_of(actor)`.
    """
    if actor.separability == 1:
        return np.full(organisations, OWN_MODE)
    rng = streams.rng(actor.id, "modes")
    weights = np.array(list(actor.modes.values()))
    mode = 1 + rng.choice(len(weights), organisations, p=weights / weights.sum())
    return np.sort(np.where(rng.random(organisations) < actor.separability, OWN_MODE, mode))
