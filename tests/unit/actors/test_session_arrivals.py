"""Who opens sessions: end users, behaviours, occupied slots, holidays, sources of prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.point_process import session_starts, with_jitter
from sim.actors.arrivals.rates import time_change_of
from sim.actors.arrivals.session_arrivals import (
    clustering_of,
    draw_arrivals,
    draw_starts,
    end_users_of,
)
from sim.actors.arrivals.session_length import lead_us
from sim.actors.context import ActorContext
from sim.actors.templates import any_variant
from sim.arrays.time import FOREVER_US
from sim.entities import pools
from sim.entities.tenure import SlotTimeline
from sim.population.population import build_population
from sim.streams import mixed, uniforms
from sim.tables.words import PromptSource
from tests.support.contexts import context_of
from tests.support.scenarios import (
    DAY_US,
    at_separability,
    calm,
    coders,
    constant,
    event,
    make_actor,
    scenario,
    simple,
)


def with_accounts(context: ActorContext, **columns: Any) -> ActorContext:
    return replace(context, accounts=replace(context.accounts, **columns))


# --- end users ----------------------------------------------------------------------------------


def test_end_users_are_counted_within_their_slot() -> None:
    context = with_accounts(context_of(coders(4)), end_users=np.array([1, 3, 2, 1]))
    users = end_users_of(context, range(1, 4))
    assert users.slot.tolist() == [1, 1, 1, 2, 2, 3]
    assert users.number.tolist() == [0, 1, 2, 0, 1, 0]


@pytest.mark.parametrize("abroad_share", [0.0, 0.5, 1.0])
def test_a_share_of_the_end_users_lives_abroad_but_never_the_first(abroad_share: float) -> None:
    n = 3_000
    context = with_accounts(
        context_of(coders(2)),
        end_users=np.array([n, n]),
        abroad_share=np.full(2, abroad_share),
        country=np.array([2, 2]),
        utc_offset_h=np.full(2, 77),
    )
    users = end_users_of(context, range(2))
    at_home = users.utc_offset_h == 77
    assert at_home[users.number == 0].all()
    assert (users.language[at_home] == pools.COUNTRY_LANGUAGE[2]).all()
    share = 1 - at_home[users.number > 0].mean()
    assert abs(share - abroad_share) < 5 * 0.5 / np.sqrt(2 * n)
    if abroad_share:
        key = mixed(
            mixed(context.streams.key("pool", "people"), context.accounts.account_id[:1]), 5
        )
        edges = np.cumsum(pools.COUNTRY_WEIGHTS)
        country = int(np.searchsorted(edges, uniforms(mixed(key, 1)))[0])
        abroad = float(uniforms(key)[0]) < abroad_share
        expected = (pools.COUNTRY_LANGUAGE[country], pools.COUNTRY_UTC_OFFSET_H[country])
        found = (users.language[5], users.utc_offset_h[5])
        assert found == (expected if abroad else (pools.COUNTRY_LANGUAGE[2], 77))


# --- starts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("jitter_sigma", [0.0, 0.4])
def test_starts_are_those_of_the_point_process_of_each_account(jitter_sigma: float) -> None:
    """End users share the rate of their slot evenly, and a session is several exchanges."""
    dials: dict[str, Any] = {
        "jitter_sigma": jitter_sigma,
        "spells_per_day": constant(3),
        "burst_size": constant(2),
    }
    context = context_of(coders(3, **dials), days=2.0)
    context = with_accounts(context, end_users=np.array([1, 2, 1]), late_h=np.array([0, 5, 0]))
    users = end_users_of(context, range(1, 3))
    found = draw_starts(context, 7, range(1, 3), users)

    rate = context.accounts.volume[1:] * context.actor.exchanges_per_account_day
    per_day = rate * np.exp(context.actor.account_volume_sigma**2 / 2)
    lead = lead_us(context.actor, per_day.sum() * 2, context.streams.rng("coders", 7, "lead"))
    # the day of the second account is five hours later than that of others
    clock_h = users.utc_offset_h - np.array([5, 5, 0])
    start, user = session_starts(
        DAY_US * context.session_calls[0] / per_day,
        np.array([2, 1]),
        clock_h,
        clustering_of(context, 0, np.array([1, 2]), per_day),
        {h: time_change_of(context, context.actor, h) for h in np.unique(clock_h).tolist()},
        context.streams.rng("coders", 7, "arrivals"),
        -lead,
        2 * DAY_US,
    )
    if jitter_sigma:
        rng = context.streams.rng("coders", 7, "jitter")
        start, user = with_jitter(start, user, jitter_sigma, rng, -lead, 2 * DAY_US)
    assert len(start)
    assert found[0].tolist() == start.tolist()
    assert found[1].tolist() == user.tolist()


@pytest.mark.parametrize(
    ("tier", "spells"), [("tier-2", [0.0, 8.0, 48.0]), ("none", [0.0, 8.0, 1.0])]
)
def test_whoever_has_limits_spreads_its_work_over_enough_spells(
    tier: str, spells: list[float]
) -> None:
    """Six hours of spells at 2,000 exchanges a day, but for accounts without spells."""
    actor = coders(3, tier=tier, spell_hours=constant(6), burst_gap_s=constant(7))
    context = with_accounts(
        context_of(actor),
        spells_per_day=np.array([0.0, 8.0, 1.0], np.float32),
        burst_size=np.array([1.0, 2.0, 3.0], np.float32),
    )
    found = clustering_of(context, 0, np.arange(3), np.array([24_000.0, 2_000.0, 24_000.0]))
    assert found.spells_per_day.tolist() == spells
    assert found.burst_size.tolist() == [1.0, 2.0, 3.0]
    assert (found.spell_hours, found.burst_gap_s) == (constant(6), constant(7))


def test_slots_without_money_open_nothing() -> None:
    context = replace(context_of(coders(3)), traffic_factor=0.0)
    assert not len(draw_starts(context, 0, range(3), end_users_of(context, range(3)))[0])


def test_each_behaviour_opens_sessions_at_its_own_rate() -> None:
    asked = scenario(coders(400, **simple(20.0)), world=calm())
    [context] = build_population(at_separability(asked, 0.5)).contexts
    one_by_one = {"spells_per_day": np.zeros(400), "burst_size": np.ones(400)}
    context = with_accounts(context, **one_by_one)
    users = end_users_of(context, range(400))
    start, user = draw_starts(context, 0, range(400), users)
    assert (np.diff(start) >= 0).all()
    mode, account = context.accounts.mode, users.slot[user]
    inside = start >= 0
    assert len(np.unique(mode)) > 2
    for number in np.unique(mode).tolist():
        behaviour = context.behaviours[number]
        member = np.flatnonzero(mode[:400] == number)
        mean = behaviour.exchanges_per_account_day * np.exp(behaviour.account_volume_sigma**2 / 2)
        calls = context.session_calls[context.accounts.agent[member]]
        sessions = (context.accounts.volume[member] * mean / calls).sum()
        counted = np.isin(account[inside], member).sum()
        assert abs(counted - sessions) < 6 * np.sqrt(sessions)


# --- what is drawn of sessions ------------------------------------------------------------------


def uniforms_of(context: ActorContext, count: int) -> Any:
    return context.streams.rng(context.actor.id, 0, "sessions").random((5, count))


def test_sessions_of_empty_and_throttled_slots_are_drawn_but_not_sent() -> None:
    """Slot 0 is empty in the second half of the log, slot 1 sends a quarter."""
    context = context_of(coders(2, **simple(2_000.0)))
    half = DAY_US // 2
    slot = np.array([0, 1])
    timeline = SlotTimeline(
        slot, -np.full(2, FOREVER_US), np.array([half, FOREVER_US]), slot, np.array([1.0, 0.25])
    )
    context = replace(context, timeline=timeline)
    arrivals = draw_arrivals(context, 0, range(2))
    silent = arrivals.until_us == -FOREVER_US
    first = arrivals.account == 0
    assert (silent == (arrivals.start_us >= half))[first].all()
    assert (arrivals.until_us[first & ~silent] == half).all()
    thinned = uniforms_of(context, len(first))[0]
    assert (silent == (thinned >= 0.25))[~first].all()
    assert (arrivals.until_us[~first & ~silent] == FOREVER_US).all()
    assert (arrivals.account == end_users_of(context, range(2)).slot[0 * first + ~first]).all()


def test_a_replacement_sends_the_sessions_of_its_slot() -> None:
    context = context_of(coders(3, **simple(200.0)))
    slot = np.array([0, 1])
    timeline = SlotTimeline(
        slot, -np.full(2, FOREVER_US), np.full(2, 2 * DAY_US), np.array([2, 1]), np.ones(2)
    )
    arrivals = draw_arrivals(replace(context, timeline=timeline), 0, range(2))
    assert set(arrivals.account.tolist()) == {1, 2}


def test_each_uniform_decides_its_own_matter() -> None:
    actor = make_actor(
        "ring",
        "A17",
        accounts=3,
        list_share=0.4,
        list_share_concentration=1e6,
        away_share=0.3,
        exchanges_per_account_day=2_000.0,
        end_users=1,
    )
    context = context_of(actor)
    arrivals = draw_arrivals(context, 0, range(3))
    count = len(arrivals.start_us)
    _, on_list, away, moves, which = uniforms_of(context, count)
    assert count > 100
    assert (arrivals.away == (away < 0.3)).all()
    assert (arrivals.variant_pick == any_variant(which)).all()
    listed = on_list < context.accounts.list_share[arrivals.account]
    expected = np.where(listed, PromptSource.LIST, PromptSource.COVER)
    assert arrivals.prompt_source.tolist() == expected.tolist()
    own_shares = replace(context, actor=actor.model_copy(update={"uptake_concentration": 5.0}))
    expected_moves = moves / np.maximum(context.accounts.pivot[arrivals.account], 1e-12)
    assert draw_arrivals(own_shares, 0, range(3)).moves_at.tolist() == expected_moves.tolist()


def test_without_a_list_sessions_work_on_what_is_their_own() -> None:
    context = context_of(coders(2, **simple(100.0)))
    arrivals = draw_arrivals(context, 0, range(2))
    assert set(arrivals.prompt_source.tolist()) == {PromptSource.OWN}
    assert (arrivals.moves_at == context.accounts.moves_at[arrivals.account]).all()


def test_an_account_that_warms_up_stays_off_the_list() -> None:
    from sim.catalog import operator

    actor = make_actor(
        "ring", "A17", accounts=4, list_share=0.9, operator={**operator(), "warm_up_days": 2.0}
    )
    context = context_of(actor, days=2.0)
    created = np.array([-5, -1, 0, -2]) * DAY_US
    arrivals = draw_arrivals(with_accounts(context, created_us=created), 0, range(4))
    warm = arrivals.start_us >= created[arrivals.account] + 2 * DAY_US
    listed = arrivals.prompt_source == PromptSource.LIST
    assert not listed[~warm].any()
    assert listed[warm].mean() > 0.7


@pytest.mark.parametrize(("end_users", "bring", "keeps"), [(5, True, True), (5, False, False)])
def test_end_users_that_bring_their_own_template_keep_to_it(
    end_users: int, bring: bool, keeps: bool
) -> None:
    actor = coders(2, end_users=end_users, end_users_bring_templates=bring, **simple(200.0))
    arrivals = draw_arrivals(context_of(actor), 0, range(2))
    assert set(arrivals.person.tolist()) == set(range(5))
    assert (arrivals.variant_pick == arrivals.person).all() == keeps


def test_holidays_thin_the_sessions() -> None:
    holiday = event("holiday", 0, DAY_US, factor=0.3)
    actor = coders(3, **simple(500.0))
    ordinary = draw_arrivals(context_of(actor, days=2.0), 0, range(3))
    context = context_of(actor, days=2.0, world=calm(holiday))
    thinned = draw_arrivals(context, 0, range(3))
    rng = context.streams.rng("coders", 0, "holidays")
    chance = rng.random(len(ordinary.start_us))
    during = (ordinary.start_us >= 0) & (ordinary.start_us < DAY_US)
    opened = ~during | (chance < 0.3)
    assert thinned.start_us.tolist() == ordinary.start_us[opened].tolist()


def test_another_rule_of_holidays_can_be_tried() -> None:
    context = context_of(coders(3, **simple(500.0)))
    none = draw_arrivals(context, 0, range(3), lambda world, at_us: np.zeros(len(at_us)))
    assert not len(none.start_us)


def test_arrivals_are_picked_together() -> None:
    arrivals = draw_arrivals(context_of(coders(2, **simple(50.0))), 0, range(2))
    some = arrivals.pick(slice(3, 5))
    assert some.start_us.tolist() == arrivals.start_us[3:5].tolist()
    assert some.until_us.tolist() == arrivals.until_us[3:5].tolist()
