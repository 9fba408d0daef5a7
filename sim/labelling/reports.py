"""Reports of partners: a campaign at once, most of it, and some bystanders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.arrays.time import DAY_US, FOREVER_US
from sim.arrays.types import Bools, Ints
from sim.labelling.dials import LabelDials, ReportDials
from sim.labelling.rows import Row
from sim.labelling.seen import NOTHING, SHARED, Accounts, Seen
from sim.streams import Streams, mixed, uniforms
from sim.tables.label_schema import EXTRACTION


@dataclass(frozen=True)
class Report:
    """What a partner would report of a campaign, if the partner learns of it; accounts by index.

    Attributes
    ----------
    campaign
        Its index.
    created_us, starts_us
        When the report comes, and when the campaign began.
    members, named
        The accounts of the campaign by then, and those that the partner names.
    bystanders
        How many strangers are named too.
    chance
        In [0, 1): decides whether the partner learns of it.
    key
        Of the order in which chance takes strangers.
    """

    campaign: int
    created_us: int
    starts_us: int
    members: Ints
    named: Ints
    bystanders: int
    chance: float
    key: int

    def is_made(self, quiet: Bools, dials: LabelDials) -> bool:
        """Tell whether the partner learns of the campaign; less often of a quiet one.

        Parameters
        ----------
        quiet
            Which accounts are quiet, shape (accounts,). A campaign is if most of its accounts are.
        """
        share = dials.report.campaign_share
        if len(self.members) and quiet[self.members].mean() > 1 / 2:
            share *= 1 - dials.missed.share
        return self.chance < share

    def strangers(self, accounts: Accounts) -> Ints:
        """Return the accounts that are named by mistake, those that look like the named ones.

        First those that share something with one of the named, those that share more before the
        others; equal ones by chance. If there are too few of them, all others follow, the nearer
        their sign-up to the median one of the named, the sooner.
        """
        if not self.bystanders:
            return self.named[:0]
        ways = self._ways(accounts)
        others = accounts.created_us <= self.created_us
        others[self.members] = False
        rows = np.flatnonzero(others & (ways > 0))
        if len(rows) < self.bystanders:
            rows = np.flatnonzero(others)

        middle_us = np.median(accounts.created_us[self.named])
        away_us = np.abs(accounts.created_us[rows] - middle_us)
        by_chance = mixed(self.key, accounts.account_id[rows])
        order = np.lexsort((by_chance, np.where(ways[rows] > 0, 0, away_us), -ways[rows]))
        return rows[order[: self.bystanders]]

    def _ways(self, accounts: Accounts) -> Ints:
        """Return how many things each account has that one of the named has too."""
        ways = np.zeros(len(accounts), np.int64)
        for what in SHARED:
            has = accounts.has[what]
            if what == "template":
                has = np.where(accounts.first_us <= self.created_us, has, NOTHING)
            is_shared = np.zeros(int(has.max()) + 2, np.bool_)
            is_shared[has[self.named]] = True
            is_shared[NOTHING] = False
            ways += is_shared[has]
        return ways

    def rows(self, accounts: Accounts) -> list[Row]:
        """Return the labels, all of one time."""
        hit = np.concatenate([self.named, self.strangers(accounts)])
        since_us = np.maximum(accounts.created_us[hit], self.starts_us)
        return [
            Row(self.created_us, account, "report", EXTRACTION, valid_from_us, self.campaign)
            for account, valid_from_us in zip(hit.tolist(), since_us.tolist(), strict=True)
        ]


def reports(seen: Seen, dials: ReportDials, streams: Streams) -> list[Report]:
    """Return a report for each campaign that a partner may learn of, in order of time."""
    found = []
    for campaign, (uid, starts_us) in enumerate(
        zip(seen.campaigns["campaign_uid"], seen.campaigns["starts_us"], strict=True)
    ):
        rng = streams.rng("labels", "report", int(uid))
        chance, p_after, u_named, u_bystanders, u_rounding = rng.random(5)
        if chance >= dials.campaign_share:
            continue
        wait_us = dials.after_days.quantile(p_after + 2.0**-54) * DAY_US
        created_us = int(starts_us) + round(min(wait_us, FOREVER_US / 2))

        key, accounts = streams.key("labels", "named", int(uid)), seen.accounts
        signed_up = accounts.created_us <= created_us
        members = np.flatnonzero((seen.campaign_of == uid) & signed_up)
        share = _between(dials.named_share_least, dials.named_share_most, u_named)
        order = uniforms(mixed(key, accounts.account_id[members]))
        named = members[np.argsort(order)[: round(share * len(members))]]

        share = _between(dials.bystander_share_least, dials.bystander_share_most, u_bystanders)
        number = int(share * len(named) + u_rounding)
        found.append(
            Report(campaign, created_us, int(starts_us), members, named, number, chance, key)
        )
    return sorted(found, key=lambda report: (report.created_us, report.campaign))


def _between(least: float, most: float, u: float) -> float:
    return least + (most - least) * u
