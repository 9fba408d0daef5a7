"""Which model a client uses and which sessions a holiday leaves, as docs/world.md says."""

from __future__ import annotations

import math
from typing import NamedTuple

from sim.scenario.resolved import Actor, World
from tests.oracle.conditions import goes_on


class Client(NamedTuple):
    """Who decides for a model: an account or, in a pool, a prompt of an account."""

    own_model: str
    asks_latest: bool
    moves_at: float


def model_of(world: World, actor: Actor, client: Client, at_us: int) -> str:
    """The model that a session, a prompt or a run uses that begins at `at_us`."""
    model = client.own_model
    if actor.benchmark is not None:
        return model
    for release in sorted(world.events, key=lambda event: event.at_us):
        if release.kind != "release" or release.model is None or at_us < release.at_us:
            continue
        since_us, over_us = at_us - release.at_us, actor.uptake.over_us
        moved = actor.uptake.share * (min(1.0, since_us / over_us) if over_us else 1.0)
        if client.asks_latest or client.moves_at < moved:
            model = release.model
    return model


def is_opened(world: World, at_us: int, u: float) -> bool:
    """Whether a session with the uniform number `u` is opened, on a holiday or any other day."""
    holidays = [e.factor for e in world.events if e.kind == "holiday" and goes_on(e, at_us)]
    return u < math.prod(holidays)
