"""The truth of what a split asks: of each entity of the fold `test` what it is, and who is behind.

This is the one door through which scoring sees the truth; no detector comes by here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.documents.printable import said
from sim.errors import InvalidInputError
from sim.packs.pack import Pack
from sim.predictions.fold import Fold, fold_of

if TYPE_CHECKING:
    import pandas as pd

# What is known of a customer, and where; an account may have several instruments, the first counts.
_CUSTOMERS = """
SELECT account_id, verification_level::VARCHAR AS verification_level,
       kyc_level::VARCHAR AS kyc_level, declared_country::VARCHAR AS declared_country,
       signup_asn_type::VARCHAR AS signup_asn_type, platform::VARCHAR AS platform,
       coalesce(instrument, 'none') AS instrument
FROM accounts JOIN (SELECT org_id, kyc_level, declared_country FROM orgs) USING (org_id)
LEFT JOIN (
    SELECT account_id, arg_min(type::VARCHAR, (first_seen, instrument_hash)) AS instrument
    FROM (SELECT account_id, instrument_hash, first_seen FROM account_payment)
    JOIN (SELECT instrument_hash, type FROM payment_instruments) USING (instrument_hash)
    GROUP BY account_id
) USING (account_id)
"""
_EXTRACTING = """
SELECT account_id, epoch_us(ts_end) AS at_us
FROM exchanges
SEMI JOIN (SELECT exchange_id FROM truth_exchanges WHERE is_extraction) AS wanted
     USING (exchange_id)
WHERE epoch_us(ts_end) >= {from_us} AND epoch_us(ts_end) < {to_us}
"""


class Extracting(NamedTuple):
    """Exchanges of the window that extract, in order of place and time.

    Attributes
    ----------
    place
        Of which of the entities, from 0, shape (exchanges,).
    at_us
        When each was complete, in microseconds of Unix time.
    """

    place: Ints
    at_us: Ints


@dataclass(frozen=True)
class Asked:
    """Entities of the fold `test` of a split, in order of their identifier, with their truth.

    All arrays have the shape (entities,).

    Attributes
    ----------
    pack, split
        Whose, and which.
    prevalence
        The share of the weight that positives have.
    ids, account_ids
        Entities, and their accounts; the same but in splits of examples.
    from_us, to_us
        Their window, in microseconds of Unix time; the end is excluded.
    target
        Whether each is to be found.
    weight
        What each stands for in a population; all add up to 1, those of positives to the prevalence.
    owner
        Whom the bootstrap draws as a whole, from 0: what an operator or an organisation joins.
    operator, org, campaign
        Identifiers; 0 where there is no campaign.
    typology
        Id of the typology, such as `L09`.
    """

    pack: Pack
    split: str
    prevalence: float
    ids: Ints
    account_ids: Ints
    from_us: int
    to_us: int
    target: Bools
    weight: Floats
    owner: Ints
    operator: Ints
    org: Ints
    campaign: Ints
    typology: Array

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """`truth/campaigns` of the campaigns that are asked for; the index is campaign_uid."""
        frame = self.pack.pandas("truth/campaigns").set_index("campaign_uid")
        return frame[frame.index.isin(self.campaign)]

    @cached_property
    def customers(self) -> pd.DataFrame:
        """What the log says of each entity's customer when it closes, as words, a row each.

        Columns: verification_level, kyc_level, declared_country, signup_asn_type, platform,
        instrument.
        """
        frame: pd.DataFrame = rows_of(self.pack, _CUSTOMERS).set_index("account_id")
        return frame.loc[self.account_ids].reset_index(drop=True)

    @cached_property
    def extracting(self) -> Extracting:
        """Exchanges that extract, complete in the window, with their times."""
        query = _EXTRACTING.format(from_us=self.from_us, to_us=self.to_us)
        found = rows_of(self.pack, query, truth=True)
        order = np.argsort(self.account_ids)
        sought = found["account_id"].to_numpy()
        there = np.searchsorted(self.account_ids, sought, sorter=order)
        place = order[np.minimum(there, len(order) - 1)]

        mine = self.account_ids[place] == sought
        place, at_us = place[mine], found["at_us"].to_numpy()[mine]
        order = np.lexsort((at_us, place))
        return Extracting(place[order], at_us[order])


def rows_of(pack: Pack, query: str, truth: bool = False) -> pd.DataFrame:
    """Return what a query gives; raises InvalidInputError if what it reads is damaged."""
    found = pack.sql(query, truth)
    import duckdb

    try:
        frame: pd.DataFrame = found.df()
    except duckdb.Error as error:
        raise InvalidInputError(
            f"{pack.store}: cannot be read: {said(error)}; `sim verify` lists what is damaged"
        ) from error
    return frame


def asked_of(pack: Pack, split: str, prevalence: float) -> Asked:
    """Return the truth of the fold `test` of a split.

    Parameters
    ----------
    pack
        With its truth.
    split
        The scheme, such as `campaign`.
    prevalence
        One that the recipe names. Within positives and within the others, accounts weigh as
        `truth/sample_weights` says; the two sides are scaled to the prevalence, which a fold has by
        chance only nearly.

    Raises
    ------
    InvalidInputError
        If truth was taken away, if there is no such split or prevalence, or if the fold has no
        positives or no negatives.
    """
    fold = fold_of(pack, split)
    target = _target(pack, fold)
    weight = scaled(_weights(pack, fold, prevalence), target, prevalence)
    if np.isnan(weight).any():
        raise InvalidInputError(
            f"{pack.store}: positives or negatives of the fold test of {split} weigh nothing at a "
            f"prevalence of {prevalence:g}: the population of the recipe has none of their typology"
        )
    truth = pack.pandas(
        "truth/accounts", ["account_id", "typology_id", "operator_uid", "campaign_uid"]
    )
    log = pack.pandas("log/accounts", ["account_id", "org_id"])
    every = truth.merge(log, on="account_id")
    every["owner"] = owners_of(every["operator_uid"].to_numpy(), every["org_id"].to_numpy())
    mine = every.set_index("account_id").loc[fold.account_ids]

    return Asked(
        pack=pack,
        split=split,
        prevalence=prevalence,
        ids=fold.ids,
        account_ids=fold.account_ids,
        from_us=fold.from_us,
        to_us=fold.to_us,
        target=target,
        weight=weight,
        owner=np.unique(mine["owner"], return_inverse=True)[1].astype(np.int64),
        operator=mine["operator_uid"].to_numpy(np.int64),
        org=mine["org_id"].to_numpy(np.int64),
        campaign=mine["campaign_uid"].fillna(0).to_numpy(np.int64),
        typology=mine["typology_id"].astype(str).to_numpy(dtype=object),
    )


def owners_of(operator: Ints, org: Ints) -> Ints:
    """Return the number of who is behind each account, from 0.

    Accounts of an operator, or of an organisation, belong together, and so do those that are joined
    by others.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = (np.unique(ids, return_inverse=True)[1] for ids in (operator, org))
    operators = int(first.max(initial=-1)) + 1
    nodes = operators + int(second.max(initial=-1)) + 1
    joined = coo_array((np.ones(len(first)), (first, operators + second)), shape=(nodes, nodes))
    part: Ints = connected_components(joined, directed=False)[1][first].astype(np.int64)
    return part


