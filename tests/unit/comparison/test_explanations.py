"""Whether the shipped explanations match what the simulator's own actors do.

The clusters are those of shipped scenarios as `sim compare RUN --by-actor` shows them; no prior was
fitted to them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from sim.arrays.types import Floats
from sim.catalog import typologies
from sim.comparison.claims.intervals import Interval
from sim.comparison.claims.observables import OBSERVABLES
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.inference.evidence_model import EvidenceModel, in_order
from sim.comparison.inference.likelihood import without_implied
from sim.comparison.inference.mode_draws import WHOLE

# Actor `course` of typology_l09, `pool` of typology_a16, both in five days.
COURSE = {
    "count": 54_427,
    "accounts": 103,
    "concentration": 0.874,
    "exchanges_per_task": 6.57,
    "item_repetition": 0.442,
    "synchrony": 0.014,
    "shared_instruments": 0.419,
}
POOL = {
    "count": 40_361,
    "accounts": 288,
    "concentration": 0.658,
    "exchanges_per_task": 6.381,
    "item_repetition": 0.0,
    "synchrony": 0.027,
    "shared_instruments": 0.487,
}
EXTRACTION = ("extraction", "extraction-in-resale")


@pytest.fixture(scope="module")
def model() -> EvidenceModel:
    return EvidenceModel(load_library(), 1_500, seed=3)


def chances(model: EvidenceModel, cluster: Mapping[str, float]) -> dict[str, float]:
    """Likelihood of each explanation relative to the best, with all that the cluster gives."""
    names = without_implied(in_order(list(cluster)))
    limits = {name: Interval(cluster[name], cluster[name]) for name in names}
    logs = {x: model.stated_fit(x, (WHOLE,)).log_likelihood(limits) for x in model.ids}
    best = max(logs.values())
    return {x: float(np.exp(log - best)) for x, log in logs.items()}


def test_a_course_that_repeats_its_exercises_is_not_taken_for_extraction(
    model: EvidenceModel,
) -> None:
    found = chances(model, COURSE)
    assert found["course"] == 1
    assert found["course"] > 5 * sum(found[x] for x in EXTRACTION)


def test_a_pool_with_the_calls_of_a_coding_agent_is_not_taken_for_a_product(
    model: EvidenceModel,
) -> None:
    found = chances(model, POOL)
    assert found["extraction"] > found["product-use"]
    assert found["extraction"] > 0.05, "the true explanation is among the likeliest"


def test_every_typology_is_described_by_one_explanation() -> None:
    described = [x for h in load_library().hypotheses.values() for x in h.typologies]
    assert sorted(described) == sorted(typologies())


def test_groups_are_those_of_the_typologies() -> None:
    for hypothesis in load_library().hypotheses.values():
        for id_ in hypothesis.typologies:
            typology = typologies()[id_]
            if typology.is_extraction:
                expected = "extraction"
            elif typology.access_legitimacy == "authorised":
                expected = "legitimate"
            else:
                expected = "access"
            assert hypothesis.group == expected, id_


@pytest.mark.parametrize("observable", OBSERVABLES)
def test_nothing_that_extraction_shows_is_its_alone(model: EvidenceModel, observable: str) -> None:
    """A legitimate explanation is as often in the middle half of extraction as one time in ten."""
    own = defined(model, "extraction", observable)
    low, high = np.quantile(own, [0.25, 0.75])
    shares = {
        x: ((values >= low) & (values <= high)).mean()
        for x, h in model.library.hypotheses.items()
        if h.group == "legitimate"
        for values in [defined(model, x, observable)]
    }
    assert max(shares.values()) > 0.1, shares


@pytest.mark.parametrize(("explanation", "least"), [("course", 0.4), ("judging", 0.4)])
def test_a_legitimate_explanation_may_repeat_prompts(
    model: EvidenceModel, explanation: str, least: float
) -> None:
    assert np.quantile(defined(model, explanation, "item_repetition"), 0.8) > least


def test_extraction_and_permitted_generation_may_take_the_calls_of_a_coding_agent(
    model: EvidenceModel,
) -> None:
    for x in ("extraction", "permitted-generation", "product-use"):
        calls = defined(model, x, "exchanges_per_task")
        assert ((calls > 5) & (calls < 9)).mean() > 0.05, x


def defined(model: EvidenceModel, explanation: str, observable: str) -> Floats:
    values = model.base(explanation).observed()[observable]
    return np.asarray(values[~np.isnan(values)])
