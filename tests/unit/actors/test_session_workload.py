"""Sessions of a shard: drawn in pieces, carried out together, with a list that is handed out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.rates import shards_of
from sim.actors.sessions.session_pieces import session_of_task
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.time import FOREVER_US
from sim.entities.tenure import SlotTimeline
from sim.population.population import build_population
from sim.scenario.resolved import World
from sim.world.attempts import BLOCKED, RATE_LIMIT
from tests.support.contexts import context_of
from tests.support.reference import differences
from tests.support.scenarios import (
    DAY_US,
    FLAT,
    HOUR_US,
    calm,
    coders,
    constant,
    event,
    ordinary,
    scenario,
    simple,
)

MINUTE_US = 60_000_000


def workload_of(
    shard: int = 0, shards: int = 1, world: World | None = None, **dials: Any
) -> SessionWorkload:
    actor = coders(30, **{**simple(40.0), **dials})
    context = context_of(actor, world=world or calm())
    return SessionWorkload(replace(context, first_account=500), shard, shards, range(5, 25))


def test_sessions_and_tasks_of_a_shard_are_numbered_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.actors.sessions.session_pieces._BLOCK_ROWS", 200)
    workload = workload_of(3)
    for _ in range(2):
        pieces = workload.pieces()
        assert len(pieces) > 3
        base = 3 << TASKS_PER_SHARD_BITS
        sessions = np.concatenate([piece.placement.session_no for piece in pieces])
        tasks = np.concatenate([piece.placement.task_no for piece in pieces])
        assert sorted(sessions - base) == list(range(len(sessions)))
        assert sorted(tasks - base) == list(range(len(tasks)))
        assert all(100 < len(piece.start_us) <= 201 for piece in pieces[:3])
    placement = pieces[0].placement
    assert placement.account.min() >= 505
    assert placement.account.max() < 525
    assert set(placement.round.tolist()) == {0}
    assert set(placement.item.tolist()) == {-1}


def test_sessions_that_end_before_the_log_are_not_filled() -> None:
    """A session of one call lasts half an hour and a minute at most."""
    begins = np.concatenate([piece.start_us for piece in workload_of().pieces()])
    assert -31 * MINUTE_US <= begins.min() < -20 * MINUTE_US


def test_batches_may_begin_a_day_before_the_log() -> None:
    workload = workload_of(batch_share=1.0, rhythm=FLAT)
    begins = np.concatenate([piece.start_us for piece in workload.pieces()])
    assert begins.min() < -23 * HOUR_US


def test_sessions_of_an_account_that_is_barred_before_send_nothing() -> None:
    workload = workload_of()
    slot = np.arange(30)
    until = np.where(slot < 15, DAY_US // 2, FOREVER_US)
    timeline = SlotTimeline(slot, np.full(30, -FOREVER_US), until, slot, np.ones(30))
    context = replace(workload._context, timeline=timeline)
    for piece, attempts, _ in SessionWorkload(context, 0, 1, range(5, 25)).simulate():
        account = piece.placement.account - 500
        silent = (account < 15) & (piece.start_us >= DAY_US // 2)
        assert silent.any()
        session = piece.drawn.calls.session[attempts.call]
        assert not silent[session].any()
        # others are refused once, in the middle of a session
        late = attempts.begins_us >= piece.placement.until_us[session]
        assert (late == (attempts.status == BLOCKED)).all()
        assert len(np.unique(session[late])) == late.sum()


LISTED: dict[str, Any] = {"list_share": 0.5, "batch_share": 0.0, "tier": "tier-1"}


def test_a_list_is_handed_out_in_order_of_time() -> None:
    workload = workload_of(2, 5, **LISTED)
    begins, items = [], []
    for piece, attempts, _ in workload.simulate():
        begin = np.full(len(piece.placement.task_no), FOREVER_US)
        np.minimum.at(begin, piece.drawn.calls.task[attempts.call], attempts.begins_us)
        listed = piece.placement.kind[session_of_task(piece.drawn)] == 1
        assert (piece.placement.item[~listed] == -1).all()
        chosen = listed & (begin < FOREVER_US)
        begins.append(begin[chosen])
        items.append(piece.placement.item[chosen])
    item = np.concatenate(items)[np.argsort(np.concatenate(begins), kind="stable")]
    assert item.tolist() == [2 + 5 * k for k in range(len(item))]


def test_a_refusal_does_not_change_who_gets_which_prompt() -> None:
    tight = event("limits", -30 * DAY_US, factor=0.01)
    world = calm(tight).model_copy(update={"burst": 0.1})
    free, limited = workload_of(2, 5, **LISTED), workload_of(2, 5, world=world, **LISTED)
    for (piece, _, _), (same, attempts, _) in zip(free.simulate(), limited.simulate(), strict=True):
        assert (attempts.status == RATE_LIMIT).sum() > 20
        assert same.placement.item.tolist() == piece.placement.item.tolist()


def test_benchmark_work_in_sessions_has_items_and_no_run() -> None:
    workload = workload_of(source="benchmark", benchmark="tau-bench-retail", items=115)
    [(piece, _, _)] = workload.simulate()
    assert set(piece.placement.round.tolist()) == {-1}
    assert set(piece.placement.item.tolist()) == set(range(115))


def test_rows_are_those_of_the_log() -> None:
    workload = workload_of()
    assert workload.rows_per_us == pytest.approx(20 * 40 / DAY_US)
    [block] = workload.blocks()
    ts = block.rows.records["ts"]
    assert 0 <= ts.min() <= ts.max() < DAY_US
    assert len(ts) > 600


# --- limits ---------------------------------------------------------------------------------------


def test_a_shard_holds_whole_organisations() -> None:
    asked = scenario(coders(97, organisations=31, **simple(6_000)), days=1)
    [context] = build_population(asked).contexts
    shards = shards_of(context, range(97))
    assert len(shards) > 1
    assert [r.start for r in shards[1:]] == [r.stop for r in shards[:-1]]
    assert (shards[0].start, shards[-1].stop) == (0, 97)
    owners = [set(context.accounts.organisation[list(r)].tolist()) for r in shards]
    assert sum(map(len, owners)) == len(set().union(*owners)) == 31


def limited(exchanges_per_day: float) -> dict[str, Any]:
    """Parameters of single exchanges, but for the tier."""
    parameters = simple(exchanges_per_day)
    del parameters["tier"]
    return parameters


def test_organisations_that_share_a_shard_equal_the_reference_engine() -> None:
    dials = {**simple(800), "caching_share": 0.7, "cache_1h_share": 0.5, "tier": "tier-1"}
    asked = scenario(coders(6, organisations=2, **dials), days=0.25)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20


def test_output_that_is_owed_outlasts_a_pause_in_which_buckets_fill_up() -> None:
    """Ten minutes fill a bucket of 1,600 tokens; an answer of 5,000 leaves a debt of 21 more."""
    dials = {**limited(60), "caching_share": 0.0, "output_tokens": constant(5_000)}
    world = ordinary(event("limits", -30 * DAY_US, factor=0.02), burst=10.0)
    asked = scenario(coders(3, tier="tier-1", **dials), days=0.5, world=world)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20


def test_classes_of_models_are_limited_apart_as_the_oracle_has_it() -> None:
    models = {"claude-haiku-4.5": 0.5, "claude-sonnet-4.5": 0.5}
    asked = scenario(coders(6, models=models, tier="tier-1", **limited(900)), days=0.25)
    lines, seen = differences(asked)
    assert not lines, lines[:3]
    assert seen["status 429"] > 20
