"""What becomes of attempts after an account may send no more."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import FOREVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempts import BLOCKED, Attempts, CallConditions
from sim.world.calls import DrawnCalls


def refuse_barred(
    attempts: Attempts,
    calls: DrawnCalls,
    until_us: Ints,
    conditions: CallConditions,
    refused: Bools,
) -> tuple[Attempts, Ints]:
    """Refuse the first attempt of each session after its account was barred, drop the others.

    Parameters
    ----------
    attempts : Attempts
        Attempts of `calls`.
    calls : DrawnCalls
        Calls of S sessions.
    until_us : array of int, shape (S,)
        When the account of each session is barred, `FOREVER_US` if it is not.
    conditions : CallConditions
        How long a refusal takes.
    refused : array of bool, shape (S,)
        Sessions that were refused before: of them nothing is left. Brought up to date in place.

    Returns
    -------
    attempts : Attempts
        What is left; the refused attempt of a session has the status `BLOCKED`.
    rows : array of int
        The rows that these attempts had.
    """
    session = calls.session[attempts.call]
    late = attempts.begins_us >= until_us[session]
    if not late.any():
        return attempts, np.arange(len(late))

    first_us = np.full(len(until_us), FOREVER_US)
    np.minimum.at(first_us, session[late], attempts.begins_us[late])
    blocked = late & (attempts.begins_us == first_us[session]) & ~refused[session]
    refused[session[blocked]] = True

    serial = calls.serial[attempts.call]
    error_us = conditions.failures.error_us(serial, attempts.number)
    error_us = np.minimum(error_us, conditions.policy.timeout_us)
    changed = attempts._replace(
        status=np.where(blocked, BLOCKED, attempts.status),
        ends_us=np.where(blocked, attempts.begins_us + error_us, attempts.ends_us),
    )
    rows = np.flatnonzero(~late | blocked)
    return changed.pick(rows), rows
