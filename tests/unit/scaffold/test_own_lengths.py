"""Accounts with one job: the law of all lengths is kept, the spread within an account is less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.distributions import Distribution
from sim.scaffold.own_lengths import Own, lengths_at
from tests.support.scenarios import lognormal, make_actor, scenario, simulated

ACCOUNTS, EACH = 4_000, 30


def drawn(distribution: Distribution, spread: float) -> Any:
    rng = np.random.default_rng(5)
    own = Own(np.full(ACCOUNTS, spread), rng.standard_normal(ACCOUNTS))
    session = np.repeat(np.arange(ACCOUNTS), EACH)
    return lengths_at(distribution, own, session, rng.standard_normal(len(session))).reshape(
        ACCOUNTS, EACH
    )


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
def test_a_lognormal_keeps_its_law_and_spreads_that_much_within_an_account(spread: float) -> None:
    logs = np.log(drawn(lognormal(500, 0.8), spread))
    assert logs.std() == pytest.approx(0.8, rel=0.04)
    assert logs.mean() == pytest.approx(np.log(500), abs=0.05)
    assert logs.std(axis=1).mean() == pytest.approx(0.8 * spread, rel=0.03, abs=1e-9)


def test_a_mixture_keeps_its_quantiles() -> None:
    parts = [
        {"weight": 0.6, "lognormal": {"median": 20, "sigma": 0.3}},
        {"weight": 0.4, "lognormal": {"median": 900, "sigma": 1.0, "max": 4_000}},
    ]
    mixture = Distribution.model_validate({"mixture": parts})
    # one of each account, so that they are independent
    lengths = drawn(mixture, 0.2)[:, 0]
    for p in (0.2, 0.5, 0.8):
        share = (lengths <= mixture.quantile(p)).mean()
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / ACCOUNTS)
    assert lengths.max() <= 4_000 * (1 + 1e-9)


def test_without_accounts_lengths_are_a_sample() -> None:
    law = lognormal(100, 0.5)
    scores = np.random.default_rng(2).standard_normal(9)
    some = lengths_at(law, None, np.arange(9), scores)
    assert some.tolist() == law.sample(np.random.default_rng(2), 9).tolist()


def test_a_job_has_prompts_and_answers_of_one_length() -> None:
    """In a run: no spread gives one number each, an account at a time, and accounts differ."""
    job: dict[str, Any] = {"agentic_share": 0.0}
    job |= {"input_spread": Distribution(constant=0.0), "output_spread": Distribution(constant=0.0)}
    graders = make_actor("graders", "L08", accounts=6, exchanges_per_account_day=200.0, **job)
    rows, _ = simulated(scenario(graders))
    rows = rows[(rows["status"] == 200) & (rows["number"] == 0)]
    single = rows[~rows["session"].duplicated(keep=False)]
    sent = single["uncached"] + single["read"] + single["write_5m"] + single["write_1h"]
    assert (sent.groupby(single["account"]).nunique() == 1).all()
    assert (single["output"].groupby(single["account"]).nunique() == 1).all()
    assert single.groupby("account")["output"].first().nunique() > 3
    assert len(single) > 500
