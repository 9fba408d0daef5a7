"""How probable it was that an account would be called `extraction`."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.labelling.course import courses
from sim.labelling.dials import LabelDials
from sim.labelling.seen import Seen
from sim.streams import Streams
from sim.tables import arrow
from sim.tables.database import RunTables
from sim.tables.label_schema import LABEL_PROPENSITY

# Repetitions that are carried out side by side: what a night shows is worked out once for them, and
# memory grows with them.
_TOGETHER = 10


def label_propensity(tables: RunTables, dials: LabelDials, seed: int, draws: int = 50) -> Any:
    """Return for each account how often it comes to be called `extraction`.

    Parameters
    ----------
    tables, dials
        As of `observed_labels`.
    seed
        That of the labels; the repetitions have other draws.
    draws
        Repetitions of the whole process, 1 or more.

    Returns
    -------
    pyarrow.Table
        Of the columns `LABEL_PROPENSITY`, in order of account. The standard error is that of a
        share of (labelled + 1/2) of (draws + 1), so that it is above 0 where all agree.
    """
    seen = Seen(tables)
    seeds = [Streams(Streams(seed).key("labels", "repetition", k)) for k in range(draws)]
    labelled = np.zeros(len(seen.accounts), np.int64)
    for first in range(0, draws, _TOGETHER):
        for course in courses(seen, dials, seeds[first : first + _TOGETHER]):
            labelled += course.labelled

    assumed = (labelled + 1 / 2) / (draws + 1)
    return arrow.table(
        LABEL_PROPENSITY,
        {
            "entity_type": arrow.words(np.zeros(len(labelled), np.int32), ["account"]),
            "entity_id": seen.accounts.account_id,
            "propensity": (labelled / draws).astype(np.float32),
            "standard_error": np.sqrt(assumed * (1 - assumed) / draws).astype(np.float32),
        },
    )
