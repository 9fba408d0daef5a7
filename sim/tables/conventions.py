"""The six conventions under which exchanges are counted: the one definition of each.

C1 counts HTTP attempts, errors and retries included. C2 counts answered requests; C3 those that
generated tokens; C4 completions that the caller can use (refusals and errors out, every choice
counted); C5 user turns that were answered. C6 counts tasks with at least one attempt in the log,
which only the truth knows, so that it is no matter of a row of the log.
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
FROM_LOG = tuple(CONVENTIONS)[:5]
_OK = 200

# For each row, whether or how often it counts, shape (rows,).
Weights = NDArray[Any]


def row_weights(
    status: Ints, output_tokens: Ints, choices: Ints, refused: Bools, from_user: Bools
) -> dict[str, Weights]:
    """Return how often each attempt counts under C1 to C5.

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
    from_user
        Whether the last message of the request is a user's, shape (rows,).

    Returns
    -------
    dict of str and numpy.ndarray
        By convention an array of shape (rows,): booleans, but for C4 whole numbers.
    """
    answered = status == _OK
    generated = answered & (output_tokens > 0)
    return {
        "C1": np.ones(len(answered), np.bool_),
        "C2": answered,
        "C3": generated,
        "C4": np.where(generated & ~refused, choices, 0),
        "C5": generated & from_user,
    }
