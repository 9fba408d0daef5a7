"""What a provider comes to know of its accounts: late, in part, and sometimes wrongly."""

from __future__ import annotations

from typing import Any

from sim.labelling.dials import LabelDials
from sim.tables.database import RunTables


def observed_labels(tables: RunTables, dials: LabelDials, seed: int) -> Any:
    """Return the labels that a provider would have, in order of `created_at`.

    Whom to look at is decided from what the log shows up to that time. The truth enters where a
    person looks, who may err, and where a partner knows of a campaign.

    Parameters
    ----------
    tables
        A run or a pack, with `log/` and `truth/`.
    dials
        How labels come to be.
    seed
        Of all draws. What is drawn of an account or campaign belongs to it, whichever others there
        are; but reviewers can only take up so many, so accounts compete for them.

    Returns
    -------
    pyarrow.Table
        Of the columns `OBSERVED_LABELS`; perhaps without rows.
    """
    raise NotImplementedError
