"""How many campaigns are found, as far as a tenth or half of their accounts."""

from __future__ import annotations

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.catalog import typologies
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked
from sim.scoring.figures import Figure, Section
from sim.scoring.shares import figure, share

# Parts of the accounts of a campaign, with what a part is called.
_PARTS = ((0.1, "10", "a tenth"), (0.5, "50", "half"))
_NOTE = (
    "The accounts of a campaign are its positives in the fold; of up to ten of them one is a "
    "tenth. Every campaign counts once; intervals are those of Wilson on the number of campaigns. "
    "Positives that belong to no campaign count by their weight."
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
    """The campaigns of a fold, with their positives in it.

    Attributes
    ----------
    uid, typology
        Of each campaign, shape (campaigns,).
    of
        The number of the campaign of each entity, -1 for none, shape (entities,).
    """

    def __init__(self, asked: Asked) -> None:
        """Take the campaigns that are asked for."""
        sought = asked.target & (asked.campaign != 0)
        self.uid, first, number = np.unique(
            asked.campaign[sought], return_index=True, return_inverse=True
        )
        self.typology = asked.typology[sought][first].astype(str)
        self.of: Ints = np.full(len(asked), -1)
        self.of[sought] = number

    def flagged_share(self, flagged: Bools) -> Floats:
        """Return the share of the accounts of each campaign that are flagged."""
        sought = self.of >= 0
        accounts = np.bincount(self.of[sought], minlength=len(self.uid))
        return np.bincount(self.of[sought], flagged[sought], len(self.uid)) / accounts


def _of_campaigns(flagged_share: Floats, of: str = "") -> list[Figure]:
    """Return the campaign recall of some campaigns, at each part of their accounts."""
    figures = []
    for part, name, words in _PARTS:
        found, size = flagged_share >= part - 1e-12, len(flagged_share)
        made = share(found, np.ones(size), np.arange(size))
        figures.append(
            figure(
                f"campaign_recall_{name}",
                f"campaigns with {words} of their accounts flagged",
                made,
                rests_on=f"{int(found.sum()):,} of {size:,} campaigns",
                why_not="the fold has no campaigns with positives",
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
