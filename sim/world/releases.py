"""Which model a client uses, as new ones are released."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.scenario.resolved import Uptake, World


class Releases:
    """The releases of a scenario; `number` maps model ids to rows of the model table."""

    def __init__(self, world: World, number: dict[str, int]) -> None:
        events = [e for e in world.events if e.kind == "release" and e.model is not None]
        self._at_us = np.array([e.at_us for e in events], np.int64)
        self._model = np.array([number[e.model] for e in events if e.model], np.int64)

    def model(
        self, own: Ints, at_us: Ints, moves_at: Floats, latest: Bools, uptake: Uptake
    ) -> Ints:
        """Return the model in use at `at_us` by clients whose own model is `own`; equal shapes.

        After each release, clients with `latest` use the newest model at once; of the others those
        with moves_at < share * min(1, time since the release / over).
        """
        model = own.copy()
        for released_us, new in zip(self._at_us.tolist(), self._model.tolist(), strict=True):
            since = at_us - released_us
            ramp = since / uptake.over_us if uptake.over_us else np.ones(len(since))
            moved = latest | (moves_at < uptake.share * np.minimum(ramp, 1))
            model[(since >= 0) & moved] = new
        return model
