"""The baseline `daily`: every night gradient boosting judges the day of each account."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from sim.arrays.types import Bools, Floats
from sim.detectors.accounts import boosted, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen
from sim.features.make import account_days
from sim.features.windows import Window

_DAY_US = 86_400_000_000
# Days of the mean account that stand behind every account before it has sent anything.
_PRIOR_DAYS = 2.0
# No probability is nearer to 0 or 1.
_LEAST = 1e-4
_KEYS = ["account_id", "at_us"]


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts at the end of each day by the mean log-odds of their days so far.

    Every day of an account is learned from as if it had the label of the account. What the mean
    account shows stands for some days before the first, so that one odd day is not enough. Nothing
    is drawn.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    first, second = _days(learned), _days(asked)
    of_account = dict(zip(learned.accounts, sought, strict=True))
    is_sought = first["account_id"].map(of_account).to_numpy(bool)
    values = matrices(first.drop(columns=_KEYS), second.drop(columns=_KEYS))[:2]
    chance = boosted(values[0], is_sought, values[1])

    base = float(is_sought.mean()) if len(is_sought) else 0.0
    moments = second[_KEYS].assign(score=_so_far(second["account_id"], chance, base))
    most = moments.groupby("account_id")["score"].max().reindex(asked.accounts, fill_value=base)
    return Found(most.to_numpy(np.float64), moments=moments)


def _days(seen: Seen) -> Any:
    """Return the days of these accounts in order of time, each with when it was over."""
    window = Window(seen.from_us, seen.to_us)
    days = seen.once("account days", lambda: _over(account_days(seen.log, window), seen.to_us))
    return days[days["account_id"].isin(seen.accounts)]


def _over(days: Any, to_us: int) -> Any:
    """Return days with the time at which they were over in place of their date."""
    begins = days.pop("day").dt.as_unit("us").astype("int64")
    return days.assign(at_us=(begins + _DAY_US).clip(upper=to_us))


def _so_far(account: Any, chance: Floats, base: float) -> Floats:
    """Return the mean log-odds of each account up to each of its days, as a probability.

    Parameters
    ----------
    account
        Series of identifiers, a day each, of each account in order of time.
    chance
        Probability that such a day is one of those sought, shape (days,).
    base
        That of the mean day.
    """
    odds = pd.Series(logit(np.clip(chance, _LEAST, 1 - _LEAST)), index=account.index)
    before = _PRIOR_DAYS * float(logit(np.clip(base, _LEAST, 1 - _LEAST)))
    total, days = odds.groupby(account).cumsum(), odds.groupby(account).cumcount() + 1
    return np.asarray(expit((before + total) / (_PRIOR_DAYS + days)))


BASELINE = Baseline(
    name="daily",
    title="gradient boosting on each day of an account, added up night by night",
    sees="features of account-days, which count no others",
    source="Friedman 2001, Greedy function approximation: a gradient boosting machine",
    find=find,
)
