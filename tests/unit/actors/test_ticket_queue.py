"""Which account takes a ticket, what is drawn of it, and when earlier work ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import Any

import numpy as np
import pytest

from sim.actors.context import ActorContext
from sim.actors.queue.account_choice import AccountChoice
from sim.actors.queue.load_balancing import balancer
from sim.actors.queue.ticket_queue import TicketQueue
from sim.actors.queue.tickets import Team, Tickets, ticket_source
from sim.actors.workload import TASKS_PER_SHARD_BITS
from sim.arrays.time import FOREVER_US
from sim.catalog import operator
from sim.entities import pools
from sim.entities.tenure import SlotTimeline
from sim.scaffold.turns import plain_turns
from sim.tables.words import PromptSource
from tests.support.contexts import context_of
from tests.support.scenarios import DAY_US, HOUR_US, SHORT, lab, pool


def timeline(until: list[int], factor: list[float], from_us: list[int] | None = None) -> Any:
    slot = np.arange(len(until))
    begins = np.array(from_us) if from_us else np.full(len(until), -FOREVER_US)
    return SlotTimeline(slot, begins, np.array(until), slot, np.array(factor))


def tickets_at(release: list[int]) -> Tickets:
    n = len(release)
    ones = plain_turns(np.ones(n, np.int64))
    return Tickets(ones, np.array(release), np.full(n, -1), np.arange(n).astype(np.uint64) * 7, 0)


def always(slots: list[int]) -> Any:
    """A balancer that names these slots in turn."""
    names = cycle(slots)
    return lambda calls, prompt, rng: np.array([next(names) for _ in calls.tolist()])


def choice(context: ActorContext, balance: Any, *, waits: bool = False) -> AccountChoice:
    slots = range(context.actor.accounts)
    return AccountChoice(context, slots, balance, waits=waits)


def generator() -> np.random.Generator:
    return np.random.default_rng(3)


# --- who takes a ticket -------------------------------------------------------------------------


def test_where_everybody_is_there_the_balancer_decides() -> None:
    context = context_of(pool(4))
    asked = choice(context, always([2, 0]))
    assert asked.all_can_take
    account, until = asked.choose(tickets_at([0] * 4), generator())
    assert account.tolist() == [2, 0, 2, 0]
    assert set(until.tolist()) == {FOREVER_US}


def test_an_empty_slot_passes_a_ticket_on() -> None:
    context = replace(context_of(pool(3)), timeline=timeline([HOUR_US, DAY_US, DAY_US], [1.0] * 3))
    asked = choice(context, always([0, 0, 1]))
    assert not asked.all_can_take
    account, until = asked.choose(tickets_at([0, 2 * HOUR_US]), generator())
    assert account.tolist() == [0, 1]
    assert until.tolist() == [HOUR_US, DAY_US]


def test_a_ticket_that_those_named_decline_goes_to_anyone_who_takes_it() -> None:
    at_noon = tickets_at([DAY_US // 2])
    context = replace(context_of(pool(2)), timeline=timeline([HOUR_US, DAY_US], [1.0] * 2))
    assert choice(context, always([0])).choose(at_noon, generator())[0][0] == 1
    context = replace(context_of(pool(2)), timeline=timeline([HOUR_US] * 2, [1.0] * 2))
    assert choice(context, always([0])).choose(at_noon, generator())[0][0] == -1


def test_a_ticket_that_waits_goes_to_anyone_who_can() -> None:
    """In proportion to what each may send; slot 3 is not warm yet, slot 0 is empty."""
    actor = pool(4, operator={**operator(), "warm_up_days": 1.0})
    context = replace(context_of(actor), timeline=timeline([1] + [DAY_US] * 3, [1, 0.25, 0.75, 1]))
    created = np.array([-9, -9, -9, 0]) * DAY_US
    context = replace(context, accounts=replace(context.accounts, created_us=created))
    asked = choice(context, always([0]), waits=True)
    account, until = asked.choose(tickets_at([HOUR_US] * 4_000), generator())
    assert set(account.tolist()) == {1, 2}
    assert (account == 1).mean() == pytest.approx(0.25, abs=0.04)
    assert set(until.tolist()) == {DAY_US}


def test_a_ticket_that_waits_is_dropped_if_nobody_at_all_can() -> None:
    context = replace(context_of(pool(2)), timeline=timeline([HOUR_US] * 2, [1.0] * 2))
    account, _ = choice(context, always([0]), waits=True).choose(
        tickets_at([DAY_US // 2]), generator()
    )
    assert account.tolist() == [-1]


def test_a_throttled_account_takes_its_share() -> None:
    context = replace(context_of(pool(2)), timeline=timeline([DAY_US, DAY_US], [0.2, 1.0]))
    account, _ = choice(context, always([0, 0, 0, 0, 1])).choose(tickets_at([0]), generator())
    assert account.tolist() in ([0], [1])
    balance = balancer("random", np.ones(2))
    account, _ = choice(context, balance).choose(tickets_at([0] * 6_000), generator())
    # half of what is offered to slot 1 is taken there at once, of slot 0 a fifth
    assert (account == 0).mean() == pytest.approx(0.2 / 1.2, abs=0.025)


def test_a_new_account_takes_no_ticket_until_it_is_warm() -> None:
    actor = pool(2, operator={**operator(), "warm_up_days": 1.0})
    context = context_of(actor)
    created = np.array([0, -5]) * DAY_US
    context = replace(context, accounts=replace(context.accounts, created_us=created))
    asked = choice(context, always([0, 1]))
    assert not asked.all_can_take
    assert asked.choose(tickets_at([DAY_US - 1]), generator())[0].tolist() == [1]
    assert choice(context, always([0, 1])).choose(tickets_at([DAY_US]), generator())[
        0
    ].tolist() == [0]


def test_a_sticky_ticket_is_passed_on_at_random() -> None:
    context = context_of(pool(3, balance="sticky"))
    context = replace(context, timeline=timeline([1, DAY_US, DAY_US], [1.0] * 3))
    account, _ = choice(context, always([0])).choose(tickets_at([HOUR_US] * 300), generator())
    counts = np.bincount(account, minlength=3)
    assert counts[0] == 0
    assert counts.min(initial=300, where=[False, True, True]) > 100


def test_a_team_has_its_own_slots() -> None:
    context = replace(context_of(pool(6)), timeline=timeline([1] * 3 + [DAY_US] * 3, [1.0] * 6))
    asked = AccountChoice(context, range(2, 5), always([0, 1]), waits=True)
    account, _ = asked.choose(tickets_at([HOUR_US] * 50), generator())
    assert set(account.tolist()) == {3}
    sticky = replace(context, actor=context.actor.model_copy(update={"balance": "sticky"}))
    asked = AccountChoice(sticky, range(2, 5), always([0]), waits=False)
    assert set(asked.choose(tickets_at([HOUR_US] * 90), generator())[0].tolist()) == {3, 4}


# --- what is drawn of a batch -------------------------------------------------------------------


def queue_of(context: ActorContext, opens_us: int = 0, **team: Any) -> TicketQueue:
    accounts = range(context.actor.accounts)
    whole = Team(0, 1, accounts, None, context.actor.target_exchanges, 1.0, 1.0)
    balance = balancer(context.actor.balance, np.ones(len(accounts)))
    return TicketQueue(context, replace(whole, **team), opens_us, balance)


def test_a_batch_is_placed_with_its_accounts() -> None:
    context = context_of(pool(5, list_share=0.4, away_share=0.3, starts_us=0, **SHORT))
    context = replace(context, first_account=100)
    queue = queue_of(context, number=3, teams=4)
    batch = queue.next_batch(0)
    assert batch is not None
    placement, n = batch.placement, len(batch)
    assert n == 1_024
    account = placement.account - 100
    a = context.accounts
    assert placement.language.tolist() == pools.COUNTRY_LANGUAGE[a.country[account]].tolist()
    base = 3 << TASKS_PER_SHARD_BITS
    assert placement.task_no.tolist() == list(range(base, base + n))
    assert placement.session_no.tolist() == placement.task_no.tolist()
    assert set(placement.person.tolist()) == {0}
    assert set(placement.round.tolist()) == {0}
    assert set(placement.until_us.tolist()) == {FOREVER_US}

    _, on_list, away, _ = context.streams.rng("pool", "queue", 3, 0, "moves").random((4, n))
    assert (placement.away == (away < 0.3)).all()
    listed = on_list < a.list_share[account]
    expected = np.where(listed, PromptSource.LIST, PromptSource.COVER)
    assert placement.kind.tolist() == expected.tolist()
    # the list is handed out in order; cover has no item
    assert placement.item[listed].tolist() == [3 + 4 * k for k in range(int(listed.sum()))]
    assert set(placement.item[~listed].tolist()) == {-1}
    content = context.prompts.choose(
        a.account_id[account],
        a.mode[account],
        placement.person,
        placement.kind,
        placement.item,
        placement.template,
        placement.task_no,
    )
    assert placement.content.tolist() == content.content.tolist()
    assert placement.prompt.tolist() == content.prompt.tolist()


def test_the_next_batch_goes_on_counting() -> None:
    context = context_of(pool(5, target=9_000, starts_us=0, **SHORT))
    queue = queue_of(context)
    first, second = queue.next_batch(0), queue.next_batch(0)
    assert first is not None
    assert second is not None
    assert second.placement.task_no[0] == len(first)
    assert first.until_us == FOREVER_US


def test_tickets_that_use_a_benchmark_as_cover_have_an_item() -> None:
    context = context_of(
        pool(
            5,
            list_share=0.4,
            cover="benchmark",
            benchmark="tau-bench-retail",
            items=115,
            starts_us=0,
            **SHORT,
        )
    )
    batch = queue_of(context).next_batch(0)
    assert batch is not None
    covers = batch.placement.kind == PromptSource.COVER
    tickets = next(ticket_source(context, queue_of(context)._team, 0).main())
    expected = tickets.item[covers]
    assert batch.placement.item[covers].tolist() == expected.tolist()


def test_benchmark_tickets_keep_their_item_and_are_of_their_own() -> None:
    context = context_of(lab(starts_us=0))
    batch = queue_of(context).next_batch(0)
    assert batch is not None
    assert batch.placement.item.tolist() == list(range(115))
    assert set(batch.placement.kind.tolist()) == {PromptSource.OWN}


# --- which tickets come next --------------------------------------------------------------------


def test_earlier_work_ends_when_the_log_opens() -> None:
    queue = queue_of(context_of(lab()), -HOUR_US)
    lead = queue.next_batch(-HOUR_US)
    assert lead is not None
    assert lead.until_us == 0
    assert set(lead.placement.round.tolist()) == {-1}
    assert lead.round == 0
    main = queue.next_batch(0)
    assert main is not None
    assert set(main.placement.round.tolist()) == {0}
    assert main.until_us == FOREVER_US


def test_a_queue_with_a_start_has_no_earlier_work() -> None:
    batch = queue_of(context_of(lab(starts_us=-5)), -5).next_batch(-5)
    assert batch is not None
    assert set(batch.placement.round.tolist()) == {0}


def used_up(queue: TicketQueue, at_us: int) -> int:
    """Batches until there is no more work."""
    count = 0
    while queue.next_batch(at_us) is not None:
        count += 1
    return count


def test_a_queue_ends_with_its_tickets() -> None:
    assert used_up(queue_of(context_of(lab(runs=3, starts_us=0))), 0) == 3
    queue = queue_of(context_of(pool(3, target=200, **SHORT)), -HOUR_US)
    assert used_up(queue, -HOUR_US) == 2
    assert queue.next_batch(0) is None


def test_benchmark_tickets_wait_until_somebody_is_there() -> None:
    context = replace(
        context_of(lab(starts_us=0)),
        timeline=timeline([DAY_US] * 8, [1.0] * 8, [5 * HOUR_US] * 8),
    )
    queue = queue_of(context)
    assert queue.takeable_us(0) == 5 * HOUR_US
    batch = queue.next_batch(0)
    assert batch is not None
    assert set(batch.release_us.tolist()) == {5 * HOUR_US}
    gone = replace(context, timeline=timeline([HOUR_US] * 8, [1.0] * 8))
    assert queue_of(gone).takeable_us(2 * HOUR_US) is None
    assert queue_of(gone).next_batch(2 * HOUR_US) is None


def test_prompts_are_dropped_while_nobody_is_there() -> None:
    context = replace(
        context_of(pool(3, target=300, starts_us=0, **SHORT)),
        timeline=timeline([DAY_US] * 3, [1.0] * 3, [12 * HOUR_US] * 3),
    )
    queue = queue_of(context)
    assert queue.takeable_us(7) == 7
    batch = queue.next_batch(0)
    assert batch is not None
    assert batch.release_us.min() >= 12 * HOUR_US
    gone = replace(context, timeline=timeline([1] * 3, [1.0] * 3))
    assert queue_of(gone).next_batch(0) is None


def test_prompts_of_barred_tasks_are_handed_out_again() -> None:
    context = context_of(pool(1, target=300, starts_us=0, list_share=1.0, **SHORT))
    queue = queue_of(context)
    batch = queue.next_batch(0)
    assert batch is not None
    queue.take_back(batch, np.array([3, 8]))
    again = queue.source.next_items(3)
    assert again.tolist() == [*batch.placement.item[[3, 8]].tolist(), len(batch)]
