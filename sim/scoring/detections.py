"""When accounts and campaigns that are to be found began, and when each is detected."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Bools, Floats, Ints
from sim.scoring.answer import Answer
from sim.scoring.asked import Asked, rows_of
from sim.scoring.campaigns import Campaigns

NEVER = np.iinfo(np.int64).max
"""Stands for the time of what does not happen in the window."""
TENTH = 0.1
"""Part of the accounts of a campaign with which it is detected."""
# Bans that no later decision took back.
_BANNED = """
SELECT account_id, epoch_us(max("at")) AS at_us FROM enforcement_events
WHERE action::VARCHAR IN ('ban', 'reinstate')
      AND epoch_us("at") >= {from_us} AND epoch_us("at") < {to_us}
GROUP BY account_id HAVING arg_max(action::VARCHAR, "at") = 'ban'
"""


class Detections(NamedTuple):
    """Accounts that are to be found, or campaigns; all arrays of one length.

    Attributes
    ----------
    place
        The place of the account among the entities; of a campaign that of one of its accounts.
    first_us
        When the first exchange that extracts was complete, in the window.
    until_us
        Until when it is observed: to its detection, or to what ends the observation before.
    found
        Whether it is detected by then.
    sent, before
        Exchanges that extract in the window, and those of them complete by the detection of the
        account that sent them; all of them if there is none.
    """

    place: Ints
    first_us: Ints
    until_us: Ints
    found: Bools
    sent: Ints
    before: Ints

    @property
    def days(self) -> Floats:
        """How long each was observed since it began, in days."""
        return (self.until_us - self.first_us) / DAY_US


def flagged_at(answer: Answer) -> Ints:
    """Return when the score of each entity first reaches the threshold, NEVER if it does not.

    Where the predictions have no moments, scores are known when the window closes.
    """
    closes = answer.asked.to_us
    known = np.where(answer.flagged, closes, NEVER)
    if answer.moments is not None:
        place, at_us, score = answer.moments
        high = score >= answer.threshold
        flagged, first = np.unique(place[high], return_index=True)
        known[flagged] = np.minimum(at_us[high][first], closes)
    return known


def of_accounts(answer: Answer, at_us: Ints) -> Detections:
    """Return the accounts that are to be found, given when each entity is flagged.

    They are observed to the close of the window, or to a ban by the provider that stands.
    """
    asked = answer.asked
    place, exchange_us = asked.extracting.place, asked.extracting.at_us
    size = len(asked)
    first_us = np.full(size, NEVER)
    np.minimum.at(first_us, place, exchange_us)
    sent = np.bincount(place, minlength=size)
    before = np.bincount(place[exchange_us <= at_us[place]], minlength=size)

    sought = np.flatnonzero(asked.target & (sent > 0))
    ends = np.minimum(banned_at(asked), asked.to_us)
    found = at_us <= ends
    until_us = np.maximum(np.minimum(at_us, ends), first_us)
    return Detections(
        place=sought,
        first_us=first_us[sought],
        until_us=until_us[sought],
        found=found[sought],
        sent=sent[sought],
        before=before[sought],
    )


def of_campaigns(answer: Answer, accounts: Detections, at_us: Ints) -> Detections:
    """Return the campaigns of these accounts, each detected with the tenth part of its accounts.

    They are observed to the close of the window: who is banned is replaced.
    """
    campaigns = Campaigns(answer.asked)
    number = campaigns.of[accounts.place]
    rows = []
    for campaign in np.unique(number[number >= 0]):
        theirs = np.flatnonzero(number == campaign)
        moments = np.sort(at_us[campaigns.of == campaign])
        known = moments[int(np.ceil(TENTH * len(moments) - 1e-9)) - 1]
        first = accounts.first_us[theirs].min()
        until = max(min(known, answer.asked.to_us), first)
        sums = [part[theirs].sum() for part in (accounts.sent, accounts.before)]
        rows.append((accounts.place[theirs[0]], first, until, known != NEVER, *sums))

    columns = np.array(rows, np.int64).reshape(-1, len(Detections._fields)).T
    place, first_us, until_us, found, sent, before = columns
    return Detections(place, first_us, until_us, found.astype(bool), sent, before)


def banned_at(asked: Asked) -> Ints:
    """Return when each entity was banned for good within its window, NEVER if it was not."""
    banned = np.full(len(asked), NEVER)
    if "log/enforcement_events" not in asked.pack.names:
        return banned
    rows = rows_of(asked.pack, _BANNED.format(from_us=asked.from_us, to_us=asked.to_us))
    at_us = dict(zip(rows["account_id"], rows["at_us"], strict=True))
    return np.array([at_us.get(account, NEVER) for account in asked.account_ids], np.int64)
