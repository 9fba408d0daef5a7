"""When training ends, labels are as of, and the test begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.splits.dials import SplitDials
from sim.tables.database import RunTables


@dataclass(frozen=True)
class SplitTimes:
    """The moments at which the log is cut, in microseconds of Unix time; None where it is not.

    Attributes
    ----------
    cut_off_us
        End of what `time` trains on, excluded.
    train_at_us
        When it is trained: labels are as of this moment, and the test begins.
    regime_us
        Moment between the regimes.
    why_not
        Of each scheme that cannot be had, why.
    """

    cut_off_us: int | None
    train_at_us: int | None
    regime_us: int | None
    why_not: dict[str, str]


def split_times(tables: RunTables, dials: SplitDials, labels: Any) -> SplitTimes:
    """Return when the log is cut for `time` and `regime`.

    Parameters
    ----------
    tables
        The log.
    dials
        Of the splits.
    labels
        The table `labels_observed/labels`, of Arrow or a data frame.
    """
    raise NotImplementedError
