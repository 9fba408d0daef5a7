"""A label as it comes to be, before it has an identifier."""

from __future__ import annotations

from typing import NamedTuple

NO_CAMPAIGN = -1


class Row(NamedTuple):
    """A label of an account; rows sort by time. Times are in microseconds of Unix time.

    `account` is the index of the account, `campaign` that of the campaign that a report named, else
    `NO_CAMPAIGN`.
    """

    created_us: int
    account: int
    channel: str
    label: str
    valid_from_us: int
    campaign: int = NO_CAMPAIGN
