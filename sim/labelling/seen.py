"""What a provider sees of its accounts, night by night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.arrays.time import DAY_US, FOREVER_US, HOUR_US
from sim.arrays.types import Bools, Floats, Ints
from sim.tables.database import RunTables

NOTHING = -1
"""The number of what an account does not have."""

SHARED = ("card", "address", "burst", "template")
"""What accounts have in common: the card they pay with, the address they signed up from, the /24 of
that with the day of the sign-up, and the system prompt of their first exchange."""


@dataclass(frozen=True)
class Accounts:
    """The accounts of a log, in order of identifier; arrays of shape (accounts,).

    Times are in microseconds of Unix time. `first_us`: when the first exchange was answered, later
    than all else for accounts without any. `has`: by `SHARED` the number of what an account has, or
    `NOTHING`.
    """

    account_id: Ints
    created_us: Ints
    first_us: Ints
    has: dict[str, Ints]

    def __len__(self) -> int:
        return len(self.account_id)


@dataclass(frozen=True)
class Night:
    """What is known at the end of a day, in UTC; arrays of shape (accounts,).

    Attributes
    ----------
    end_us
        The end of the day, in microseconds of Unix time.
    known
        Whether an account has signed up by then.
    exchanges, busiest_hour, refused
        Exchanges that were answered on that day, those in its busiest hour, and refusals.
    total, extracting
        All exchanges so far; and those that extract, which only the truth knows.
    rate
        Exchanges on an average active day so far, 0 before the first.
    """

    end_us: int
    accounts: Accounts
    known: Bools
    exchanges: Ints
    busiest_hour: Ints
    refused: Ints
    total: Ints
    extracting: Ints
    rate: Floats

    def sharing(self, what: str, among: Bools) -> Ints:
        """Return how many accounts of `among` have the same of what is `SHARED`.

        0 for accounts that have none.
        """
        number = self.accounts.has[what]
        counted = number[among & (number != NOTHING)]
        sizes = np.bincount(counted, minlength=int(number.max(initial=NOTHING)) + 2)
        return np.asarray(sizes[number] * (number != NOTHING), np.int64)

    def with_prompts(self) -> Bools:
        """Return which accounts have sent something, so that they have a template."""
        return self.known & (self.accounts.first_us <= self.end_us)


class Seen:
    """All that the process takes from the tables, of a run or a pack.

    What happened is summed by account and day in the database; exchanges are never in memory.
    """

    def __init__(self, tables: RunTables) -> None:
        self.opens_us, self.closes_us = tables.opens_us, tables.closes_us
        self.accounts = _accounts(tables)
        self._days = tables.rows(_ACCOUNT_DAYS.format(opens_us=self.opens_us))
        self._extracting = tables.rows(_EXTRACTING_DAYS.format(opens_us=self.opens_us))
        self.campaigns: Any = tables.rows(_CAMPAIGNS)
        self.campaign_of: Ints = tables.rows(_CAMPAIGN_OF)["campaign_uid"].to_numpy()
        self.disputes: Any = tables.rows(_DISPUTES)

    def nights(self, after: int) -> Iterator[Night]:
        """Yield what is known each night, from the first of the log to `after` days behind it."""
        size = len(self.accounts)
        total, extracting, active = (np.zeros(size, np.int64) for _ in range(3))
        days = _by_day(self._days, self.accounts)
        extracts = _by_day(self._extracting, self.accounts)
        length = -((self.opens_us - self.closes_us) // DAY_US)

        for day in range(length + after):
            today = np.zeros((3, size), np.int64)
            if day in days:
                rows, values = days[day]
                today[:, rows] = values
            if day in extracts:
                rows, values = extracts[day]
                extracting[rows] += values[0]
            total += today[0]
            active += today[0] > 0

            end_us = self.opens_us + (day + 1) * DAY_US
            yield Night(
                end_us=end_us,
                accounts=self.accounts,
                known=self.accounts.created_us <= end_us,
                exchanges=today[0],
                busiest_hour=today[1],
                refused=today[2],
                total=total.copy(),
                extracting=extracting.copy(),
                rate=total / np.maximum(active, 1),
            )


def _by_day(frame: Any, accounts: Accounts) -> dict[int, tuple[Ints, Ints]]:
    """Return the accounts that did something by day, and what they did, shape (kinds, accounts)."""
    found = {}
    for day, rows in frame.groupby("day"):
        place = np.searchsorted(accounts.account_id, rows["account_id"].to_numpy())
        values = rows.drop(columns=["account_id", "day"]).to_numpy(np.int64).T
        found[int(day)] = (place, values)
    return found


def _accounts(tables: RunTables) -> Accounts:
    """Return the accounts with what each has in common with others."""
    has_template = "system_prompt_hash" in tables.schemas["log/exchanges"]
    template = "system_prompt_hash" if has_template else "0"
    frame = tables.rows(_ACCOUNTS.format(template=template, day_us=DAY_US))
    return Accounts(
        account_id=frame["account_id"].to_numpy(),
        created_us=frame["created_us"].to_numpy(),
        first_us=frame["first_us"].fillna(FOREVER_US).to_numpy(np.int64),
        has={name: _numbered(frame[name]) for name in SHARED},
    )


def _numbered(identifiers: Any) -> Ints:
    """Return identifiers as numbers from 0, and `NOTHING` where there is none."""
    values = identifiers.fillna(0).to_numpy(np.int64)
    number = np.unique(values, return_inverse=True)[1]
    return np.where(values == 0, NOTHING, number)


_ACCOUNTS = """
WITH first AS (
  SELECT account_id, min(epoch_us(ts_end)) AS first_us,
    arg_min({template}, (ts_end, exchange_id)) AS template
  FROM log_exchanges GROUP BY ALL
), card AS (
  SELECT account_id, arg_min(instrument_hash, (first_seen, instrument_hash)) AS card
  FROM log_account_payment GROUP BY ALL
)
SELECT account_id, epoch_us(created_at) AS created_us, first_us, card,
  signup_ip_hash AS address, template,
  CASE WHEN signup_ip24 = 0 THEN 0
    ELSE dense_rank() OVER (ORDER BY signup_ip24, epoch_us(created_at) // {day_us}) END AS burst
FROM log_accounts LEFT JOIN first USING (account_id) LEFT JOIN card USING (account_id)
ORDER BY account_id
"""
# An exchange counts when it is over.
_ACCOUNT_DAYS = f"""
WITH hours AS (
  SELECT account_id, (epoch_us(ts_end) - {{opens_us}}) // {HOUR_US} AS hour, count(*) AS exchanges,
    count(*) FILTER (finish_reason = 'refusal') AS refused
  FROM log_exchanges GROUP BY ALL
)
SELECT account_id, hour // 24 AS day, sum(exchanges)::BIGINT AS exchanges,
  max(exchanges) AS busiest, sum(refused)::BIGINT AS refused
FROM hours GROUP BY ALL ORDER BY day, account_id
"""
_EXTRACTING_DAYS = f"""
SELECT account_id, (epoch_us(ts_end) - {{opens_us}}) // {DAY_US} AS day, count(*) AS extracting
FROM log_exchanges
WHERE exchange_id IN (SELECT exchange_id FROM truth_exchanges WHERE is_extraction)
GROUP BY ALL ORDER BY day, account_id
"""
_CAMPAIGNS = """
SELECT campaign_uid, epoch_us(starts_at) AS starts_us FROM truth_campaigns ORDER BY campaign_uid
"""
_CAMPAIGN_OF = """
SELECT coalesce(campaign_uid, 0) AS campaign_uid
FROM log_accounts LEFT JOIN truth_accounts USING (account_id) ORDER BY account_id
"""
_DISPUTES = """
SELECT account_id, instrument_hash, epoch_us(min(known_at)) AS known_us,
  epoch_us(min(log_account_payment.first_seen)) AS first_us
FROM log_payment_events
JOIN log_account_payment USING (account_id, instrument_hash)
JOIN log_payment_instruments USING (instrument_hash)
WHERE kind = 'dispute' AND type = 'card'
GROUP BY ALL ORDER BY known_us, account_id
"""
