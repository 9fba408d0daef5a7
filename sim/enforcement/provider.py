"""Alerts, answers, bans and replacements as SimPy processes; times are microseconds of the log."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cached_property
from typing import Any

import numpy as np
import simpy

from sim.arrays.time import DAY_US, FOREVER_US, HOUR_US, NEVER_US, SECOND_US
from sim.arrays.types import Floats, Ints
from sim.distributions import Distribution
from sim.enforcement.accounts import AccountState, Action
from sim.enforcement.operator import Operation
from sim.enforcement.outcome import (
    BAN,
    DIMENSIONS,
    RATE_LIMIT,
    REINSTATE,
    REPORT,
    STEP_UP,
    SUSPEND,
)
from sim.enforcement.reviews import Reviews
from sim.enforcement.watched import Watched
from sim.scenario.enforcement_policy import Enforcement
from sim.streams import Streams, mixed, uniforms

Process = Generator[simpy.Event, Any, None]

_AS_AT_FIRST = (1.0,) * DIMENSIONS


class Provider:
    """The provider against the accounts of one actor, from time 0 on.

    An account takes its random numbers from a stream of its own. `operation` is None where
    nobody replaces accounts. `states` holds the accounts to which something may happen, by slot,
    the latest last; all others keep their slots untouched.
    """

    def __init__(
        self,
        watched: Watched,
        rules: Enforcement,
        operation: Operation | None,
        stream: tuple[Streams, str],
    ) -> None:
        self._watched, self._rules, self._operation = watched, rules, operation
        self._stream = stream
        self._env = simpy.Environment()
        self._first_rates = watched.rates_per_day(rules, slice(None), np.ones(DIMENSIONS))
        self.reviews = Reviews(self._env, rules.reviews_per_day * max(len(watched), 1) / 1000)
        self.states: dict[int, list[AccountState]] = {}
        self.actions: list[Action] = []
        self.alerts = self.sweeps = 0

    def run(self, horizon_us: int) -> None:
        """Let everything before `horizon_us` happen."""
        rates = self._first_rates
        total = rates.sum(axis=1)
        with np.errstate(divide="ignore", over="ignore"):
            first_us = -np.log(self._uniforms("first")) / total * DAY_US
        first_us += np.maximum(self._watched.begins_us, 0)
        for slot in np.flatnonzero(first_us < horizon_us).tolist():
            first = max(_whole(first_us[slot]), SECOND_US)
            self._env.process(self._watch(self._latest(slot), rates[slot], first))
        if self._operation is not None:
            self._env.process(self._sweep())
        self._env.run(until=horizon_us)

    @property
    def _now_us(self) -> int:
        return int(self._env.now)

    def _uniforms(self, what: str) -> Floats:
        """A number in (0, 1) for each slot, whatever the number of slots."""
        streams, name = self._stream
        ids = mixed(streams.key(name, "enforcement", what), np.arange(len(self._watched)))
        return uniforms(ids) + 2.0**-54

    def _latest(self, slot: int) -> AccountState:
        """The account in a slot, or the last one that was."""
        if slot not in self.states:
            self.states[slot] = [AccountState(slot, 0, NEVER_US, self._stream)]
        return self.states[slot][-1]

    def _rates(self, life: AccountState, activity: float = 1.0) -> Floats:
        """Triggers a day by channel, while the account may send `activity` of its traffic."""
        if activity == 1 and life.factors == _AS_AT_FIRST:
            return np.asarray(self._first_rates[life.slot])
        slot, factors = np.array([life.slot]), np.array(life.factors)
        return np.asarray(self._watched.rates_per_day(self._rules, slot, factors, activity)[0])

    def _begin_watch(self, life: AccountState) -> Process:
        rates = self._rates(life)
        if (total := float(rates.sum())) > 0:
            yield from self._watch(life, rates, _until_next(life, total))

    def _watch(self, life: AccountState, rates: Floats, wait_us: int) -> Process:
        """One alert after the other: what else triggers while a case is open belongs to it."""
        stint, total = life.stint, float(rates.sum())
        edges = np.cumsum(rates) / total
        # each wait is a second at least, so a slot has at most one trigger, case and ban a second
        while True:
            yield self._env.timeout(wait_us)
            if life.stint != stint or not self._is_there(life):
                return
            channel = int(np.searchsorted(edges[:-1], life.rng.random(), side="right"))
            if self._fires(life, channel, float(rates[channel])):
                yield self._env.timeout(_draw(self._rules.rule_delay_h, life))
                if life.stint != stint:
                    return
                self.alerts += 1
                yield from self._answer(life, channel)
                if life.stint != stint:
                    return
            wait_us = _until_next(life, total)

    def _fires(self, life: AccountState, channel: int, full_rate: float) -> bool:
        """Thin the triggers of an account that may send less than it does otherwise."""
        activity = life.activity(self._now_us)
        u = life.rng.random()
        if activity in (0, 1):
            return activity == 1
        return bool(u * full_rate < self._rates(life, activity)[channel])

    def _answer(self, life: AccountState, channel: int) -> Process:
        """Limit, verify or review an account, unless it is stopped already."""
        rules, u = self._rules, life.rng.random()
        if u < rules.rate_limit_share:
            yield from self._all(life, channel, self._limit)
        elif u < rules.rate_limit_share + rules.step_up_share:
            yield from self._all(life, channel, self._verify)
        else:
            yield from self._review(life, channel)

    def _all(
        self, life: AccountState, channel: int, action: Callable[[AccountState, int], Process]
    ) -> Process:
        """Act on all whom an action hits and who are not stopped; go on when `life` is through."""
        hit = [x for x in self._hit(life) if x.activity(self._now_us) > 0]
        for other in hit:
            if other is not life:
                self._env.process(action(other, channel))
        if life in hit:
            yield from action(life, channel)

    def _hit(self, life: AccountState) -> list[AccountState]:
        """Live accounts that share the fate of `life`, itself among them."""
        if self._rules.policy == "account" or life.generation:
            return [life] if life.is_live else []
        slots = self._members[int(self._watched.organisation[life.slot])]
        latest = [self._latest(slot) for slot in slots.tolist()]
        return [x for x in latest if x.is_live and not x.generation]

    @cached_property
    def _members(self) -> dict[int, Ints]:
        """Slots of each organisation."""
        order = np.argsort(self._watched.organisation, kind="stable")
        numbers, starts = np.unique(self._watched.organisation[order], return_index=True)
        return dict(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True))

    def _limit(self, life: AccountState, channel: int) -> Process:
        self._note(life, RATE_LIMIT, channel)
        self._pause(life, _us(self._rules.limit_days * 24), self._rules.limit_factor)
        yield from ()

    def _verify(self, life: AccountState, channel: int) -> Process:
        """The account rests until it is verified, or else is banned."""
        self._note(life, STEP_UP, channel)
        stint, takes_us = life.stint, _draw(self._rules.step_up_h, life)
        self._pause(life, takes_us, 0.0)
        yield self._env.timeout(takes_us)
        if life.stint == stint and not self._passes(life):
            self._ban(life, channel)

    def _passes(self, life: AccountState) -> bool:
        u, rules = life.rng.random(), self._rules
        if not self._watched.operated:
            return u < rules.genuine_passes
        return u < rules.operator_passes and (self._operation is None or self._operation.verifies())

    def _review(self, life: AccountState, channel: int) -> Process:
        rules, stint = self._rules, life.stint
        yield self._env.timeout(_draw(rules.review_delay_h, life))
        if life.stint != stint:
            return
        yield from self.reviews.review(life)
        verdict, kind = life.rng.random(2)
        extracts = bool(self._watched.extracts[life.slot])
        share = rules.review_sensitivity if extracts else rules.review_false_share
        if life.stint != stint or verdict >= share:
            return
        if kind < rules.suspend_share:
            yield from self._all(life, channel, self._suspend)
        else:
            for lost in self._hit(life):
                self._ban(lost, channel)

    def _suspend(self, life: AccountState, channel: int) -> Process:
        """A ban in two steps, which a second look lifts for those who do not extract."""
        self._note(life, SUSPEND, channel)
        stint, lasts_us = life.stint, _us(self._rules.suspend_days * 24)
        self._pause(life, lasts_us, 0.0)
        yield self._env.timeout(lasts_us)
        if life.stint != stint:
            return
        if self._watched.extracts[life.slot]:
            self._ban(life, channel)
        else:
            self._note(life, REINSTATE, channel)

    def _ban(self, life: AccountState, channel: int) -> None:
        self._note(life, BAN, channel)
        life.end(self._now_us)
        if self._operation is not None:
            self._lose(life, channel, self._operation)
        elif not self._watched.operated and not self._watched.extracts[life.slot]:
            self._env.process(self._appeal(life, channel))

    def _appeal(self, life: AccountState, channel: int) -> Process:
        yield self._env.timeout(_draw(self._rules.appeal_days, life, 24))
        if life.rng.random() < self._rules.appeal_success:
            life.resume(self._now_us)
            self._note(life, REINSTATE, channel)
            yield from self._begin_watch(life)

    def _lose(self, life: AccountState, channel: int, operation: Operation) -> None:
        lesson = operation.lesson(channel, life.rng)
        takes_h = operation.replacement_h(life.rng)
        if lesson is not None:
            self._env.process(self._learn(lesson, operation))
        if takes_h is not None and self._is_there(life):
            self._env.process(self._replace(life, _us(takes_h), operation))

    def _learn(self, lesson: int, operation: Operation) -> Process:
        yield self._env.timeout(_us(operation.lag_h))
        operation.learn(lesson)

    def _replace(self, lost: AccountState, takes_us: int, operation: Operation) -> Process:
        # whoever takes over is watched for a second at least: a slot has one replacement a second,
        # and one more by the report, at most
        yield self._env.timeout(takes_us)
        number = lost.generation + 1
        life = AccountState(lost.slot, number, self._now_us, self._stream, operation.factors)
        self.states[lost.slot].append(life)
        yield from self._begin_watch(life)

    def _sweep(self) -> Process:
        """A report that names accounts of the operator: these are banned, whatever the policy."""
        streams, name = self._stream
        rng = streams.rng(name, "enforcement", "sweep")
        if rng.random() >= self._rules.sweep_probability:
            return
        yield self._env.timeout(_us(float(self._rules.sweep_after_days.sample(rng, 1)[0]) * 24))
        self.sweeps += 1
        named = np.flatnonzero(self._uniforms("sweep") < self._rules.sweep_share)
        for life in map(self._latest, named.tolist()):
            if life.is_live and self._is_there(life):
                self._ban(life, REPORT)

    def _is_there(self, life: AccountState) -> bool:
        """Whether the place of an account is worked at all now."""
        watched, slot = self._watched, life.slot
        return bool(watched.begins_us[slot] <= self._now_us < watched.ends_us[slot])

    def _pause(self, life: AccountState, lasts_us: int, factor: float) -> None:
        life.pause(self._now_us, lasts_us, factor)

    def _note(self, life: AccountState, action: int, channel: int) -> None:
        self.actions.append((self._now_us, life, action, channel))


def _us(hours: float) -> int:
    """Whole seconds in microseconds, far away at most."""
    return _whole(min(hours * HOUR_US, FOREVER_US))


def _until_next(life: AccountState, per_day: float) -> int:
    """Microseconds from now to the next trigger, whatever the rate: a second at least."""
    return max(_us(life.rng.exponential() / per_day * 24), SECOND_US)


def _whole(us: float) -> int:
    return round(us / SECOND_US) * SECOND_US


def _draw(distribution: Distribution, life: AccountState, hours: float = 1.0) -> int:
    """Microseconds of a time whose unit is that many hours."""
    return _us(float(distribution.sample(life.rng, 1)[0]) * hours)
