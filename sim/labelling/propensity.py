"""How probable it was that an account would be labelled."""

from __future__ import annotations

from typing import Any

from sim.labelling.dials import LabelDials
from sim.tables.database import RunTables


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
        Of the columns `LABEL_PROPENSITY`, in order of account.
    """
    raise NotImplementedError
