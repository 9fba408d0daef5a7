"""Which labels stand at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import InvalidInputError
from sim.tables.label_schema import PAYMENT_FRAUD

_COLUMNS = ["entity_type", "entity_id", "label", "confidence", "channel", "created_at"]


def labels_as_of(labels: pd.DataFrame, t: datetime | int) -> pd.DataFrame:
    """Return what is known of each entity at a time: the label that stands, one row an entity.

    Of the rows that were there at `t`, those that another of them supersedes are dropped. Of what
    is left of an entity the newest stands; but `payment_fraud`, which is about a card and not about
    what traffic is for, only where no row says `extraction` or `benign`.

    Parameters
    ----------
    labels
        Rows of `labels_observed/labels`, in any order.
    t
        The time, with a time zone, or in microseconds of Unix time; rows of this very moment are
        known.

    Returns
    -------
    pandas.DataFrame
        Columns entity_type, entity_id, label, confidence, channel, created_at, in order of the
        first two; entities that nothing is known of have no row.

    Raises
    ------
    InvalidInputError
        If `t` has no time zone.
    """
    known = labels[labels["created_at"] <= _moment(t)]
    known = known[~known["label_id"].isin(known["supersedes"][known["supersedes"] != 0])]
    about_traffic = known["label"].astype(str) != PAYMENT_FRAUD
    order = np.lexsort((known["label_id"], known["created_at"], about_traffic))
    kept = known.iloc[order].drop_duplicates(["entity_type", "entity_id"], keep="last")

    kept = kept.astype({"entity_type": str})
    return kept.sort_values(["entity_type", "entity_id"])[_COLUMNS].reset_index(drop=True)


def _moment(t: datetime | int) -> Any:
    """Return a moment as pandas has it."""
    if isinstance(t, int | np.integer):
        return pd.Timestamp(int(t), unit="us", tz="UTC")
    if t.tzinfo is None:
        raise InvalidInputError(
            f"labels as of {t:%Y-%m-%d %H:%M}: the time should have a time zone, "
            f"such as {t:%Y-%m-%d %H:%M}+00:00"
        )
    return pd.Timestamp(t).tz_convert("UTC")
