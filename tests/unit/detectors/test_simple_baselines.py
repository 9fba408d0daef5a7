"""Baselines that look at accounts one by one, on accounts whose numbers are made up."""

from __future__ import annotations

import re
import sys

import numpy as np
import pandas as pd
import pytest

from sim.arrays.types import Bools
from sim.detectors import daily, logistic, marginals, one_rule
from sim.detectors.baseline import Baseline
from sim.detectors.marginals import alone, by_marginals
from sim.detectors.quality import quality
from sim.detectors.seen import Seen
from sim.errors import InvalidInputError
from sim.tables.account_features import INSTRUMENTS, SIGN_UP, TOGETHER, USED, used
from sim.tables.feature_schema import ACCOUNT_FEATURES

BY_FEATURES = (one_rule.BASELINE, logistic.BASELINE, marginals.BASELINE)


def accounts(size: int = 400, seed: int = 1) -> tuple[Seen, Bools]:
    """Accounts of which those sought have less of `few`, more of `many`, and noise besides."""
    rng = np.random.default_rng(seed)
    sought = rng.random(size) < 0.3
    frame = pd.DataFrame(
        {
            "noise": rng.standard_normal(size),
            "few": rng.lognormal(8 - 2.0 * sought, 1),
            "many": rng.poisson(2 + sought),
        },
        index=pd.Index(np.arange(size) + 10**12, name="account_id"),
    )
    return Seen(None, frame, np.arange(size), 0, 1), sought  # type: ignore[arg-type]


@pytest.mark.parametrize("baseline", BY_FEATURES, ids=lambda each: each.name)
def test_those_sought_come_first(baseline: Baseline) -> None:
    (learned, sought), (asked, truth) = accounts(), accounts(seed=2)
    found = baseline.find(learned, sought, asked, 0)
    assert quality(found.score, truth).auc > 0.88
    assert np.array_equal(found.score, baseline.find(learned, sought, asked, 0).score)


def test_the_one_rule_is_the_best_feature_with_its_direction() -> None:
    (learned, sought), (asked, _) = accounts(), accounts(seed=2)
    score = one_rule.find(learned, sought, asked, 0).score
    assert score.tolist() == (-asked.features["few"]).tolist()


@pytest.mark.parametrize("everybody", [False, True])
@pytest.mark.parametrize("baseline", BY_FEATURES, ids=lambda each: each.name)
def test_where_all_are_alike_all_have_one_score(baseline: Baseline, everybody: bool) -> None:
    """So a pack without positives is no error."""
    learned, sought = accounts()
    found = baseline.find(learned, np.full(len(sought), everybody), learned, 0)
    assert found.score.tolist() == [float(everybody)] * len(sought)


@pytest.mark.parametrize("baseline", BY_FEATURES, ids=lambda each: each.name)
def test_nobody_asked_gets_no_score(baseline: Baseline) -> None:
    learned, sought = accounts()
    assert baseline.find(learned, sought, learned.pick(sought & ~sought), 0).score.shape == (0,)


def test_few_days_say_less_than_many() -> None:
    """By hand: with a prior of two days, log-odds of 2 weigh a third after one, half after two."""
    high = 1 / (1 + np.exp(-2.0))
    score = daily._shrunk(np.full(2, high), np.array([1, 2]), 0.5)
    assert score == pytest.approx(1 / (1 + np.exp([-2 / 3, -1.0])))


def test_marginals_see_nothing_that_counts_others() -> None:
    wide = ["accounts.signup_ip_hash degree", "exchanges.ip_hash most"]
    ready = ["template_accounts", "instrument_organisations", "prompt_rare_share", "together_mean"]
    names = ["a q0.5", *wide, "b", *ready, "exchanges"]
    assert list(alone(pd.DataFrame(columns=names))) == ["a q0.5", "b", "exchanges"]


def test_counts_of_others_are_told_by_their_names() -> None:
    """Remedy for a new feature of `features/accounts` that counts others: a name such as these."""
    counting = {c.name for c in TOGETHER}
    counting |= {c.name for word in USED for c in used(word)[1:]}
    others = re.compile("accounts|organisations|degree")
    counting |= {c.name for c in (*SIGN_UP, *INSTRUMENTS) if others.search(c.source)}
    every = pd.DataFrame(columns=list(ACCOUNT_FEATURES))
    assert set(every) - set(alone(every)) == counting


def test_features_that_one_side_lacks_are_zero() -> None:
    (learned, sought), (asked, _) = accounts(), accounts(seed=2)
    fewer = asked.features.drop(columns="many")
    zeros = asked.features.assign(many=0)
    first, second = (by_marginals(learned.features, sought, frame) for frame in (fewer, zeros))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("baseline", "module"),
    [(marginals.BASELINE, "sklearn.ensemble"), (logistic.BASELINE, "sklearn.pipeline")],
)
def test_without_the_extra_the_remedy_is_named(
    baseline: Baseline, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    learned, sought = accounts()
    with pytest.raises(InvalidInputError, match=r"pip install 'llm-traffic-sim\[detect\]'"):
        baseline.find(learned, sought, learned, 0)
