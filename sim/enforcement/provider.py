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
from sim.enforcement.account_states import AccountState, Action
from sim.enforcement.operator import Operation
from sim.enforcement.outcome import DIMENSIONS
from sim.enforcement.reviews import Reviews
from sim.enforcement.watched import Watched
from sim.scenario.enforcement_policy import Enforcement
from sim.streams import Streams, mixed, uniforms
from sim.tables.words import BAN, RATE_LIMIT, REINSTATE, REPORT, STEP_UP, SUSPEND

Process = Generator[simpy.Event, Any, None]

_UNCHANGED = (1.0,) * DIMENSIONS


class Provider:
    """The provider against the accounts of one actor, from time 0 on.

    `states` holds the accounts to which something may happen, by slot, the latest last; all others
    keep their slots untouched. `actions` are in order of time. An account takes its random numbers
    from a stream of its own.

    Parameters
    ----------
    watched
        What is expected of the slots.
    rules
        What the provider does.
    operation
        What the operator has spent and learned; None where nobody replaces accounts.
    stream
        Random streams, and the name of the actor in them.
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
        # only slots with a trigger before the horizon get a process: the first one is exponential
        rates = self._first_rates
        total = rates.sum(axis=1)
        with np.errstate(divide="ignore", over="ignore"):
            first_us = -np.log(self._uniforms("first")) / total * DAY_US
        first_us += np.maximum(self._watched.begins_us, 0)

        for slot in np.flatnonzero(first_us < horizon_us).tolist():
            wait_us = max(_whole_seconds(first_us[slot]), SECOND_US)
            self._env.process(self._watch(self._latest(slot), rates[slot], wait_us))
        if self._operation is not None:
            self._env.process(self._sweep())
        self._name_bystanders(horizon_us)
        self._env.run(until=horizon_us)

    # Slots and their accounts

    @property
    def _now_us(self) -> int:
        return int(self._env.now)

    def _uniforms(self, purpose: str) -> Floats:
        """Return a number in (0, 1) for each slot, whatever the number of slots."""
        streams, name = self._stream
        numbers = mixed(streams.key(name, "enforcement", purpose), np.arange(len(self._watched)))
        return uniforms(numbers) + 2.0**-54

    def _latest(self, slot: int) -> AccountState:
        """Return the account in a slot, or the last one that was."""
        if slot not in self.states:
            self.states[slot] = [AccountState(slot, 0, NEVER_US, self._stream)]
        return self.states[slot][-1]

    def _is_worked(self, slot: int) -> bool:
        """Whether a slot is worked at all now."""
        watched = self._watched
        return bool(watched.begins_us[slot] <= self._now_us < watched.ends_us[slot])

    def _rates(self, account: AccountState, activity: float = 1.0) -> Floats:
        """Return triggers a day by channel of an account that sends `activity` of its traffic."""
        if activity == 1 and account.factors == _UNCHANGED:
            return np.asarray(self._first_rates[account.slot])
        slot, factors = np.array([account.slot]), np.array(account.factors)
        return np.asarray(self._watched.rates_per_day(self._rules, slot, factors, activity)[0])

    def _note(self, account: AccountState, action: int, channel: int) -> None:
        self.actions.append(Action(self._now_us, account, action, channel))

    # Alerts. A process that waited goes on only if its account is in the same stint as before.

    def _begin_watch(self, account: AccountState) -> Process:
        rates = self._rates(account)
        if (total := float(rates.sum())) > 0:
            yield from self._watch(account, rates, _until_next(account, total))

    def _watch(self, account: AccountState, rates: Floats, wait_us: int) -> Process:
        """Raise one alert after the other; what else triggers while a case is open belongs to it.

        Triggers are a Poisson process with the account's full rates, thinned by what it may send.
        """
        stint, total = account.stint, float(rates.sum())
        edges = np.cumsum(rates) / total
        # each wait is a second at least, so a slot has at most one trigger, case and ban a second
        while True:
            yield self._env.timeout(wait_us)
            if account.stint != stint or not self._is_worked(account.slot):
                return

            channel = int(np.searchsorted(edges[:-1], account.rng.random(), side="right"))
            if self._fires(account, channel, float(rates[channel])):
                yield self._env.timeout(_draw(self._rules.rule_delay_h, account))
                if account.stint != stint:
                    return
                self.alerts += 1
                yield from self._answer(account, channel)
                if account.stint != stint:
                    return
            wait_us = _until_next(account, total)

    def _fires(self, account: AccountState, channel: int, full_rate: float) -> bool:
        """Thin the triggers of an account that may send less than it does otherwise."""
        activity = account.activity(self._now_us)
        u = account.rng.random()
        if activity in (0, 1):
            return activity == 1
        return bool(u * full_rate < self._rates(account, activity)[channel])

    # Answers

    def _answer(self, account: AccountState, channel: int) -> Process:
        """Limit, verify or review an account, unless it is stopped already."""
        rules, u = self._rules, account.rng.random()
        if u < rules.rate_limit_share:
            yield from self._act_on_all(account, channel, self._limit)
        elif u < rules.rate_limit_share + rules.step_up_share:
            yield from self._act_on_all(account, channel, self._verify)
        else:
            yield from self._review(account, channel)

    def _act_on_all(
        self, account: AccountState, channel: int, action: Callable[[AccountState, int], Process]
    ) -> Process:
        """Act on all whom an action hits and who are not stopped; wait for `account` alone."""
        hit = [other for other in self._hit(account) if other.activity(self._now_us) > 0]
        for other in hit:
            if other is not account:
                self._env.process(action(other, channel))
        if account in hit:
            yield from action(account, channel)

    def _hit(self, account: AccountState) -> list[AccountState]:
        """Return the live accounts that an action on `account` hits, itself among them.

        With the policy `organisation` these are the first accounts of its organisation. Whoever
        came later has an organisation of its own.
        """
        if self._rules.policy == "account" or account.generation:
            return [account] if account.is_live else []
        slots = self._members[int(self._watched.organisation[account.slot])]
        latest = [self._latest(slot) for slot in slots.tolist()]
        return [other for other in latest if other.is_live and not other.generation]

    @cached_property
    def _members(self) -> dict[int, Ints]:
        """Slots of each organisation."""
        order = np.argsort(self._watched.organisation, kind="stable")
        numbers, starts = np.unique(self._watched.organisation[order], return_index=True)
        return dict(zip(numbers.tolist(), np.split(order, starts[1:]), strict=True))

    def _limit(self, account: AccountState, channel: int) -> Process:
        self._note(account, RATE_LIMIT, channel)
        account.pause(self._now_us, _us(self._rules.limit_days * 24), self._rules.limit_factor)
        yield from ()

    def _verify(self, account: AccountState, channel: int) -> Process:
        """Stop the account until it is verified, or else is banned."""
        self._note(account, STEP_UP, channel)
        stint, takes_us = account.stint, _draw(self._rules.step_up_h, account)
        account.pause(self._now_us, takes_us, 0.0)
        yield self._env.timeout(takes_us)
        if account.stint == stint and not self._passes(account):
            self._ban(account, channel)

    def _passes(self, account: AccountState) -> bool:
        """Whether whoever is behind an account verifies it; an operator pays for an identity."""
        u, rules = account.rng.random(), self._rules
        if not self._watched.operated:
            return u < rules.genuine_passes
        return u < rules.operator_passes and (self._operation is None or self._operation.verifies())

    def _review(self, account: AccountState, channel: int) -> Process:
        """Have a reviewer look at the account, who may suspend or ban all that an action hits."""
        rules, stint = self._rules, account.stint
        yield self._env.timeout(_draw(rules.review_delay_h, account))
        if account.stint != stint:
            return

        yield from self.reviews.review(account)
        u_guilty, u_suspend = account.rng.random(2)
        extracts = bool(self._watched.extracts[account.slot])
        share = rules.review_sensitivity if extracts else rules.review_false_share
        if account.stint != stint or u_guilty >= share:
            return

        if u_suspend < rules.suspend_share:
            yield from self._act_on_all(account, channel, self._suspend)
        else:
            for lost in self._hit(account):
                self._ban(lost, channel)

    def _suspend(self, account: AccountState, channel: int) -> Process:
        """Ban in two steps, of which a second look spares those who do not extract."""
        self._note(account, SUSPEND, channel)
        stint, lasts_us = account.stint, _us(self._rules.suspend_days * 24)
        account.pause(self._now_us, lasts_us, 0.0)
        yield self._env.timeout(lasts_us)
        if account.stint != stint:
            return

        if self._watched.extracts[account.slot]:
            self._ban(account, channel)
        else:
            self._note(account, REINSTATE, channel)

    # Bans, and what comes of them

    def _ban(self, account: AccountState, channel: int) -> None:
        """Close an account; its operator replaces it, a genuine owner appeals."""
        self._note(account, BAN, channel)
        account.end(self._now_us)
        if self._operation is not None:
            self._lose(account, channel, self._operation)
        elif not self._watched.operated and not self._watched.extracts[account.slot]:
            self._env.process(self._appeal(account, channel))

    def _appeal(self, account: AccountState, channel: int) -> Process:
        yield self._env.timeout(_draw(self._rules.appeal_days, account, unit_h=24))
        if account.rng.random() < self._rules.appeal_success:
            account.resume(self._now_us)
            self._note(account, REINSTATE, channel)
            yield from self._begin_watch(account)

    def _lose(self, account: AccountState, channel: int, operation: Operation) -> None:
        """Have the operator learn from a loss, and replace the account if its slot is worked."""
        lesson = operation.lesson(channel, account.rng)
        takes_h = operation.replacement_h(account.rng)
        if lesson is not None:
            self._env.process(self._learn(lesson, operation))
        if takes_h is not None and self._is_worked(account.slot):
            self._env.process(self._replace(account, _us(takes_h), operation))

    def _learn(self, lesson: int, operation: Operation) -> Process:
        yield self._env.timeout(_us(operation.lag_h))
        operation.learn(lesson)

    def _replace(self, lost: AccountState, takes_us: int, operation: Operation) -> Process:
        # whoever takes over is watched for a second at least: a slot has one replacement a second,
        # and two more by reports, at most
        yield self._env.timeout(takes_us)
        if not self._is_worked(lost.slot):
            return
        generation = lost.generation + 1
        account = AccountState(lost.slot, generation, self._now_us, self._stream, operation.factors)
        self.states[lost.slot].append(account)
        yield from self._begin_watch(account)

    # Reports, which act whatever the policy

    def _sweep(self) -> Process:
        """Have a report name accounts of the operator, each of which is banned some days later."""
        streams, name = self._stream
        rng, rules = streams.rng(name, "enforcement", "sweep"), self._rules
        if rng.random() >= rules.sweep_probability:
            return

        yield self._env.timeout(_us(float(rules.sweep_after_days.sample(rng, 1)[0]) * 24))
        self.sweeps += 1
        share = rng.uniform(rules.sweep_share_least, rules.sweep_share_most)
        named = np.flatnonzero(self._uniforms("sweep") < share)
        for account in map(self._latest, named.tolist()):
            if account.is_live and self._is_worked(account.slot):
                self._env.process(self._report(account))

    def _report(self, account: AccountState) -> Process:
        """Ban a named account after a delay of its own, unless it is lost by then."""
        stint = account.stint
        yield self._env.timeout(_draw(self._rules.sweep_delay_days, account, unit_h=24))
        if account.stint == stint and self._is_worked(account.slot):
            self._ban(account, REPORT)

    def _name_bystanders(self, horizon_us: int) -> None:
        """Have reports about others name accounts by mistake, whoever has them, each once.

        The first report that names an account of all since it began has a geometric number.
        """
        reports_us = report_times(self._stream[0], self._rules.reports_per_day, horizon_us)
        share = min(self._rules.bystander_rate_per_day / self._rules.reports_per_day, 1.0)
        if not share:
            return
        with np.errstate(divide="ignore", over="ignore"):
            passed = np.log(self._uniforms("bystander")) / np.log1p(-share)
        number = np.searchsorted(reports_us, self._watched.begins_us) + np.floor(passed)
        for slot in np.flatnonzero(number < len(reports_us)).tolist():
            self._env.process(self._mistake(slot, reports_us[int(number[slot])]))

    def _mistake(self, slot: int, at_us: int) -> Process:
        yield self._env.timeout(at_us)
        account = self._latest(slot)
        if account.is_live and self._is_worked(slot):
            yield from self._report(account)


def report_times(streams: Streams, per_day: float, horizon_us: int) -> list[int]:
    """Return when reports reach the provider, in order: the same ones for all actors of a run.

    A Poisson process in whole seconds, one at least; microseconds of the log before `horizon_us`.

    Parameters
    ----------
    streams
        The streams of the scenario.
    per_day
        Reports a day, above 0.
    horizon_us
        End of the log. A later one adds reports and changes none.
    """
    rng, at_us, found = streams.rng("provider", "reports"), 0.0, list[int]()
    while (at_us := at_us + rng.exponential(DAY_US / per_day)) < horizon_us:
        found.append(max(_whole_seconds(at_us), SECOND_US))
    return found


def _us(hours: float) -> int:
    """Return whole seconds in microseconds, far away at most."""
    return _whole_seconds(min(hours * HOUR_US, FOREVER_US))


def _until_next(account: AccountState, per_day: float) -> int:
    """Return microseconds from now to the next trigger, a second at least whatever the rate."""
    return max(_us(account.rng.exponential() / per_day * 24), SECOND_US)


def _whole_seconds(us: float) -> int:
    return round(us / SECOND_US) * SECOND_US


def _draw(distribution: Distribution, account: AccountState, unit_h: float = 1.0) -> int:
    """Draw a time in units of `unit_h` hours; return it in microseconds."""
    return _us(float(distribution.sample(account.rng, 1)[0]) * unit_h)
