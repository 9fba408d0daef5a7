"""The exchanges of a run, log and truth of the same rows side by side, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InvalidInputError
from sim.tables.conventions import Weights, row_weights
from sim.tables.reading import Run
from sim.tables.schema import EXCHANGES, TRUTH_EXCHANGES

_LOG_COLUMNS = (
    "exchange_id",
    "ts_start",
    "account_id",
    "last_role_in",
    "output_tokens",
    "finish_reason",
    "http_status",
    "choice_count",
)
_TRUTH_COLUMNS = ("exchange_id", "actor_id", "typology_id", "user_initiated")


def exchange_parts(run: Run, *more: str, labels: Sequence[str] = ()) -> Iterator[tuple[Any, Any]]:
    """Yield log and truth of a run's exchanges, part by part, as Arrow tables of the same rows.

    Parameters
    ----------
    run
        A finished run.
    *more
        Columns of the log beside those that `convention_flags` needs.
    labels
        Columns of the truth beside exchange, actor, typology and who opens turns.

    Yields
    ------
    tuple of pyarrow.Table
        The log and its truth, which is None where it was taken away.

    Raises
    ------
    InvalidInputError
        If a part is missing or damaged, or the truth is that of another log.
    """
    log = run.tables("log/exchanges", EXCHANGES, (*_LOG_COLUMNS, *more))
    if not run.has("truth/exchanges"):
        yield from ((part, None) for part in log)
        return
    truth = run.tables("truth/exchanges", TRUTH_EXCHANGES, (*_TRUTH_COLUMNS, *labels))
    for log_part, truth_part in zip(log, truth, strict=True):
        if not log_part.column("exchange_id").equals(truth_part.column("exchange_id")):
            raise InvalidInputError(f"{run.store}: truth/exchanges belongs to another log")
        yield log_part, truth_part


def convention_flags(log: Any, truth: Any) -> dict[str, Weights]:
    """Return how often each row of a log counts under C1 to C5, shape (rows,) each.

    Parameters
    ----------
    log : pyarrow.Table
        Rows of `log/exchanges` with the columns of the profile `core`.
    truth : pyarrow.Table or None
        The same rows of `truth/exchanges`. None: there is no C5 but the estimate of the log.

    Returns
    -------
    dict of str and numpy.ndarray
        As of `row_weights`: booleans, but for C4 whole numbers. A missing finish reason is no
        refusal.
    """
    codes, words = coded_words(log.column("finish_reason"))
    roles, role_words = coded_words(log.column("last_role_in"))
    return row_weights(
        status=log.column("http_status").to_numpy(),
        output_tokens=log.column("output_tokens").to_numpy(),
        choices=log.column("choice_count").to_numpy(),
        refused=np.isin(codes, [k for k, word in enumerate(words) if word == "refusal"]),
        opens_turn=None if truth is None else truth.column("user_initiated").to_numpy(),
        from_user=np.isin(roles, [k for k, word in enumerate(role_words) if word == "user"]),
    )


def coded_words(column: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Return a column of words as codes, shape (rows,), and the words that they number.

    The codes are floats with NaN where words are missing.
    """
    chunk = column.combine_chunks()
    return chunk.indices.to_numpy(zero_copy_only=False), chunk.dictionary.to_pylist()
