"""How many campaigns are found, as far as a tenth or half of their accounts."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import typologies
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked
from sim.scoring.figures import Figure, Section
from sim.scoring.shares import figure, share

PARTS = ((0.1, "10", "a tenth"), (0.5, "50", "half"))
_NOTE = (
    "A campaign counts if an account of it in the fold is to be found; its accounts are all of it "
    "that are in the fold. Of a campaign of up to ten accounts one account is a tenth. Every "
    "campaign counts once; intervals are those of Wilson on the number of campaigns. Of those "
    "without campaign accounts count, by their weight."
)


def section(answer: Answer) -> Section:
    """Return the share of campaigns of whose accounts a tenth, or half, are flagged."""
    asked = answer.asked
    campaigns = Campaigns(asked)
    figures = _of_campaigns(campaigns.flagged_share(answer.flagged))
    typology = campaigns.typology
    for kind in sorted(set(typology)):
        here = typology == kind
        figures += _of_campaigns(campaigns.flagged_share(answer.flagged)[here], str(kind))

    is_alone = asked.target & (asked.campaign == 0)
    extracts = [key for key, kind in typologies().items() if kind.is_extraction]
    by_nature = np.isin(asked.typology.astype(str), extracts)
    figures.append(
        _of_accounts(answer, is_alone & by_nature, "solo", "extractors without campaign, flagged")
    )
    figures.append(
        _of_accounts(
            answer, is_alone & ~by_nature, "used", "accounts that others extract through, flagged"
        )
    )
    return Section("campaigns", "Campaigns", tuple(figures), _NOTE)


class Campaigns:
    """The campaigns of a fold that have an account to be found.

    Attributes
    ----------
    uid, typology
        Of each campaign, shape (campaigns,).
    of
        The number of the campaign of each entity, -1 for none, shape (entities,).
    accounts
        Accounts of each in the fold, shape (campaigns,).
    """

    def __init__(self, asked: Asked) -> None:
        """Take the campaigns that are asked for."""
        wanted = asked.target & (asked.campaign != 0)
        self.uid, first = np.unique(asked.campaign[wanted], return_index=True)
        self.typology = asked.typology[wanted][first].astype(str)
        place = np.searchsorted(self.uid, asked.campaign)
        place = np.minimum(place, max(len(self.uid) - 1, 0))
        known = np.isin(asked.campaign, self.uid)
        self.of: Ints = np.where(known, place, -1)
        self.accounts: Ints = np.bincount(self.of[known], minlength=len(self.uid))

    def __len__(self) -> int:
        return len(self.uid)

    def sums(self, values: Bools | Floats | Ints) -> Floats:
        """Return the sum over the accounts of each campaign, shape (campaigns,)."""
        known = self.of >= 0
        return np.bincount(self.of[known], values[known], minlength=len(self)).astype(float)

    def flagged_share(self, flagged: Bools) -> Floats:
        """Return the share of the accounts of each campaign that are flagged."""
        return self.sums(flagged) / self.accounts


def reached(flagged_share: Floats, part: float) -> Bools:
    """Tell of which campaigns at least a part of the accounts are flagged."""
    reached: Bools = flagged_share >= part - 1e-12
    return reached


def _of_campaigns(flagged_share: Floats, of: str = "") -> list[Figure]:
    """Return the campaign recall of some campaigns, at each part of their accounts."""
    figures = []
    for part, name, words in PARTS:
        found, size = reached(flagged_share, part), len(flagged_share)
        made = share(found, np.ones(size), np.arange(size))
        figures.append(
            figure(
                f"campaign_recall_{name}",
                f"campaigns with {words} of their accounts flagged",
                made,
                rests_on=f"{int(found.sum()):,} of {size:,} campaigns",
                why_not="the fold has no campaigns to be found",
                of=of,
            )
        )
    return figures


def _of_accounts(answer: Answer, chosen: Bools, name: str, words: str) -> Figure:
    """Return the share of some accounts that is flagged."""
    asked = answer.asked
    flagged = answer.flagged[chosen]
    made = share(flagged, asked.weight[chosen], asked.owner[chosen])
    return figure(
        f"recall_{name}",
        words,
        made,
        rests_on=f"{int(flagged.sum()):,} of {len(flagged):,} accounts",
        why_not="the fold has none",
    )
