"""The six conventions under which exchanges are counted: the one definition of each.

C1 counts HTTP attempts, errors and retries included. C2 counts answered requests; C3 those that
generated tokens; C4 completions that the caller can use (refusals and errors out, every choice
counted); C5 turns that a person or program opened and that were answered. C6 counts tasks with at
least one attempt in the log, so that it is no matter of a row of the log. C5 and C6 are known to
the truth alone. The log has an estimate of C5: requests whose last message is a user's. Those that
ask for a summary, and those that open a history after it or for a sub-agent, make it too large.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Bools, Ints

CONVENTIONS = {
    "C1": "HTTP attempts, errors and retries included",
    "C2": "answered requests",
    "C3": "answered requests that generated tokens",
    "C4": "completions usable by the caller",
    "C5": "user turns answered",
    "C6": "tasks",
}
# What the log says of C5, a line beside it.
ESTIMATE = "C5 (log)"
# All that is counted of a run, in order.
COUNTED = {
    **{name: CONVENTIONS[name] for name in ("C1", "C2", "C3", "C4", "C5")},
    ESTIMATE: "answered requests whose last message is a user's, an estimate of C5",
    "C6": CONVENTIONS["C6"],
}
# What rows count under, with truth, and from the log alone.
OF_ROWS = tuple(name for name in COUNTED if name != "C6")
FROM_LOG = tuple(name for name in OF_ROWS if name != "C5")
OK = 200

# For each row, whether or how often it counts, shape (rows,).
Weights = NDArray[Any]


def row_weights(
    status: Ints,
    output_tokens: Ints,
    choices: Ints,
    refused: Bools,
    *,
    opens_turn: Bools | None = None,
    from_user: Bools | None = None,
) -> dict[str, Weights]:
    """Return how often each attempt counts under C1 to C5, and in the estimate of C5.

    C1 counts an attempt by its mere presence; C2 asks for the status 200; C3, C4 and C5 ask for
    tokens in the answer too. An answer without tokens, as to a request that only warms the cache,
    is C2 and no more.

    Parameters
    ----------
    status
        HTTP status of each attempt, shape (rows,).
    output_tokens
        Tokens of its answer, shape (rows,).
    choices
        Answers asked for at once, shape (rows,).
    refused
        Whether the answer is a refusal, shape (rows,).
    opens_turn
        Whether a person or program opens a turn with the request, shape (rows,); None if that is
        not known. Then there is no C5.
    from_user
        Whether the last message of the request is a user's, shape (rows,); None for no estimate.

    Returns
    -------
    dict of str and numpy.ndarray
        By convention an array of shape (rows,): booleans, but for C4 whole numbers.
    """
    answered = status == OK
    generated = answered & (output_tokens > 0)
    weights: dict[str, Weights] = {
        "C1": np.ones(len(answered), np.bool_),
        "C2": answered,
        "C3": generated,
        "C4": np.where(generated & ~refused, choices, 0),
    }
    if opens_turn is not None:
        weights["C5"] = generated & opens_turn
    if from_user is not None:
        weights[ESTIMATE] = generated & from_user
    return weights
