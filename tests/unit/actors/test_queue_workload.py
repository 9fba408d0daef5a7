"""Slices and workers of a queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

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
from sim.actors.queue.ticket_queue import DrawnBatch
from sim.actors.queue.tickets import QUEUE_LEAD_US, Team
from sim.actors.queue.workers import Workers
from sim.arrays.time import FOREVER_US
from sim.arrays.types import Ints
from sim.entities.tenure import SlotTimeline
from sim.scaffold.rows import exchange_rows
from sim.tables.words import BARRED
from tests.support.contexts import context_of
from tests.support.scenarios import (
    DAY_US,
    HOUR_US,
    SHORT,
    calm,
    constant,
    lab,
    pool,
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
    batch = QueueWorkload(context, team(accounts=range(5))).ticket_queue().next_batch(0)
    assert batch is not None
    drawn = batch.drawn.calls
    lasts = drawn.wait_us + drawn.ttft_us + drawn.generation_us
    mean = lasts.sum() / len(batch)
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


# --- slices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows_per_us", "slice_us"),
    [(1.0, MINUTE_US), (65_536 / HOUR_US, HOUR_US), (1e-9, QUEUE_LEAD_US)],
)
def test_slices_hold_about_as_many_rows(rows_per_us: float, slice_us: int) -> None:
    workload = QueueWorkload(context_of(pool(8)), team(rows_per_us=rows_per_us))
    assert workload._slice_us == slice_us
    assert workload.rows_per_us == rows_per_us


def test_slices_end_with_the_log_or_when_all_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    context, ends = context_of(lab(starts_us=HOUR_US, runs=1)), list[int]()
    run = Workers.run

    def noted(workers: Workers, until_us: int) -> None:
        ends.append(until_us)
        run(workers, until_us)

    monkeypatch.setattr(Workers, "run", noted)
    workload = QueueWorkload(context, team(target=None, workers=20))
    workload._slice_us = 20 * MINUTE_US
    list(workload.blocks())
    slices = [HOUR_US + k * 20 * MINUTE_US for k in range(1, len(ends))]
    assert ends == [*slices, DAY_US]
    assert 2 < len(ends) < 60


def test_rows_do_not_depend_on_slices_and_tasks_have_all_their_attempts() -> None:
    context = context_of(pool(3, 1_500, starts_us=0, tier="tier-1", **SHORT), days=0.2)
    [one] = teams_of(context, range(3))
    found = []
    for slice_us in (MINUTE_US, DAY_US):
        workload = QueueWorkload(context, one)
        workload._slice_us = slice_us
        blocks = list(workload.blocks())
        ts = np.concatenate([block.rows.records["ts"] for block in blocks])
        tasks = np.concatenate([block.tasks for block in blocks])
        assert tasks["logged"].sum() == len(ts)
        found.append((sorted(ts.tolist()), sorted(tasks.tolist())))
    assert found[0] == found[1]
    assert len(found[0][0]) > 500


def test_prompts_of_tasks_that_are_barred_come_back_when_the_slice_of_their_begin_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One worker is too slow for what is released until the account is barred."""
    dials = {**SHORT, "agentic_share": 1.0, "tool_steps": constant(4)}
    context = context_of(pool(1, 20_000, starts_us=0, list_share=1.0, **dials))
    slot, until_us = np.zeros(1, np.int64), np.full(1, HOUR_US // 2)
    timeline = SlotTimeline(slot, slot - DAY_US, until_us, slot, np.ones(1))
    context = replace(context, timeline=timeline)
    queue = QueueWorkload(context, team(accounts=range(1), target=60_000)).ticket_queue()
    workers, back = Workers(context, queue, 0, np.zeros(1, np.int64)), [0] * 150
    for slice_ in range(len(back)):

        def count(_: DrawnBatch, barred: Ints, slice_: int = slice_) -> None:
            back[slice_] += len(barred)

        monkeypatch.setattr(queue, "take_back", count)
        workers.run((slice_ + 1) * MINUTE_US)
    blocks = list(workers.blocks(exchange_rows, at_end=True))
    tasks = np.concatenate([block.tasks for block in blocks])
    barred = tasks[tasks["state"] == BARRED]
    assert back == np.bincount(barred["start"] // MINUTE_US, minlength=len(back)).tolist()
    # one of them was begun before
    assert (barred["start"] < until_us).sum() == 1
    assert len(barred) > 10


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


def test_accounts_of_a_pool_are_refused_when_they_hit_their_limits() -> None:
    context = context_of(pool(8, 60_000, tier="tier-1", starts_us=0, **SHORT), days=0.2)
    [one] = teams_of(context, range(8))
    blocks = list(QueueWorkload(context, one).blocks())
    assert sum((block.rows.records["status"] == 429).sum() for block in blocks) > 10
