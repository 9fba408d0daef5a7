"""Logs of a few accounts that share things, as a detector sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from sim.detectors.seen import Seen
from tests.support.tiny_logs import OPENS, sent, tiny_log, us

OPENS_US, DAY_US = us(OPENS), 86_400_000_000
CLOSES_US = OPENS_US + 10 * DAY_US


def seen_of(
    folder: Path,
    accounts: Sequence[tuple[int, int, int]],
    *,
    cards: Iterable[tuple[int, int]] = (),
    uses: Iterable[tuple[int, int, float]] = (),
    drop: Sequence[str] = (),
) -> Seen:
    """Return the accounts of a log of ten days, which is written to a folder.

    Parameters
    ----------
    folder
        Need not exist.
    accounts
        Account, organisation and /24 of sign-up of each; 0 for none.
    cards
        Account and card.
    uses
        Account, template, and when a prompt of it was answered, in hours since the log opened.
    drop
        Columns that the exchanges do not have.
    """
    org_of = {account: org for account, org, _ in accounts}
    log = tiny_log(
        folder,
        drop,
        log_accounts=[{"account_id": a, "org_id": o, "signup_ip24": n} for a, o, n in accounts],
        log_account_payment=[{"account_id": a, "instrument_hash": c} for a, c in cards],
        log_exchanges=[
            sent(a, hours, seconds=0, org_id=org_of[a], prompt_cluster=template)
            for a, template, hours in uses
        ],
    )
    log.opens_us, log.closes_us = OPENS_US, CLOSES_US
    index = pd.Index(list(org_of), name="account_id", dtype=np.int64)
    group = np.array(list(org_of.values()), np.int64)
    return Seen(log, pd.DataFrame({"x": 0.0}, index=index), group, OPENS_US, CLOSES_US)
