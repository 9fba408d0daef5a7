"""Where the tickets of a queue come from: the items of a benchmark, or a list of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim.actors.arrivals.rates import course_of
from sim.actors.context import ActorContext
from sim.actors.prompts import PromptSource
from sim.arrays.types import Floats, Ints
from sim.catalog import benchmarks, steps_for
from sim.scaffold.steps import draw_steps, instance_scores
from sim.scaffold.turns import Turns, draw_tool_steps, draw_turns_of, plain_turns
from sim.streams import U64, mixed

BLOCK_TICKETS = 1_024
_SHORTEST_BLOCK = 64
QUEUE_LEAD_US = 6 * 3_600_000_000
# Before the log a queue works off as many of its tasks as make so many times all of it, at most.
_MOST_TIMES_BEFORE, _FEWEST_BEFORE = 10, 1_000
# A paced pool plans to be done a little before the log closes, so that its last tasks can end.
_PLANNED_SHARE_OF_TIME = 0.99


@dataclass(frozen=True)
class Team:
    """A part of a queue that works by itself, number `number` of `teams`.

    It has the accounts `accounts` of the actor, `workers` of its workers (None: as many as it
    needs), and sends `target` of the exchanges asked for (None where a number of runs is). Of a
    list of prompts it takes every `teams`-th. `rows_per_us` is the rate at which it may be
    expected to send exchanges while it works, `calls` how many it has to make.
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

    `item` is the number of the benchmark item, or -1; `prompt` tells tickets apart; `round` is the
    run, or -1 for work begun before what the scenario asks for.
    """

    turns: Turns
    release_us: Ints
    item: Ints
    prompt: U64
    round: int

    def pick(self, index: Ints) -> Tickets:
        return Tickets(
            self.turns.pick(index),
            self.release_us[index],
            self.item[index],
            self.prompt[index],
            self.round,
        )

    @property
    def calls(self) -> Ints:
        return self.turns.calls


class BenchmarkTickets:
    """The same items in every run; all of a run is released at once, and waits for an account."""

    waits = True

    def __init__(self, context: ActorContext, team: Team, opens_us: int) -> None:
        actor = context.actor
        assert actor.benchmark is not None
        self._context, self._actor, self._opens_us = context, actor, opens_us
        self._benchmark = benchmarks()[actor.benchmark]
        self._scores = instance_scores(context.streams, self._benchmark.id, self._benchmark.items)
        self._key = context.streams.key("benchmark", self._benchmark.id)
        # accounts are chosen for a block at a time: where they come and go, it is soon used up
        few = max(_SHORTEST_BLOCK, team.workers or 0)
        self._block = BLOCK_TICKETS if context.timeline.never_ends else min(few, BLOCK_TICKETS)

    def lead(self) -> Iterator[Tickets]:
        """Earlier runs without end, the first of them begun somewhere in the middle.

        Who takes them stops when the log opens, and is never handed a run in which nobody works.
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
        for run in range(self._actor.runs):
            yield from self._run(run)

    def items(self, count: int) -> Ints:
        """There is no list."""
        return np.full(count, -1)

    def take_back(self, item: Ints, kind: Ints) -> None:
        """Nobody goes on with an item of a run whose account was closed."""

    def _run(self, run: int) -> Iterator[Tickets]:
        order = np.arange(self._actor.items)
        for low in range(0, self._actor.items, self._block):
            item = order[low : low + self._block]
            yield Tickets(
                turns=self._turns(item, run, low),
                release_us=np.full(len(item), self._opens_us),
                item=item,
                prompt=mixed(self._key, item),
                round=max(run, -1),
            )

    def _turns(self, item: Ints, run: int, low: int) -> Turns:
        """Measured steps are what they are; only calls that nobody measured can be special.

        `step_limit` cuts either off.
        """
        rng = self._context.streams.rng(self._actor.id, "steps", run, low)
        fixed = self._benchmark.calls_per_item
        if fixed is not None:
            calls = np.maximum(np.rint(fixed.sample(rng, len(item))), 1).astype(np.int64)
            if self._actor.step_limit is not None:
                calls = np.minimum(calls, self._actor.step_limit)
            return draw_turns_of(self._actor, calls - 1, rng)
        (agent,), (model,) = self._actor.agents, self._actor.models
        measured = steps_for(agent, model)
        steps = draw_steps(measured, self._scores[item], rng, self._actor.step_limit)
        return plain_turns(steps)


