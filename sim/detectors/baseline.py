"""What a baseline is: it learns from some accounts and scores others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim.arrays.types import Bools, Floats, Ints
from sim.detectors.seen import Seen


class Found(NamedTuple):
    """What a baseline says of the accounts that it is asked about, in their order.

    Attributes
    ----------
    score
        Higher is more suspect, shape (accounts,).
    cluster
        Which accounts it puts together, shape (accounts,); 0 for an account alone. None: it puts
        none together.
    moments
        What it knew when: a frame with `account_id`, `at_us` and `score`, in which accounts may
        have several rows, or none. What an account scores at a time is the highest so far; `score`
        is known at the end of the window. None: all is known then.
    """

    score: Floats
    cluster: Ints | None = None
    moments: Any = None


class Baseline(NamedTuple):
    """A detector of the package.

    Attributes
    ----------
    name
        Such as `shared-instruments`; its module is `sim.detectors.shared_instruments`.
    title
        One line that says how it works.
    sees
        What it looks at, in words.
    source
        Where it is from: a paper.
    find
        Takes accounts that are learned from, which of them are sought, shape (accounts,), accounts
        that are asked about, and a seed; the same seed gives the same numbers. `learned.log is
        asked.log` for folds of accounts of one log, else they are two logs: of two windows, or of
        two packs.
    gives
        Columns that its predictions have beside the score: `at`, `cluster`.
    combine
        Makes of what the members found what this one finds, for who has asked them already.
    members
        Baselines whose scores it goes by.
    """

    name: str
    title: str
    sees: str
    source: str
    find: Callable[[Seen, Bools, Seen, int], Found]
    gives: tuple[str, ...] = ()
    combine: Callable[[Sequence[Found]], Found] | None = None
    members: tuple[Baseline, ...] = ()