def scaled(weight: Floats, target: Bools, prevalence: float) -> Floats:
    """Return weights that add up to 1, those of positives to the prevalence.

    NaN where a side weighs nothing.
    """
    made = np.full(len(weight), np.nan)
    for side, share in ((target, prevalence), (~target, 1 - prevalence)):
        whole = weight[side].sum()
        if whole > 0:
            made[side] = weight[side] * (share / whole)
    return made


def _target(pack: Pack, fold: Fold) -> Bools:
    """Return what is to be found, or raise InvalidInputError if it is all or nothing."""
    frame = pack.pandas("truth/targets", ["entity_type", "entity_id", "target"])
    frame = frame[frame["entity_type"] == fold.entity_type].set_index("entity_id")
    target: Bools = frame["target"].loc[fold.ids].to_numpy(dtype=bool)
    if target.all() or not target.any():
        which = "positive" if target.all() else "negative"
        raise InvalidInputError(
            f"{pack.store}: all {len(target):,} {fold.entity_type}s of the fold test of "
            f"{fold.split} are {which}; a score needs both"
        )
    return target


def _weights(pack: Pack, fold: Fold, prevalence: float) -> Floats:
    """Return the weight of each entity's account at a prevalence."""
    named = pack.recipe.prevalence
    if prevalence not in named:
        there = ", ".join(format(each, "g") for each in named) or "none"
        raise InvalidInputError(
            f"{pack.store}: no weights for a prevalence of {prevalence:g}; the recipe has {there}"
        )
    frame: Any = pack.pandas("truth/sample_weights", ["entity_id", "prevalence", "weight"])
    frame = frame[frame["prevalence"] == prevalence].set_index("entity_id")
    weights: Floats = frame["weight"].loc[fold.account_ids].to_numpy(np.float64)
    return weights
