"""What becomes of attempts after an account may send no more."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import FOREVER_US
from sim.arrays.types import Bools, Ints
from sim.world.attempts import BLOCKED, Attempts, FailureDraws, Policy


def cut(
    attempts: Attempts,
    session: Ints,
    until_us: Ints,
    call: Ints,
    failures: FailureDraws,
    policy: Policy,
    told: Bools,
) -> tuple[Attempts, Ints]:
    """Leave of each session's attempts from `until_us` on only the first, which is refused.

    `session` and serial number `call` of each attempt; `until_us` by session. `told` marks the
    sessions that have been refused already: of them nothing is left. It is brought up to date.
    Returns what is left, and the rows that it was.
    """
    late = attempts.begins_us >= until_us[session]
    if not late.any():
        return attempts, np.arange(len(late))
    first = np.full(len(until_us), FOREVER_US)
    np.minimum.at(first, session[late], attempts.begins_us[late])
    refused = late & (attempts.begins_us == first[session]) & ~told[session]
    told[session[refused]] = True
    error_us = np.minimum(failures.error_us(call, attempts.number), policy.timeout_us)
    made = attempts._replace(
        status=np.where(refused, BLOCKED, attempts.status),
        ends_us=np.where(refused, attempts.begins_us + error_us, attempts.ends_us),
    )
    kept = np.flatnonzero(~late | refused)
    return made.pick(kept), kept
