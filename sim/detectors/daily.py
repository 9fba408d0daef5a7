"""The baseline `daily`: every night gradient boosting judges what each account has shown so far."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, logit

from sim.arrays.time import DAY_US
from sim.arrays.types import Bools, Floats
from sim.detectors.accounts import boosted, matrices
from sim.detectors.baseline import Baseline, Found
from sim.detectors.seen import Seen
from sim.features.make import account_days
from sim.features.windows import Window

# Days of the mean account that stand before the first of every account.
_PRIOR_DAYS = 2.0
# No probability is nearer to 0 or 1.
_LEAST = 1e-4
_KEYS = ["account_id", "at_us"]
_SIGN_UP = """
SELECT account_id, epoch_us(created_at) AS created_us,
       (verification_level = 'verified')::INT AS is_verified,
       (platform <> 'first_party')::INT AS by_cloud,
       (signup_asn_type = 'hosting')::INT AS signed_up_hosting,
       (signup_asn_type = 'mobile')::INT AS signed_up_mobile
FROM log_accounts
"""


def find(learned: Seen, sought: Bools, asked: Seen, _seed: int) -> Found:
    """Score accounts at the end of each day on which they sent something.

    An account is judged by the mean of its days so far, and by its sign-up. Every night of an
    account is learned from as if it had the label of the account. One odd day is not enough: what
    the mean account shows stands for some days before the first. Nothing is drawn.

    Raises
    ------
    InvalidInputError
        If the extra `detect` is not installed.
    """
    first, second = _nights(learned), _nights(asked)
    of_account = dict(zip(learned.accounts, sought, strict=True))
    is_sought = first["account_id"].map(of_account).to_numpy(bool)
    values = matrices(first.drop(columns=_KEYS), second.drop(columns=_KEYS))[:2]
    chance = boosted(values[0], is_sought, values[1])

    base = float(is_sought.mean()) if len(is_sought) else 0.0
    moments = second[_KEYS].assign(score=_shrunk(chance, second["days"].to_numpy(), base))
    most = moments.groupby("account_id")["score"].max().reindex(asked.accounts, fill_value=base)
    return Found(most.to_numpy(np.float64), moments=moments)


def _nights(seen: Seen) -> Any:
    """Return what these accounts have shown at the end of each of their days."""
    nights = seen.once("nights", lambda: _every_night(seen))
    return nights[nights["account_id"].isin(seen.accounts)]


def _every_night(seen: Seen) -> Any:
    """Return the mean of the days so far, their number and the sign-up, of each account."""
    days = account_days(seen.log, Window(seen.from_us, seen.to_us))
    account, begins = days.pop("account_id"), days.pop("day").dt.as_unit("us").astype("int64")
    number = account.groupby(account).cumcount() + 1
    at_us = (begins + DAY_US).clip(upper=seen.to_us)

    sign_up = seen.log.rows(_SIGN_UP).set_index("account_id").loc[account].set_index(days.index)
    age_days = (at_us - sign_up.pop("created_us")) / DAY_US
    so_far = days.groupby(account).cumsum().div(number, axis=0).join(sign_up)
    return so_far.assign(account_id=account, at_us=at_us, days=number, age_days=age_days)


def _shrunk(chance: Floats, days: Floats, base: float) -> Floats:
    """Return probabilities drawn towards that of the mean night, less so after many days."""
    odds, mean = (logit(np.clip(p, _LEAST, 1 - _LEAST)) for p in (chance, base))
    return np.asarray(expit((days * odds + _PRIOR_DAYS * mean) / (days + _PRIOR_DAYS)))


BASELINE = Baseline(
    name="daily",
    title="gradient boosting, night by night, on the days of an account so far",
    sees="features of account-days, and the sign-up; nothing that counts others",
    source="Friedman 2001, Greedy function approximation: a gradient boosting machine",
    find=find,
    gives=("at",),
)
