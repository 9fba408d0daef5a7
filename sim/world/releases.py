"""Which model a client uses, as new ones are released."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scenario.resolved import Uptake, World


class Releases:
    """The releases of a scenario, each of a model that is the newest from then on."""

    def __init__(self, world: World, number: dict[str, int]) -> None:
        """Take the releases from the events of `world`; `number` maps model ids to numbers."""
        releases = [e for e in world.events if e.kind == "release" and e.model is not None]
        self._at_us = np.array([e.at_us for e in releases], np.int64)
        self._model = np.array([number[e.model] for e in releases if e.model], np.int64)

    def model(
        self, preferred: Ints, at_us: Ints, moves_at: Floats, latest: Bools, uptake: Uptake
    ) -> Ints:
        """Return the models that clients use at a time.

        After each release, clients with `latest` use the newest model at once. Of the others,
        those move that have moves_at < share * min(1, time since the release / over).

        Parameters
        ----------
        preferred : array of int, shape (N,)
            The model that each client uses before any release.
        at_us : array of int, shape (N,)
            When the model is chosen.
        moves_at : array of float, shape (N,)
            Uniform numbers; the smaller, the sooner a client moves.
        latest : array of bool, shape (N,)
            Clients that ask for the newest model by an alias.
        uptake : Uptake
            Share of the clients that move in the end, and the time that this takes.
        """
        model = preferred.copy()
        for released_us, released in zip(self._at_us.tolist(), self._model.tolist(), strict=True):
            since_us = at_us - released_us
            ramp = since_us / uptake.over_us if uptake.over_us else np.ones(len(since_us))
            moves = latest | (moves_at < uptake.share * np.minimum(ramp, 1))
            model[(since_us >= 0) & moves] = released
        return model
