"""Prompts of accounts as vectors, in their order: what detectors of contents look at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.arrays.types import Floats, Ints
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError

# Of an account with more prompts each k-th is looked at, so that this many at most are left.
MOST = 400
_BITS = 63
_HASH, _VECTOR = "prompt_simhash64", "prompt_emb"


class Prompts(NamedTuple):
    """Prompts of all accounts of a log, by account and then by time.

    Attributes
    ----------
    account_id
        Whose each is, shape (prompts,).
    at_us
        When its exchange was complete, in microseconds of Unix time, shape (prompts,).
    kept
        What is kept of each: numbers of half precision, shape (prompts, dimensions), or a hash,
        shape (prompts,). `vectors_of` makes vectors of it.
    """

    account_id: Ints
    at_us: Ints
    kept: NDArray[np.float16] | NDArray[np.int64]

    def of(self, rows: slice | Ints) -> NDArray[np.float32]:
        """Return the vectors of some of the prompts, each of length 1, shape (rows, dimensions)."""
        return vectors_of(self.kept[rows])

    def spans(self) -> tuple[Ints, Ints, Ints]:
        """Return which accounts there are, and from where to where the prompts of each lie."""
        accounts, begins = np.unique(self.account_id, return_index=True)
        return accounts, begins, np.append(begins[1:], len(self.account_id)).astype(np.int64)


def prompts_of(seen: Seen, most: int = MOST) -> Prompts:
    """Return the prompts that the accounts of a log sent, made once for all picks of its accounts.

    Failed attempts count: a prompt was sent. Of `prompt_emb` and `prompt_simhash64` the first that
    the log has is taken.

    Parameters
    ----------
    seen
        Accounts of a log; the prompts of all accounts of the log are returned.
    most
        Prompts of an account at most. Of one with n prompts each k-th is taken, with k = n / most
        rounded up, from the first on: the whole window is looked at, in bounded memory. Of prompts
        to come their number plays a part in this, and nothing else.

    Raises
    ------
    InvalidInputError
        If the log has neither column.
    """
    prompts: Prompts = seen.once(f"prompts {most}", lambda: _read(seen, most))
    return prompts


def _read(seen: Seen, most: int) -> Prompts:
    """Read prompts from the log."""
    columns = seen.log.schemas["log/exchanges"]
    column = _VECTOR if _VECTOR in columns else _HASH
    if column not in columns:
        raise InvalidInputError(
            f"detectors of prompts need {_HASH} or {_VECTOR}, and log/exchanges has neither;"
            f" make the log with all columns (tables: {{columns: full}})"
        )

    found = seen.log.rows(
        f"WITH numbered AS (SELECT account_id, epoch_us(ts_end) AS at_us, {column} AS kept,"
        f" row_number() OVER (PARTITION BY account_id ORDER BY ts_end, exchange_id) - 1 AS place,"
        f" count(*) OVER (PARTITION BY account_id) AS sent FROM log_exchanges"
        f" WHERE {column} IS NOT NULL)"
        f" SELECT account_id, at_us, kept FROM numbered"
        f" WHERE place % ((sent + {most - 1}) // {most}) = 0 ORDER BY account_id, place"
    )
    kept = found["kept"].to_numpy()
    if column == _VECTOR:
        kept = np.stack(kept).astype(np.float16) if len(kept) else np.zeros((0, 1), np.float16)
    return Prompts(found["account_id"].to_numpy(np.int64), found["at_us"].to_numpy(np.int64), kept)


def vectors_of(kept: NDArray[np.float16] | NDArray[np.int64]) -> NDArray[np.float32]:
    """Return vectors of length 1 for vectors or near-duplicate hashes, shape (rows, dimensions).

    A hash becomes 63 numbers, each one of ±1/sqrt(63). Two hashes of which a share p of the bits
    differs have the cosine 1 - 2 p; the angle between the prompts is about pi p (Charikar 2002,
    "Similarity estimation techniques from rounding algorithms").
    """
    if kept.ndim == 2:
        given = kept.astype(np.float32)
        lengths = np.sqrt(np.square(given).sum(axis=1, keepdims=True))
        return np.asarray(given / np.maximum(lengths, np.float32(1e-6)))

    bits = kept.astype(np.int64)[:, None] >> np.arange(_BITS) & 1
    return np.asarray((2 * bits - 1) / np.sqrt(_BITS), np.float32)


def squared_distances(left: NDArray[np.float32], right: NDArray[np.float32]) -> Floats:
    """Return squared distances between vectors of length 1, shape (left rows, right rows)."""
    return np.asarray(np.maximum(2.0 - 2.0 * (left @ right.T), 0.0))
