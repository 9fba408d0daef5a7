"""Values by normal scores: each follows its distribution, and common parts go together."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from sim.distributions import Distribution
from sim.scaffold.normal_scores import normal_cdf, normal_quantile, values_at, with_part
from tests.support.scenarios import constant, lognormal

Z = np.linspace(-5, 5, 101)


def mixture(*parts: dict[str, Any]) -> Distribution:
    weight = 1 / len(parts)
    return Distribution.model_validate(
        {"mixture": [{"weight": weight, "lognormal": part} for part in parts]}
    )


LAWS = {
    "constant": constant(7),
    "lognormal": lognormal(30, 1.2),
    "cut": lognormal(30, 1.2, 100),
    "loguniform": Distribution.model_validate({"loguniform": {"low": 2, "high": 50}}),
    "mixture": mixture({"median": 7, "sigma": 0.5}, {"median": 33, "sigma": 1.4}),
    "cut mixture": mixture({"median": 7, "sigma": 0.5}, {"median": 33, "sigma": 1.4, "max": 60}),
    "mixture with an atom": mixture({"median": 7, "sigma": 0}, {"median": 20, "sigma": 1}),
    "quantiles": Distribution.model_validate(
        {"quantiles": [[0, 3], [0.3, 10], [0.5, 10], [0.9, 400], [1, 900]]}
    ),
    "two atoms": mixture({"median": 7, "sigma": 0}, {"median": 20, "sigma": 0}),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_score_stands_for_the_quantile_of_its_rank(law: Distribution) -> None:
    expected = [law.quantile(NormalDist().cdf(z)) for z in Z.tolist() if z]
    assert values_at(law, Z[Z != 0]) == pytest.approx(expected, rel=1e-4)


def test_the_table_keeps_atoms_and_leaves_gaps_empty() -> None:
    z = np.random.default_rng(1).standard_normal(400_000)
    assert set(values_at(LAWS["two atoms"], z).round(6)) == {7.0, 20.0}
    capped = values_at(LAWS["cut mixture"], z)
    at_cap = np.isclose(capped, 60, rtol=1e-9).mean()
    assert at_cap == pytest.approx(1 - LAWS["cut mixture"].cdf(59.9999), abs=0.003)
    # only the part without a cut reaches beyond
    assert (capped > 60 * (1 + 1e-9)).mean() < 1e-4


def test_the_quantile_is_the_inverse_of_the_distribution_function() -> None:
    assert normal_quantile(normal_cdf(Z)) == pytest.approx(Z, abs=1e-6)
    assert normal_quantile(np.array([0.0, 1.0])) == pytest.approx([-8.5, 8.5], abs=0.4)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_scores_have_the_share_that_is_asked_for(share: float) -> None:
    rng = np.random.default_rng(3)
    common = rng.standard_normal(50_000)
    scores = with_part(common, share, rng)
    assert scores.std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(scores, common)[0, 1] == pytest.approx(share**0.5, abs=0.02)
