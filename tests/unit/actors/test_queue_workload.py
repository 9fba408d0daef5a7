"""Slices, workers and guesses of a queue; pieces of sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import sim.actors.queue.queue_workload as queue_workload
from sim.actors.queue.queue_workload import QueueWorkload
from sim.actors.queue.teams import (
    Pilot,
    opens_us,
    pilot_of,
    slot_weights,
    target_of,
    teams_of,
    workers_of,
)
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.actors.sessions.session_pieces import session_of_task
from sim.actors.sessions.session_workload import SessionWorkload
from sim.actors.workload import TASKS_PER_SHARD_BITS, HitsLimitError
from sim.arrays.time import FOREVER_US
from sim.entities.tenure import SlotTimeline
from tests.support.contexts import context_of
from tests.support.scenarios import (
    DAY_US,
    FLAT,
    HOUR_US,
    SHORT,
    calm,
    coders,
    constant,
    lab,
    pool,
    simple,
)

SECOND_US, MINUTE_US = 1_000_000, 60_000_000


def team(**changes: Any) -> Team:
    return replace(Team(0, 1, range(8), None, 2_000, 1e-4, 2_000.0), **changes)


# --- teams --------------------------------------------------------------------------------------


def test_earlier_work_lasts_ten_tasks_or_five_minutes() -> None:
    context = context_of(pool())
    assert opens_us(context, team(), Pilot(4.0, 100.0 * SECOND_US)) == -1_000 * SECOND_US
    assert opens_us(context, team(), Pilot(4.0, 3.0 * SECOND_US)) == -300 * SECOND_US
    assert opens_us(context, team(), Pilot(4.0, 3_000.0 * SECOND_US)) == -QUEUE_LEAD_US
    assert QUEUE_LEAD_US == 6 * HOUR_US
    short = context_of(pool(), days=20 / 86_400)
    assert opens_us(short, team(), Pilot(4.0, 1.5 * SECOND_US)) == -20 * SECOND_US


def test_a_log_too_short_for_a_task_has_a_thousand_tickets_before() -> None:
    context = context_of(pool(), days=1 / 86_400)
    pilot = Pilot(4.0, 60.0 * SECOND_US)
    # 1,000 tickets of 4 calls at 10 calls a second
    assert opens_us(context, team(rows_per_us=1e-5), pilot) == -400 * SECOND_US
    assert opens_us(context, team(rows_per_us=1e-9), pilot) == -600 * SECOND_US


def test_work_is_spread_by_rate_or_evenly_where_there_is_none() -> None:
    context = context_of(pool(6, account_volume_sigma=1.0))
    volume = context.accounts.volume
    weights = slot_weights(context, range(2, 6))
    assert weights / weights.sum() == pytest.approx(volume[2:6] / volume[2:6].sum())
    broke = replace(context, traffic_factor=0.0)
    assert slot_weights(broke, range(2, 6)).tolist() == [1.0] * 4


def test_a_pool_keeps_three_times_the_workers_that_are_busy() -> None:
    context = context_of(pool(starts_us=0))
    # 1 call in 10 ms, 5 calls a task: 20 tasks a second of 2 seconds each
    asked = team(rows_per_us=1e-4, calls=1e6)
    assert workers_of(context, asked, Pilot(5.0, 2.0 * SECOND_US)) == 120
    assert workers_of(context, asked, Pilot(5.0, 2.01 * SECOND_US)) == 121
    # no more than three for each task, and one at least
    assert workers_of(context, replace(asked, calls=35.0), Pilot(5.0, 2.0 * SECOND_US)) == 21
    assert workers_of(context, replace(asked, rows_per_us=1e-12), Pilot(5.0, 10.0)) == 1


def test_stated_workers_are_no_more_than_tickets() -> None:
    context = context_of(lab())
    pilot = Pilot(5.0, 2.0)
    assert workers_of(context, team(workers=7), pilot) == 7
    assert workers_of(context, team(workers=7, target=3), pilot) == 3
    assert workers_of(context, team(workers=700, target=None), pilot) == 115
    assert workers_of(context, team(workers=7, target=0), pilot) == 1


def test_workers_of_a_log_too_short_for_a_task_are_bounded() -> None:
    context = context_of(pool(starts_us=0), days=1 / 86_400)
    asked, pilot = team(rows_per_us=1.0, calls=1e12), Pilot(5.0, 60.0 * SECOND_US)
    most = 3 * 1_000 / QUEUE_LEAD_US * 60 * SECOND_US
    assert workers_of(context, asked, pilot) == int(np.ceil(most))


def test_a_target_is_what_slots_send_while_they_are_occupied() -> None:
    context = context_of(pool(4, 8_000, account_volume_sigma=0.0), days=2.0)
    assert target_of(context) == 8_000
    assert target_of(context, range(1)) == 2_000
    slot = np.arange(4)
    until = np.array([DAY_US, FOREVER_US, FOREVER_US, FOREVER_US])
    timeline = SlotTimeline(slot, np.full(4, -FOREVER_US), until, slot, np.ones(4))
    assert target_of(replace(context, timeline=timeline)) == 7_000
    assert target_of(replace(context, traffic_factor=0.0)) == 1
    assert target_of(context_of(lab())) is None


def test_a_pilot_measures_a_block_of_tickets() -> None:
    dials = {**SHORT, "agentic_share": 1.0, "tool_steps": constant(4)}
    context = context_of(pool(5, starts_us=0, **dials), world=calm())
    pilot = pilot_of(context, team(accounts=range(5)))
    assert pilot.calls == 5.0
    batch = QueueWorkload(context, team(accounts=range(5))).ticket_queue().current(0)
    assert batch is not None
    drawn = batch.drawn.calls
    lasts = drawn.wait_us + drawn.ttft_us + drawn.generation_us
    mean = lasts.sum() / len(batch.organisation)
    assert pilot.service_us == pytest.approx(mean, rel=0.1)


def test_without_anybody_to_take_a_ticket_a_pilot_is_of_single_calls() -> None:
    context = context_of(pool(3, starts_us=0))
    slot = np.arange(3)
    nobody = SlotTimeline(slot, slot - DAY_US, slot - DAY_US + 1, slot, np.ones(3))
    assert pilot_of(replace(context, timeline=nobody), team(accounts=range(3))) == Pilot(1.0, 1.0)


def test_a_queue_is_expected_to_send_its_target_or_what_its_workers_can() -> None:
    context = context_of(pool(4, 8_000, starts_us=0, **SHORT))
    [undivided] = teams_of(context, range(4))
    assert (undivided.target, undivided.calls) == (8_000, 8_000.0)
    assert undivided.rows_per_us == pytest.approx(8_000 / DAY_US)
    slow = context_of(pool(4, 80_000, starts_us=0, workers=1, **SHORT))
    [undivided] = teams_of(slow, range(4))
    pilot = pilot_of(slow, undivided)
    assert undivided.rows_per_us == pytest.approx(pilot.calls / pilot.service_us)
    assert undivided.rows_per_us < 80_000 / DAY_US
    [laboratory] = teams_of(context_of(lab(starts_us=0, runs=3)), range(8))
    assert laboratory.target is None
    pilot = pilot_of(context_of(lab(starts_us=0, runs=3)), laboratory)
    assert laboratory.calls == pytest.approx(3 * 115 * pilot.calls)
    assert laboratory.rows_per_us == pytest.approx(4 * pilot.calls / pilot.service_us)
    assert teams_of(context, range(0)) == []


def test_teams_have_even_weights_and_shares_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.actors.queue.teams.SHARD_EXCHANGES", 1_000)
    actor = pool(40, 4_000, starts_us=0, balance="weighted", account_volume_sigma=0.7, **SHORT)
    context = context_of(actor)
    teams = teams_of(context, range(40))
    assert [(t.number, t.teams) for t in teams] == [(k, 4) for k in range(4)]
    weight = [slot_weights(context, t.accounts).sum() for t in teams]
    for one, share in zip(teams, weight / np.sum(weight), strict=True):
        assert abs((one.target or 0) - 4_000 * share) < 1
        assert abs(share - 0.25) < 0.1
        assert one.calls == one.target
        assert one.rows_per_us == pytest.approx(4_000 / DAY_US * (one.target or 0) / 4_000)
    even = context_of(actor.model_copy(update={"balance": "random"}))
    assert [len(t.accounts) for t in teams_of(even, range(40))] == [9, 10, 10, 11]


# --- slices and guesses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows_per_us", "slice_us"),
    [(1.0, MINUTE_US), (65_536 / HOUR_US, HOUR_US), (1e-9, QUEUE_LEAD_US)],
)
def test_slices_hold_about_as_many_rows(rows_per_us: float, slice_us: int) -> None:
    workload = QueueWorkload(context_of(pool(8)), team(rows_per_us=rows_per_us))
    assert workload._slice_us == slice_us
    assert workload.rows_per_us == rows_per_us


def test_slices_end_with_the_log_or_when_all_is_done() -> None:
    workload = QueueWorkload(context_of(lab(starts_us=HOUR_US)), team(target=None, workers=2))
    workload._slice_us = 9 * HOUR_US

    class Resting:
        is_idle = False

    workers: Any = Resting()
    assert list(workload._slices(workers)) == [10 * HOUR_US, 19 * HOUR_US, DAY_US]
    workers.is_idle = True
    # the first slice is always worked
    assert list(workload._slices(workers)) == [10 * HOUR_US, DAY_US]


def test_workers_begin_within_a_minute_or_half_of_earlier_work() -> None:
    context = context_of(lab(starts_us=HOUR_US))
    begins = QueueWorkload(context, team(target=None, workers=60)).workers_from_us
    assert len(begins) == 60
    assert HOUR_US <= min(begins) < HOUR_US + 5 * SECOND_US
    assert HOUR_US + 50 * SECOND_US < max(begins) < HOUR_US + MINUTE_US
    at_once = QueueWorkload(context_of(lab(starts_us=0)), team(target=None, workers=60))
    assert max(at_once.workers_from_us) > 50 * SECOND_US
    early = context_of(lab(starts_us=-20 * SECOND_US))
    begins = QueueWorkload(early, team(target=None, workers=60)).workers_from_us
    assert min(begins) >= -20 * SECOND_US
    assert -12 * SECOND_US < max(begins) < -10 * SECOND_US


def test_a_queue_in_progress_opens_as_its_pilot_says() -> None:
    context = context_of(pool(8, starts_us=None, **SHORT))
    workload = QueueWorkload(context, team())
    assert workload.opens_us == opens_us(context, team(), pilot_of(context, team()))
    assert QueueWorkload(context_of(pool(8, starts_us=5)), team()).opens_us == 5


def test_after_three_guesses_everybody_is_thought_to_hit_a_limit() -> None:
    workload = QueueWorkload(context_of(pool(8)), team())
    assert not workload._limited.any()
    hit = np.zeros(8, np.bool_)
    hit[2] = True
    workload._note_limited(hit)
    workload._note_limited(np.roll(hit, 1))
    assert np.flatnonzero(workload._limited).tolist() == [2, 3]
    workload._note_limited(np.roll(hit, 2))
    assert workload._limited.all()


def test_a_pass_in_which_somebody_hits_a_limit_is_void() -> None:
    context = context_of(pool(8, 60_000, tier="tier-1", starts_us=0, **SHORT), days=0.2)
    [one] = teams_of(context, range(8))
    workload = QueueWorkload(context, one)
    passes = 0
    while True:
        passes += 1
        try:
            rows = [block.rows.records for block in workload.blocks()]
        except HitsLimitError:
            continue
        break
    assert 1 < passes <= 4
    assert sum((r["status"] == 429).sum() for r in rows) > 10
    assert workload._limited.any()


def test_a_pass_stops_once_everybody_is_known_to_hit_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_workload, "_SLICE_ROWS", 500)
    monkeypatch.setattr(queue_workload, "_SHORTEST_SLICE_US", MINUTE_US)
    context = context_of(pool(1, 60_000, tier="tier-1", starts_us=0, **SHORT))
    [one] = teams_of(context, range(1))
    workload = QueueWorkload(context, one)
    tasks: list[int] = []
    with pytest.raises(HitsLimitError):
        tasks.extend(len(block.tasks) for block in workload.blocks())
    assert 0 < sum(tasks) < 2_000


# --- sessions -----------------------------------------------------------------------------------


def workload_of(shard: int = 0, shards: int = 1, **dials: Any) -> SessionWorkload:
    actor = coders(30, **{**simple(40.0), **dials})
    context = context_of(actor, world=calm())
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


def test_silent_sessions_have_no_organisation() -> None:
    workload = workload_of()
    slot = np.arange(30)
    until = np.where(slot < 15, DAY_US // 2, FOREVER_US)
    timeline = SlotTimeline(slot, np.full(30, -FOREVER_US), until, slot, np.ones(30))
    context = replace(workload._context, timeline=timeline)
    for piece in SessionWorkload(context, 0, 1, range(5, 25)).pieces():
        account = piece.placement.account - 500
        silent = (account < 15) & (piece.start_us >= DAY_US // 2)
        assert silent.any()
        assert (piece.organisation[silent] == 30).all()
        organisation = context.accounts.organisation[account]
        assert (piece.organisation[~silent] == organisation[~silent]).all()
        assert not silent[piece.drawn.calls.session[piece.attempts.call]].any()


def test_a_list_is_handed_out_in_order_of_time() -> None:
    workload = workload_of(2, 5, list_share=0.5, batch_share=0.0)
    pieces = workload.pieces()
    begins, items = [], []
    for piece in pieces:
        task = piece.drawn.calls.task[piece.attempts.call]
        begin = np.full(len(piece.placement.task_no), FOREVER_US)
        np.minimum.at(begin, task, piece.attempts.begins_us)
        listed = piece.placement.kind[session_of_task(piece.drawn)] == 1
        assert (piece.placement.item[~listed] == -1).all()
        chosen = listed & (begin < FOREVER_US)
        begins.append(begin[chosen])
        items.append(piece.placement.item[chosen])
    item = np.concatenate(items)[np.argsort(np.concatenate(begins), kind="stable")]
    assert item.tolist() == [2 + 5 * k for k in range(len(item))]


def test_benchmark_work_in_sessions_has_items_and_no_run() -> None:
    workload = workload_of(source="benchmark", benchmark="tau-bench-retail", items=115)
    [piece] = workload.pieces()
    assert set(piece.placement.round.tolist()) == {-1}
    assert set(piece.placement.item.tolist()) == set(range(115))


def test_rows_are_those_of_the_log_in_order_of_time() -> None:
    workload = workload_of()
    assert workload.rows_per_us == pytest.approx(20 * 40 / DAY_US)
    [block] = workload.blocks()
    ts = block.rows.records["ts"]
    assert (np.diff(ts) >= 0).all()
    assert 0 <= ts[0] <= ts[-1] < DAY_US
    assert len(ts) > 600
