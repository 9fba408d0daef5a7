"""What is drawn for an account, a content or an exchange hangs on the seed, not on its number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.actors.arrivals.session_arrivals import end_users_of
from sim.actors.prompts import ActorPrompts
from sim.entities.content import AS_IT_IS, Universe
from sim.output.log_answer import suspected_categories
from sim.population.population import build_population
from sim.streams import Streams
from sim.tables.words import REFUSAL, PromptSource
from tests.support.statistics import loaded, stage_of

OTHER = Streams(99)


def test_end_users_of_the_same_accounts_differ_by_seed() -> None:
    context = stage_of("G13")
    slots = range(len(context.accounts))
    here, there = (
        end_users_of(context, slots),
        end_users_of(replace(context, streams=OTHER), slots),
    )
    assert (here.number == there.number).all()
    assert (here.language[here.number > 0] != there.language[here.number > 0]).mean() > 0.1


@pytest.mark.parametrize("repeat_share", [0.0, 1.0])
def test_topics_and_repeated_prompts_of_the_same_users_differ_by_seed(repeat_share: float) -> None:
    """With one universe, so that nothing but the choice of what is asked can differ."""
    context = stage_of("L01")
    actor = context.actor.model_copy(update={"repeat_share": repeat_share, "topics": 3})
    universe, n = Universe(context.streams), 4_000
    account = np.resize(context.accounts.account_id[:4], n)
    zeros, number = np.zeros(n, np.int64), np.arange(n)
    asked = [
        ActorPrompts(actor, (actor,), universe, streams).choose(
            account, zeros, zeros, zeros + PromptSource.OWN, zeros - 1, zeros, number
        )
        for streams in (context.streams, OTHER)
    ]
    for one in set(account.tolist()):
        mine = account == one
        topics = [set(found.topic[mine].tolist()) for found in asked]
        assert topics[0] != topics[1]
        if repeat_share:
            prompts = [set(found.content[mine].tolist()) for found in asked]
            assert len(prompts[0]) == 10
            assert prompts[0].isdisjoint(prompts[1])


def test_suspicions_about_the_same_exchanges_differ_by_seed() -> None:
    population = build_population(loaded("L01", accounts=2))
    n = 200
    rows = {
        "id": np.arange(n) << 54,
        "finish": np.full(n, REFUSAL),
        "template": np.full(n, population.universe.templates_of("reasoning").start),
        "category": np.zeros(n, np.int64),
    }
    here, there = (
        suspected_categories(each, rows)
        for each in (population, replace(population, streams=OTHER))
    )
    assert 0.3 < (here != there).mean() < 0.7


def test_directions_of_the_same_contents_differ_by_seed() -> None:
    contents = np.arange(1, 3, dtype=np.uint64)
    zeros, no_rewording = np.zeros(2, np.int64), np.full(2, AS_IT_IS)
    apart = []
    for seed in (1, 2):
        vectors = Universe(Streams(seed)).vectors(zeros, zeros, contents, no_rewording, np.zeros(2))
        apart.append(vectors[1] - vectors[0])
    assert np.abs(apart[0] - apart[1]).max() > 0.1
