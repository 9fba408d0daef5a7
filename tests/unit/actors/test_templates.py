"""Which system prompts slots and their accounts use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.actors.templates import SlotTemplates, Templates, any_variant, draw_slot_templates
from sim.entities.content import Universe
from sim.population.population import build_population
from sim.scenario.resolved import Actor
from sim.streams import Streams
from tests.support.scenarios import coders, scenario

STREAMS = Streams(6)
UNIVERSE = Universe(STREAMS)
SLOTS = 2_000


def drawn(actor: Actor, mode: Any = None) -> SlotTemplates:
    """Templates of slots that follow the actor's own parameters, or those of a mode beside them."""
    of_mode = {"families": {"reasoning": 1.0}, "end_users": 1}
    behaviours = (actor, actor.model_copy(update=of_mode))
    mode = np.zeros(SLOTS, np.int64) if mode is None else mode
    return draw_slot_templates(actor, behaviours, mode, UNIVERSE, STREAMS)


def test_accounts_use_the_templates_of_their_slot() -> None:
    """Pairs of organisation and template are numbered; who shares one shares a cached prefix."""
    slots = SlotTemplates(
        np.array([[5, 6], [5, 7]], np.int16), np.array([1, 2]), np.array([1, 0]), 1
    )
    accounts = build_population(scenario(coders(4))).accounts
    accounts = replace(accounts, slot=np.array([0, 1, 1, 0]), organisation=np.array([0, 0, 1, 1]))
    templates = slots.of_accounts(accounts, 10)
    assert templates.number.tolist() == [[5, 6], [5, 7], [5, 7], [5, 6]]
    assert templates.own_count.tolist() == [1, 2, 2, 1]
    assert templates.listed_count.tolist() == [1, 0, 0, 1]
    assert templates.lists_from == 1
    # pairs in order: (0, 5), (0, 6), (0, 7), (1, 5), (1, 6), (1, 7)
    assert templates.prefix.tolist() == [[0, 1], [0, 2], [3, 5], [3, 4]]


def test_sessions_use_own_variants_or_those_of_the_list() -> None:
    number = np.zeros((2, 5), np.int16)
    templates = Templates(
        number, number.astype(np.int32), np.array([2, 3]), np.array([2, 0]), lists_from=3
    )
    account, pick = np.array([0, 0, 1, 1, 0, 1]), np.array([4, 5, 4, 5, 5, 5])
    listed = np.array([False, False, False, False, True, True])
    assert templates.variant(account, pick, listed).tolist() == [0, 1, 1, 2, 4, 3]


def test_any_variant_is_as_likely() -> None:
    picks = any_variant(np.random.default_rng(1).random(60_000))
    counts = np.bincount(picks % 3)
    assert abs(counts - 20_000).max() < 5 * np.sqrt(20_000)
    assert any_variant(np.array([0.0, 0.5])).tolist() == [0, 1 << 19]


def test_an_account_has_one_template_or_one_for_each_end_user() -> None:
    assert set(drawn(coders(SLOTS)).own_count.tolist()) == {1}
    several: dict[str, Any] = {"end_users_bring_templates": True}
    assert set(drawn(coders(SLOTS, end_users=5, **several)).own_count.tolist()) == {5}
    assert set(drawn(coders(SLOTS, end_users=40, **several)).own_count.tolist()) == {16}
    shared = drawn(coders(SLOTS, end_users=5, end_users_bring_templates=False))
    assert set(shared.own_count.tolist()) == {1}
    assert shared.number.shape == (SLOTS, 1)


def test_templates_come_from_the_families_of_the_behaviour() -> None:
    mode = np.arange(SLOTS) % 2
    number = drawn(coders(SLOTS, families={"popular": 1.0}), mode=mode).number[:, 0]
    families = [UNIVERSE.templates_of("popular"), UNIVERSE.templates_of("reasoning")]
    for which, family in enumerate(families):
        of_mode = number[mode == which]
        assert of_mode.min() >= family.start
        assert of_mode.max() < family.stop


def test_shared_templates_are_handed_out_to_all_behaviours() -> None:
    actor = coders(SLOTS, families={"popular": 1.0}, templates=3)
    number = drawn(actor, mode=np.arange(SLOTS) % 2).number[:, 0]
    assert max(len(set(number[k::2].tolist())) for k in (0, 1)) == 3
    assert number.max() < UNIVERSE.templates_of("popular").stop


def test_a_list_has_templates_of_its_own() -> None:
    actor = coders(SLOTS, families={"popular": 1.0}, templates=3, list_share=0.4)
    templates = drawn(actor)
    assert templates.number.shape == (SLOTS, 2)
    assert templates.lists_from == 1
    assert set(templates.listed_count.tolist()) == {1}
    assert len(set(templates.number[:, 1].tolist())) == 3
    assert len(set(templates.number[:, 0].tolist())) > 3
    assert set(drawn(coders(SLOTS)).listed_count.tolist()) == {0}


@pytest.mark.parametrize("separability", [0.0, 0.4])
def test_where_classes_are_hard_to_tell_apart_many_have_several(separability: float) -> None:
    """Of the others, 0.6 have one, the rest 2 or more: 1 + geometric of mean 3, at most 16."""
    mode = (np.arange(SLOTS) >= separability * SLOTS).astype(np.int64)
    count = drawn(coders(SLOTS), mode).own_count
    one = separability + (1 - separability) * 0.6
    assert abs((count == 1).mean() - one) < 4 * 0.5 / np.sqrt(SLOTS)
    assert 2 <= count[count > 1].min() <= count.max() <= 16
    assert abs(count[count > 1].mean() - 4) < 0.5


def test_numbers_of_templates_are_drawn_with_the_prior_of_all_classes() -> None:
    actor = coders(SLOTS, end_users=8, end_users_bring_templates=True, list_share=0.3)
    mode = np.repeat([0, 1], SLOTS // 2)
    templates = drawn(actor, mode)
    assert set(templates.own_count[mode == 0].tolist()) == {8}
    assert abs((templates.own_count[mode == 1] == 1).mean() - 0.6) < 0.06
    assert templates.number.shape[1] == templates.own_count.max() + templates.listed_count.max()
    assert templates.lists_from == templates.own_count.max()
