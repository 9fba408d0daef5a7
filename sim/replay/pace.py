"""The pace of a replay: when a row of the log is due, and how far behind its clock it is."""

from __future__ import annotations

import contextlib
import math
import re
import sys
import time
from collections.abc import Callable

from sim.arrays.time import SECOND_US
from sim.documents.quantities import in_words
from sim.errors import InvalidInputError

_SPEED = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)x?")
# A longer sleep is cut into such pieces, as no system sleeps for a century.
_LONGEST_S = 86_400.0


def parse_speed(text: str) -> float | None:
    """Return how many times faster than the log a replay is, None for as fast as it is read.

    Parameters
    ----------
    text
        A number above 0 with or without `x`, such as `60x`, or `max`.

    Raises
    ------
    InvalidInputError
        If it is anything else.
    """
    if text == "max":
        return None
    match = _SPEED.fullmatch(text)
    speed = float(match[1]) if match else 0.0
    if not 0 < speed < math.inf:
        raise InvalidInputError(
            "--speed: should be a number above 0, such as 60x or 0.5x, or max; "
            f"found {in_words(text)}"
        )
    return speed


class Pace:
    """When rows are due by the clock of the log, which begins with the first that is waited for.

    A row is due by the time since that first one, never by the row before it: what is late is
    made up for as fast as the reader takes it, and no error adds up.

    Attributes
    ----------
    behind_s, most_behind_s
        How late the last row was, and the latest of all; 0 of a replay without a clock.
    """

    def __init__(
        self,
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set the pace; raise InvalidInputError unless the speed is above 0 and finite.

        Parameters
        ----------
        speed
            Seconds of the log that pass in one second, above 0; None for no clock at all.
        clock, sleep
            Tell the seconds that have passed, and wait for so many of them.
        """
        with contextlib.suppress(OverflowError):  # a whole number may be larger than any other
            speed = None if speed is None else float(speed)
        if speed is not None and not 0 < speed <= sys.float_info.max:
            raise InvalidInputError(
                f"speed: should be a number above 0, or None for no clock; found {in_words(speed)}"
            )
        self._speed, self._clock, self._sleep = speed, clock, sleep
        self._begun: tuple[float, int] | None = None
        self.behind_s = self.most_behind_s = 0.0

    def wait(self, moment_us: int) -> int | None:
        """Wait until a row is due, and return the moment of the log by then.

        Parameters
        ----------
        moment_us
            When the row stands in the log, in microseconds; not before that of an earlier call.

        Returns
        -------
        int or None
            In microseconds, `moment_us` or later: rows up to this are due. None if all are.
        """
        if self._speed is None:
            return None
        if self._begun is None:
            self._begun = self._clock(), moment_us
        began_s, first_us = self._begun
        due_s = began_s + (moment_us - first_us) / SECOND_US / self._speed

        while (left_s := due_s - self._clock()) > 0:
            self._sleep(min(left_s, _LONGEST_S))
        self.behind_s = -left_s
        self.most_behind_s = max(self.most_behind_s, self.behind_s)
        reached_us = moment_us + self.behind_s * self._speed * SECOND_US
        return max(moment_us, int(reached_us)) if reached_us < math.inf else None
