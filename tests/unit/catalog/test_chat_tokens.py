"""The lengths of chats in the catalog are what the tool finds, and fit what it did not see."""

from __future__ import annotations

import pytest

from sim.catalog import agents
from sim.distributions import Distribution
from tools.chat_tokens import Fit, fitted


@pytest.fixture(scope="module")
def fit() -> Fit:
    return fitted()


def test_the_catalog_has_what_the_tool_finds(fit: Fit) -> None:
    chat = agents()["chat"]
    for found, held in ((fit.base, chat.base_context_tokens), (fit.output, chat.output_tokens)):
        law = Distribution.model_validate({"quantiles": found})
        assert max(abs(law.cdf(n) - held.cdf(n)) for _, n in found) < 0.02


def test_calls_have_the_lengths_of_the_part_that_was_not_fitted(fit: Fit) -> None:
    assert fit.input_distance["test"] < 0.12
    assert fit.output_distance["test"] < 0.12
