"""When training ends, as of when labels are known, and when the test begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.arrays.time import MINUTE_US
from sim.documents.quantities import format_duration
from sim.splits.dials import SplitDials
from sim.tables.database import RunTables
from sim.tables.label_schema import EXTRACTION


class NotPossibleError(Exception):
    """A scheme that the tables cannot have; the message says why, and the remedy."""


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
        Of `time` and `regime`, if they cannot be had, why.
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
        The table `labels_observed/labels`, of Arrow or a data frame; only a gap that the dials do
        not give depends on it.
    """
    cut_off, train_at, regime, why_not = None, None, None, {}
    try:
        cut_off, train_at = _time(tables, dials, labels)
    except NotPossibleError as error:
        why_not["time"] = str(error)
    try:
        regime = _regime(tables, dials)
    except NotPossibleError as error:
        why_not["regime"] = str(error)
    return SplitTimes(cut_off, train_at, regime, why_not)


def frame_of(labels: Any) -> Any:
    """Return a table of labels as a data frame."""
    return labels.to_pandas() if hasattr(labels, "to_pandas") else labels


def median_delay_us(labels: Any) -> int:
    """Return the median time from what a label `extraction` of an account says to the label.

    In whole minutes, in microseconds.

    Raises
    ------
    NotPossibleError
        If there is no such label.
    """
    frame = frame_of(labels)
    said = (frame["entity_type"] == "account") & (frame["label"] == EXTRACTION)
    if not said.any():
        raise NotPossibleError(
            "no account is labelled extraction, so there is no median delay; give splits.time.gap"
        )
    delay = (frame["created_at"] - frame["valid_from"])[said].dt.total_seconds()
    return int(delay.clip(lower=0).median() * 1e6) // MINUTE_US * MINUTE_US


def _time(tables: RunTables, dials: SplitDials, labels: Any) -> tuple[int, int]:
    """Return when what is trained on ends, and when it is trained."""
    length = tables.closes_us - tables.opens_us
    gap, cut_off = dials.time.gap, dials.time.cut_off
    whose = "splits.time.gap" if gap is not None else "the median delay of labels"
    if gap is None:
        gap = median_delay_us(labels)
    if cut_off is None:
        cut_off = (length - gap) // 2 // MINUTE_US * MINUTE_US

    if not 0 < cut_off < length - gap:
        before = (
            f"splits.time.cut_off {format_duration(cut_off)} and " if dials.time.cut_off else ""
        )
        raise NotPossibleError(
            f"{before}{whose}, {format_duration(gap)}, leave nothing to test on in a log of "
            f"{format_duration(length)}; give a shorter splits.time.gap or an earlier cut_off"
        )
    return tables.opens_us + cut_off, tables.opens_us + cut_off + gap


def _regime(tables: RunTables, dials: SplitDials) -> int:
    """Return the moment between the regimes."""
    length = tables.closes_us - tables.opens_us
    at = dials.regime.at
    if at is not None:
        if at >= length:
            raise NotPossibleError(
                f"splits.regime.at {format_duration(at)} lies behind a log of "
                f"{format_duration(length)}"
            )
        return tables.opens_us + at

    found = tables.rows(
        "SELECT epoch_us(latest_from) AS us FROM log_model_catalog"
        f" WHERE us > {tables.opens_us} AND us < {tables.closes_us}"
    )["us"]
    if not len(found):
        raise NotPossibleError(
            "no model is released within the log; give the scenario a release, or splits.regime.at"
        )
    return int(found.min())