class PromptTickets:
    """A list of prompts, each handed out once, paced so that the target is met in time.

    Each block of tickets takes the share of the planned time that its exchanges have in the
    target, and lies in it as a Poisson process does given its count: sorted uniforms, in
    operational time. What nobody can take when it is released is dropped.
    """

    waits = False

    def __init__(self, context: ActorContext, team: Team, opens_us: int) -> None:
        actor = context.actor
        assert team.target is not None
        self._context, self._actor, self._team = context, actor, team
        self._intensity = course_of(context, actor, 0)
        begins_us = actor.starts_us or 0
        ends_us = begins_us + context.working_us * _PLANNED_SHARE_OF_TIME
        edges = self._intensity.operational(np.array([opens_us, begins_us, ends_us], np.float64))
        self._opens, self._begins, self._ends = edges.tolist()
        self._target = team.target
        self._item = self._number = 0
        self._returned: list[int] = []
        self._block = 0

    def items(self, count: int) -> Ints:
        """The next prompts of the list: those that came back, then those that nobody has had."""
        again, self._returned = self._returned[:count], self._returned[count:]
        fresh = self._item + np.arange(count - len(again))
        self._item += len(fresh)
        fresh = fresh * self._team.teams + self._team.number
        return np.concatenate([np.array(again, np.int64), fresh])

    def take_back(self, item: Ints, kind: Ints) -> None:
        """Put prompts back whose tasks were barred."""
        self._returned += item[kind == PromptSource.LIST].tolist()

    def lead(self) -> Iterator[Tickets]:
        """Earlier work at the same pace, from the opening of the work or a bound on its calls.

        Every block has `BLOCK_TICKETS` calls at least, so they are few however slow time passes.
        """
        pace = (self._ends - self._begins) / self._target
        most = max(_MOST_TIMES_BEFORE * self._target, _FEWEST_BEFORE)
        left = min((self._begins - self._opens) / pace, float(most)) if pace > 0 else 0.0
        while left > 0:  # each pass takes `BLOCK_TICKETS` calls at least
            turns, rng = self._draw()
            calls = int(turns.calls.sum())
            at, until = self._begins - left * pace, self._begins - (left - calls) * pace
            place = np.sort(rng.uniform(at, until, len(turns.calls)))
            begun = int(np.searchsorted(place, self._begins))
            if begun:
                yield self._tickets(turns.pick(slice(begun)), place[:begun], -1)
            left -= calls

    def main(self) -> Iterator[Tickets]:
        left = self._target
        pace = (self._ends - self._begins) / left
        done = 0
        while done < left:  # each ticket has a call at least
            turns, rng = self._draw()
            enough = int(np.searchsorted(np.cumsum(turns.calls), left - done)) + 1
            turns = turns.pick(slice(enough))
            at = self._begins + done * pace
            done += int(turns.calls.sum())
            until = self._begins + min(done, left) * pace
            yield self._tickets(turns, np.sort(rng.uniform(at, until, len(turns.calls))), 0)

    def _draw(self) -> tuple[Turns, np.random.Generator]:
        name = (self._actor.id, "tickets", self._team.number, self._block)
        rng = self._context.streams.rng(*name)
        self._block += 1
        steps = draw_tool_steps(self._actor, BLOCK_TICKETS, rng)
        return draw_turns_of(self._actor, steps, rng), rng

    def _tickets(self, turns: Turns, place: Floats, round_: int) -> Tickets:
        number = (self._number + np.arange(len(place))) * self._team.teams + self._team.number
        self._number += len(place)
        return Tickets(
            turns=turns,
            release_us=np.rint(self._intensity.clock(place)).astype(np.int64),
            item=np.full(len(place), -1),
            prompt=mixed(self._context.streams.key(self._actor.id, "tickets"), number),
            round=round_,
        )
