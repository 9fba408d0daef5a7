"""Weights that make a stratified sample stand for a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.catalog import population as shares_by_default
from sim.catalog import typologies
from sim.errors import InvalidInputError
from sim.tables.arrow import table, words
from sim.tables.database import RunTables
from sim.tables.feature_schema import SAMPLE_WEIGHTS


class Typology(NamedTuple):
    """Accounts of a typology that sent something, and those of them whose `target` is true."""

    accounts: int
    targets: int


class Side(NamedTuple):
    """Abusive accounts, or legitimate ones.

    Attributes
    ----------
    weights
        Of an account of each typology; those of all accounts of the side add up to 1.
    target_share
        Weighted share of its accounts whose `target` is true.
    """

    weights: Mapping[str, float]
    target_share: float


def sample_weights(
    tables: RunTables,
    prevalences: Sequence[float],
    population: Mapping[str, float] | None = None,
) -> Any:
    """Return `truth/sample_weights`: how many accounts of a population each account stands for.

    At these weights the share of accounts whose `target` is true in the whole log is the
    prevalence. Accounts of a typology weigh the same. Abusive typologies have equal parts of their
    targets, whatever the accounts of each; where a typology has none, its accounts weigh as much as
    the mean account of the other abusive ones. Legitimate typologies have the rest, in the shares
    of the population; where some of their accounts are targets, these count.

    Parameters
    ----------
    tables
        The log and its truth, with `truth/targets`.
    prevalences
        Shares of accounts whose `target` is true, each within (0, 1).
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
        If a prevalence cannot be reached, as there are no targets or no legitimate accounts, or as
        abusive accounts alone have fewer targets, or legitimate ones alone more; or if a typology
        of the log has no share in the population.
    """
    import pyarrow as pa

    found = tables.rows(
        """
        SELECT account_id, typology_id, target FROM truth_targets
        JOIN (SELECT account_id, typology_id FROM truth_accounts) USING (account_id)
        WHERE entity_type = 'account' ORDER BY account_id"""
    )
    if not prevalences:
        return table(SAMPLE_WEIGHTS, _columns(found[:0], np.empty(0), np.empty(0)))

    counted = _counted(found)
    shares = shares_by_default() if population is None else population
    _check(counted, shares, min(prevalences))
    abusive, legitimate = _sides(counted, shares)
    _check_within(prevalences, legitimate.target_share, abusive.target_share)

    made = []
    for prevalence in sorted(prevalences):
        by_typology = _of_typologies(abusive, legitimate, prevalence)
        weights = len(found) * found["typology_id"].map(by_typology).to_numpy(np.float64)
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


def _counted(found: Any) -> dict[str, Typology]:
    """Return what there is of each typology, in order of their names."""
    groups = found.groupby("typology_id")["target"]
    return {str(name): Typology(len(group), int(group.sum())) for name, group in groups}


def _parted(
    counted: Mapping[str, Typology],
) -> tuple[dict[str, Typology], dict[str, Typology]]:
    """Return the abusive typologies, and the legitimate ones."""
    abusive = {t: of for t, of in counted.items() if typologies()[t].is_extraction}
    return abusive, {t: of for t, of in counted.items() if t not in abusive}


def _sides(counted: Mapping[str, Typology], shares: Mapping[str, float]) -> tuple[Side, Side]:
    """Return the abusive and the legitimate accounts."""
    abusive, legitimate = _parted(counted)
    targets = {t: 1 / of.targets for t, of in abusive.items() if of.targets}
    accounts = sum(abusive[t].accounts for t in targets)
    mean = sum(abusive[t].accounts * weight for t, weight in targets.items()) / accounts
    return (
        _side(abusive, {t: targets.get(t, mean) for t in abusive}),
        _side(legitimate, {t: shares[t] / of.accounts for t, of in legitimate.items()}),
    )


def _side(counted: Mapping[str, Typology], weights: Mapping[str, float]) -> Side:
    """Return a side whose accounts weigh in these proportions."""
    whole = sum(of.accounts * weights[t] for t, of in counted.items())
    targets = sum(of.targets * weights[t] for t, of in counted.items())
    return Side({t: weight / whole for t, weight in weights.items()}, targets / whole)


def _of_typologies(abusive: Side, legitimate: Side, prevalence: float) -> dict[str, float]:
    """Return the weight of an account of each typology; those of all accounts add up to 1.

    With a share x of abusive accounts the share of targets is x a + (1 - x) l, where a and l are
    those of the two sides.
    """
    least, most = legitimate.target_share, abusive.target_share
    share = (prevalence - least) / (most - least)
    weights = {t: share * weight for t, weight in abusive.weights.items()}
    return weights | {t: (1 - share) * weight for t, weight in legitimate.weights.items()}


def _check(counted: Mapping[str, Typology], shares: Mapping[str, float], prevalence: float) -> None:
    """Raise InvalidInputError with all that keeps any prevalence from being reached."""
    abusive, legitimate = _parted(counted)
    wrong = []
    if why := _one_sided(abusive, legitimate):
        wrong.append(f"prevalence {prevalence:g} cannot be reached: {why}")

    unknown = [t for t in legitimate if t not in shares]
    if unknown:
        wrong.append(
            f"population: has no share for {', '.join(unknown)}, which the log has; give them one,"
            " 0 if they should not count"
        )
    elif legitimate and not sum(shares[t] for t in legitimate):
        wrong.append(
            "population: all legitimate typologies of the log have the share 0"
            f" ({', '.join(legitimate)}); one of them should have more"
        )
    if wrong:
        raise InvalidInputError("\n".join(wrong))


def _one_sided(abusive: Mapping[str, Typology], legitimate: Mapping[str, Typology]) -> str:
    """Say which side of a prevalence has no account; empty if both have."""
    longer = "give the log a longer clock"
    if not abusive and not legitimate:
        return f"no account sent anything; {longer} or more accounts"
    if not abusive:
        return f"no account of an abusive typology sent anything; add such accounts, or {longer}"
    if not any(of.targets for of in abusive.values()):
        return (
            "`target` is true for no account of an abusive typology; add accounts that extract"
            f" more, {longer}, or lower target.least_share"
        )
    if not legitimate:
        return (
            f"all accounts that sent something are of abusive typologies; add others, or {longer}"
        )
    return ""


def _check_within(prevalences: Sequence[float], least: float, most: float) -> None:
    """Raise InvalidInputError unless every prevalence lies between those of the two sides."""
    wrong = []
    for prevalence in prevalences:
        said = f"prevalence {prevalence:g} cannot be reached"
        if prevalence >= most:
            wrong.append(
                f"{said}: `target` is true for {most:.4g} of the abusive accounts alone, weighed"
                " equally by typology; choose one below"
            )
        if prevalence <= least:
            wrong.append(
                f"{said}: `target` is true for {least:.4g} of the legitimate accounts alone,"
                " weighed by the population; choose one above"
            )
    if wrong:
        raise InvalidInputError("\n".join(wrong))
