"""Weights that make a stratified sample stand for a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.catalog import population as shares_by_default
from sim.catalog import typologies
from sim.errors import InvalidInputError
from sim.features.as_of import AsOf
from sim.tables.arrow import table, words
from sim.tables.database import RunTables
from sim.tables.feature_schema import SAMPLE_WEIGHTS


def sample_weights(
    tables: RunTables,
    prevalences: Sequence[float],
    population: Mapping[str, float] | None = None,
) -> Any:
    """Return `truth/sample_weights`: how many accounts of a population each account stands for.

    Typologies that extract have equal parts of the prevalence, whatever the accounts of each.

    Parameters
    ----------
    tables
        The log and its truth.
    prevalences
        Shares of accounts that belong to typologies that extract, each within (0, 1).
    population
        Share of each other typology in the accounts that do not extract; None for the prior of the
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
    import pyarrow as pa

    found = tables.rows(
        f"""
        SELECT account_id, typology_id FROM truth_accounts JOIN (
          SELECT DISTINCT account_id FROM {AsOf(tables, tables.closes_us).known("log/exchanges")})
        USING (account_id) ORDER BY account_id"""
    )
    if not prevalences:
        return table(SAMPLE_WEIGHTS, _columns(found[:0], np.empty(0), np.empty(0)))

    shares = dict(shares_by_default() if population is None else population)
    counts = {str(k): int(n) for k, n in found["typology_id"].value_counts().items()}
    made = []
    for prevalence in sorted(prevalences):
        by_typology = _of_typologies(counts, shares, prevalence)
        weights = found["typology_id"].map(by_typology).to_numpy(np.float64)
        made.append(
            table(SAMPLE_WEIGHTS, _columns(found, np.full(len(found), prevalence), weights))
        )
    return pa.concat_tables(made)


def _columns(found: Any, prevalence: Any, weight: Any) -> dict[str, Any]:
    return {
        "entity_type": words(np.zeros(len(found), np.int64), ["account"]),
        "entity_id": found["account_id"].to_numpy(np.int64),
        "prevalence": prevalence,
        "weight": weight,
    }


def _of_typologies(
    counts: Mapping[str, int], shares: Mapping[str, float], prevalence: float
) -> dict[str, float]:
    """Return the weight of an account of each typology.

    Parameters
    ----------
    counts
        Accounts of each typology in the log.
    shares
        Share of each typology in the accounts that do not extract.
    prevalence
        Share of accounts that do.
    """
    extracting = sorted(t for t in counts if typologies()[t].is_extraction)
    others = sorted(set(counts) - set(extracting))
    whole = sum(shares.get(t, 0.0) for t in others)
    _check(extracting, others, shares, prevalence)

    every = sum(counts.values())
    parts = {t: prevalence / len(extracting) for t in extracting}
    parts |= {t: (1 - prevalence) * shares[t] / whole for t in others}
    return {t: every * part / counts[t] for t, part in parts.items()}


def _check(
    extracting: Sequence[str], others: Sequence[str], shares: Mapping[str, float], prevalence: float
) -> None:
    """Raise InvalidInputError with all that keeps a prevalence from being reached."""
    wrong = []
    if why := _one_sided(extracting, others):
        wrong.append(f"prevalence {prevalence:g} cannot be reached: {why}")

    unknown = [t for t in others if t not in shares]
    if unknown:
        wrong.append(
            f"population: has no share for {', '.join(unknown)}, which the log has; give them one,"
            " 0 if they should not count"
        )
    elif others and not sum(shares[t] for t in others):
        wrong.append(
            "population: all typologies of the log that do not extract have the share 0"
            f" ({', '.join(others)}); one of them should have more"
        )
    if wrong:
        raise InvalidInputError("\n".join(wrong))


def _one_sided(extracting: Sequence[str], others: Sequence[str]) -> str:
    """Say which side of a prevalence has no account; empty if both have."""
    if not extracting and not others:
        return "no account sent anything; give the log a longer clock or more accounts"
    if not extracting:
        return (
            "no account that sent something has a typology that extracts; add such accounts, or"
            " give the log a longer clock"
        )
    if not others:
        return (
            "all accounts that sent something have typologies that extract; add others, or give"
            " the log a longer clock"
        )
    return ""
