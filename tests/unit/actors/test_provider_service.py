"""What the provider offers an actor: models, buckets, timing, bans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sim.actors.context import ActorContext
from sim.actors.session_draws import SessionPlan
from sim.scaffold.fill import DrawnSessions
from sim.scaffold.turns import plain_turns
from tests.support.contexts import context_of
from tests.support.scenarios import HOUR_US, calm, coders, event, lab, ordinary

MINUTE_US = 60_000_000


def plan(turns: list[int], per_session: list[int], **more: Any) -> Any:
    """Sessions of the first accounts with so many calls in their turns."""
    n, calls = len(per_session), np.array(turns)
    columns: dict[str, Any] = {
        "account": np.arange(n),
        "variant": np.zeros(n, np.int64),
        "at_us": np.zeros(n, np.int64),
        "moves_at": np.full(n, 0.5),
        "turns_per_session": np.array(per_session),
        "turns": plain_turns(calls),
        "human_gap_us": np.full(len(calls), MINUTE_US),
        "task_no": np.arange(len(calls)),
        **more,
    }
    return SessionPlan(**columns)


def drawn_of(context: ActorContext) -> DrawnSessions:
    sessions = context.draws.sessions(plan([3, 1, 4, 2, 2], [2, 1, 2]))
    return context.draws.calls(sessions, 0, "x")


# --- sessions -----------------------------------------------------------------------------------


def test_sessions_have_the_columns_of_their_account() -> None:
    context = context_of(lab(models={"claude-sonnet-4.5": 1.0}, organisations=4))
    accounts = replace(
        context.accounts,
        batches=np.array([True, True, False, False] * 2),
        cache_lifetime_us=np.arange(8) * 10,
        thinks=np.arange(8) % 3 == 0,
    )
    context = replace(context, accounts=accounts)
    asked = plan([1, 2, 1, 1, 1], [1, 1, 1, 2], account=np.array([0, 1, 2, 4]))
    sessions = context.draws.sessions(asked)
    # only a single call goes to a batch, which nothing limits
    assert sessions.batch.tolist() == [True, False, False, False]
    assert sessions.lifetime_us.tolist() == [0, 10, 20, 40]
    assert sessions.thinks.tolist() == [True, False, False, False]
    models = context.service.models
    classes = len(context.service.limits)
    organisation = accounts.organisation[[0, 1, 2, 4]]
    buckets = organisation * classes + models.class_of[sessions.model]
    assert sessions.bucket.tolist() == [-1, *buckets[1:].tolist()]
    prefix = context.templates.prefix[[0, 1, 2, 4], 0]
    assert sessions.key.tolist() == (prefix * len(models.ids) + sessions.model).tolist()
    assert sessions.per_session.tolist() == [1, 1, 1, 2]


def test_keys_and_buckets_tell_models_apart() -> None:
    """A prefix is cached for each model, a limit holds for each class of models."""
    actor = coders(4, models={"claude-haiku-4.5": 0.5, "claude-sonnet-4.5": 0.5}, tier="tier-1")
    context = context_of(actor)
    context = replace(context, accounts=replace(context.accounts, model=np.array([0, 1, 0, 1])))
    assert len(context.service.models.classes) == len(context.service.limits) == 2
    sessions = context.draws.sessions(plan([1] * 4, [1] * 4))
    assert sessions.model.tolist() == [0, 1, 0, 1]
    prefix = context.templates.prefix[:, 0]
    assert sessions.key.tolist() == (prefix * 2 + sessions.model).tolist()
    assert sessions.bucket.tolist() == [0, 3, 4, 7]


def test_a_session_of_two_single_turns_is_no_batch() -> None:
    context = context_of(coders(2))
    context = replace(context, accounts=replace(context.accounts, batches=np.full(2, True)))
    sessions = context.draws.sessions(plan([1, 1, 1], [2, 1]))
    assert sessions.batch.tolist() == [False, True]


def test_a_release_moves_the_clients_that_take_it_up() -> None:
    release = event("release", HOUR_US, model="claude-opus-4.5")
    actor = coders(2, models={"claude-sonnet-4.5": 1.0})
    uptake = actor.uptake.model_copy(update={"share": 0.6, "over_us": 0})
    context = context_of(actor.model_copy(update={"uptake": uptake}), world=calm(release))
    context = replace(
        context, accounts=replace(context.accounts, asks_latest=np.array([True, False]))
    )
    ids = context.service.models.ids
    asked = plan(
        [1] * 4,
        [1] * 4,
        account=np.array([0, 1, 1, 0]),
        at_us=np.array([HOUR_US, HOUR_US, HOUR_US, 0]),
        moves_at=np.array([0.9, 0.59, 0.61, 0.1]),
    )
    model = [ids[k] for k in context.draws.sessions(asked).model]
    assert model == ["claude-opus-4.5"] * 2 + ["claude-sonnet-4.5"] * 2


def test_a_cache_has_a_key_for_each_prefix_and_model() -> None:
    release = event("release", HOUR_US, model="claude-opus-4.5")
    context = context_of(coders(3), world=calm(release))
    asked = plan([1] * 6, [1] * 6, account=np.arange(6) % 3, moves_at=np.full(6, 0.0))
    keys = context.draws.sessions(asked).key
    assert 0 <= keys.min() <= keys.max() < context.draws.cache_keys
    prefixes = context.templates.prefix.max() + 1
    assert context.draws.cache_keys == prefixes * len(context.service.models.ids)


# --- limits -------------------------------------------------------------------------------------


def test_an_owner_of_limits_has_a_bucket_for_each_class_of_model() -> None:
    models = {"claude-haiku-4.5": 0.5, "claude-sonnet-4.5": 0.5}
    service = context_of(coders(2, models=models, tier="tier-1")).service
    owner, model = np.repeat(np.arange(5), 2), np.tile(np.arange(2), 5)
    assert service.bucket(owner, model).tolist() == list(range(10))


# --- timing -------------------------------------------------------------------------------------


def test_some_sessions_are_settled_as_if_all_were() -> None:
    context = context_of(coders(3), world=ordinary())
    drawn = drawn_of(context)
    starts = np.array([0, 5 * MINUTE_US, HOUR_US])
    together = context.service.solve_timing(drawn, starts)
    some = context.service.solve_timing(drawn, starts[[0, 2]], np.array([0, 2]))
    assert some.session_ends_us.tolist() == together.session_ends_us[[0, 2]].tolist()
    chosen = drawn.calls.session[together.attempts.call] != 1
    for one, other in zip(some.attempts, together.attempts.pick(chosen), strict=True):
        assert one.tolist() == other.tolist()
