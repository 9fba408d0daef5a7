"""Windows of time of a pack, and the identifiers of its examples: accounts in a window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.streams import Ids, Streams, opaque_ids


class Window(NamedTuple):
    """A window [from_us, to_us) in microseconds of Unix time.

    An exchange is in the window in which it was complete: only then does a provider know all of it.
    What is still in progress at `to_us` is in the next window, or in none.
    """

    from_us: int
    to_us: int


def windows_of(
    opens_us: int,
    closes_us: int,
    *,
    cut_off_us: int | None = None,
    gap_us: int = 0,
    release_us: int | None = None,
) -> tuple[Window, ...]:
    """Return the windows of which a pack has examples, the whole log first, no two alike.

    Parameters
    ----------
    opens_us, closes_us
        When the log opens and closes, in microseconds of Unix time.
    cut_off_us, gap_us
        For the split `time`: training ends at `cut_off_us`, and testing begins `gap_us` later.
        None: no such split.
    release_us
        For the split `regime`: the release of a model that it is about. None: no such split.

    Returns
    -------
    tuple of Window
        The whole log; before the cut-off and after the gap; before and after the release.

    Raises
    ------
    ValueError
        If one of the windows were empty.
    """
    found = [Window(opens_us, closes_us)]
    if cut_off_us is not None:
        found += [Window(opens_us, cut_off_us), Window(cut_off_us + gap_us, closes_us)]
    if release_us is not None:
        found += [Window(opens_us, release_us), Window(release_us, closes_us)]

    empty = [w for w in found if not opens_us <= w.from_us < w.to_us <= closes_us]
    if empty:
        raise ValueError(f"no window of a log of [{opens_us}, {closes_us}): {empty}")
    return tuple(dict.fromkeys(found))


def example_ids(accounts: NDArray[np.int64], window: Window) -> Ids:
    """Return the opaque identifier of each account in a window; the same wherever it is made."""
    key = Streams(0).key("examples", *window)
    return opaque_ids(key, accounts & ((1 << 62) - 1))


def example_columns(accounts: NDArray[np.int64], window: Window) -> dict[str, NDArray[np.int64]]:
    """Return the columns that name examples: identifier, account and the ends of the window."""
    ends = {"window_from": window.from_us, "window_to": window.to_us}
    columns = {name: np.full(len(accounts), us, np.int64) for name, us in ends.items()}
    return {"example_id": example_ids(accounts, window), "account_id": accounts, **columns}
