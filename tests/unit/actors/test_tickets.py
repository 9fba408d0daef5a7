"""Where tickets come from: the items of a benchmark, or a list of prompts."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from sim.actors.queue.tickets import (
    BLOCK_TICKETS,
    BenchmarkTickets,
    PromptTickets,
    Team,
    Tickets,
    ticket_source,
)
from sim.catalog import benchmarks, steps_for
from sim.entities.tenure import SlotTimeline
from sim.scaffold.steps import draw_stated_steps, draw_steps, instance_scores
from sim.scaffold.turns import draw_turns_of
from sim.scenario.resolved import Rhythm
from sim.streams import mixed
from sim.tables.words import PromptSource
from tests.support.contexts import context_of
from tests.support.scenarios import DAY_US, FLAT, HOUR_US, SHORT, constant, lab, pool


def team(target: int | None = 2_000, workers: int | None = None, **changes: Any) -> Team:
    whole = Team(0, 1, range(8), workers, target, 1.0, 1.0)
    return replace(whole, **changes)


# --- benchmarks ---------------------------------------------------------------------------------


def test_the_source_of_tickets_is_that_of_the_actor() -> None:
    assert isinstance(ticket_source(context_of(lab()), team(None), 0), BenchmarkTickets)
    assert isinstance(ticket_source(context_of(pool()), team(), 0), PromptTickets)


def test_a_benchmark_queue_needs_a_benchmark_and_a_paced_one_a_target() -> None:
    with pytest.raises(ValueError, match="needs a benchmark"):
        BenchmarkTickets(context_of(pool()), team(), 0)
    with pytest.raises(ValueError, match="needs a target"):
        PromptTickets(context_of(pool()), team(None), 0)


def test_every_run_has_all_items_released_at_once() -> None:
    context = context_of(lab(runs=2))
    runs = list(ticket_source(context, team(None), 77).main())
    assert [tickets.round for tickets in runs] == [0, 1]
    for tickets in runs:
        assert tickets.item.tolist() == list(range(115))
        assert set(tickets.release_us.tolist()) == {77}
        key = context.streams.key("benchmark", "tau-bench-retail")
        assert tickets.prompt.tolist() == mixed(key, np.arange(115)).tolist()


def test_stated_calls_are_drawn_anew_for_each_run_and_block() -> None:
    context = context_of(lab(runs=1, step_limit=12))
    [tickets] = ticket_source(context, team(None), 0).main()
    tau = benchmarks()["tau-bench-retail"]
    assert tau.calls_per_item is not None
    rng = context.streams.rng("lab", "steps", 0, 0)
    scores = instance_scores(context.world.streams, "tau-bench-retail", 115)
    calls = draw_stated_steps(tau.calls_per_item, tau.item_share, scores, rng)
    assert (calls > 12).any()
    expected = draw_turns_of(context.actor, np.minimum(calls, 12) - 1, rng).calls
    assert tickets.calls.tolist() == expected.tolist()


def test_measured_steps_are_what_they_are() -> None:
    actor = lab(
        "swe-bench-verified",
        runs=1,
        agents={"mini-swe-agent": 1.0},
        models={"claude-opus-4.5": 1.0},
        step_limit=30,
    )
    context = context_of(actor)
    [tickets] = ticket_source(context, team(None), 0).main()
    scores = instance_scores(context.streams, "swe-bench-verified", 500)
    measured = steps_for("mini-swe-agent", "claude-opus-4.5")
    rng = context.streams.rng("lab", "steps", 0, 0)
    expected = draw_steps(measured, scores[np.arange(500)], rng, 30)
    assert tickets.calls.tolist() == expected.tolist()
    assert tickets.calls.max() == 30


@pytest.mark.parametrize(("workers", "size"), [(None, 64), (3, 64), (90, 90), (4_000, 115)])
def test_blocks_are_short_where_accounts_come_and_go(workers: int | None, size: int) -> None:
    context = context_of(lab(runs=1))
    slots = np.arange(8)
    timeline = SlotTimeline(slots, 0 * slots, 0 * slots + DAY_US, slots, np.ones(8))
    context = replace(context, timeline=timeline)
    first = next(ticket_source(context, team(None, workers), 0).main())
    assert len(first.item) == size
    assert BLOCK_TICKETS == 1_024


def test_earlier_runs_begin_somewhere_in_the_middle() -> None:
    context = context_of(lab())
    blocks = list(islice(ticket_source(context, team(None), -5).lead(), 3))
    skip = int(context.streams.rng("lab", "lead").integers(0, 115))
    assert 0 < skip < 115
    assert blocks[0].item.tolist() == list(range(skip, 115))
    assert [block.item.tolist() for block in blocks[1:]] == [list(range(115))] * 2
    assert [block.round for block in blocks] == [-1] * 3
    assert blocks[1].calls.tolist() != blocks[2].calls.tolist()


def test_nobody_hands_items_of_a_benchmark_out_or_back() -> None:
    source = ticket_source(context_of(lab()), team(None), 0)
    source.take_back(np.array([3]), np.array([PromptSource.LIST]))
    assert source.next_items(2).tolist() == [-1, -1]
    assert (source.waits, ticket_source(context_of(pool()), team(), 0).waits) == (True, False)


# --- lists --------------------------------------------------------------------------------------


def test_a_team_takes_every_so_many_prompts_and_returned_ones_first() -> None:
    source = ticket_source(context_of(pool()), team(number=2, teams=5), 0)
    assert source.next_items(3).tolist() == [2, 7, 12]
    kinds = np.array([PromptSource.LIST, PromptSource.COVER, PromptSource.LIST])
    source.take_back(np.array([7, 99, 2]), kinds)
    assert source.next_items(1).tolist() == [7]
    assert source.next_items(3).tolist() == [2, 17, 22]


def all_of(tickets: list[Tickets]) -> tuple[Any, Any, Any]:
    """(calls, releases, prompts) of tickets end to end."""
    columns = zip(*((t.calls, t.release_us, t.prompt) for t in tickets), strict=True)
    return tuple(np.concatenate(column) for column in columns)  # type: ignore[return-value]


def test_tickets_reach_the_target_and_pace_themselves() -> None:
    """Each block has the share of 0.99 of the time that its calls have of the target."""
    context = context_of(pool(target=30_000, starts_us=2 * HOUR_US, **SHORT))
    asked = team(30_000, number=1, teams=3)
    blocks = list(ticket_source(context, asked, 2 * HOUR_US).main())
    calls, release, prompt = all_of(blocks)
    assert 30_000 <= calls.sum() < 30_000 + calls[-1]
    assert {block.round for block in blocks} == {0}
    number = np.arange(len(calls)) * 3 + 1
    assert prompt.tolist() == mixed(context.streams.key("pool", "tickets"), number).tolist()
    planned, done = 22 * HOUR_US * 0.99, 0
    assert len(blocks) > 5
    for block in blocks:
        low = 2 * HOUR_US + planned * done / 30_000
        done += int(block.calls.sum())
        high = 2 * HOUR_US + planned * min(done, 30_000) / 30_000
        assert (np.diff(block.release_us) >= 0).all()
        assert low - 1 <= block.release_us.min() < low + (high - low) * 0.02
        assert high - (high - low) * 0.02 < block.release_us.max() <= high + 1
        assert (block.item == -1).all()
    assert (np.diff(release) >= 0).all()


def test_compactions_count_towards_the_target() -> None:
    """Whatever was expected of them: a block follows until all that is drawn reaches it."""
    source = ticket_source(context_of(pool(target=30_000, starts_us=0, **SHORT)), team(30_000), 0)
    blocks, rows = [], 0
    for block in source.main():
        blocks.append(block)
        compactions = len(block.calls) // 10
        source.add_compactions(compactions)
        rows += int(block.calls.sum()) + compactions
    assert 30_000 <= rows < 30_000 + BLOCK_TICKETS // 10 + blocks[-1].calls[-1]
    assert (np.diff(np.concatenate([block.release_us for block in blocks])) >= 0).all()


def test_releases_follow_the_rhythm() -> None:
    rhythm = Rhythm(peak_hour=12.0, strength=0.9, weekend=1.0)
    context = context_of(pool(target=40_000, starts_us=0, **{**SHORT, "rhythm": rhythm}))
    _, release, _ = all_of(list(ticket_source(context, team(40_000), 0).main()))
    hours = np.bincount(release // HOUR_US, minlength=24)
    assert hours[12] > 4 * hours[0]


def test_earlier_work_has_the_same_pace_and_lies_before_the_begin() -> None:
    context = context_of(pool(target=24_000, **SHORT))
    blocks = list(ticket_source(context, team(24_000), -3 * HOUR_US).lead())
    calls, release, _ = all_of(blocks)
    assert {block.round for block in blocks} == {-1}
    assert -3 * HOUR_US <= release.min() < -2.9 * HOUR_US
    assert -0.1 * HOUR_US < release.max() <= 0
    per_hour = 24_000 / (24 * 0.99)
    assert calls.sum() == pytest.approx(3 * per_hour, rel=0.05)
    hours = [
        calls[(release >= low) & (release < low + HOUR_US)].sum()
        for low in range(-3 * HOUR_US, 0, HOUR_US)
    ]
    assert hours == pytest.approx([per_hour] * 3, rel=0.2)


@pytest.mark.parametrize(("target", "most"), [(150, 1_500), (20, 1_000)])
def test_earlier_work_is_bounded_by_calls(target: int, most: int) -> None:
    """The opening lies so early that it would be thousands of calls."""
    single = {**SHORT, "agentic_share": 0.0, "rhythm": FLAT}
    context = context_of(pool(target=target, **single), days=0.01)
    blocks = list(ticket_source(context, team(target), -DAY_US).lead())
    calls, release, _ = all_of(blocks)
    assert most * 0.8 < calls.sum() <= most + BLOCK_TICKETS
    pace = 0.01 * DAY_US * 0.99 / target
    assert release.min() == pytest.approx(-most * pace, rel=0.02)


def test_without_time_there_is_no_earlier_work() -> None:
    context = context_of(pool(target=100, **SHORT))
    assert not list(ticket_source(context, team(100), 0).lead())


def test_the_blocks_of_a_team_differ() -> None:
    context = context_of(pool(target=9_000, agentic_share=0.9, tool_steps=constant(3), rhythm=FLAT))
    turns = []
    for number in (0, 1):
        blocks = list(ticket_source(context, team(9_000, number=number, teams=2), 0).main())
        turns += [tuple(block.calls[:200].tolist()) for block in blocks[:2]]
    assert len(set(turns)) == 4


def test_tickets_are_picked_together() -> None:
    tickets = next(ticket_source(context_of(lab()), team(None), 0).main())
    some = tickets.pick(np.array([5, 2]))
    assert some.item.tolist() == [5, 2]
    assert some.calls.tolist() == tickets.calls[[5, 2]].tolist()
    assert some.prompt.tolist() == tickets.prompt[[5, 2]].tolist()
    assert some.round == 0
