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

    The fast engine takes it in the place of its own, which asks whole arrays at once.

    Parameters
    ----------
    world
        Its events of kind `holiday` count; those that overlap multiply.
    at_us
        Times in microseconds of the log, shape (times,).
    """
    return np.array([_opened_share_at(world, now_us) for now_us in at_us.tolist()])


def _opened_share_at(world: World, now_us: int) -> float:
    """Return the product of the factors of the holidays that hold now, 1 if none does."""
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
        """Return the number of the model that each client uses, shape (clients,).

        Parameters
        ----------
        own
            The number of the model that it uses if it follows no release, shape (clients,).
        at_us
            When it asks, in microseconds of the log, shape (clients,).
        moves_at
            The share of clients at which it moves, uniform in [0, 1), shape (clients,): a client
            with a small number moves early.
        latest
            Whether it asks for the latest model, by an alias, and moves at once, shape (clients,).
        uptake
            Which share of the other clients moves, and over how long.
        """
        columns = (own.tolist(), at_us.tolist(), moves_at.tolist(), latest.tolist())
        models = [
            self._model_of(model, now_us, chance, asks_latest, uptake)
            for model, now_us, chance, asks_latest in zip(*columns, strict=True)
        ]
        return np.array(models, np.int64)

    def _model_of(
        self, model: int, now_us: int, moves_at: float, asks_latest: bool, uptake: Uptake
    ) -> int:
        """Go through the releases before `now_us`; a client that follows none keeps its model.

        The share of clients that have moved grows linearly from 0 at the release to `uptake.share`
        after `uptake.over_us`; at once if that is 0. A client that follows a later release too uses
        the later model.
        """
        for release in sorted(self._world.events, key=lambda event: event.at_us):
            if release.kind != "release" or release.model is None or now_us < release.at_us:
                continue
            since_us, over_us = now_us - release.at_us, uptake.over_us
            moved_share = uptake.share * (min(1.0, since_us / over_us) if over_us else 1.0)
            if asks_latest or moves_at < moved_share:
                model = self._model_ids.index(release.model)
        return model
