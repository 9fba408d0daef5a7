"""An order for processes that act in the same microsecond."""

from __future__ import annotations

import simpy
from simpy.events import EventPriority


class Turnstile:
    """Lets the processes of one microsecond through by their numbers, after all else in it.

    SimPy carries out events of one time and priority in the order in which they were scheduled,
    which says nothing about the model. Here the order is part of the rules: attempts go by the
    serial number of their call, workers by their own.

    The turnstile opens once for all who ask in a microsecond before it opens. Who asks after that,
    in the same microsecond, waits for another opening, still without time passing.
    """

    def __init__(self, env: simpy.Environment, priority: int) -> None:
        """`priority` is one of SimPy's: a larger number comes later; ordinary events have 1."""
        self._env, self._priority = env, EventPriority(priority)
        self._waiting: list[tuple[int, simpy.Event]] = []

    def turn_of(self, number: int) -> simpy.Event:
        """Return the event of being let through, in this microsecond.

        Parameters
        ----------
        number
            Smaller numbers go first. Those who give the same number go in the order in which they
            asked.
        """
        if not self._waiting:
            self._open_later()
        event = self._env.event()
        self._waiting.append((number, event))
        return event

    def _open_later(self) -> None:
        """Schedule the opening in this microsecond, behind what has a smaller priority number."""
        opening = simpy.Event(self._env)
        opening._ok, opening._value = True, None
        opening.callbacks.append(self._open)
        self._env.schedule(opening, priority=self._priority)

    def _open(self, _: simpy.Event) -> None:
        """Let through all who wait, in the order of their numbers."""
        waiting, self._waiting = sorted(self._waiting, key=lambda pair: pair[0]), []
        for _number, event in waiting:
            event.succeed()
