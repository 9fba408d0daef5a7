"""The prompt cache: what an attempt reads from it, given all that was answered before.

In both functions `rule`, `call` and `session` are records of `RULES`, `CALL` and `SESSION`.
`answered` has a record of `ANSWERED` for each history. `touched_us` says when each static prefix
was last touched, counted from `NEVER_US`: so it is 0 for those that never were, and takes no memory
for those that nobody asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.arrays.compiled import inlined
from sim.arrays.time import HOUR_US, MINUTE_US, NEVER_US
from sim.world.attempts import OK

LIFETIME_5M_US = 5 * MINUTE_US
LIFETIME_1H_US = HOUR_US


@inlined
def read_tokens(
    rule: Any, call: Any, session: Any, answered: Any, touched_us: Any, now_us: Any
) -> Any:
    """Return the tokens that an attempt reads.

    They are what the last answered call of its history left, if that call was made no longer ago
    than the lifetime. Else it is the static prefix, if it was touched no longer ago than that.
    """
    left = np.int64(call["left"])
    if left == 0 or not rule["reads_cache"] or now_us >= session["until_us"]:
        return 0
    lifetime_us = session["lifetime_us"]
    before = answered[call["history"]]
    if before["left"] > 0 and now_us - before["at_us"] <= lifetime_us:
        return min(before["left"], left)
    if now_us - (touched_us[session["key"]] + NEVER_US) <= lifetime_us:
        return min(np.int64(session["static"]), left)
    return 0


@inlined
def remember(
    rule: Any, call: Any, session: Any, answered: Any, touched_us: Any, now_us: Any, status: Any
) -> None:
    """Remember in the prompt cache that a call was answered."""
    if status != OK or not rule["reads_cache"]:
        return
    last = answered[call["history"]]
    last["at_us"] = now_us
    last["left"] = call["left"]
    if call["left"] > 0:
        touched_us[session["key"]] = now_us - NEVER_US
