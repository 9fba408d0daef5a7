"""What rules and reviewers see in accounts: lines that are crossed, and scores."""

from __future__ import annotations

import numpy as np

from sim.arrays.time import DAY_US
from sim.arrays.types import Bools, Floats, Ints
from sim.labelling.dials import MissedDials, ReviewDials, RuleDials
from sim.labelling.seen import Night

_FEWEST_REFUSALS = 3


def over_a_line(night: Night, dials: RuleDials) -> Bools:
    """Return which accounts are new, have sent something, and are over a line, (accounts,).

    Lines are for what was done on the day that has ended: exchanges of the day and of its busiest
    hour, as multiples of the median account that sent anything, and refusals, as a multiple of the
    mean. They are also for how many new accounts are on a card or an address, and how many came
    from a /24 on one day.
    """
    new = night.known & (night.accounts.created_us > night.end_us - dials.new_days * DAY_US)
    over = night.exchanges > dials.day_times * _median(night.exchanges)
    over |= night.busiest_hour > dials.hour_times * _median(night.busiest_hour)
    sent = max(np.count_nonzero(night.exchanges), 1)
    mean_refused = night.refused.sum() / sent
    over |= night.refused >= max(_FEWEST_REFUSALS, dials.refusals_times * mean_refused)

    for what, least in (
        ("card", dials.accounts_on_card),
        ("address", dials.accounts_on_address),
        ("burst", dials.signups_in_block),
    ):
        together = night.sharing(what, new)
        over |= (together >= least) & (together <= dials.popular_accounts)
    return over & new & night.with_prompts()


def is_quiet(night: Night, dials: MissedDials) -> Bools:
    """Return which accounts send little and share little, as far as can be seen, (accounts,)."""
    on_card, on_address = (night.sharing(what, night.known) for what in ("card", "address"))
    most = dials.exchanges_times * _median(night.rate)
    return (night.rate <= most) & (np.maximum(on_card, on_address) <= dials.accounts_sharing)


def score_alone(night: Night, dials: ReviewDials) -> Floats:
    """Return what puts accounts before a reviewer, whatever labels there are, shape (accounts,)."""
    score = dials.volume_weight * np.log1p(night.rate)
    sharing = np.ones(len(night.accounts), np.int64)
    for what in ("card", "address"):
        sharing = np.maximum(
            sharing, _unless_popular(night.sharing(what, night.known), dials.popular_accounts)
        )
    score += dials.sharing_weight * np.log(sharing)

    alike = night.sharing("template", night.with_prompts())
    alike = np.maximum(_unless_popular(alike, dials.rare_template_accounts), 1)
    return np.asarray(score + dials.template_weight * np.log(alike))


def tells_something(night: Night, dials: ReviewDials) -> dict[str, Bools]:
    """Return which accounts have a card, address or template that is not popular, by what it is."""
    popular, rare = dials.popular_accounts, dials.rare_template_accounts
    return {
        "card": night.sharing("card", night.known) <= popular,
        "address": night.sharing("address", night.known) <= popular,
        "template": night.sharing("template", night.with_prompts()) <= rare,
    }


def score_by_labels(
    night: Night, labelled: Bools, telling: dict[str, Bools], dials: ReviewDials
) -> Floats:
    """Return what the labels so far add to the score, shape (accounts,).

    Parameters
    ----------
    labelled
        Which accounts are labelled `extraction` by then.
    telling
        From `tells_something`.
    """
    near = np.zeros(len(night.accounts), np.int64)
    for what, tells in telling.items():
        near += np.where(tells, night.sharing(what, labelled), 0)
    return np.asarray(dials.association_weight * np.log1p(near))


def _median(values: Ints | Floats) -> float:
    """Return the median of the accounts that sent anything; 0 if none did."""
    sent = values[values > 0]
    return float(np.median(sent)) if len(sent) else 0.0


def _unless_popular(together: Ints, most: int) -> Ints:
    """Return numbers of accounts, 0 in place of those of what many have."""
    return np.where(together > most, 0, together)
