"""Where the tickets of a queue come from: the items of a benchmark, or a list of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim.actors.arrivals.rates import time_change_of
from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.arrays.time import HOUR_US
from sim.arrays.types import Floats, Ints
from sim.catalog import benchmarks, steps_for
from sim.scaffold.expected_calls import compactions_per_call
from sim.scaffold.steps import draw_stated_steps, draw_steps, instance_scores
from sim.scaffold.turns import (
    Turns,
    draw_benchmark_items,
    draw_tool_steps,
    draw_turns_of,
    plain_turns,
)
from sim.streams import U64, mixed

BLOCK_TICKETS = 1_024
_SHORTEST_BLOCK = 64
# A queue begins at most so long before the log.
QUEUE_LEAD_US = 6 * HOUR_US
# Before the log a pool makes at most so many times its target of calls, or so many if that is more.
_MOST_TARGETS_BEFORE, _FEWEST_BEFORE = 10, 1_000
# A paced pool plans to be done a little before the log closes, so that its last tasks can end.
_PLANNED_SHARE_OF_TIME = 0.99


@dataclass(frozen=True)
class Team:
    """A part of a queue that works by itself: a shard.

    Attributes
    ----------
    number, teams
        This is team `number` of so many; of a list of prompts it takes every `teams`-th.
    accounts
        Its slots.
    workers
        Its workers; None for as many as it needs.
    target
        Exchanges that it is to send; None where a number of runs is asked for.
    rows_per_us
        Rate of exchanges to be expected of it while it works.
    calls
        Exchanges that it has to make in all.
    """

    number: int
    teams: int
    accounts: range
    workers: int | None
    target: int | None
    rows_per_us: float
    calls: float


@dataclass(frozen=True)
class Tickets:
    """Consecutive tickets of one round; arrays of shape (tickets,).

    `item` is the number of the benchmark item, -1 without one; a ticket that turns out to be of a
    list of prompts has an item of that instead; `prompt` tells tickets apart; `round` is the
    run, or -1 for work begun before what the scenario asks for.
    """

    turns: Turns
    release_us: Ints
    item: Ints
    prompt: U64
    round: int

    def pick(self, index: Ints) -> Tickets:
        """Return some of the tickets, by index array."""
        return Tickets(
            self.turns.pick(index),
            self.release_us[index],
            self.item[index],
            self.prompt[index],
            self.round,
        )

    @property
    def calls(self) -> Ints:
        """Exchanges of each ticket."""
        return self.turns.calls


class BenchmarkTickets:
    """The same items in every run; all of a run is released at once, and waits for an account."""

    waits = True

    def __init__(self, context: ActorContext, team: Team, opens_us: int) -> None:
        """Prepare the runs of a team whose first tickets are released at `opens_us`."""
        actor = context.actor
        if actor.benchmark is None:
            raise ValueError(f"actors.{actor.id}: a benchmark queue needs a benchmark")
        self._context, self._actor, self._opens_us = context, actor, opens_us
        self._benchmark = benchmarks()[actor.benchmark]
        streams = context.world.streams
        self._scores = instance_scores(streams, self._benchmark.id, self._benchmark.items)
        self._key = streams.key("benchmark", self._benchmark.id)

        # accounts are chosen for a block at a time: where they come and go, it is soon used up
        few = max(_SHORTEST_BLOCK, team.workers or 0)
        self._block = BLOCK_TICKETS if context.timeline.never_ends else min(few, BLOCK_TICKETS)

    def lead(self) -> Iterator[Tickets]:
        """Yield earlier runs without end, the first of them begun somewhere in the middle.

        The caller stops when the log opens. It must not ask for a run in which nobody works.
        """
        rng = self._context.streams.rng(self._actor.id, "lead")
        skip = int(rng.integers(0, self._actor.items))
        run = -1
        while True:
            for tickets in self._run(run):
                if skip < len(tickets.item):
                    yield tickets.pick(np.arange(skip, len(tickets.item)))
                skip = max(0, skip - len(tickets.item))
            run -= 1

    def main(self) -> Iterator[Tickets]:
        """Yield the runs that the scenario asks for."""
        for run in range(self._actor.runs):
            yield from self._run(run)

    def next_items(self, count: int) -> Ints:
        """Return -1 for each ticket: there is no list."""
        return np.full(count, -1)

    def take_back(self, item: Ints, source: Ints) -> None:
        """Do nothing: nobody goes on with an item whose account was closed."""

    def add_compactions(self, count: int) -> None:
        """Do nothing: what is asked for are runs, whatever exchanges they take."""

    def _run(self, run: int) -> Iterator[Tickets]:
        """Yield one run block by block; earlier runs have negative numbers and are round -1."""
        items = np.arange(self._actor.items)
        for low in range(0, self._actor.items, self._block):
            item = items[low : low + self._block]
            yield Tickets(
                turns=self._turns(item, run, low),
                release_us=np.full(len(item), self._opens_us),
                item=item,
                prompt=mixed(self._key, item),
                round=max(run, -1),
            )

    def _turns(self, item: Ints, run: int, low: int) -> Turns:
        """Draw the steps of items: by the calls that the catalog states, or as measured.

        Measured steps are what they are; only calls that nobody measured can be special. A
        `step_limit` cuts either off.
        """
        rng = self._context.streams.rng(self._actor.id, "steps", run, low)
        fixed = self._benchmark.calls_per_item
        if fixed is not None:
            share, limit = self._benchmark.item_share, self._actor.step_limit
            calls = draw_stated_steps(fixed, share, self._scores[item], rng, limit)
            return draw_turns_of(self._actor, calls - 1, rng)

        (agent,), (model,) = self._actor.agents, self._actor.models
        measured = steps_for(agent, model)
        steps = draw_steps(measured, self._scores[item], rng, self._actor.step_limit)
        return plain_turns(steps)


class PromptTickets:
    """A list of prompts, each handed out once, paced so that the target is met in time.

    The target holds for the calls that turns ask for and their compactions, which are known once a
    block of tickets is drawn in full: blocks follow until the target is reached. Each block takes
    the share of the planned time that its expected exchanges have in the target. Within that time
    its releases are a Poisson process given its count: sorted uniforms, in operational time. A
    ticket that nobody can take when it is released is dropped.
    """

    waits = False

    def __init__(self, context: ActorContext, team: Team, opens_us: int) -> None:
        """Prepare the list of a team that begins to work at `opens_us`."""
        actor = context.actor
        if team.target is None:
            raise ValueError(f"actors.{actor.id}: a paced queue needs a target")
        self._context, self._actor, self._team = context, actor, team
        # compactions come on top of what turns ask for
        self._target = team.target
        self._rows_per_call = 1 + compactions_per_call(actor, one_turn=True)
        self._compactions = 0

        # the planned time, in operational time
        self._time_change = time_change_of(context, actor, 0)
        begins_us = actor.starts_us or 0
        ends_us = begins_us + context.working_us * _PLANNED_SHARE_OF_TIME
        edges = self._time_change.operational(np.array([opens_us, begins_us, ends_us], np.float64))
        self._opens, self._begins, self._ends = edges.tolist()

        self._items_out = self._tickets_out = self._blocks_drawn = 0
        self._returned: list[int] = []

    def next_items(self, count: int) -> Ints:
        """Return the next prompts of the list: those that came back, then new ones."""
        again, self._returned = self._returned[:count], self._returned[count:]
        fresh = self._items_out + np.arange(count - len(again))
        self._items_out += len(fresh)
        # a team takes every `teams`-th prompt
        fresh = fresh * self._team.teams + self._team.number
        return np.concatenate([np.array(again, np.int64), fresh])

    def take_back(self, item: Ints, source: Ints) -> None:
        """Put prompts of the list back whose tasks were barred."""
        self._returned += item[source == PromptSource.LIST].tolist()

    def add_compactions(self, count: int) -> None:
        """Count compactions of tickets of `main` towards the target."""
        self._compactions += count

    def lead(self) -> Iterator[Tickets]:
        """Yield earlier work at the same pace, from the opening of the queue to the begin.

        It is bounded by a number of calls, however slowly operational time passes.
        """
        pace = (self._ends - self._begins) / self._target
        most = max(_MOST_TARGETS_BEFORE * self._target, _FEWEST_BEFORE)
        left = min((self._begins - self._opens) / pace, float(most)) if pace > 0 else 0.0
        while left > 0:  # each pass takes `BLOCK_TICKETS` calls at least
            turns, item, rng = self._draw_block()
            rows = float(turns.calls.sum()) * self._rows_per_call
            at, until = self._begins - left * pace, self._begins - (left - rows) * pace
            release = np.sort(rng.uniform(at, until, len(turns.calls)))

            before = int(np.searchsorted(release, self._begins))
            if before:
                turns, item = turns.pick(slice(before)), item[:before]
                yield self._tickets(turns, item, release[:before], -1)
            left -= rows

    def main(self) -> Iterator[Tickets]:
        """Yield tickets until their exchanges reach the target.

        The caller says by `add_compactions` how many compactions the tickets have before it asks
        for the next ones; without that, there are none.
        """
        pace = (self._ends - self._begins) / self._target
        calls, until = 0, self._begins
        while calls + self._compactions < self._target:  # each ticket has a call at least
            turns, item, rng = self._draw_block()
            left = self._target - calls - self._compactions
            rows = np.cumsum(turns.calls) * self._rows_per_call
            enough = int(np.searchsorted(rows, left)) + 1
            turns, item = turns.pick(slice(enough)), item[:enough]
            calls += int(turns.calls.sum())

            at, left_then = until, max(0.0, left - float(rows[:enough][-1]))
            until = max(at, self._ends - left_then * pace)
            yield self._tickets(turns, item, np.sort(rng.uniform(at, until, len(item))), 0)

    def _draw_block(self) -> tuple[Turns, Ints, np.random.Generator]:
        """Draw the turns of the next block and the items that they would work on as cover.

        The generator goes on with their releases.
        """
        name = (self._actor.id, "tickets", self._team.number, self._blocks_drawn)
        rng = self._context.streams.rng(*name)
        self._blocks_drawn += 1
        item, difficulty = draw_benchmark_items(
            self._actor, BLOCK_TICKETS, self._context.world.streams, rng
        )
        steps = draw_tool_steps(self._actor, BLOCK_TICKETS, rng, difficulty)
        return draw_turns_of(self._actor, steps, rng), item, rng

    def _tickets(self, turns: Turns, item: Ints, release: Floats, round_: int) -> Tickets:
        """Make tickets that are released at some operational times."""
        count = len(release)
        number = (self._tickets_out + np.arange(count)) * self._team.teams + self._team.number
        self._tickets_out += count
        return Tickets(
            turns=turns,
            release_us=np.rint(self._time_change.clock(release)).astype(np.int64),
            item=item,
            prompt=mixed(self._context.streams.key(self._actor.id, "tickets"), number),
            round=round_,
        )


def ticket_source(
    context: ActorContext, team: Team, opens_us: int
) -> BenchmarkTickets | PromptTickets:
    """Make the tickets that a team works on, from `opens_us` on."""
    if context.actor.source == "benchmark":
        return BenchmarkTickets(context, team, opens_us)
    return PromptTickets(context, team, opens_us)
