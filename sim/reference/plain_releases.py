"""Which sessions holidays leave, and which model each session uses, decided one by one."""

from __future__ import annotations

import math

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.reference.conditions_over_time import is_going_on
from sim.scenario.resolved import Uptake, World
from sim.world.releases import Releases


def opened_share(world: World, at_us: Ints) -> Floats:
    """Return the share of the usual sessions that are opened at each time, shape (times,).

    A session is opened if its uniform number is below that share (a thinned Poisson process).
    """
    return np.array([_opened_share_at(world, now_us) for now_us in at_us.tolist()])


def _opened_share_at(world: World, now_us: int) -> float:
    holidays = [event for event in world.events if event.kind == "holiday"]
    return math.prod(event.factor for event in holidays if is_going_on(event, now_us))


class PlainReleases(Releases):
    """Answers what the `Releases` of the fast engine answers, for one client after the other."""

    def __init__(self, world: World, model_ids: tuple[str, ...]) -> None:
        """`model_ids` are in the order of the model table."""
        self._world, self._model_ids = world, model_ids

    def model(
        self, own: Ints, at_us: Ints, moves_at: Floats, latest: Bools, uptake: Uptake
    ) -> Ints:
        """Return the number of the model that each client uses, shape (clients,)."""
        columns = (own.tolist(), at_us.tolist(), moves_at.tolist(), latest.tolist())
        models = [
            self._model_of(model, now_us, chance, asks_latest, uptake)
            for model, now_us, chance, asks_latest in zip(*columns, strict=True)
        ]
        return np.array(models, np.int64)

    def _model_of(
        self, model: int, now_us: int, moves_at: float, asks_latest: bool, uptake: Uptake
    ) -> int:
        """Go through the releases before `now_us`; a client that follows none keeps its model."""
        for release in sorted(self._world.events, key=lambda event: event.at_us):
            if release.kind != "release" or release.model is None or now_us < release.at_us:
                continue
            since_us, over_us = now_us - release.at_us, uptake.over_us
            moved_share = uptake.share * (min(1.0, since_us / over_us) if over_us else 1.0)
            if asks_latest or moves_at < moved_share:
                model = self._model_ids.index(release.model)
        return model
