"""The truth of what a split asks: of each entity of the fold `test` what it is, and who is behind.

This is the one door through which scoring sees the truth; no detector comes by here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sim.arrays.types import Array, Bools, Floats, Ints
from sim.packs.pack import Pack

if TYPE_CHECKING:
    import pandas as pd


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
        Whom the bootstrap draws as a whole, from 0: accounts of one operator, or one organisation.
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
        raise NotImplementedError

    @cached_property
    def customers(self) -> pd.DataFrame:
        """What the log says of each entity's customer, as words, a row each.

        Columns: verification_level, kyc_level, declared_country, signup_asn_type, platform,
        instrument.
        """
        raise NotImplementedError

    @cached_property
    def extracting(self) -> Extracting:
        """Exchanges that extract, complete in the window, with their times."""
        raise NotImplementedError


def asked_of(pack: Pack, split: str, prevalence: float) -> Asked:
    """Return the truth of the fold `test` of a split.

    Parameters
    ----------
    pack
        With its truth.
    split
        The scheme, such as `campaign`.
    prevalence
        One that the recipe names.

    Raises
    ------
    InvalidInputError
        If truth was taken away, if there is no such split or prevalence, or if the fold has no
        positives or no negatives.
    """
    raise NotImplementedError
