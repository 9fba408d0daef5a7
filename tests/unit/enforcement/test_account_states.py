"""The parts of enforcement one by one: accounts, their columns, operators, reviewers, rates."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from sim.arrays.time import FOREVER_US, NEVER_US, SECOND_US
from sim.enforcement.account_states import AccountHistory, AccountState, Action, without_overlap
from sim.enforcement.operator import Operation
from sim.enforcement.outcome import nothing_happens
from sim.enforcement.reviews import Reviews
from sim.scenario.enforcement_policy import Operator
from sim.streams import Streams
from sim.tables.words import BAN, RANDOM, RATE_LIMIT, REFUSALS, SHARING, VOLUME
from tests.support.enforcement import watch
from tests.support.scenarios import constant

STREAM = (Streams(3), "actor")


def account(slot: int = 0, generation: int = 0, from_us: int = NEVER_US) -> AccountState:
    return AccountState(slot, generation, from_us, STREAM)


def test_an_account_sends_the_smallest_share_that_a_pause_leaves_it() -> None:
    one = account()
    assert one.activity(0) == 1
    one.pause(10, 20, 0.5)
    one.pause(15, 5, 0.2)
    one.pause(12, 2, 0.5)
    assert [one.activity(t) for t in (15, 19, 20, 29, 30)] == [0.2, 0.2, 0.5, 0.5, 1]
    assert one.pauses == [(10, 30, 0.5), (15, 20, 0.2), (12, 14, 0.5)]


def test_a_ban_ends_the_pauses_of_its_stint_and_an_appeal_makes_the_time_since_a_pause() -> None:
    one = account()
    one.pause(10, 100, 0.5)
    assert one.is_live
    one.end(50)
    assert (one.is_live, one.until_us, one.stint, one.activity(60)) == (False, 50, 1, 1)
    one.resume(70)
    assert (one.is_live, one.stint) == (True, 1)
    one.pause(80, 10, 0.3)
    one.end(85)
    assert one.pauses == [(10, 50, 0.5), (50, 70, 0.0), (80, 85, 0.3)]
    one.resume(90)
    one.end(200)
    assert one.pauses[-1] == (85, 90, 0.0)
    assert one.stint == 3


def test_the_random_numbers_of_an_account_are_its_own() -> None:
    draws = {
        float(account(slot, generation).rng.random())
        for slot in range(3)
        for generation in range(3)
    }
    assert len(draws) == 9
    assert account(1, 2).rng.random() == account(1, 2).rng.random()


pauses_drawn = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from([0.0, 0.3, 0.6, 1.0])),
    max_size=6,
)


@given(pauses_drawn)
def test_pauses_are_laid_out_as_the_smallest_factor_at_each_time(drawn: Any) -> None:
    disjoint = without_overlap(drawn)
    for at in range(13):
        holding = [f for a, b, f in drawn if a <= at < b]
        found = [f for a, b, f in disjoint if a <= at < b]
        assert found == ([min(holding)] if holding and min(holding) < 1 else [])
    assert all(a[1] < b[0] or a[2] != b[2] for a, b in pairwise(disjoint))
    assert disjoint == sorted(disjoint)


def test_columns_have_all_slots_with_the_later_accounts_behind_the_first_of_their_slot() -> None:
    first, second, third = account(1), account(1, 1, 50), account(1, 2, 80)
    other = account(3, 1, 60)
    first.end(40)
    second.pause(55, 5, 0.5)
    second.factors = (0.1, 0.2, 0.3)
    history = AccountHistory(4, [second, account(3), other, third, first])

    columns = history.accounts()
    assert columns.slot.tolist() == [0, 1, 1, 1, 2, 3, 3]
    assert columns.generation.tolist() == [0, 0, 1, 2, 0, 0, 1]
    assert columns.from_us.tolist() == [NEVER_US, NEVER_US, 50, 80, NEVER_US, NEVER_US, 60]
    assert columns.until_us.tolist() == [FOREVER_US, 40, *[FOREVER_US] * 5]
    assert columns.volume_factor.tolist() == [1, 1, 0.1, 1, 1, 1, 1]
    assert columns.sharing_factor[2] == 0.2
    assert columns.refusal_factor[2] == 0.3
    assert columns.actor_row.tolist() == [0, 1, 4, 5, 2, 3, 6]
    found = history.pauses()
    assert (found.account.tolist(), found.from_us.tolist()) == ([2], [55])
    assert (found.until_us.tolist(), found.factor.tolist()) == ([60], [0.5])
    done = history.actions([Action(7, third, BAN, SHARING), Action(9, first, RATE_LIMIT, VOLUME)])
    assert (done.at_us.tolist(), done.account.tolist()) == ([7, 9], [3, 1])
    assert (done.action.tolist(), done.channel.tolist()) == ([BAN, RATE_LIMIT], [SHARING, VOLUME])


def test_where_nothing_happens_every_slot_keeps_its_first_account() -> None:
    outcome, untouched = nothing_happens(3), AccountHistory(3, [])
    for name, values in vars(outcome.accounts).items():
        assert values.tolist() == getattr(untouched.accounts(), name).tolist(), name
    assert outcome.accounts.actor_row.tolist() == [0, 1, 2]
    assert len(outcome.pauses.factor) == len(outcome.actions.at_us) == outcome.banned == 0
    assert len(untouched.pauses().factor) == len(untouched.actions([]).at_us) == 0
    counts = ("spent_usd", "replacements", "sweeps", "alerts", "reviewed", "backlog")
    assert [getattr(outcome, name) for name in counts] == [0] * 6
    assert nothing_happens(0).accounts.actor_row.tolist() == []


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def test_an_operator_pays_for_a_replacement_and_the_days_without_it() -> None:
    operation = Operation(
        Operator(
            replacement_share=1,
            replacement_delay_h=constant(12),
            per_replacement_usd=7,
            delay_usd_per_account_day=3,
            initial_usd=50,
            reserved_usd=10,
            budget_usd=60 + 2 * 8.5,
        )
    )
    assert [operation.replacement_h(rng()) for _ in range(3)] == [12, 12, None]
    assert operation.spent_usd == 50 + 2 * 8.5
    assert Operation(Operator(replacement_share=0)).replacement_h(rng()) is None


def test_an_operator_verifies_while_there_is_money() -> None:
    operation = Operation(Operator(identity_usd=20, budget_usd=40))
    assert [operation.verifies() for _ in range(3)] == [True, True, False]
    assert operation.spent_usd == 40
    assert all(Operation(Operator(identity_usd=1e9)).verifies() for _ in range(3))


def lessons(channel: int, **parameters: float) -> set[int | None]:
    operation, draws = Operation(Operator.model_validate(parameters)), rng()
    return {operation.lesson(channel, draws) for _ in range(200)}


def test_a_loss_is_put_down_to_its_channel_or_by_mistake_to_another() -> None:
    for channel in (VOLUME, SHARING, REFUSALS):
        others = {VOLUME, SHARING, REFUSALS} - {channel}
        assert lessons(channel, feedback_share=0) == {None}
        assert lessons(channel, feedback_share=1, feedback_error=0) == {channel}
        assert lessons(channel, feedback_share=1, feedback_error=1) == others
    assert lessons(RANDOM, feedback_share=1, feedback_error=0) == {None}
    assert lessons(RANDOM, feedback_share=1, feedback_error=1) == {VOLUME, SHARING, REFUSALS}


def test_what_is_learned_multiplies_one_factor() -> None:
    operation = Operation(Operator(feedback_step=0.5, feedback_lag_h=7))
    operation.learn(SHARING)
    operation.learn(SHARING)
    operation.learn(VOLUME)
    assert operation.factors == (0.5, 0.25, 1.0)
    assert operation.lag_h == 7


@pytest.mark.parametrize(
    ("per_day", "first_s"), [(24, 3_600), (12, 7_200), (48, 3_600), (30, 2_880)]
)
def test_a_review_takes_about_an_hour_and_as_many_as_are_needed_do_them(
    per_day: float, first_s: int
) -> None:
    env = simpy.Environment()
    reviews, ends = Reviews(env, per_day), []

    def case() -> Any:
        yield from reviews.review(account())
        ends.append(env.now // SECOND_US)

    for _ in range(4):
        env.process(case())
    env.run(until=10 * first_s * SECOND_US)
    at_once = 2 if per_day == 48 else 1
    assert ends == [first_s * (1 + k // at_once) for k in range(4)]
    assert (reviews.done, reviews.backlog) == (4, 0)


def test_a_review_of_an_account_that_was_banned_meanwhile_takes_no_time() -> None:
    env = simpy.Environment()
    reviews, cases = Reviews(env, 24), [account() for _ in range(3)]
    for case in cases:
        env.process(reviews.review(case))
    env.run(until=SECOND_US)
    assert reviews.backlog == 2
    cases[1].end(SECOND_US)
    assert reviews.backlog == 1
    cases[1].resume(2 * SECOND_US)
    assert reviews.backlog == 1
    env.run(until=7_200 * SECOND_US + 1)
    assert (reviews.done, reviews.backlog) == (2, 0)


def test_slots_are_worked_always_unless_it_is_said_when() -> None:
    watched = watch(3)
    assert (watched.begins_us == NEVER_US).all()
    assert (watched.ends_us == FOREVER_US).all()
    assert len(watched) == 3
