"""Weights that make a stratified sample stand for a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.tables.database import RunTables


def sample_weights(
    tables: RunTables,
    prevalences: Sequence[float],
    population: Mapping[str, float] | None = None,
) -> Any:
    """Return `truth/sample_weights`: how many accounts of a population each account stands for.

    Parameters
    ----------
    tables
        The log and its truth.
    prevalences
        Shares of accounts that belong to typologies that extract, each within (0, 1).
    population
        Share of each legitimate typology in the legitimate accounts; None for the prior of the
        catalog. Those that are in the log are scaled to 1.

    Returns
    -------
    pyarrow.Table
        As `sim.tables.feature_schema.SAMPLE_WEIGHTS`, in order of prevalence and entity_id. The
        mean of the weights is 1. Accounts that sent nothing have no row.

    Raises
    ------
    InvalidInputError
        If a prevalence cannot be reached, as nobody or everybody extracts, or if a typology of the
        log has no share in the population.
    """
    raise NotImplementedError
